import type { DialogId, Millis, Notifier, RequestRef } from "@tombolo/sip";

/** One subscription dialog of a SIP watcher, who may be signed in at several places. */
export interface Watch {
  readonly notifier: Notifier;
  /** Asked for the state once, by Expires 0 outside a dialog (RFC 6665 4.4.3). */
  readonly isFetch: boolean;
  dialog: DialogId | undefined;
  /** SUBSCRIBEs that wait for their answer, oldest first: each is answered before the next is looked at. */
  unanswered: readonly RequestRef[];
  /** NOTIFYs that the notifier asked for before the dialog had a name: it has one in flight at a time. */
  held: readonly { readonly state: string; readonly withBody: boolean }[];
  /** When the oldest change came in that this watch has not been told, ms. */
  changedAt: Millis | undefined;
  /** What the last document said; undefined when none was sent, or it is not known whether it was taken. */
  told: string | undefined;
  toldAt: Millis | undefined;
  hasEnded: boolean;
  /** How it was kept last (`Kept`; undefined never, empty in a way that no longer holds), and NOTIFYs since. */
  keptAs: "pending" | "active" | "" | undefined;
  keptUntil: Millis | undefined;
  unkept: number;
}

/** Most watches have nothing that waits. */
const NONE: readonly never[] = [];

export function newWatch(notifier: Notifier, isFetch: boolean): Watch {
  return {
    notifier,
    isFetch,
    dialog: undefined,
    unanswered: NONE,
    held: NONE,
    changedAt: undefined,
    told: undefined,
    toldAt: undefined,
    hasEnded: false,
    keptAs: undefined,
    keptUntil: undefined,
    unkept: 0,
  };
}

/** The dialog has a name: what was held for it, oldest first. */
export function takeHeld(watch: Watch): Watch["held"] {
  const { held } = watch;
  watch.held = NONE;
  return held;
}

/** A SUBSCRIBE has come. */
export function addUnanswered(watch: Watch, request: RequestRef): void {
  watch.unanswered = [...watch.unanswered, request];
}

/** The oldest SUBSCRIBE is answered. */
export function takeUnanswered(watch: Watch): RequestRef {
  const [first, ...rest] = watch.unanswered;
  watch.unanswered = rest.length === 0 ? NONE : rest;
  return first!;
}
