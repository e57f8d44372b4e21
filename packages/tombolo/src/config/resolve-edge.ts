/** The DMZ role: outside leg, inside leg, inside nodes. */
import { formatHostPort } from "./addresses.ts";
import { readIdentity } from "./certificates.ts";
import type { EdgeConfig, EdgeNode, InsideLeg, TlsIdentity } from "./config.ts";
import type { Context } from "./context.ts";
import { judgeInsideAdvertise, judgeRecognition } from "./inside-rules.ts";
import { resolveLegacy } from "./resolve-legacy.ts";
import type { EdgeShape, FileShape } from "./schema.ts";
import { readRevocations } from "./trust-files.ts";

type InsideShape = NonNullable<EdgeShape["inside"]>;

export function resolveEdge(
  shape: EdgeShape,
  whole: FileShape,
  nodeName: string,
  context: Context,
): EdgeConfig | undefined {
  const outside = shape.outside;
  const rule = {
    path: ["edge", "outside"],
    advertise: outside.advertise.host,
    folder: context.folder,
    now: context.now,
  };
  const tls = readIdentity(outside, rule, context.report);
  const crl = readRevocations(outside.crl, rule.path, context);
  const legacy = shape.legacy && resolveLegacy(shape.legacy, shape, whole, context);
  const nodes = resolveNodes(shape, whole, nodeName, context);
  const inside = shape.inside && resolveInside(shape.inside, nodes, context);
  judgeInsideNodes(shape, nodes, context);
  judgeRecognition(nodes, context.report);
  const domains = resolveDomains(shape, whole, context);
  if (tls === undefined || (shape.inside !== undefined && inside === undefined)) return undefined;
  if (legacy === "broken") return undefined;
  return {
    outside: { listen: outside.listen, advertise: outside.advertise, tls, crl },
    legacy,
    dns: shape.dns ?? [],
    inside,
    nodes,
    newDialogs: shape.newDialogs ?? "spread",
    health: { everySeconds: shape.health?.everySeconds ?? 10, misses: shape.health?.misses ?? 3 },
    domains,
  };
}

function resolveDomains(shape: EdgeShape, whole: FileShape, context: Context): readonly string[] {
  const domains = shape.domains ?? whole.gateway?.domains;
  if (domains === undefined) {
    const message = "the edge is not told whose requests it lets in";
    context.report("error", ["edge"], message, "write domains: [example.com]");
    return [];
  }
  for (const domain of whole.gateway?.domains ?? []) {
    if (domains.includes(domain)) continue;
    const cure = `add ${domain} to it, or leave edge.domains out`;
    context.report("warning", ["edge", "domains"], `edge.domains shuts out our own domain ${domain}`, cure);
  }
  return domains;
}

function resolveNodes(shape: EdgeShape, whole: FileShape, nodeName: string, context: Context): EdgeNode[] {
  const { report } = context;
  if (shape.nodes === undefined) {
    if (whole.gateway === undefined) {
      const cure = 'write nodes: [{ name: gw1, target: "tls://10.0.0.6:5062", routing: true }]';
      report("error", ["edge"], "edge.nodes is missing and no gateway is in this file", cure);
    }
    const local = { name: nodeName, target: "local", routing: true } as const;
    return [{ ...local, publicPort: undefined, names: [], from: [], partners: undefined }];
  }
  judgeNodes(shape, whole, context);
  judgeServedPartners(shape, whole, context);
  const only = shape.nodes.length === 1;
  return shape.nodes.map((node) => {
    const host = node.target === "local" ? [] : [node.target.host];
    const transport = node.target === "local" ? undefined : node.target.transport;
    return {
      name: node.name,
      target: node.target,
      publicPort: node.publicPort,
      routing: node.routing ?? only,
      names: node.names ?? (transport === "tls" ? host : []),
      from: node.from ?? (transport === "tcp" ? host : []),
      partners: node.partners,
    };
  });
}

function judgeNodes(shape: EdgeShape, whole: FileShape, { report }: Context): void {
  const nodes = shape.nodes ?? [];
  const names = new Set<string>();
  const ports = new Map([[shape.outside.listen.port, "edge.outside.listen"]]);
  let locals = 0;
  let routing: string | undefined;
  for (const [at, node] of nodes.entries()) {
    const path = ["edge", "nodes", at];
    if (names.has(node.name)) {
      report(
        "error",
        [...path, "name"],
        `the node ${node.name} is given twice`,
        "give each node its own name",
      );
    }
    names.add(node.name);
    if (node.target === "local") {
      locals += 1;
      if (whole.gateway === undefined) {
        const cure = "write tls://host:port or tcp://host:port, or add a gateway: part";
        report("error", [...path, "target"], "target is local, but no gateway is in this file", cure);
      } else if (locals > 1) {
        report("error", [...path, "target"], "two nodes have the target local", "keep one of them");
      }
    }
    if (node.publicPort !== undefined) {
      const other = ports.get(node.publicPort);
      if (other !== undefined) {
        const message = `the port ${node.publicPort} is already used by ${other}`;
        report("error", [...path, "publicPort"], message, "give each node its own public port");
      }
      ports.set(node.publicPort, `node ${node.name}`);
    }
    if (node.routing === true) routing = node.name;
  }
  const none = routing === undefined && (nodes.length > 1 || nodes[0]?.routing === false);
  if (none) {
    const cure = "write routing: true at the node that new dialogs from outside go to";
    report("error", ["edge", "nodes"], "no node is the routing node", cure, "key");
  }
}

