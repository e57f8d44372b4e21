/**
 * How the partner meets a request of the program's. `lost`: it never arrives. `silent`: taken, its answer never sent.
 * `late`: taken, answered after 3 s; `too-late`: after 40 s, when nobody waits any more. `notify-first`: the 200 comes
 * behind the NOTIFY. `rejected`: taken, but the NOTIFY before the 200 says that it is over. `no-notify`: no NOTIFY follows. A number: refused with that status.
 */
export type SubscribeFate =
  | "lost"
  | "silent"
  | "late"
  | "too-late"
  | "notify-first"
  | "rejected"
  | "no-notify"
  | number;
export type NotifyFate = "lost" | "silent" | "late" | "too-late" | number;

export const SUBSCRIBE_FATES: readonly SubscribeFate[] = [
  "silent",
  "lost",
  "late",
  "too-late",
  "notify-first",
  "rejected",
  "no-notify",
  481,
  408,
  503,
  403,
  423,
  480,
  500,
];
export const NOTIFY_FATES: readonly NotifyFate[] = ["silent", "lost", "late", "too-late", 481, 408, 503, 500];

/** What is decided about the next requests; those after them are met well. */
export class Fates {
  private subscribes: SubscribeFate[] = [];
  private notifies: NotifyFate[] = [];

  plan(plan: {
    readonly subscribe?: SubscribeFate | undefined;
    readonly notify?: NotifyFate | undefined;
  }): void {
    if (plan.subscribe !== undefined) this.subscribes.push(plan.subscribe);
    if (plan.notify !== undefined) this.notifies.push(plan.notify);
  }

  nextSubscribe(): SubscribeFate | undefined {
    return this.subscribes.shift();
  }

  nextNotify(): NotifyFate | undefined {
    return this.notifies.shift();
  }

  clear(): void {
    this.subscribes = [];
    this.notifies = [];
  }
}

/** How long an answer waits, ms. */
export function delayOf(fate: SubscribeFate | NotifyFate | undefined): number {
  return fate === "late" ? 3_000 : fate === "too-late" ? 40_000 : 0;
}
