import type { Millis } from "@tombolo/sip";
import { type CertificateProblem, Connector, type DialResult, type DialTarget } from "@tombolo/sip/io";
import { DeadTargets } from "../routing/dead-targets.ts";
import type { EdgePartner } from "../settings.ts";
import type { Locate } from "./locate.ts";
import type { TrustStore } from "./trust-store.ts";

/** All attempts of one dial together, ms: less than a request may wait for its answer. */
export const DIAL_BUDGET_MS: Millis = 20_000;
/** The least and the most that one of several attempts gets, ms. */
const MIN_ATTEMPT_MS: Millis = 2_000;
const MAX_ATTEMPT_MS: Millis = 5_000;

export type FailedDial = Extract<DialResult, { ok: false }>;

export interface DiallerOptions {
  readonly trust: TrustStore;
  readonly locate: Locate;
  readonly now: () => Millis;
  /** Limit of one attempt, ms. */
  readonly dialMs?: number | undefined;
  /** Each attempt that failed. */
  readonly onFailed: (partner: EdgePartner, target: DialTarget, result: FailedDial) => void;
}

/** Reaches partners: tries the places where each may be found, those that were dead of late last. */
export class Dialler {
  trust: TrustStore;
  private readonly options: DiallerOptions;
  private readonly connector: Connector;
  private readonly dead = new DeadTargets();

  constructor(options: DiallerOptions) {
    this.options = options;
    this.trust = options.trust;
    this.connector = new Connector(options.trust.listening, options.dialMs);
  }

  /**
   * The first connection that can be had, or why the last attempt failed. Never rejects.
   *
   * @param namesOf what the certificate of the partner may be called, asked once it has been located
   */
  async dial(partner: EdgePartner, namesOf: () => readonly string[]): Promise<DialResult> {
    const { now, onFailed } = this.options;
    const { targets, detail } = await this.options.locate(partner);
    const ordered = this.dead.order(targets, placeOf, now());
    const end = now() + DIAL_BUDGET_MS;
    let result: DialResult = { ok: false, why: "dns", detail };
    for (const [at, target] of ordered.entries()) {
      const left = end - now();
      if (at > 0 && left < MIN_ATTEMPT_MS) break;
      const share = ordered.length === 1 ? undefined : Math.max(MIN_ATTEMPT_MS, left / (ordered.length - at));
      result = await this.attempt(partner, target, namesOf(), share);
      if (result.ok) {
        this.dead.succeeded(placeOf(target));
        return result;
      }
      this.dead.failed(placeOf(target), now());
      onFailed(partner, target, result);
    }
    return result;
  }

  private attempt(
    partner: EdgePartner,
    target: DialTarget,
    names: readonly string[],
    share: Millis | undefined,
  ): Promise<DialResult> {
    const { trust } = this;
    const { dialMs } = this.options;
    const legacy = partner.legacy === true;
    const judge = (peer: Parameters<TrustStore["problemOf"]>[1]): CertificateProblem | undefined =>
      trust.problemOf(partner.domain, peer, new Date());
    return this.connector.dial(target, names, {
      tls: trust.dialling(partner.domain, legacy),
      floor: legacy ? "legacy" : (partner.tlsMin ?? "1.2"),
      judge,
      withinMs: share === undefined ? undefined : Math.min(share, dialMs ?? MAX_ATTEMPT_MS),
    });
  }
}

function placeOf({ host, port, address }: DialTarget): string {
  return `${address ?? host} ${port}`;
}
