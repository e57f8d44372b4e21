import type { Deadline, DialogId, HeaderFields, Millis, Outcome } from "@tombolo/sip";
import type { IncomingRequest } from "../sip-side.ts";
import { readNotify } from "./subscribe-wire.ts";
import type { XmppWatcher } from "./xmpp-watcher.ts";
import type { XmppWatcherContext } from "./xmpp-watcher-context.ts";

/** One fetch under way, and who asked. */
export interface Fetch {
  readonly kind: "fetch";
  readonly from: string;
  readonly id: string | undefined;
  dialog: DialogId | undefined;
  /** The NOTIFY has come, or nothing is waited for any more. */
  isOver: boolean;
}

/** How long the NOTIFY of a fetch is waited for, ms: timer N of RFC 6665 4.1.2.4. */
const FETCH_MS: Millis = 32_000;

/**
 * A probe by an XMPP user of whom nothing is known: perhaps a contact whose record was lost, perhaps somebody who only
 * takes a look (C-27). A SUBSCRIBE would put a question before the SIP user, so the state is fetched (RFC 6665 4.4.3).
 * A document shows that the SIP side has decided before, and nobody is asked when the watch is taken up again; that is
 * done unless the user has gone meanwhile. Without one, nothing happens.
 */
export class Looking {
  private readonly owner: XmppWatcher;
  private readonly context: XmppWatcherContext;
  private fetch: Fetch | undefined;
  private giveUpAt: Millis | undefined;
  /** No other fetch before this. */
  private quietUntil: Millis | undefined;
  /** What was seen is taken up as a watch at this time. */
  private keepAt: Millis | undefined;

  constructor(owner: XmppWatcher, context: XmppWatcherContext) {
    this.owner = owner;
    this.context = context;
  }

  get isIdle(): boolean {
    return this.fetch === undefined && this.quietUntil === undefined && this.keepAt === undefined;
  }

  /** Something was seen a moment ago. */
  get hasSeen(): boolean {
    return this.keepAt !== undefined;
  }

  onProbe(from: string, id: string | undefined, now: Millis): void {
    if (this.fetch || this.quietUntil !== undefined) return;
    const { pair, sip, accept, settings } = this.context;
    this.fetch = { kind: "fetch", from, id, dialog: undefined, isOver: false };
    this.quietUntil = now + settings.retryBase;
    this.giveUpAt = now + 2 * FETCH_MS;
    const headers: HeaderFields = [
      ["Event", "presence"],
      ["Accept", accept],
      ["Expires", "0"],
    ];
    const to = { uri: pair.sipUri };
    sip.open(this.owner, this.fetch, { method: "SUBSCRIBE", from: { uri: pair.xmppUri }, to, headers });
  }

  onOutcome(fetch: Fetch, outcome: Outcome, now: Millis): void {
    const isGood = outcome.kind === "final" && outcome.status < 300;
    if (outcome.kind === "final" && outcome.dialog !== undefined) this.adopt(fetch, outcome.dialog);
    if (fetch !== this.fetch) return;
    if (isGood) this.giveUpAt = now + FETCH_MS;
    else this.end();
  }

  /** A NOTIFY that came before the 200. @returns whether it is for this look. */
  onOpening(fetch: Fetch, request: IncomingRequest, now: Millis): void {
    if (fetch.dialog !== undefined || request.verified.partner !== this.owner.partner) {
      this.context.sip.answer(request.request, fetch.dialog === undefined ? 403 : 481);
      this.context.sip.disown(request.dialog!);
      return;
    }
    this.adopt(fetch, request.dialog!);
    if (fetch.isOver) this.context.sip.answer(request.request, 481);
    else this.onDialogRequest(request, now);
  }

  isFor(request: IncomingRequest): boolean {
    return this.fetch?.dialog !== undefined && this.fetch.dialog === request.dialog;
  }

  onDialogRequest(request: IncomingRequest, now: Millis): void {
    const { sip, documents, pair, settings } = this.context;
    const notify = readNotify(request.message);
    if (!notify.ok) {
      sip.answer(request.request, notify.status, notify.extra);
      return;
    }
    sip.answer(request.request, 200);
    const { from, id } = this.fetch!;
    const document =
      notify.state.state === "pending" ? undefined : documents.read(request.message, pair.sipUser);
    this.end();
    if (!document) return;
    this.keepAt = now + settings.look;
    this.owner.onSeen(document, from, id);
  }

  onDialogLost(dialog: DialogId): boolean {
    if (this.fetch?.dialog !== dialog) return false;
    this.fetch.dialog = undefined;
    this.end();
    return true;
  }

  /** The user has gone, or has said what they want: what comes of the look is of no use any more. */
  cancel(): void {
    this.end();
    this.keepAt = undefined;
  }

  private adopt(fetch: Fetch, dialog: DialogId): void {
    const { sip } = this.context;
    if (fetch.isOver || (fetch.dialog !== undefined && fetch.dialog !== dialog)) {
      sip.disown(dialog);
      return;
    }
    if (fetch.dialog === undefined) sip.own(dialog, this.owner);
    fetch.dialog = dialog;
  }

  private end(): void {
    const { fetch } = this;
    this.fetch = undefined;
    this.giveUpAt = undefined;
    if (!fetch) return;
    fetch.isOver = true;
    if (fetch.dialog !== undefined) this.context.sip.drop(fetch.dialog);
  }

  nextDeadline(): Deadline | undefined {
    let first: Deadline | undefined;
    const consider = (at: Millis | undefined, reason: string) => {
      if (at !== undefined && (!first || at < first.at)) first = { at, reason };
    };
    consider(this.giveUpAt, "a fetch not answered");
    consider(this.quietUntil, "the next look");
    consider(this.keepAt, "a look that lasts");
    return first;
  }

  timeout(now: Millis): void {
    if (this.giveUpAt !== undefined && now >= this.giveUpAt) this.end();
    if (this.quietUntil !== undefined && now >= this.quietUntil) this.quietUntil = undefined;
    if (this.keepAt !== undefined && now >= this.keepAt) {
      this.keepAt = undefined;
      this.owner.onKept(now);
    }
  }
}
