/** Trust that differs by partner, versions of TLS, and what a reload does to open connections. */
import type { TLSSocket } from "node:tls";
import { createRevocationList } from "@tombolo/testkit";
import { afterEach, describe, expect, it } from "vitest";
import type { EdgeSettings } from "../src/index.ts";
import type { EdgeTls } from "../src/io/index.ts";
import {
  CONTOSO_CA,
  contoso,
  messageFromAlice,
  messageFromBob,
  OTHER_CA,
  OURS,
  PartnerServer,
  WireRig,
} from "./wire-rig.ts";

let rig: WireRig;
afterEach(() => rig.end());

const ours: EdgeTls = { ...OURS, ca: CONTOSO_CA.cert };
/** Contoso has roots of its own; everybody else has the edge's. */
const apart: EdgeTls = { ...ours, partners: { "contoso.example": { ca: OTHER_CA.cert } } };
const fabrikam = { domain: "fabrikam.example", names: ["sip.fabrikam.example"], purpose: "strict" } as const;
const both: EdgeSettings = {
  advertise: { host: "sip.example.com", port: 5061 },
  ourDomains: ["example.com"],
  partners: [{ domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" }, fabrikam],
};
const fabrikams = { commonName: "f", dns: ["sip.fabrikam.example"] };

function revoking(...certificates: string[]): Uint8Array {
  return Buffer.from(createRevocationList(CONTOSO_CA, certificates));
}

describe("roots of one partner", () => {
  it.each([
    ["its certificate from its own CA", contoso({}, OTHER_CA), "ok"],
    ["its name from the edge's CA, which is not its own", contoso(), "unknown-ca"],
    ["another's certificate from the edge's CA", CONTOSO_CA.issue(fabrikams), "ok"],
    ["another's name from the CA that is only for the one", OTHER_CA.issue(fabrikams), "unknown-ca"],
    [
      "both names from the one's CA: it speaks for the one",
      OTHER_CA.issue({ commonName: "x", dns: ["sip.fabrikam.example", "sip.contoso.example"] }),
      "ok",
    ],
  ])("judge %s", async (what, shown, outcome) => {
    rig = await new WireRig({ settings: both, tls: apart }).start();
    const peer = await rig.connect(shown);
    await rig.handshake(outcome);
    if (outcome !== "ok") await peer.ended;
    if (!what.startsWith("both")) return;
    peer.write(messageFromBob("m1") + messageFromBob("m2").replaceAll("bob@contoso", "eve@fabrikam"));
    await rig.until(() => peer.received.includes("SIP/2.0 403"), "a refusal");
    expect(rig.inside.map(({ message }) => message.callId)).toEqual(["m1"]);
  });

  it.each([
    [contoso({}, OTHER_CA), "ok"],
    [contoso(), "unknown-ca"],
  ])("judge its server too", async (shown, outcome) => {
    const server = new PartnerServer(shown);
    rig = await new WireRig({ tls: apart, route: await server.listen() }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    expect((await rig.handshake(outcome)).direction).toBe("out");
  });
});

describe("a reload", () => {
  it.each<[string, Partial<EdgeTls>]>([
    ["whose root is taken away", { ca: OTHER_CA.cert }],
    ["whose partner gets other roots", { partners: { "contoso.example": { ca: OTHER_CA.cert } } }],
  ])("closes a connection %s, in both directions", async (_, change) => {
    const server = new PartnerServer(contoso());
    rig = await new WireRig({ route: await server.listen(), tls: ours }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.handshake("ok");
    const inbound = await rig.connect(contoso());
    await rig.until(
      () => rig.driver.connections.length === 2 && server.peers.length === 1,
      "two connections",
    );
    rig.driver.reload({ tls: { ...ours, ...change } });
    await Promise.all([inbound.ended, server.peers[0]!.ended]);
    const again = await rig.connect(contoso());
    await again.ended;
    await rig.handshake("unknown-ca");
  });

  it("closes the connection of a certificate that was revoked meanwhile, and no other", async () => {
    const bad = contoso({ commonName: "bad" });
    rig = await new WireRig({ tls: { ...ours, crl: revoking() } }).start();
    const revoked = await rig.connect(bad);
    const other = await rig.connect(contoso());
    await rig.until(() => rig.driver.connections.length === 2, "two connections");
    rig.driver.reload({ tls: { ...ours, crl: revoking(bad.cert) } });
    await revoked.ended;
    other.write(messageFromBob("still"));
    await rig.until(() => rig.inside.length === 1, "the other's MESSAGE");
    await (await rig.connect(bad)).ended;
    await rig.handshake("revoked");
    expect(() => rig.driver.reload({ tls: { ...ours, crl: Buffer.from("no list") } })).toThrow();
    rig.driver.reload({ tls: ours });
    await rig.connect(bad);
    await rig.until(() => rig.driver.connections.length === 2, "it is good again");
  });

  it("with lists of one partner touches no other", async () => {
    const f = CONTOSO_CA.issue(fabrikams);
    rig = await new WireRig({ settings: both, tls: ours }).start();
    const [mine, yours] = [await rig.connect(f), await rig.connect(contoso())];
    await rig.until(() => rig.driver.connections.length === 2, "two connections");
    const crl = revoking(f.cert);
    rig.driver.reload({ tls: { ...ours, partners: { "contoso.example": { crl } } } });
    rig.driver.reload({ tls: { ...ours, partners: { "fabrikam.example": { crl } } } });
    await mine.ended;
    await rig.until(() => rig.driver.connections.length === 1, "one connection");
    expect([yours.closed, rig.driver.connections.map(({ partner }) => partner)]).toEqual([
      false,
      ["contoso.example"],
    ]);
  });

  it("keeps a connection, and what is being sent on it, over new keys and roots", async () => {
    rig = await new WireRig({ tls: ours }).start();
    const peer = await rig.connect(contoso());
    await rig.handshake("ok");
    const text = messageFromBob("cut");
    peer.write(text.slice(0, 100));
    const fresh = CONTOSO_CA.issue({ commonName: "renewed", dns: ["sip.example.com"], freshKey: true });
    rig.driver.reload({ tls: { ...fresh, ca: CONTOSO_CA.cert + OTHER_CA.cert } });
    peer.write(text.slice(100));
    await rig.until(() => rig.inside.length === 1, "the MESSAGE");
    await rig.connect(contoso({}, OTHER_CA));
    await rig.until(() => rig.driver.connections.length === 2, "one of the new root");
  });
});

describe("versions of TLS", () => {
  const old = { ciphers: "DEFAULT@SECLEVEL=0", minVersion: "TLSv1", maxVersion: "TLSv1" } as const;
  const legacy = { partner: { legacy: true }, legacyListen: { host: "127.0.0.1", port: 0 } } as const;

  it.each([
    ["TLSv1", "protocol"],
    ["TLSv1.1", "protocol"],
    ["TLSv1.2", "ok"],
    ["TLSv1.3", "ok"],
  ] as const)("from a partner: %s is %s", async (version, outcome) => {
    rig = await new WireRig().start();
    await rig.connect({ ...contoso(), ...old, minVersion: version, maxVersion: version });
    await rig.handshake(outcome);
  });

  it.each([
    ["TLSv1.2", "tls-version"],
    ["TLSv1.3", "ok"],
  ] as const)("from a partner whose floor is 1.3: %s is %s", async (version, outcome) => {
    rig = await new WireRig({ partner: { tlsMin: "1.3" } }).start();
    await rig.connect({ ...contoso(), maxVersion: version });
    await rig.handshake(outcome);
  });

  it("with a partner's server keep to its floor", async () => {
    const server = new PartnerServer({ ...contoso(), maxVersion: "TLSv1.2" });
    rig = await new WireRig({ partner: { tlsMin: "1.3" }, route: await server.listen() }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.handshake("protocol");
  });

  it("below 1.2 are spoken on the listener for that, by partners listed for it, and told", async () => {
    rig = await new WireRig(legacy).start();
    const { port } = rig.driver.legacyAddress!;
    const peer = await rig.connect({ ...contoso({ keyBits: 1024, hash: "sha1" }), ...old }, port);
    peer.write(messageFromBob("m1"));
    await rig.until(() => rig.inside.length === 1, "the MESSAGE inside");
    expect(rig.observed).toContainEqual(
      expect.objectContaining({ kind: "connection", state: "opened", protocol: "TLSv1", legacy: true }),
    );
    await rig.connect({ ...contoso(), ...old });
    await rig.handshake("protocol");
  });

  it.each([
    ["another partner", CONTOSO_CA.issue(fabrikams), "not-legacy"],
    ["an unknown name", CONTOSO_CA.issue({ commonName: "x", dns: ["x.example"] }), "unknown-name"],
    ["another CA", contoso({}, OTHER_CA), "unknown-ca"],
    ["no certificate", {}, "no-certificate"],
  ])("below 1.2 are not spoken with %s", async (_, shown, outcome) => {
    const settings = { ...both, partners: [{ ...both.partners[0]!, legacy: true }, fabrikam] };
    rig = await new WireRig({ ...legacy, settings }).start();
    const peer = await rig.connect({ ...shown, ...old }, rig.driver.legacyAddress!.port);
    await rig.handshake(outcome);
    await peer.ended;
  });

  it("below 1.2 are spoken to the server of a partner listed for it, with its own certificate", async () => {
    const server = new PartnerServer({ ...contoso(), ...old });
    const weak = CONTOSO_CA.issue({ commonName: "legacy", dns: ["sip.example.com"], keyBits: 1024 });
    rig = await new WireRig({
      ...legacy,
      tls: { ...ours, legacy: weak },
      route: await server.listen(),
    }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => server.peers[0]?.received.includes("o1") === true, "the MESSAGE");
    expect((server.peers[0]!.socket as TLSSocket).getPeerX509Certificate()!.subject).toBe("CN=legacy");
  });

  it("below 1.2 end when no partner is listed for them any more", async () => {
    rig = await new WireRig(legacy).start();
    const { port } = rig.driver.legacyAddress!;
    const peer = await rig.connect({ ...contoso(), ...old }, port);
    await rig.handshake("ok");
    rig.driver.reload({ settings: both });
    await peer.ended;
    await (await rig.connect({ ...contoso(), ...old }, port)).ended;
    expect([rig.handshakes, rig.driver.legacyAddress]).toEqual([["ok"], undefined]);
  });

  it("allow no new handshake within a connection", async () => {
    rig = await new WireRig().start();
    const peer = await rig.connect({ ...contoso(), maxVersion: "TLSv1.2" });
    await rig.handshake("ok");
    const failed = new Promise<string>((resolve) => {
      peer.socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    });
    (peer.socket as TLSSocket).renegotiate({ rejectUnauthorized: false }, () => {});
    expect(await failed).toMatch(/NO_RENEGOTIATION/);
  });
});
