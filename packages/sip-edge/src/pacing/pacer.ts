import type { Millis } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import { retryAfter } from "../routing/answers.ts";
import { type Dispatch, isAlive } from "../routing/dispatch.ts";
import type { Waiting } from "../routing/neighbour.ts";
import type { PartnerState } from "../routing/partner-state.ts";
import type { Relay } from "../routing/relay.ts";
import type { Lane } from "./lane.ts";
import type { PacingLimits } from "./limits.ts";
import { refusalAnswer } from "./refusal-answers.ts";
import { Shaper } from "./shaper.ts";

/** How often it is told how a partner stands, ms. */
export const PACING_REPORT_MS: Millis = 1_000;

/** A partner with a shaper of its own. */
export interface PacedNeighbour {
  readonly partner: PartnerState;
  readonly shaper: Shaper<Waiting>;
  /** When it may be told next how it stands. */
  reportAt: Millis;
}

/** Joins the shapers to the edge: what they let go is sent, what they refuse is answered. Off, it is never called. */
export class Pacer {
  private readonly context: EdgeContext;
  private readonly relay: Relay;
  private readonly dispatch: Dispatch;
  /** Those with something that waits, or that has not been told. */
  private readonly busy = new Set<PacedNeighbour>();
  /** Not later than the first of them is due. */
  private wakeAt: Millis = Number.POSITIVE_INFINITY;

  constructor(context: EdgeContext, relay: Relay, dispatch: Dispatch) {
    this.context = context;
    this.relay = relay;
    this.dispatch = dispatch;
  }

  /** When to call `timeout`. */
  get nextAt(): Millis | undefined {
    return this.wakeAt === Number.POSITIVE_INFINITY ? undefined : this.wakeAt;
  }

  /** Takes over the partners' limits. Where they have changed, what waits goes through the new ones. */
  configure(now: Millis): void {
    for (const partner of this.context.partners.values()) {
      const { pacing } = partner;
      const limits = partner.partner.pacing;
      if (sameLimits(pacing?.shaper.limits, limits)) continue;
      partner.pacing = limits && { partner, shaper: new Shaper(limits, isAlive), reportAt: now };
      for (const request of pacing?.shaper.drain() ?? []) this.dispatch.request(partner, request, now);
      if (pacing) this.busy.delete(pacing);
      if (partner.pacing) this.run(partner.pacing, now);
      else this.report(partner.domain, undefined, NOTHING, undefined);
    }
  }

  request(paced: PacedNeighbour, request: Waiting, now: Millis): void {
    if (paced.shaper.offer(request, now, isHeld(paced.partner))) {
      this.dispatch.deliver(paced.partner, request, now);
    }
    this.run(paced, now);
  }

  /** Sends what may go. Called whenever that may have changed. */
  run(paced: PacedNeighbour, now: Millis): void {
    const { partner, shaper } = paced;
    shaper.expire(now);
    if (partner.best === undefined && !partner.dialing && partner.breaker.isOpen(now)) {
      for (const request of shaper.drain()) this.dispatch.deliver(partner, request, now);
    }
    while (!isHeld(partner)) {
      const request = shaper.due(now);
      if (!request) break;
      this.dispatch.deliver(partner, request, now);
    }
    for (const { request, reason } of shaper.takeRefused()) {
      this.context.put({
        kind: "observe",
        observation: { kind: "pacing-refused", partner: partner.domain, reason },
      });
      const { status, isForLater } = refusalAnswer(reason, request.message);
      const headers = isForLater ? retryAfter(this.context) : undefined;
      if (request.transaction) this.relay.refuse(request.transaction, status, now, headers);
    }
    this.tell(paced, now);
  }

  timeout(now: Millis): void {
    if (now < this.wakeAt) return;
    this.wakeAt = Number.POSITIVE_INFINITY;
    for (const paced of this.busy) {
      const at = dueAt(paced);
      if (at > now) this.wakeAt = Math.min(this.wakeAt, at);
      else this.run(paced, now);
    }
  }

  /** The partner was taken off the list. */
  leave(paced: PacedNeighbour, now: Millis): void {
    this.busy.delete(paced);
    paced.partner.pacing = undefined;
    for (const { transaction } of paced.shaper.drain()) {
      if (transaction) this.relay.refuse(transaction, 504, now);
    }
  }

  /** Tells how it stands, if it is time, and until it is at rest. */
  private tell(paced: PacedNeighbour, now: Millis): void {
    const { partner, shaper } = paced;
    this.busy.add(paced);
    if (now >= paced.reportAt) {
      this.report(partner.domain, shaper.budget(now), { ...shaper.waiting }, shaper.targetsLeft);
      paced.reportAt = now + PACING_REPORT_MS;
      if (shaper.size === 0 && now >= shaper.fullAt) {
        this.busy.delete(paced);
        return;
      }
    }
    this.wakeAt = Math.min(this.wakeAt, dueAt(paced));
  }

  private report(
    partner: string,
    budget: number | undefined,
    waiting: Readonly<Record<Lane, number>>,
    targetsLeft: number | undefined,
  ): void {
    const observation = { kind: "pacing", partner, budget, waiting, targetsLeft } as const;
    this.context.put({ kind: "observe", observation });
  }
}

const NOTHING: Readonly<Record<Lane, number>> = { session: 0, presence: 0, typing: 0 };

/** While a connection is asked for, one request waits there; the others wait in their lanes. */
function isHeld(partner: PartnerState): boolean {
  return partner.dialing && partner.best === undefined;
}

function dueAt({ partner, shaper, reportAt }: PacedNeighbour): Millis {
  return Math.min(reportAt, shaper.nextAt(isHeld(partner)) ?? Number.POSITIVE_INFINITY);
}

function sameLimits(one: PacingLimits | undefined, other: PacingLimits | undefined): boolean {
  return (
    one?.messagesPerSecond === other?.messagesPerSecond &&
    one?.targets === other?.targets &&
    one?.isStrict === other?.isStrict
  );
}
