import type { DialogId, Millis } from "@tombolo/sip";
import { KEEP_AFTER_REQUESTS, type Keep, type KeptAuthorization, KeptMark } from "../kept.ts";
import type { Pair } from "../pair.ts";
import type { Announcement } from "./announcement.ts";
import type { SubscriptionLeg } from "./subscription-leg.ts";

interface XmppWatcherState {
  readonly authorization: Omit<KeptAuthorization, "since"> | undefined;
  readonly leg: SubscriptionLeg;
  readonly announcement: Announcement;
}

/** Of one XMPP watcher: what was kept (`Kept`), so that only what changed is kept again. */
export class XmppWatcherRecords {
  private readonly pair: Pair;
  private readonly authorization = new KeptMark();
  private readonly presence = new KeptMark();
  private dialog: DialogId | undefined;
  private dialogAs: string | undefined;

  constructor(pair: Pair) {
    this.pair = pair;
  }

  /** The engine knows more of the dialog than when it was kept. */
  dialogChanged(): void {
    this.dialogAs = undefined;
  }

  /** @param state undefined: nothing is left to keep. */
  keep(keep: Keep, state: XmppWatcherState | undefined, now: Millis): void {
    const { pair } = this;
    const watcher = "xmpp";
    const authorization = state?.authorization;
    const { state: name, quietUntil, askId } = authorization ?? {};
    if (this.authorization.moves(authorization && `${name} ${quietUntil} ${askId}`)) {
      const value = authorization && { ...authorization, since: now };
      keep({ what: "authorization", pair, watcher, value });
    }
    this.keepDialog(keep, state?.leg);
    // What a look showed is nobody's standing state.
    const announcement = authorization && state?.announcement;
    if (this.presence.moves(announcement?.shown && String(announcement.version))) {
      const { type, show, status } = announcement?.shown ?? {};
      const shown = { ...(type && { type }), ...(show && { show }), ...(status && { status }) };
      const value = announcement?.shown && { at: now, shown };
      keep({ what: "presence", pair, watcher, value });
    }
  }

  private keepDialog(keep: Keep, leg: SubscriptionLeg | undefined): void {
    const { pair } = this;
    const watcher = "xmpp";
    const { dialog, subscriber, unkept = 0 } = leg ?? {};
    const lives = subscriber?.state === "pending" || subscriber?.state === "active";
    const expiresAt = lives ? subscriber.expiresAt : undefined;
    const now = dialog !== undefined && expiresAt !== undefined ? dialog : undefined;
    if (this.dialog !== undefined && this.dialog !== now)
      keep({ what: "dialog", pair, watcher, dialog: this.dialog, value: undefined });
    const text = now && `${subscriber!.state} ${expiresAt}`;
    const isSame = this.dialog === now && this.dialogAs === text && unkept < KEEP_AFTER_REQUESTS;
    this.dialog = now;
    this.dialogAs = text;
    if (isSame || !leg || now === undefined) return;
    leg.unkept = 0;
    const value = {
      state: subscriber!.state as "pending" | "active",
      expiresAt: expiresAt!,
      expires: subscriber!.expires,
    };
    keep({ what: "dialog", pair, watcher, dialog: now, value });
  }
}
