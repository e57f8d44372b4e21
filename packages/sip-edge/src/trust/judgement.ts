/** Who may speak for which partner: certificates against the partner list (design law 3, RFC 5922 7.4). */
import type { EdgePartner } from "../settings.ts";

/** What the judgement needs to know of a certificate that TLS has looked at. */
export interface PeerCertificate {
  /** SIP identities, small letters (RFC 5922 7.1). */
  readonly names: readonly string[];
  /** What is wrong with it, or undefined; `purpose` = nothing but that it is not meant for clients. */
  readonly problem: string | undefined;
  /** It may be shown by TLS servers. */
  readonly serverPurpose: boolean;
}

export type ClientVerdict =
  | {
      readonly ok: true;
      /** The domains it may speak for, at least one. */
      readonly partners: readonly string[];
      /** The certificate name that stood for the first of them. */
      readonly name: string;
    }
  | { readonly ok: false; readonly reason: string };

/** What speaks against a certificate for one partner, besides its names and purpose; undefined where nothing does. */
export type Objection = (partner: EdgePartner) => string | undefined;

/**
 * Judges the certificate of a client. Names are compared exactly: no suffix, and a wildcard matches only where the
 * partner's list has it letter by letter (RFC 5922 7.2).
 */
export function judgeClient(
  peer: PeerCertificate,
  partners: readonly EdgePartner[],
  objection: Objection = () => undefined,
): ClientVerdict {
  if (peer.problem !== undefined && peer.problem !== "purpose") return { ok: false, reason: peer.problem };
  const admitted: EdgePartner[] = [];
  let reason: string | undefined;
  for (const partner of partners) {
    if (nameOf(peer, partner) === undefined) continue;
    const fault = isPurposeFault(peer, partner) ? "purpose" : objection(partner);
    if (fault === undefined) admitted.push(partner);
    else reason ??= fault;
  }
  const first = admitted[0];
  if (first === undefined) return { ok: false, reason: reason ?? "unknown-name" };
  return { ok: true, partners: admitted.map((partner) => partner.domain), name: nameOf(peer, first)! };
}

function isPurposeFault(peer: PeerCertificate, partner: EdgePartner): boolean {
  return peer.problem === "purpose" && !(partner.purpose === "server-auth-as-client" && peer.serverPurpose);
}

/** The first name of a certificate that is on the partner's list, or undefined. */
export function nameOf(peer: PeerCertificate, partner: EdgePartner): string | undefined {
  return peer.names.find((name) => partner.names.includes(name));
}
