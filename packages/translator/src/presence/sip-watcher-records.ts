import type { DialogId, Millis } from "@tombolo/sip";
import { KEEP_AFTER_REQUESTS, type Keep } from "../kept.ts";
import type { Pair } from "../pair.ts";
import type { Exhibit } from "./exhibit.ts";
import type { Permission } from "./permission.ts";
import type { Watch } from "./watch.ts";

interface SipWatcherState {
  readonly permission: Permission;
  readonly exhibit: Exhibit;
  readonly watches: readonly Watch[];
}

const KEPT_STATES = { none: undefined, asked: "asked", granted: "active", refused: "denied" } as const;

/** Of one SIP watcher: what was kept (`Kept`), so that only what changed is kept again. */
export class SipWatcherRecords {
  private readonly pair: Pair;
  /** As the permission was kept: the state, and until when nobody is asked. */
  private authorization: string | undefined;
  private quietUntil: Millis | undefined;
  /** Version of the presence that was kept. */
  private presence: number | undefined;
  /** Dialogs that were kept and are over. */
  private gone: DialogId[] | undefined;

  constructor(pair: Pair) {
    this.pair = pair;
  }

  watchEnded({ dialog, keptAs }: Watch): void {
    if (dialog !== undefined && keptAs !== undefined) {
      this.gone ??= [];
      this.gone.push(dialog);
    }
  }

  /** @param state undefined: nothing is left to keep. */
  keep(keep: Keep, state: SipWatcherState | undefined, now: Millis): void {
    const { pair } = this;
    const watcher = "sip";
    for (const dialog of this.gone ?? []) keep({ what: "dialog", pair, watcher, dialog, value: undefined });
    this.gone = undefined;
    const kept = state && KEPT_STATES[state.permission.state];
    const quietUntil = kept && state.permission.quietUntil;
    if (this.authorization !== kept || this.quietUntil !== quietUntil) {
      this.authorization = kept;
      this.quietUntil = quietUntil;
      const until = quietUntil !== undefined && { quietUntil };
      // Only a refusal may or may not be in question.
      const asks = kept === "denied" && state?.permission.isOpen && { askId: "" };
      const value = kept && { state: kept, since: now, ...until, ...asks };
      keep({ what: "authorization", pair, watcher, value });
    }
    for (const watch of state?.watches ?? []) this.keepWatch(keep, watch);
    // What the user shows is kept while it is known and meant for the watcher.
    const exhibit = state?.permission.isGranted && state.exhibit.isKnown ? state.exhibit : undefined;
    if (this.presence !== exhibit?.version) {
      const again = this.presence !== undefined;
      this.presence = exhibit?.version;
      const value = exhibit && { at: now, resources: exhibit.list() };
      keep({ what: "presence", pair, watcher, value, again });
    }
  }

  private keepWatch(keep: Keep, watch: Watch): void {
    const { state, expiresAt } = watch.notifier;
    if (watch.isFetch || watch.dialog === undefined || expiresAt === undefined) return;
    if (state !== "pending" && state !== "active") return;
    const isSame = watch.keptAs === state && watch.keptUntil === expiresAt;
    if (isSame && watch.unkept < KEEP_AFTER_REQUESTS) return;
    watch.keptAs = state;
    watch.keptUntil = expiresAt;
    watch.unkept = 0;
    const { pair } = this;
    keep({ what: "dialog", pair, watcher: "sip", dialog: watch.dialog, value: { state, expiresAt } });
  }
}
