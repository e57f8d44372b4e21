import type { Body, DialogId, HeaderFields, Millis, NotifierInput, RequestRef } from "@tombolo/sip";
import type { KeptDialog } from "../kept.ts";
import type { DialogOwner, IncomingRequest, Requester } from "../sip-side.ts";
import type { MappedState } from "./documents.ts";
import type { SipWatcherContext } from "./sip-watcher-context.ts";
import { addUnanswered, newWatch, takeHeld, takeUnanswered, type Watch } from "./watch.ts";

const EVENT = ["Event", "presence"] as const;

/** Whose dialogs they are. */
export interface WatchOwner extends DialogOwner, Requester<Watch> {
  /** What the watcher may see now. */
  readonly seen: MappedState;
  /** What a last document says. */
  readonly farewell: MappedState;
  onWatchEnded(watch: Watch): void;
}

const NO_WATCHES: readonly never[] = [];

/** The subscription dialogs of one SIP watcher, and the answers and NOTIFYs that leave in them. */
export class WatchDialogs {
  private readonly owner: WatchOwner;
  private readonly context: SipWatcherContext;
  /** The oldest; mostly there is no other, and no list. */
  private first: Watch | undefined;
  private others: readonly Watch[] = NO_WATCHES;
  /** 2xx answers whose dialog the engine has not named yet. */
  private accepting: Map<RequestRef, Watch> | undefined;

  constructor(owner: WatchOwner, context: SipWatcherContext) {
    this.owner = owner;
    this.context = context;
  }

  get size(): number {
    return this.first ? 1 + this.others.length : 0;
  }

  /** Oldest first; a list of its own. */
  get all(): readonly Watch[] {
    return this.first ? [this.first, ...this.others] : NO_WATCHES;
  }

  find(dialog: DialogId | undefined): Watch | undefined {
    if (this.first?.dialog === dialog) return this.first;
    return this.others.find((watch) => watch.dialog === dialog);
  }

  /** A SUBSCRIBE outside dialogs; its answer comes when the watch is told of it. */
  begin({ request, message }: IncomingRequest): Watch {
    const watch = newWatch(this.context.newNotifier(), message.number("Expires") === 0);
    addUnanswered(watch, request);
    this.add(watch);
    return watch;
  }

  /** A dialog from before a restart. */
  restore(dialog: DialogId, { state, expiresAt }: KeptDialog): void {
    const watch = newWatch(this.context.newNotifier({ state, expiresAt }), false);
    watch.dialog = dialog;
    watch.keptAs = "";
    this.add(watch);
    this.context.sip.own(dialog, this.owner);
  }

  /** The engine has named the dialog that a 2xx of ours made. */
  onDialogMade(request: RequestRef, dialog: DialogId, now: Millis): void {
    const watch = this.accepting?.get(request);
    if (!watch) return;
    this.accepting!.delete(request);
    if (this.accepting!.size === 0) this.accepting = undefined;
    watch.dialog = dialog;
    for (const { state, withBody } of takeHeld(watch)) this.notify(watch, state, withBody, now);
    if (watch.hasEnded) this.forget(watch);
  }

  /** Something happened to a watch: what follows for its watcher is sent. */
  handle(watch: Watch, input: NotifierInput, now: Millis): void {
    watch.notifier.handle(input, now);
    this.drain(watch, now);
  }

  timeout(now: Millis): void {
    for (const watch of this.all) {
      watch.notifier.timeout(now);
      this.drain(watch, now);
    }
  }

  private drain(watch: Watch, now: Millis): void {
    for (let out = watch.notifier.poll(); out; out = watch.notifier.poll()) {
      switch (out.kind) {
        case "accept":
          this.accept(watch, out.status, out.expires);
          break;
        case "refuse":
          this.context.sip.answer(
            takeUnanswered(watch),
            out.status,
            out.status === 423 ? { headers: [["Min-Expires", String(out.minExpires)]] } : {},
          );
          break;
        case "notify":
          if (watch.dialog === undefined)
            watch.held = [...watch.held, { state: out.subscriptionState, withBody: out.withBody }];
          else this.notify(watch, out.subscriptionState, out.withBody, now);
          break;
        case "ended":
          watch.hasEnded = true;
          // A last NOTIFY may wait for the engine to name the dialog.
          if (watch.held.length === 0) this.forget(watch);
          break;
      }
    }
  }

  private accept(watch: Watch, status: number, expires: number): void {
    const headers: HeaderFields = [["Expires", String(expires)], EVENT];
    const request = takeUnanswered(watch);
    if (watch.dialog === undefined) {
      this.accepting ??= new Map();
      this.accepting.set(request, watch);
      this.context.sip.accept(this.owner, request, status, { headers });
    } else this.context.sip.answer(request, status, { headers });
  }

  private notify(watch: Watch, state: string, withBody: boolean, now: Millis): void {
    const headers: HeaderFields = [EVENT, ["Subscription-State", state]];
    // RFC 8048 5.3.3: the last one says closed; a fetch's only one says what there is.
    const isFarewell = state.startsWith("terminated") && !watch.isFetch;
    const body = withBody ? this.document(watch, isFarewell, now) : undefined;
    watch.unkept += 1;
    this.context.sip.inDialog<Watch>(this.owner, watch, watch.dialog!, "NOTIFY", headers, body);
  }

  private document(watch: Watch, isFarewell: boolean, now: Millis): Body {
    const { documents, pair, observe } = this.context;
    const state = isFarewell ? this.owner.farewell : this.owner.seen;
    const { body, row } = documents.write(pair.xmppUri, state);
    const age = now - (watch.changedAt ?? now);
    observe({ what: "presence", direction: "xmpp_to_sip", partner: pair.partner, row, age });
    watch.changedAt = undefined;
    watch.told = state.key;
    watch.toldAt = now;
    return body;
  }

  /** A watch is over: nothing is sent in it any more. */
  forget(watch: Watch): void {
    watch.hasEnded = true;
    if (!this.remove(watch)) return;
    if (watch.dialog !== undefined) this.context.sip.drop(watch.dialog);
    this.owner.onWatchEnded(watch);
  }

  private add(watch: Watch): void {
    if (this.first) this.others = this.others.concat(watch);
    else this.first = watch;
  }

  /** @returns false when it is not there. */
  private remove(watch: Watch): boolean {
    const { first, others } = this;
    const left = others.filter((own) => own !== watch);
    if (first !== watch && left.length === others.length) return false;
    if (first === watch) this.first = left.shift();
    this.others = left.length === 0 ? NO_WATCHES : left;
    return true;
  }
}
