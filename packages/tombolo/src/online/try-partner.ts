/** Tries a partner's edge: TCP, TLS both ways, and the name on its certificate. No SIP is sent. */
import type { Socket } from "node:net";
import {
  type CertificateProblem,
  Connector,
  type DialFailure,
  type DialTarget,
  type TlsPeer,
} from "@tombolo/sip/io";
import type { NameService, TrustStore } from "@tombolo/sip-edge/io";
import { formatHostPort } from "../config/addresses.ts";
import type { SipPartner } from "../config/config.ts";
import { findRoute } from "./find-route.ts";
import type { Trouble } from "./trouble.ts";

/** How long TCP and the handshake may take together, in ms. */
const TLS_TRIAL_MS = 5_000;
/** With TLS 1.3 a server refuses our certificate only after the handshake; so long we wait for that, in ms. */
const REFUSAL_MS = 400;

/** `{where}`, `{detail}` and `{names}` are filled in. */
const FAILURES = {
  refused: {
    message: "nothing listens for {where}",
    cure: "correct the route, or ask the partner to start its edge",
  },
  unreachable: {
    message: "{where} cannot be reached ({detail})",
    cure: "correct this machine's routes, or the partner's",
  },
  timeout: {
    message: "{where} does not answer ({detail})",
    cure: "open the firewall for this address and port, both ways",
  },
  dns: { message: "DNS has no address for {where}", cure: "correct the route, or the DNS entry" },
  reset: {
    message: "{where} hung up in the handshake",
    cure: "ask the partner to admit our address, to trust our root and to list our domain and edge name",
  },
  tls: {
    message: "{where} does not speak TLS as we do ({detail})",
    cure: "correct the port, or ask the partner for TLS 1.2 or newer",
  },
  "refused-ours": {
    message: "{where} refused our certificate",
    cure: "ask the partner to trust our root and to list our domain and edge name",
  },
  certificate: {
    message: "the certificate of {where} is not good ({detail})",
    cure: "ask the partner for another",
  },
  "name-mismatch": {
    message: "the certificate of {where} names {detail}, and none of {names}",
    cure: "write the right one of its names under names:, once the partner has confirmed it",
  },
} as const satisfies Record<DialFailure, Trouble>;

const CERTIFICATES: Readonly<Partial<Record<CertificateProblem, Trouble>>> = {
  "unknown-ca": {
    message: "the certificate of {where} does not chain to edge.outside.ca (or the partner's own ca)",
    cure: "add the partner's root to that file, or ask the partner to send its intermediates",
  },
  "self-signed": {
    message: "the certificate of {where} is self-signed",
    cure: "add it to edge.outside.ca, once the partner has confirmed it",
  },
  expired: { message: "the certificate of {where} has expired", cure: "ask the partner to renew it" },
  "not-yet-valid": {
    message: "the certificate of {where} is not valid yet",
    cure: "correct the clock, here or at the partner's",
  },
  revoked: {
    message: "the certificate of {where} is on a revocation list",
    cure: "ask the partner for the one that replaced it",
  },
  weak: {
    message: "the certificate of {where} has a key or signature that is too weak",
    cure: "ask the partner for one with RSA 2048 and SHA-256 or better",
  },
  purpose: {
    message: "the certificate of {where} lacks the extended key usage serverAuth",
    cure: "ask the partner for a certificate with serverAuth and clientAuth",
  },
};

/** What a partner is tried with: the edge's keys, roots and floors, as the running program has them. */
export interface TrialTools {
  readonly names: NameService;
  readonly trust: TrustStore;
  /** The partner is dialled with old versions of TLS too. */
  readonly legacy: boolean;
}

/** Undefined when one of the partner's places takes our certificate and shows one that may speak for the partner. */
export async function tryPartner(partner: SipPartner, tools: TrialTools): Promise<Trouble | undefined> {
  const found = await findRoute(partner, tools.names);
  if ("trouble" in found) return found.trouble;
  const names = partner.namesGiven ? partner.names : [...new Set([...partner.names, ...found.names])];
  let trouble: Trouble | undefined;
  for (const place of found.places) {
    trouble = await tryPlace(place, partner, names, tools);
    if (trouble === undefined) return undefined;
  }
  return trouble;
}

async function tryPlace(
  place: DialTarget,
  partner: SipPartner,
  names: readonly string[],
  tools: TrialTools,
): Promise<Trouble | undefined> {
  const dialled = await dialPlace(place, partner, names, tools);
  if (!dialled.ok) return dialled.trouble;
  return (await hangsUp(dialled.socket)) ? refusal(partner, place) : undefined;
}

/** The partner's edge has shown a good certificate and hung up on ours. */
export function refusal({ domain }: SipPartner, place: DialTarget): Trouble {
  return filled(FAILURES["refused-ours"], `${domain} at ${formatHostPort(place)}`, "", []);
}

/** An open connection that shows a certificate which may speak for the partner, or why there is none. */
export async function dialPlace(
  place: DialTarget,
  { domain, tlsMin }: SipPartner,
  names: readonly string[],
  { trust, legacy }: TrialTools,
): Promise<
  | { readonly ok: true; readonly socket: Socket; readonly peer: TlsPeer | undefined }
  | { readonly ok: false; readonly why: DialFailure; readonly trouble: Trouble }
> {
  const where = `${domain} at ${formatHostPort(place)}`;
  const tls = trust.dialling(domain, legacy);
  const dialled = await new Connector(tls, TLS_TRIAL_MS).dial(place, names, {
    floor: legacy ? "legacy" : tlsMin,
    judge: (peer) => trust.problemOf(domain, peer, new Date()),
  });
  if (dialled.ok) return dialled;
  const { why, detail } = dialled;
  const special = why === "certificate" ? CERTIFICATES[detail as CertificateProblem] : undefined;
  return { ok: false, why, trouble: filled(special ?? FAILURES[why], where, detail, names) };
}

/** True when the other side ends the connection within `REFUSAL_MS`. Ends it in any case. */
export function hangsUp(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (ended: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(ended);
    };
    const timer = setTimeout(() => end(false), REFUSAL_MS);
    socket.on("error", () => end(true));
    socket.once("close", () => end(true));
    socket.once("end", () => end(true));
    socket.resume();
  });
}

function filled(trouble: Trouble, where: string, detail: string, names: readonly string[]): Trouble {
  const values: Readonly<Record<string, string>> = {
    where,
    detail: detail || "no one",
    names: names.join(", "),
  };
  const message = trouble.message.replace(/\{(\w+)\}/g, (_whole, name: string) => values[name]!);
  return { message, cure: trouble.cure };
}
