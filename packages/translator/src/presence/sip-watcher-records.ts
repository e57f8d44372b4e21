import type { DialogId, Millis } from "@tombolo/sip";
import { KEEP_AFTER_REQUESTS, type Keep, KeptMark } from "../kept.ts";
import type { Pair } from "../pair.ts";
import type { Resources } from "./resources.ts";
import type { Watch } from "./watch.ts";

interface SipWatcherState {
  readonly authorization: "none" | "asked" | "granted" | "refused";
  readonly quietUntil: Millis | undefined;
  readonly watches: readonly Watch[];
  /** What the user shows; undefined while that is not known. */
  readonly resources: Resources | undefined;
}

const KEPT_STATES = { none: undefined, asked: "asked", granted: "active", refused: "denied" } as const;

/** Of one SIP watcher: what was kept (`Kept`), so that only what changed is kept again. */
export class SipWatcherRecords {
  private readonly pair: Pair;
  private readonly authorization = new KeptMark();
  private readonly presence = new KeptMark();
  /** Dialogs that were kept and are over. */
  private gone: DialogId[] = [];
  private version = 0;

  constructor(pair: Pair) {
    this.pair = pair;
  }

  presenceChanged(): void {
    this.version += 1;
  }

  watchEnded({ dialog, keptAs }: Watch): void {
    if (dialog !== undefined && keptAs !== undefined) this.gone.push(dialog);
  }

  /** @param state undefined: nothing is left to keep. */
  keep(keep: Keep, state: SipWatcherState | undefined, now: Millis): void {
    const { pair } = this;
    const watcher = "sip";
    for (const dialog of this.gone) keep({ what: "dialog", pair, watcher, dialog, value: undefined });
    if (this.gone.length > 0) this.gone = [];
    const kept = state && KEPT_STATES[state.authorization];
    if (this.authorization.moves(kept && `${kept} ${state.quietUntil}`)) {
      const quiet = state?.quietUntil === undefined ? {} : { quietUntil: state.quietUntil };
      const value = kept && { state: kept, since: now, ...quiet };
      keep({ what: "authorization", pair, watcher, value });
    }
    for (const watch of state?.watches ?? []) this.keepWatch(keep, watch);
    const resources = state?.resources;
    if (this.presence.moves(resources && String(this.version))) {
      const value = resources && { at: now, resources: resources.list() };
      keep({ what: "presence", pair, watcher, value });
    }
  }

  private keepWatch(keep: Keep, watch: Watch): void {
    const { state, expiresAt } = watch.notifier;
    if (watch.isFetch || watch.dialog === undefined || expiresAt === undefined) return;
    if (state !== "pending" && state !== "active") return;
    const text = `${state} ${expiresAt}`;
    if (text === watch.keptAs && watch.unkept < KEEP_AFTER_REQUESTS) return;
    watch.keptAs = text;
    watch.unkept = 0;
    const { pair } = this;
    keep({ what: "dialog", pair, watcher: "sip", dialog: watch.dialog, value: { state, expiresAt } });
  }
}