/** Each partner needs a routing node for what it begins, and each name in a node's list has to be a partner's. */
function judgeServedPartners(shape: EdgeShape, whole: FileShape, { report }: Context): void {
  const nodes = shape.nodes ?? [];
  const sip = (whole.partners ?? []).filter(({ protocol }) => protocol !== "xmpp");
  for (const [at, node] of nodes.entries()) {
    for (const [index, domain] of (node.partners ?? []).entries()) {
      if (sip.some((partner) => partner.domain === domain)) continue;
      const path = ["edge", "nodes", at, "partners", index];
      report("error", path, `no SIP partner is called ${domain}`, "correct the name, or add the partner");
    }
  }
  const routing = nodes.length === 1 ? nodes : nodes.filter((node) => node.routing);
  if (routing.length === 0) return;
  for (const { domain } of sip) {
    if (routing.some(({ partners }) => partners?.includes(domain) ?? true)) continue;
    const message = `what ${domain} begins goes to no node: no routing node has it among its partners`;
    const cure = `add ${domain} to partners: of a routing node, or make a node that has it routing`;
    report("error", ["edge", "nodes"], message, cure, "key");
  }
}

/** Where other nodes stand behind the edge they need a leg to come in by, and TLS ones a certificate of ours. */
function judgeInsideNodes(shape: EdgeShape, nodes: readonly EdgeNode[], { report }: Context): void {
  for (const [at, node] of nodes.entries()) {
    if (node.target === "local") continue;
    const path = ["edge", "nodes", at, "target"];
    if (node.target.transport === "tcp") {
      const message = `the inside leg to ${node.name} is not encrypted (tcp://)`;
      report("warning", path, message, "write tls:// where the node can, or keep this network closed");
    }
    if (shape.inside !== undefined) continue;
    if (node.target.transport === "tls") {
      const cure = "add edge.inside with listen, cert, key and ca";
      report(
        "error",
        path,
        `edge.inside is missing, and with it the certificate to show to ${node.name}`,
        cure,
      );
    } else {
      const cure = "add edge.inside with listen: tcp://ADDRESS:PORT";
      report("warning", path, `edge.inside is missing: nothing that ${node.name} starts gets out`, cure);
    }
  }
}

function resolveInside(
  shape: InsideShape,
  nodes: readonly EdgeNode[],
  context: Context,
): InsideLeg | undefined {
  const { report } = context;
  const listen = { ...shape.listen, transport: shape.listen.transport ?? ("tls" as const) };
  if (listen.transport === "tcp") {
    const message = `the inside leg on ${formatHostPort(listen)} is not encrypted (tcp://)`;
    report("warning", ["edge", "inside", "listen"], message, "write tls:// where the nodes can");
  }
  const tlsNode = nodes.find((node) => node.target !== "local" && node.target.transport === "tls");
  const needed = listen.transport === "tls" ? "listen is tls" : tlsNode && `node ${tlsNode.name} is tls`;
  const rule = { path: ["edge", "inside"], advertise: shape.advertise?.host, needed };
  const tls = resolveInsideIdentity(shape, rule, context);
  if (tls === "broken") return undefined;
  judgeInsideAdvertise(listen.host, shape.advertise !== undefined, report);
  const advertise = shape.advertise ?? { host: shape.listen.host, port: shape.listen.port };
  return { listen, advertise, tls };
}

/**
 * The certificate of an inside leg: `needed` says why there must be one. Undefined where none is given nor needed,
 * "broken" where something about it was reported.
 */
export function resolveInsideIdentity(
  files: { cert?: string | undefined; key?: string | undefined; ca?: string | undefined },
  rule: { path: readonly string[]; advertise: string | undefined; needed: string | undefined },
  context: Context,
): TlsIdentity | undefined | "broken" {
  const { cert, key, ca } = files;
  if (cert === undefined && key === undefined && ca === undefined && rule.needed === undefined)
    return undefined;
  if (cert === undefined || key === undefined || ca === undefined) {
    const missing = (["cert", "key", "ca"] as const).filter((name) => files[name] === undefined);
    const place = rule.path.join(".");
    const why = rule.needed ?? "the other parts of its certificate are given";
    for (const name of missing) {
      const cure = `write ${name}: pki/inside${name === "ca" ? "-ca.crt" : name === "key" ? ".key" : ".crt"}`;
      context.report("error", rule.path, `${place}.${name} is missing (${why})`, cure);
    }
    return "broken";
  }
  const { folder, now, report } = context;
  const identity = readIdentity(
    { cert, key, ca },
    { path: rule.path, advertise: rule.advertise, folder, now },
    report,
  );
  return identity ?? "broken";
}
