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

/**
 * Judges the certificate of a client. Names are compared exactly: no suffix, and a wildcard matches only where the
 * partner's list has it letter by letter (RFC 5922 7.2).
 */
export function judgeClient(peer: PeerCertificate, partners: readonly EdgePartner[]): ClientVerdict {
  if (peer.problem !== undefined && peer.problem !== "purpose") return { ok: false, reason: peer.problem };
  const named: EdgePartner[] = [];
  for (const partner of partners) if (nameOf(peer, partner) !== undefined) named.push(partner);
  if (named.length === 0) return { ok: false, reason: "unknown-name" };
  const admitted =
    peer.problem === undefined
      ? named
      : named.filter((partner) => partner.purpose === "server-auth-as-client" && peer.serverPurpose);
  const first = admitted[0];
  if (first === undefined) return { ok: false, reason: "purpose" };
  return { ok: true, partners: admitted.map((partner) => partner.domain), name: nameOf(peer, first)! };
}

/** The first name of a certificate that is on the partner's list, or undefined. */
export function nameOf(peer: PeerCertificate, partner: EdgePartner): string | undefined {
  return peer.names.find((name) => partner.names.includes(name));
}
