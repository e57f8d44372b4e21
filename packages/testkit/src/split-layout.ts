/** The lab's configuration for one process, made into two: an edge, and a gateway behind it. */
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { type Authority, createAuthority, writePki } from "./pki.ts";

/** Another SIP node behind the edge, on 127.0.0.1 over TLS. */
export interface InsideNode {
  readonly name: string;
  readonly port: number;
  readonly certificateName: string;
}

/** The side of the edge that inside nodes see. */
export interface InsideSide {
  /** Of the inside alone. */
  readonly authority: Authority;
  readonly port: number;
}

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
 * @param outside the CA of the outside, which the inside must not trust
 */
export async function insideSide(dir: string, outside: Authority): Promise<InsideSide> {
  const authority = createAuthority({ name: "Inside CA" });
  if (authority.cert === outside.cert) throw new Error("inside and outside are to be told apart");
  const issue = (name: string) => authority.issue({ commonName: name, dns: [name] });
  writePki(join(dir, "inside"), authority, { edge: issue(INSIDE_EDGE), gateway: issue(INSIDE_GATEWAY) });
  return { authority, port: (await freePorts(1))[0]! };
}

function insideText({ port }: InsideSide): string {
  return `  inside:
    listen: 127.0.0.1:${port}
    cert: inside/edge.crt
    key: inside/edge.key
    ca: inside/ca.crt
`;
}

function nodesText(nodes: readonly InsideNode[]): string {
  const one = ({ name, port, certificateName }: InsideNode) =>
    `    - { name: ${name}, target: "tls://127.0.0.1:${port}", names: [${certificateName}] }\n`;
  return nodes.map(one).join("");
}

/** The file for one process, with other nodes beside the gateway. */
export function withNodes(whole: string, inside: InsideSide, nodes: readonly InsideNode[]): string {
  const [head, edgePart, ...rest] = partsOf(whole);
  const name = /^node: (.*)$/m.exec(head)![1];
  const own = `  nodes:\n    - { name: ${name}, target: local, routing: true }\n`;
  return `${head}${edgePart}${insideText(inside)}${own}${nodesText(nodes)}${rest.join("")}`;
}

/**
 * @param whole the file for one process
 * @param nodes beside the gateway
 */
export async function splitLayout(
  whole: string,
  inside: InsideSide,
  nodes: readonly InsideNode[] = [],
): Promise<SplitLayout> {
  const [gatewayPort, adminPort] = (await freePorts(2)) as [number, number];
  const [head, edgePart, gatewayPart, partnersPart] = partsOf(whole);
  const edge = `${head}${edgePart}${insideText(inside)}  domains: [example.com]
  health: { everySeconds: 1, misses: 2 }
  nodes:
    - name: gw1
      target: tls://127.0.0.1:${gatewayPort}
      names: [${INSIDE_GATEWAY}]
      routing: true
${nodesText(nodes)}${partnersPart}`;
  const gateway = `${head.replace(/^node: .*$/m, "node: gw1")}${gatewayPart}  edge: tls://127.0.0.1:${inside.port}
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
