/** The listener for partners that speak no TLS 1.2, on an address of its own. */
import { readIdentity } from "./certificates.ts";
import type { LegacyListener } from "./config.ts";
import type { Context } from "./context.ts";
import type { EdgeShape, FileShape } from "./schema.ts";

type LegacyShape = NonNullable<EdgeShape["legacy"]>;

const PATH = ["edge", "legacy"] as const;

/** "broken" where something was reported that keeps it from being used. */
export function resolveLegacy(
  shape: LegacyShape,
  edge: EdgeShape,
  whole: FileShape,
  context: Context,
): LegacyListener | "broken" {
  judgePartners(shape, whole, context);
  judgePort(shape, edge, context);
  const { cert, key } = shape;
  const { folder, now, report } = context;
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "cert" : "key";
    const message = `edge.legacy.${missing} is missing: certificate and key go together`;
    report(
      "error",
      PATH,
      message,
      `write ${missing}: too, or leave both out to show edge.outside's certificate`,
    );
    return "broken";
  }
  const { listen, partners } = shape;
  if (cert === undefined || key === undefined) return { listen, partners, tls: undefined };
  const rule = { path: PATH, advertise: edge.outside.advertise.host, folder, now };
  const tls = readIdentity({ cert, key, ca: edge.outside.ca }, rule, report);
  return tls ? { listen, partners, tls } : "broken";
}

function judgePartners(shape: LegacyShape, whole: FileShape, { report }: Context): void {
  for (const [at, domain] of shape.partners.entries()) {
    const path = [...PATH, "partners", at];
    const partner = whole.partners?.find((one) => one.domain === domain);
    if (partner === undefined || partner.protocol === "xmpp") {
      const cure = "write the domain of one of partners: that is reached by SIP";
      report("error", path, `${domain} is no SIP partner`, cure);
      continue;
    }
    if (partner.tls?.min === "1.3") {
      const message = `${domain} has tls.min 1.3 and may use edge.legacy`;
      report("error", path, message, "take one of the two out");
    }
    const message = `${domain} may use TLS 1.0 and 1.1, which are broken (RFC 8996)`;
    report("warning", path, message, "ask it for TLS 1.2, then take it out of edge.legacy.partners");
  }
}

function judgePort(shape: LegacyShape, edge: EdgeShape, { report }: Context): void {
  const { port } = shape.listen;
  const taken = [
    { name: "edge.outside.listen", port: edge.outside.listen.port, host: edge.outside.listen.host },
    ...(edge.nodes ?? []).map((node) => ({
      name: `node ${node.name}`,
      port: node.publicPort,
      host: edge.outside.listen.host,
    })),
  ].find((one) => one.port === port && port !== 0 && one.host === shape.listen.host);
  if (taken === undefined) return;
  const message = `the port ${port} is already used by ${taken.name}`;
  report("error", [...PATH, "listen"], message, "give the legacy listener an address or port of its own");
}
