import type { DialogId, Millis, Notifier, RequestRef } from "@tombolo/sip";

/** One subscription dialog of a SIP watcher, who may be signed in at several places. */
export interface Watch {
  readonly notifier: Notifier;
  /** Asked for the state once, by Expires 0 outside a dialog (RFC 6665 4.4.3). */
  readonly isFetch: boolean;
  dialog: DialogId | undefined;
  /** SUBSCRIBEs that wait for their answer, oldest first: each is answered before the next is looked at. */
  readonly unanswered: RequestRef[];
  /** NOTIFYs that the notifier asked for before the dialog had a name: it has one in flight at a time. */
  readonly held: { readonly state: string; readonly withBody: boolean }[];
  /** When the oldest change came in that this watch has not been told, ms. */
  changedAt: Millis | undefined;
  /** What the last document said; undefined when none was sent, or it is not known whether it was taken. */
  told: string | undefined;
  toldAt: Millis | undefined;
  hasEnded: boolean;
  /** How it was kept last (`Kept`; undefined never, empty in a way that no longer holds), and NOTIFYs since. */
  keptAs: string | undefined;
  unkept: number;
}

export function newWatch(notifier: Notifier, isFetch: boolean): Watch {
  return {
    notifier,
    isFetch,
    dialog: undefined,
    unanswered: [],
    held: [],
    changedAt: undefined,
    told: undefined,
    toldAt: undefined,
    hasEnded: false,
    keptAs: undefined,
    unkept: 0,
  };
}
