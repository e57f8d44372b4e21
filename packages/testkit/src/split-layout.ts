/** The lab's configuration for one process, made into two: an edge, and a gateway behind it. */
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { type Authority, createAuthority, writePki } from "./pki.ts";

export interface SplitLayout {
  /** The two files. */
  readonly edge: string;
  readonly gateway: string;
  readonly gatewayAdminPort: number;
}

export const INSIDE_EDGE = "edge.inside.test";
export const INSIDE_GATEWAY = "gw1.inside.test";

/**
 * Certificates of a CA for the inside go to `inside/` below `dir`.
 *
 * @param whole the file for one process
 * @param outside the CA of the outside, which the inside must not trust
 */
export async function splitLayout(dir: string, whole: string, outside: Authority): Promise<SplitLayout> {
  const inside = createAuthority({ name: "Inside CA" });
  if (inside.cert === outside.cert) throw new Error("inside and outside are to be told apart");
  const issue = (name: string) => inside.issue({ commonName: name, dns: [name] });
  writePki(join(dir, "inside"), inside, { edge: issue(INSIDE_EDGE), gateway: issue(INSIDE_GATEWAY) });
  const [edgePort, gatewayPort, adminPort] = (await freePorts(3)) as [number, number, number];
  const [head, edgePart, gatewayPart, partnersPart] = partsOf(whole);
  const edge = `${head}${edgePart}  inside:
    listen: 127.0.0.1:${edgePort}
    cert: inside/edge.crt
    key: inside/edge.key
    ca: inside/ca.crt
  domains: [example.com]
  health: { everySeconds: 1, misses: 2 }
  nodes:
    - name: gw1
      target: tls://127.0.0.1:${gatewayPort}
      names: [${INSIDE_GATEWAY}]
      routing: true
${partnersPart}`;
  const gateway = `${head.replace(/^node: .*$/m, "node: gw1")}${gatewayPart}  edge: tls://127.0.0.1:${edgePort}
  edgeNames: [${INSIDE_EDGE}]
  listen: 127.0.0.1:${gatewayPort}
  cert: inside/gateway.crt
  key: inside/gateway.key
  ca: inside/ca.crt
${partnersPart.replace(/^admin: .*$/m, `admin: { listen: "127.0.0.1:${adminPort}" }`).replace("tombolo.db", "gateway.db")}`;
  return { edge, gateway, gatewayAdminPort: adminPort };
}

/** Head, `edge:`, `gateway:` and all behind it. */
function partsOf(whole: string): [string, string, string, string] {
  const at = ["edge:", "gateway:", "partners:"].map((key) => whole.indexOf(`\n${key}`) + 1);
  if (at.includes(0)) throw new Error("the lab's configuration has another form than expected");
  const [edge, gateway, partners] = at as [number, number, number];
  return [
    whole.slice(0, edge),
    whole.slice(edge, gateway),
    whole.slice(gateway, partners),
    whole.slice(partners),
  ];
}
