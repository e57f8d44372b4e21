import type { DriverObservation } from "@tombolo/sip-edge/io";

/** How long after its last connection broke a partner is asked whether it still knows its dialogs, ms. */
export const ASK_AFTER_MS = 5_000;

interface Seen {
  connections: number;
  /** Its connections broke, or it could not be reached: it may have been restarted. */
  isSuspect: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Notices partners that may have lost their memory: the last connection broke, or none could be made for a while. They
 * are `back` with the next connection, or after `ASK_AFTER_MS`, when asking makes one (SUB-16).
 */
export class PartnerWatch {
  private readonly onBack: (partner: string) => void;
  private readonly partners = new Map<string, Seen>();

  constructor(onBack: (partner: string) => void) {
    this.onBack = onBack;
  }

  note(observation: DriverObservation): void {
    if (observation.kind === "breaker") {
      const seen = this.seen(observation.partner);
      if (observation.state === "open") this.suspect(observation.partner, seen, false);
      else this.back(observation.partner, seen);
    } else if (observation.kind === "connection" && observation.side === "outside") {
      const { partner, state, why } = observation;
      const seen = this.seen(partner);
      if (state === "opened") {
        seen.connections += 1;
        this.back(partner, seen);
      } else {
        seen.connections -= 1;
        if (seen.connections <= 0 && why !== "idle" && why !== "stopped") this.suspect(partner, seen, true);
      }
    }
  }

  stop(): void {
    for (const { timer } of this.partners.values()) clearTimeout(timer);
    this.partners.clear();
  }

  private suspect(partner: string, seen: Seen, asks: boolean): void {
    seen.isSuspect = true;
    clearTimeout(seen.timer);
    seen.timer = asks ? setTimeout(() => this.back(partner, seen), ASK_AFTER_MS) : undefined;
  }

  private back(partner: string, seen: Seen): void {
    clearTimeout(seen.timer);
    seen.timer = undefined;
    if (!seen.isSuspect) return;
    seen.isSuspect = false;
    this.onBack(partner);
  }

  private seen(partner: string): Seen {
    const known = this.partners.get(partner);
    if (known) return known;
    const seen = { connections: 0, isSuspect: false, timer: undefined };
    this.partners.set(partner, seen);
    return seen;
  }
}
