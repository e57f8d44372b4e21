/** Tries the hops between an edge and the nodes behind it, as each side dials the other. No SIP is sent. */
import { type CertificateProblem, Connector, type DialFailure } from "@tombolo/sip/io";
import { type Endpoint, formatHostPort } from "../config/addresses.ts";
import type { Config, TlsIdentity } from "../config/config.ts";
import type { Path } from "../config/finding.ts";
import type { Trouble } from "./trouble.ts";
import { hangsUp } from "./try-partner.ts";

/** How long TCP and the handshake may take together, ms. */
const TRIAL_MS = 5_000;

/** One hop, and what was found. */
export interface InsideTrial {
  /** `the edge`, `node gw1`. */
  readonly what: string;
  readonly at: Endpoint;
  /** The key that names it. */
  readonly path: Path;
  /** Undefined where it takes connections and both certificates are good. */
  readonly trouble: Trouble | undefined;
}

interface Hop extends Omit<InsideTrial, "trouble"> {
  readonly names: readonly string[];
  readonly tls: TlsIdentity | undefined;
  /** The keys of our side. */
  readonly key: "gateway" | "edge.inside";
  /** What the other side is told to do about our certificate. */
  readonly namesThere: string;
}

/** `{where}`, `{detail}`, `{names}`, `{key}`, `{target}` and `{namesThere}` are filled in. */
const FAILURES = {
  refused: { message: "nothing listens at {where}", cure: "start it, or correct {target}" },
  unreachable: { message: "{where} cannot be reached ({detail})", cure: "correct {target}, or the routes" },
  timeout: { message: "{where} does not answer ({detail})", cure: "open the firewall between the two" },
  dns: { message: "DNS has no address for {where}", cure: "correct {target}, or the DNS entry" },
  reset: {
    message: "{where} hung up in the handshake",
    cure: "look into its log: it has to trust the CA of {key}.cert and to know its name ({namesThere})",
  },
  tls: {
    message: "{where} does not speak TLS as we do ({detail})",
    cure: "correct the port, or write tcp:// if it speaks none",
  },
  "refused-ours": {
    message: "{where} refused our certificate {key}.cert",
    cure: "it has to trust its CA and to know its name ({namesThere}); its log says which",
  },
  certificate: {
    message: "the certificate of {where} is not good ({detail})",
    cure: "give it one that chains to {key}.ca, in time, with serverAuth and clientAuth",
  },
  "name-mismatch": {
    message: "the certificate of {where} names {detail}, and none of {names}",
    cure: "write one of its names here, or correct {target}",
  },
} as const satisfies Record<DialFailure, Trouble>;

const UNKNOWN_CA: Trouble = {
  message: "the certificate of {where} does not chain to {key}.ca",
  cure: "put the root of the inside into that file; the outside's has no business here",
};

/** The edge, for a gateway without one in its file; the nodes that are not local, for an edge. */
export function tryInside(config: Config): Promise<readonly InsideTrial[]> {
  return Promise.all(hopsOf(config).map(tryHop));
}

function hopsOf({ edge, gateway }: Config): readonly Hop[] {
  const hops: Hop[] = [];
  const remote = gateway?.remoteEdge;
  if (remote) {
    const own = { key: "gateway", namesThere: "names of the node there" } as const;
    const { edge: at, names, tls } = remote;
    hops.push({ what: "the edge", at, names, tls, path: ["gateway", "edge"], ...own });
  }
  for (const [index, { name, target, names }] of (edge?.nodes ?? []).entries()) {
    if (target === "local") continue;
    const own = { key: "edge.inside", namesThere: "edgeNames of a gateway" } as const;
    const path: Path = ["edge", "nodes", index, "target"];
    hops.push({ what: `node ${name}`, at: target, names, tls: edge?.inside?.tls, path, ...own });
  }
  return hops;
}

async function tryHop(hop: Hop): Promise<InsideTrial> {
  const { what, at, path } = hop;
  return { what, at, path, trouble: await troubleOf(hop) };
}

async function troubleOf(hop: Hop): Promise<Trouble | undefined> {
  const { at, names, tls } = hop;
  const { cert, key, ca } = tls ?? { cert: "", key: "", ca: "" };
  const dialled = await new Connector({ cert, key, ca }, TRIAL_MS).dial(at, names, { addressNames: true });
  if (dialled.ok)
    return (await hangsUp(dialled.socket)) ? filled(FAILURES["refused-ours"], hop, "") : undefined;
  const { why, detail } = dialled;
  const isStranger = why === "certificate" && STRANGERS.includes(detail as CertificateProblem);
  return filled(isStranger ? UNKNOWN_CA : FAILURES[why], hop, detail);
}

const STRANGERS: readonly CertificateProblem[] = ["unknown-ca", "self-signed"];

function filled({ message, cure }: Trouble, hop: Hop, detail: string): Trouble {
  const { what, at, names, key, namesThere, path } = hop;
  const values: Readonly<Record<string, string>> = {
    where: `${what} at ${formatHostPort(at)}`,
    detail: detail || "no one",
    names: names.join(", "),
    key,
    namesThere,
    target: path[0] === "gateway" ? "gateway.edge" : "its target",
  };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_whole, name: string) => values[name]!);
  return { message: fill(message), cure: fill(cure) };
}
