import type { Millis, SipMessage } from "@tombolo/sip";
import { isPassing, type Lane, laneOf, supersedes } from "./lane.ts";
import { laneBound, type PacingLimits, typingBound } from "./limits.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { TargetGuard } from "./target-guard.ts";
import { TokenBucket } from "./token-bucket.ts";
import { type Paced, WaitingRoom } from "./waiting-room.ts";

/** Why a request is not sent. */
export type PacingRefusal =
  /** It is for somebody new, and we have addressed as many as the partner allows. */
  | "targets"
  /** Too many of its kind wait. */
  | "full"
  /** It has waited too long. */
  | "late"
  /** A typing indication that gave way. */
  | "typing"
  /** A newer one of the same subscription says all that it says. */
  | "superseded";

export interface Refused<R> {
  readonly request: R;
  readonly reason: PacingRefusal;
}

/**
 * Holds requests for one partner back so that no more go out than it takes. Each offered request comes out once:
 * `offer` says true, or `due` or `drain` returns it, or `takeRefused` does. One that is not alive any more when its
 * turn comes (cancelled) is dropped, its end being known already.
 *
 * A waiting NOTIFY that a newer one replaces is refused, never answered 200: nobody may believe that it was seen. A
 * user agent with one NOTIFY in flight for each subscription merges changes itself and never meets this.
 *
 * ACK and CANCEL never wait, nor does a BYE, except behind requests of its own dialog. They take tokens nonetheless.
 */
export class Shaper<R extends { readonly message: SipMessage }> {
  readonly limits: PacingLimits;
  private readonly isAlive: (request: R) => boolean;
  private readonly bucket: TokenBucket | SlidingWindow;
  private readonly guard: TargetGuard | undefined;
  private readonly room = new WaitingRoom<R>();
  private refused: Refused<R>[] = [];

  constructor(limits: PacingLimits, isAlive: (request: R) => boolean) {
    this.limits = limits;
    this.isAlive = isAlive;
    const Allowance = limits.isStrict ? SlidingWindow : TokenBucket;
    this.bucket = new Allowance(limits.messagesPerSecond);
    this.guard = limits.targets === undefined ? undefined : new TargetGuard(limits.targets);
  }

  /**
   * @param isHeld nothing can be sent just now, so all has to wait.
   * @returns true where it may go at once; else it is kept, or refused (see `takeRefused`).
   */
  offer(request: R, now: Millis, isHeld = false): boolean {
    const { message } = request;
    const { room, bucket } = this;
    if (isPassing(message) || (message.method === "BYE" && !room.dialogOf(message))) {
      bucket.charge(now);
      return true;
    }
    if (this.guard?.admits(message, now) === false) {
      this.refuse(request, "targets");
      return false;
    }
    if (room.size === 0 && !isHeld && bucket.take(now)) return true;
    this.keep(request, laneOf(message), now);
    return false;
  }

  /** Refuses what has waited too long. */
  expire(now: Millis): void {
    for (const { request } of this.room.takeLate(now)) this.refuse(request, "late");
  }

  /** The next request that may be sent now. */
  due(now: Millis): R | undefined {
    while (this.room.size > 0 && now >= this.bucket.readyAt) {
      const { request } = this.room.take()!;
      if (!this.isAlive(request)) continue;
      this.bucket.take(now);
      return request;
    }
    return undefined;
  }

  /** What was refused since it was last asked. */
  takeRefused(): readonly Refused<R>[] {
    if (this.refused.length === 0) return NONE;
    const { refused } = this;
    this.refused = [];
    return refused.filter(({ request }) => this.isAlive(request));
  }

  /** All that waits, in the order it would have gone. */
  drain(): R[] {
    const all: R[] = [];
    for (let item = this.room.take(); item; item = this.room.take()) all.push(item.request);
    return all.filter(this.isAlive);
  }

  /** When to call `expire` and `due`. @param isHeld nothing can be sent just now. */
  nextAt(isHeld = false): Millis | undefined {
    const late = this.room.nextLateAt;
    if (late === undefined || isHeld) return late;
    return Math.min(late, this.bucket.readyAt);
  }

  /** When a full second's worth may go at once again. */
  get fullAt(): Millis {
    return this.bucket.fullAt;
  }

  /** Requests that may go at once. */
  budget(now: Millis): number {
    return this.bucket.budget(now);
  }

  get waiting(): Readonly<Record<Lane, number>> {
    return this.room.counts;
  }

  get size(): number {
    return this.room.size;
  }

  /** Users that may be addressed besides those that were; undefined = any number. */
  get targetsLeft(): number | undefined {
    return this.guard && this.limits.targets! - this.guard.size;
  }

  private keep(request: R, lane: Lane, now: Millis): void {
    const { room, limits } = this;
    const gone = this.replaced(request.message, lane);
    const hasRoom = room.counts[lane] < laneBound(limits) || gone.some((item) => item.lane === lane);
    if (hasRoom) room.add(request, lane, now);
    else this.refuse(request, "full");
    if (!hasRoom) return;
    // Only now, so that their dialog does not lose its turn.
    for (const item of gone) this.giveUp(item, item.lane === "typing" ? "typing" : "superseded");
    for (let item = room.oldestTyping; item && room.size > typingBound(limits); item = room.oldestTyping) {
      this.giveUp(item, "typing");
    }
  }

  /** What need not be sent any more once this goes: typing before a text, and what it says better. */
  private replaced(message: SipMessage, lane: Lane): readonly Paced<R>[] {
    const dialog = this.room.dialogOf(message);
    if (!dialog) return NONE;
    return dialog.items.filter((item) =>
      item.lane === lane ? supersedes(message, item.message, lane) : item.lane === "typing",
    );
  }

  private giveUp(item: Paced<R>, reason: PacingRefusal): void {
    this.room.remove(item);
    this.refuse(item.request, reason);
  }

  private refuse(request: R, reason: PacingRefusal): void {
    this.refused.push({ request, reason });
  }
}

const NONE: readonly never[] = [];
