/** The inside role: its domains, its edge when that runs elsewhere, and the XMPP policy. */
import type { GatewayConfig, RemoteEdge, XmppPolicy } from "./config.ts";
import type { Context } from "./context.ts";
import { resolveInsideIdentity } from "./resolve-edge.ts";
import type { FileShape, GatewayShape } from "./schema.ts";

export function resolveGateway(
  shape: GatewayShape,
  whole: FileShape,
  context: Context,
): GatewayConfig | undefined {
  const remoteEdge = resolveRemoteEdge(shape, whole, context);
  if (remoteEdge === "broken") return undefined;
  return { domains: shape.domains, remoteEdge, xmppPolicy: resolvePolicy(shape, context) };
}

/** True when the edge of this file hands its requests to the gateway of this file in memory. */
function joinedInMemory(whole: FileShape): boolean {
  if (whole.edge === undefined) return false;
  return whole.edge.nodes === undefined || whole.edge.nodes.some((node) => node.target === "local");
}

function resolveRemoteEdge(
  shape: GatewayShape,
  whole: FileShape,
  context: Context,
): RemoteEdge | undefined | "broken" {
  const { report } = context;
  const keys = ["edge", "edgeNames", "listen", "cert", "key", "ca"] as const;
  if (joinedInMemory(whole)) {
    for (const key of keys) {
      if (shape[key] === undefined) continue;
      const message = `gateway.${key} is not used, because the edge runs in this process`;
      report("warning", ["gateway", key], message, "leave it out", "key");
    }
    return undefined;
  }
  const examples = { edge: "tls://10.0.0.5:5062", listen: "10.0.0.6:5062" };
  for (const key of ["edge", "listen"] as const) {
    if (shape[key] !== undefined) continue;
    const message = `gateway.${key} is missing, and this file's edge does not serve the gateway`;
    const cure = `write ${key}: ${examples[key]}, or an edge: part in this file`;
    report("error", ["gateway"], message, cure);
  }
  if (shape.edge === undefined || shape.listen === undefined) return "broken";
  const edge = shape.edge;
  const listen = { ...shape.listen, transport: shape.listen.transport ?? edge.transport };
  for (const key of ["edge", "listen"] as const) {
    if ((key === "edge" ? edge : listen).transport === "tls") continue;
    const message = `the inside leg of gateway.${key} is not encrypted (tcp://)`;
    report("warning", ["gateway", key], message, "write tls://, or keep this network closed");
  }
  const secured = (["edge", "listen"] as const).find(
    (key) => (key === "edge" ? edge : listen).transport === "tls",
  );
  const rule = { path: ["gateway"], advertise: undefined, needed: secured && `gateway.${secured} is tls` };
  const tls = resolveInsideIdentity(shape, rule, context);
  return tls === "broken" ? "broken" : { edge, names: shape.edgeNames ?? [edge.host], listen, tls };
}

function resolvePolicy(shape: GatewayShape, { report }: Context): XmppPolicy {
  const policy = shape.xmpp?.policy;
  const seen = new Set<string>();
  const exceptions = (policy?.exceptions ?? []).map(({ domain, direction }, at) => {
    if (seen.has(domain)) {
      const path = ["gateway", "xmpp", "policy", "exceptions", at, "domain"];
      report("error", path, `the domain ${domain} is given twice`, "keep one of them");
    }
    seen.add(domain);
    return { domain, direction: direction ?? ("both" as const) };
  });
  return { default: policy?.default ?? "deny", exceptions };
}
