import type {
  Deadline,
  DialogId,
  HeaderFields,
  Millis,
  Subscriber,
  SubscriberInput,
  SubscriberOutput,
} from "@tombolo/sip";
import type { KeptDialog } from "../kept.ts";
import type { IncomingRequest } from "../sip-side.ts";
import type { ShownPresence } from "./documents.ts";
import { readNotify } from "./subscribe-wire.ts";
import type { XmppWatcher } from "./xmpp-watcher.ts";
import type { XmppWatcherContext } from "./xmpp-watcher-context.ts";

/** What a subscription says besides its requests. */
export type LegNews = Exclude<SubscriberOutput, { kind: "send" }>;

/** Our one subscription of a watch at a time: the machine that runs it, its dialog, and the SUBSCRIBEs that leave. */
export class SubscriptionLeg {
  private readonly owner: XmppWatcher;
  private readonly context: XmppWatcherContext;
  private machine: Subscriber | undefined;
  private dialogId: DialogId | undefined;
  private ending = false;
  /** Requests in dialogs since this was last set to zero: CSeq numbers that are used up. */
  unkept = 0;

  constructor(owner: XmppWatcher, context: XmppWatcherContext) {
    this.owner = owner;
    this.context = context;
  }

  /** There is a subscription, if only on its way in or out. */
  get isOpen(): boolean {
    return this.machine !== undefined;
  }

  /** The user has taken the wish back and the dialog is on its way out. */
  get isEnding(): boolean {
    return this.ending;
  }

  get subscriber(): Subscriber | undefined {
    return this.machine;
  }

  get dialog(): DialogId | undefined {
    return this.dialogId;
  }

  open(now: Millis): void {
    this.machine = this.context.newSubscriber();
    this.machine.handle({ kind: "subscribe" }, now);
  }

  handle(input: SubscriberInput, now: Millis): void {
    this.machine?.handle(input, now);
  }

  end(now: Millis): void {
    if (!this.machine || this.ending) return;
    this.ending = true;
    this.machine.handle({ kind: "unsubscribe" }, now);
  }

  /** The NOTIFY made the dialog; a 2xx of another fork does not replace it (RFC 6665 4.1.2.4). */
  adopt(dialog: DialogId): void {
    if (this.dialogId === dialog) return;
    if (this.dialogId !== undefined) {
      this.context.sip.disown(dialog);
      return;
    }
    this.dialogId = dialog;
    this.context.sip.own(dialog, this.owner);
  }

  /**
   * A NOTIFY that came before the 200 to a SUBSCRIBE of ours. Those of other forks, of ended subscriptions and of strangers
   * are answered here.
   * @returns whether its dialog is taken; then the NOTIFY waits for `takeNotify`.
   */
  takeOpening(subscriber: Subscriber, request: IncomingRequest): boolean {
    const { sip, pair } = this.context;
    const isPartner = request.verified.partner === pair.partner;
    if (isPartner && this.machine === subscriber && this.dialogId === undefined) {
      this.adopt(request.dialog!);
      return true;
    }
    sip.answer(request.request, isPartner ? 481 : 403);
    sip.disown(request.dialog!);
    return false;
  }

  /** A request in the dialog; it is answered (EV-06: at once, whatever the XMPP side does). @returns undefined if refused. */
  takeNotify(
    { message, request }: IncomingRequest,
    now: Millis,
  ): { readonly document: ShownPresence | undefined } | undefined {
    const { sip, documents, pair } = this.context;
    const notify = readNotify(message);
    if (!notify.ok) {
      sip.answer(request, notify.status, notify.extra);
      return undefined;
    }
    sip.answer(request, 200);
    const document = documents.read(message, pair.sipUser);
    this.machine?.handle({ kind: "notify", ...notify.state, hasBody: document !== undefined }, now);
    return { document };
  }

  /** A dialog from before a restart. */
  restore(dialog: DialogId, kept: KeptDialog): void {
    this.dialogId = dialog;
    this.machine = this.context.newSubscriber(kept);
    this.context.sip.own(dialog, this.owner);
  }

  /** It has ended: its dialog is given back. */
  close(): void {
    if (this.dialogId !== undefined) this.context.sip.drop(this.dialogId);
    this.lose();
  }

  /** The engine has lost the dialog. */
  lose(): void {
    this.dialogId = undefined;
    this.machine = undefined;
    this.ending = false;
  }

  /** Sends what is to be sent. @returns the next news, until there is none. */
  poll(): LegNews | undefined {
    let out = this.machine?.poll();
    for (; out?.kind === "send"; out = this.machine?.poll()) this.send(out.request, out.expires);
    return out;
  }

  private send(request: "initial" | "refresh" | "end", expires: number): void {
    const headers: HeaderFields = [
      ["Event", "presence"],
      ["Accept", this.context.accept],
      ["Expires", String(expires)],
    ];
    const { pair, sip } = this.context;
    if (request === "initial") {
      const from = { uri: pair.xmppUri };
      const to = { uri: pair.sipUri };
      sip.open(this.owner, this.machine!, { method: "SUBSCRIBE", from, to, headers });
    } else if (this.dialogId !== undefined) {
      this.unkept += 1;
      sip.inDialog(this.owner, this.machine!, this.dialogId, "SUBSCRIBE", headers);
    }
  }

  nextDeadline(): Deadline | undefined {
    return this.machine?.nextDeadline();
  }

  timeout(now: Millis): void {
    this.machine?.timeout(now);
  }
}
