import type { DriverObservation } from "@tombolo/sip-edge/io";

/** How long after its last connection broke a partner is asked whether it still knows its dialogs, ms. */
export const ASK_AFTER_MS = 5_000;

interface Seen {
  connections: number;
  /** Its connections broke or it could not be reached, or it only hung up: it may have been restarted. */
  suspicion: "broken" | "hung-up" | undefined;
  /** Calls off what was to happen after a while. */
  callOff: () => void;
}

/** Does something after so many ms, unless what it returns is called before. */
export type Later = (ms: number, act: () => void) => () => void;

const byTimer: Later = (ms, act) => {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
};

function nothing(): void {}

/** Reasons of a connection's end that say nothing of the partner. */
const OUR_OWN: ReadonlySet<string> = new Set(["idle", "stopped", "closed-here"]);

/**
 * Notices partners that may have lost their memory: the last connection broke, or none could be made for a while; or,
 * less likely, they closed it in order, as many do when nothing was to say. They are `back` with the next connection, or
 * after `ASK_AFTER_MS`, when asking makes one (SUB-16).
 */
export class PartnerWatch {
  private readonly onBack: (partner: string, hungUp: boolean) => void;
  private readonly later: Later;
  private readonly partners = new Map<string, Seen>();

  /**
   * @param onBack `hungUp`: it only closed its connections in order.
   * @param later where time is not that of the machine.
   */
  constructor(onBack: (partner: string, hungUp: boolean) => void, later: Later = byTimer) {
    this.onBack = onBack;
    this.later = later;
  }

  note(observation: DriverObservation): void {
    if (observation.kind === "breaker") {
      const seen = this.seen(observation.partner);
      if (observation.state === "open") {
        seen.callOff();
        seen.suspicion = "broken";
      } else this.back(observation.partner, seen);
    } else if (observation.kind === "connection" && observation.side === "outside") {
      const { partner, state, why } = observation;
      const seen = this.seen(partner);
      if (state === "opened") {
        seen.connections += 1;
        this.back(partner, seen);
      } else {
        seen.connections -= 1;
        if (seen.connections <= 0 && !OUR_OWN.has(why)) this.suspect(partner, seen, why);
      }
    }
  }

  stop(): void {
    for (const { callOff } of this.partners.values()) callOff();
    this.partners.clear();
  }

  private suspect(partner: string, seen: Seen, why: string): void {
    if (seen.suspicion !== "broken") seen.suspicion = why === "closed-there" ? "hung-up" : "broken";
    seen.callOff();
    seen.callOff = this.later(ASK_AFTER_MS, () => this.back(partner, seen));
  }

  private back(partner: string, seen: Seen): void {
    seen.callOff();
    const { suspicion } = seen;
    seen.suspicion = undefined;
    if (suspicion) this.onBack(partner, suspicion === "hung-up");
  }

  private seen(partner: string): Seen {
    const known = this.partners.get(partner);
    if (known) return known;
    const seen = { connections: 0, suspicion: undefined, callOff: nothing };
    this.partners.set(partner, seen);
    return seen;
  }
}
