import type { Agenda } from "./agenda.ts";

/** One direction of one connection: takes its time, keeps the order, and may break with something inside. */
export class Wire {
  private readonly agenda: Agenda;
  private readonly latency: () => number;
  private lastAt = 0;
  private isBroken = false;
  private isSwallowing = false;

  /** @param latency of the next message, ms. */
  constructor(agenda: Agenda, latency: () => number) {
    this.agenda = agenda;
    this.latency = latency;
  }

  /** @param lost it went under. */
  send(arrive: () => void, lost?: () => void): void {
    if (this.isBroken || this.isSwallowing) {
      lost?.();
      return;
    }
    this.lastAt = Math.max(this.lastAt, this.agenda.now + this.latency());
    this.agenda.at(this.lastAt, () => {
      if (this.isBroken) lost?.();
      else arrive();
    });
  }

  /** What is inside goes under. */
  break(): void {
    this.isBroken = true;
  }

  /** Nobody listens at the far end, and nobody knows it. */
  swallow(): void {
    this.isSwallowing = true;
  }
}
