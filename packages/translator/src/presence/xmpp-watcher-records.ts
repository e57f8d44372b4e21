import type { DialogId, Millis } from "@tombolo/sip";
import { KEEP_AFTER_REQUESTS, type Keep, type KeptAuthorization } from "../kept.ts";
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
  /** As the permission was kept; undefined where it is not. */
  private authorization: string | undefined;
  /** Version of the presence that was kept. */
  private presence: number | undefined;
  private dialog: DialogId | undefined;
  /** As the dialog was kept: the state, and until when. */
  private dialogState: string | undefined;
  private dialogUntil: Millis | undefined;

  constructor(pair: Pair) {
    this.pair = pair;
  }

  /** The engine knows more of the dialog than when it was kept. */
  dialogChanged(): void {
    this.dialogState = undefined;
  }

  /** @param state undefined: nothing is left to keep. */
  keep(keep: Keep, state: XmppWatcherState | undefined, now: Millis): void {
    const { pair } = this;
    const watcher = "xmpp";
    const authorization = state?.authorization;
    const mark = authorization && markOf(authorization);
    if (this.authorization !== mark) {
      this.authorization = mark;
      const value = authorization && { ...authorization, since: now };
      keep({ what: "authorization", pair, watcher, value });
    }
    this.keepDialog(keep, state?.leg);
    // What a look showed is nobody's standing state.
    const announcement = authorization && state?.announcement;
    const version = announcement?.isKnown ? announcement.version : undefined;
    if (this.presence !== version) {
      const again = this.presence !== undefined;
      this.presence = version;
      const { type, show, status } = announcement?.shown ?? {};
      const shown = { ...(type && { type }), ...(show && { show }), ...(status && { status }) };
      const value = announcement?.shown && { at: now, shown };
      keep({ what: "presence", pair, watcher, value, again });
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
    const as = now === undefined ? undefined : subscriber!.state;
    const until = now === undefined ? undefined : expiresAt;
    const isSame =
      this.dialog === now &&
      this.dialogState === as &&
      this.dialogUntil === until &&
      unkept < KEEP_AFTER_REQUESTS;
    this.dialog = now;
    this.dialogState = as;
    this.dialogUntil = until;
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

/** Mostly one of few texts that there are anyway. */
function markOf({ state, quietUntil, askId }: Omit<KeptAuthorization, "since">): string {
  return quietUntil === undefined && askId === undefined ? state : `${state} ${quietUntil} ${askId}`;
}
