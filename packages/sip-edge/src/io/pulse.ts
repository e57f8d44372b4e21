import type { Millis } from "@tombolo/sip";

export interface PulseOptions {
  /** Monotonic ms. */
  readonly now: () => Millis;
  readonly tickMs: Millis;
  readonly onTick: () => void;
  /** A time that `wakeAt` was given has come. */
  readonly onDue: () => void;
}

/** The driver's timers: a steady tick, and one for what is due before the next. */
export class Pulse {
  private readonly options: PulseOptions;
  private ticker: NodeJS.Timeout | undefined;
  private timer: NodeJS.Timeout | undefined;
  private dueAt: Millis = Number.POSITIVE_INFINITY;

  constructor(options: PulseOptions) {
    this.options = options;
  }

  start(): void {
    this.ticker = setInterval(this.options.onTick, this.options.tickMs);
  }

  /** Sees to it that `onDue` is called then. Only the earliest time counts. */
  wakeAt(at: Millis): void {
    if (at >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    const wake = () => {
      this.dueAt = Number.POSITIVE_INFINITY;
      this.options.onDue();
    };
    this.timer = setTimeout(wake, Math.max(1, Math.ceil(at - this.options.now())));
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.ticker);
    clearTimeout(this.timer);
  }
}
