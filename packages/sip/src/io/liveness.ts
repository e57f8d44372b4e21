/** When a connection that says nothing is to be asked, and when it is given up. Times in ms. */
export interface LivenessLimits {
  /** Nothing came since a request of ours went out so long ago: the other side is probed. 0 = never. */
  readonly silenceMs: number;
  /** How long it may take to say anything after the probe. */
  readonly probeMs: number;
  /** How long a pong may take where the other side is known to answer pings (RFC 5626 4.4.1). */
  readonly pongMs: number;
}

/** A request that is not answered at all shows a dead connection within 7 s, checks each second not counted. */
export const DEFAULT_LIVENESS_LIMITS: LivenessLimits = { silenceMs: 4_000, probeMs: 3_000, pongMs: 10_000 };

/** A gap between two looks after which this process was asleep, and what came meanwhile is not read yet. */
export const STALL_MS = 5_000;

export type LivenessVerdict =
  | "fine"
  /** Send something that must be answered, and say so by `probed`. */
  | "probe"
  | "no-answer"
  | "no-pong";

/**
 * Tells a connection that is dead from one that is quiet. TCP notices a path that swallows everything only after many
 * minutes of repeating; here a request without any sign of life leads to a probe, and a probe without one to the end.
 * Whatever comes in proves life: nothing is held against a peer that answers slowly as long as it says something.
 */
export class Liveness {
  private readonly limits: LivenessLimits;
  /** The first request since something was heard, or undefined. */
  private askedAt: number | undefined;
  private probedAt: number | undefined;
  private pingedAt: number | undefined;
  private judgedAt: number | undefined;
  private knowsPongs = false;

  constructor(limits: LivenessLimits) {
    this.limits = limits;
  }

  /** Whether it has ever answered a ping. */
  get answersPings(): boolean {
    return this.knowsPongs;
  }

  /** A request went out. */
  asked(now: number): void {
    this.askedAt ??= now;
  }

  /** A CRLFCRLF went out. */
  pinged(now: number): void {
    this.pingedAt ??= now;
  }

  probed(now: number): void {
    this.probedAt = now;
  }

  /** Something came. `isPong`: a single CRLF and nothing else. */
  heard(isPong: boolean): void {
    if (isPong && this.pingedAt !== undefined) this.knowsPongs = true;
    this.askedAt = undefined;
    this.probedAt = undefined;
    this.pingedAt = undefined;
  }

  /** To be called about once a second. */
  judge(now: number): LivenessVerdict {
    const { limits } = this;
    if (this.judgedAt !== undefined && now - this.judgedAt > STALL_MS) this.beginAgain(now);
    this.judgedAt = now;
    if (this.probedAt !== undefined) return now - this.probedAt >= limits.probeMs ? "no-answer" : "fine";
    if (this.knowsPongs && this.pingedAt !== undefined && now - this.pingedAt >= limits.pongMs)
      return "no-pong";
    const silent = this.askedAt !== undefined && now - this.askedAt >= limits.silenceMs;
    return silent && limits.silenceMs > 0 ? "probe" : "fine";
  }

  private beginAgain(now: number): void {
    if (this.askedAt !== undefined) this.askedAt = now;
    if (this.probedAt !== undefined) this.probedAt = now;
    if (this.pingedAt !== undefined) this.pingedAt = now;
  }
}
