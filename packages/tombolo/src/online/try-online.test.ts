import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import {
  type CertificateRequest,
  createAuthority,
  freePorts,
  type Prosody,
  startProsody,
} from "@tombolo/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createInstall, type Install } from "../../test/install.ts";
import { formatFinding } from "../config/finding.ts";
import { loadConfig } from "../config/load.ts";
import { tryLink } from "./try-link.ts";
import { tryOnline } from "./try-online.ts";

let install: Install;
let server: Server | undefined;
beforeAll(() => {
  install = createInstall();
});
afterEach(async () => {
  server?.close();
  server = undefined;
});
afterAll(() => install.remove());

async function port(started: Server): Promise<number> {
  server = started.listen(0, "127.0.0.1");
  await once(started, "listening");
  return (started.address() as AddressInfo).port;
}

/** A partner's edge that demands our certificate; `request` says what is odd about its own. */
function partner(request: Partial<CertificateRequest> = {}, options: TlsOptions = {}): Promise<number> {
  const shown = install.authority.issue({ commonName: "x", dns: ["sip.contoso.example"], ...request });
  const { cert: ca } = install.authority;
  const tls = createServer(
    { ...shown, ca, requestCert: true, rejectUnauthorized: true, ...options },
    (socket) => {
      socket.on("error", () => undefined);
    },
  );
  return port(tls);
}

/** What `check --online` says of the partner at that port. */
async function judge(at: number): Promise<string[]> {
  const [dead] = await freePorts(1);
  const file = install.config(
    ["127.0.0.1:15061", `127.0.0.1:${at}`],
    ["127.0.0.1:5347", `127.0.0.1:${dead}`],
  );
  const { config, locate } = loadConfig(file);
  const findings = await tryOnline(config!, "t.yaml", locate);
  return findings.map(formatFinding).filter((line) => !line.includes("XMPP link"));
}

describe("a partner's edge", () => {
  test("that takes our certificate and shows the right one is fine", async () => {
    expect(await judge(await partner())).toEqual([]);
  });

  const day = 86_400_000;
  const stranger = createAuthority({ name: "Stranger" });
  const strangers = stranger.issue({ commonName: "x", dns: ["sip.contoso.example"] });
  const cases: readonly (readonly [string, () => Promise<number>, RegExp])[] = [
    [
      "with another name",
      () => partner({ dns: ["sip.evil.example"] }),
      /names sip\.evil\.example, and none of sip\.contoso\.example; write/,
    ],
    ["without a name", () => partner({ dns: [] }), /names no one, and none of/],
    ["of an unknown root", () => partner({}, { ...strangers }), /does not chain to edge\.outside\.ca/],
    [
      "that has expired",
      () => partner({ notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }),
      /has expired; ask the partner/,
    ],
    [
      "without serverAuth",
      () => partner({ extendedKeyUsage: ["clientAuth"] }),
      /lacks the extended key usage serverAuth/,
    ],
    [
      "that refuses ours, TLS 1.3",
      () => partner({}, { ca: stranger.cert, minVersion: "TLSv1.3" }),
      /contoso\.example at 127\.0\.0\.1:\d+ refused our certificate;/,
    ],
    [
      "that refuses ours, TLS 1.2",
      () => partner({}, { ca: stranger.cert, maxVersion: "TLSv1.2" }),
      /hung up in the handshake; ask the partner to admit our address, to trust our root/,
    ],
    ["that hangs up", () => port(createTcpServer((socket) => socket.destroy())), /hung up in the handshake/],
    [
      "that speaks no TLS",
      () => port(createTcpServer((socket) => socket.end("SIP/2.0 400 Bad Request\r\n\r\n"))),
      /does not speak TLS/,
    ],
    ["that is not there", async () => (await freePorts(1))[0]!, /nothing listens for contoso\.example/],
  ];
  test.each(cases)("%s", async (_name, make, says) => {
    const lines = await judge(await make());
    expect(lines).toEqual([expect.stringMatching(says)]);
    expect(lines[0]).toMatch(/^t\.yaml:17: error: [^\n]+; [a-z][^\n]+$/);
  });
});

describe("a component link to a real server", () => {
  let prosody: Prosody;
  beforeAll(async () => {
    prosody = await startProsody({
      domains: ["example.com"],
      users: [],
      components: [{ domain: "contoso.example", secret: "s3cret" }],
    });
  });
  afterAll(() => prosody.stop());

  test.each([
    ["contoso.example", "s3cret", undefined],
    ["contoso.example", "wrong", /refused the component's secret .*; write the secret/],
    ["fabrikam.example", "s3cret", /no component of this domain.*; add this domain as an external component/],
  ])("%s with the secret %s", async (domain, secret, says) => {
    const place = { host: "127.0.0.1", port: prosody.componentPort };
    const trouble = await tryLink(domain, "example.com", { server: place, secret });
    const said = trouble && `${trouble.message}; ${trouble.cure}`;
    if (says === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(says);
    expect(said ?? "").not.toContain(secret);
  });

  test("the client port is no component port", async () => {
    const place = { host: "127.0.0.1", port: prosody.c2sPort };
    const trouble = await tryLink("contoso.example", "example.com", { server: place, secret: "s3cret" });
    expect(trouble).toMatchObject({ cure: expect.stringMatching(/component port/) });
  });
});
