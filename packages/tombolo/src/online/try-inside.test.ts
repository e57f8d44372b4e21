import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import { createAuthority, freePorts, writePki } from "@tombolo/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createInstall, type Install } from "../../test/install.ts";
import type { Config, SipPartner } from "../config/config.ts";
import { formatFinding } from "../config/finding.ts";
import { loadConfig } from "../config/load.ts";
import { diagnose } from "./doctor.ts";
import { tryOnline } from "./try-online.ts";

const inside = createAuthority({ name: "Inside" });
const stranger = createAuthority({ name: "Stranger" });
const issue = (name: string) => inside.issue({ commonName: name, dns: [name] });
const KEYS = "cert: pki/own.crt, key: pki/own.key, ca: pki/ca.crt";

let install: Install;
let server: Server | undefined;
beforeAll(() => {
  install = createInstall();
  writePki(`${install.folder}/inside/pki`, inside, { own: issue("own.inside.test") });
});
afterEach(() => {
  server?.close();
  server = undefined;
});
afterAll(() => install.remove());

async function port(started: Server): Promise<number> {
  server = started.listen(0, "127.0.0.1");
  await once(started, "listening");
  return (started.address() as AddressInfo).port;
}

/** The other side of the hop, which demands our certificate. */
function other(name: string, options: TlsOptions = {}): Promise<number> {
  const shown = { ...issue(name), ca: inside.cert, requestCert: true, rejectUnauthorized: true };
  return port(createServer({ ...shown, ...options }, (socket) => void socket.on("error", () => undefined)));
}

function load(text: string): { config: Config; judge: () => Promise<string[]> } {
  const { config, findings, locate } = loadConfig(install.write("inside/t.yaml", text));
  if (!config) throw new Error(findings.map(formatFinding).join("\n"));
  return { config, judge: async () => (await tryOnline(config, "t.yaml", locate)).map(formatFinding) };
}

function gateway(at: number, transport = "tls") {
  return load(`node: gw1
gateway:
  domains: [example.com]
  edge: ${transport}://127.0.0.1:${at}
  edgeNames: [edge.inside.test]
  listen: ${transport === "tls" ? "" : "tcp://"}127.0.0.1:5062
  ${
    transport === "tls"
      ? `cert: pki/own.crt
  key: pki/own.key
  ca: pki/ca.crt`
      : ""
  }
  xmpp: { server: "xmpp://127.0.0.1:5347", secret: x }
partners: [{ domain: partner.example, protocol: xmpp }]
`);
}

function edge(at: number) {
  return load(`node: edge
edge:
  outside: { listen: "127.0.0.1:5061", advertise: "own.inside.test:5061", ${KEYS} }
  inside: { listen: "127.0.0.1:5062", ${KEYS} }
  domains: [example.com]
  nodes:
    - { name: gw1, target: "tls://127.0.0.1:${at}", names: [gw1.inside.test], routing: true }
partners: [{ domain: contoso.example, route: "tls://127.0.0.1:9" }]
`);
}

describe("the hop between edge and gateway", () => {
  test("is fine where both certificates are, or where there is none", async () => {
    expect(await gateway(await other("edge.inside.test")).judge()).toEqual([]);
    server?.close();
    expect(await gateway(await port(createTcpServer()), "tcp").judge()).toEqual([]);
  });

  const cases: readonly (readonly [string, () => Promise<number>, RegExp])[] = [
    [
      "nobody listens",
      async () => (await freePorts(1))[0]!,
      /nothing listens at the edge at .*; start it, or/,
    ],
    [
      "it has another name",
      () => other("else.inside.test"),
      /names else\.inside\.test, and none of edge\.inside\.test; write one of its names/,
    ],
    [
      "it has another CA",
      () => other("", stranger.issue({ commonName: "edge.inside.test", dns: ["edge.inside.test"] })),
      /does not chain to gateway\.ca; put the root of the inside/,
    ],
    [
      "it does not know our CA",
      () => other("edge.inside.test", { ca: stranger.cert, minVersion: "TLSv1.3" }),
      /refused our certificate gateway\.cert; it has to trust its CA/,
    ],
    [
      "it speaks no TLS",
      () => port(createTcpServer((socket) => socket.end("SIP/2.0 400 Bad Request\r\n\r\n"))),
      /does not speak TLS as we do .*tcp:\/\//,
    ],
  ];
  test.each(cases)("is at fault where %s", async (_name, make, says) => {
    expect(await gateway(await make()).judge()).toEqual([
      expect.stringMatching(new RegExp(`^t\\.yaml:4: error: .*${says.source}`)),
    ]);
  });

  test("is judged from the edge's side at the node's line", async () => {
    const lines = await edge(await other("else.inside.test")).judge();
    expect(lines).toContainEqual(
      expect.stringMatching(/^t\.yaml:7: error: .* node gw1 at .* none of gw1\.i/),
    );
  });

  test("is a step of the doctor's", async () => {
    for (const [name, state] of [
      ["gw1.inside.test", "ok"],
      ["else.inside.test", "broken"],
    ] as const) {
      const { config } = edge(await other(name));
      const steps = await diagnose(config, config.partners[0] as SipPartner);
      expect(steps.find(({ step }) => step === "inside")).toMatchObject({ state });
      server?.close();
    }
  });
});
