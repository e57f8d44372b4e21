import { afterEach, describe, expect, it } from "vitest";
import { CONTOSO_CA, contoso, messageFromBob, OTHER_CA, WireRig } from "./wire-rig.ts";

let rig: WireRig;
afterEach(() => rig.end());

const DAY = 86_400_000;
const untrusted = OTHER_CA.intermediate({ name: "Somebody else's intermediate" });
const trusted = CONTOSO_CA.intermediate({ name: "Tombolo test intermediate" });
const serverOnly = { extendedKeyUsage: ["serverAuth"] } as const;

/** A certificate with the intermediate it was issued by. */
function chained(authority: typeof trusted, changes = {}) {
  const { cert, key } = contoso(changes, authority);
  return { cert: cert + authority.cert, key };
}

const REFUSED = [
  ["no certificate", undefined, "no-certificate"],
  ["a certificate of another CA", contoso({}, OTHER_CA), "unknown-ca"],
  [
    "an expired one",
    contoso({ notBefore: new Date(Date.now() - 9 * DAY), notAfter: new Date(Date.now() - DAY) }),
    "expired",
  ],
  ["one of tomorrow", contoso({ notBefore: new Date(Date.now() + DAY) }), "not-yet-valid"],
  ["another's name", contoso({ dns: ["sip.fabrikam.example"] }), "unknown-name"],
  ["a wildcard", contoso({ dns: ["*.contoso.example"] }), "unknown-name"],
  ["the name as CN only", contoso({ dns: [] }), "unknown-name"],
  ["one for servers", contoso(serverOnly), "purpose"],
  ["one of an unknown intermediate", chained(untrusted), "unknown-ca"],
] as const;

describe("a partner's handshake", () => {
  it.each(REFUSED)("with %s ends before any SIP is read", async (_, credentials, outcome) => {
    rig = await new WireRig().start();
    const peer = await rig.connect(credentials);
    peer.write(messageFromBob("early"));
    await peer.ended;
    const seen = await rig.handshake(outcome);
    expect(seen.cure).not.toBe("");
    expect(rig.observed).toContainEqual(
      expect.objectContaining({ kind: "decision", gate: "tls", decision: "deny", reason: outcome }),
    );
    expect([peer.received, rig.inside, rig.driver.connections]).toEqual(["", [], []]);
  });

  it.each([
    ["for both roles", contoso()],
    ["for any role", contoso({ extendedKeyUsage: "none" })],
    ["with an intermediate", chained(trusted)],
    ["with a SIP URI", contoso({ dns: [], uris: ["sip:sip.contoso.example"] })],
  ])("with a certificate %s is let in", async (_, credentials) => {
    rig = await new WireRig().start();
    const peer = await rig.connect(credentials);
    peer.write(messageFromBob("m1"));
    await rig.until(() => rig.inside.length === 1, "the MESSAGE inside");
    expect(rig.inside[0]!.verified).toEqual({ partner: "contoso.example", name: "sip.contoso.example" });
    expect(rig.handshakes).toEqual(["ok"]);
  });

  it.each([
    ["one for servers", contoso(serverOnly)],
    ["one for servers, with its intermediate", chained(trusted, serverOnly)],
  ])("of a lenient partner may be with %s", async (_, credentials) => {
    rig = await new WireRig({ lenient: true }).start();
    const peer = await rig.connect(credentials);
    peer.write(messageFromBob("m1"));
    await rig.until(() => rig.inside.length === 1, "the MESSAGE inside");
  });

  it.each([
    // The wrong purpose is the last fault that OpenSSL finds in these, and the only one it tells.
    ["an unknown intermediate", chained(untrusted, serverOnly), "unknown-ca"],
    ["another CA", contoso(serverOnly, OTHER_CA), "unknown-ca"],
    [
      "yesterday",
      contoso({
        ...serverOnly,
        notBefore: new Date(Date.now() - 9 * DAY),
        notAfter: new Date(Date.now() - DAY),
      }),
      "expired",
    ],
    ["another name", contoso({ ...serverOnly, dns: ["sip.fabrikam.example"] }), "unknown-name"],
  ])("of a lenient partner is forgiven nothing else: %s", async (_, credentials, outcome) => {
    rig = await new WireRig({ lenient: true }).start();
    const peer = await rig.connect(credentials);
    await peer.ended;
    await rig.handshake(outcome);
    expect(rig.inside).toEqual([]);
  });

  it("that is no TLS is counted as that", async () => {
    rig = await new WireRig().start();
    const peer = rig.connectPlain();
    peer.write("OPTIONS sip:example.com SIP/2.0\r\n\r\n");
    await peer.ended;
    await rig.handshake("protocol");
  });

  it("that is broken off or never begun is counted, and leaves no place taken", async () => {
    const limits = { maxPending: 1, maxPendingPerAddress: 1, maxConnections: 10, handshakeMs: 150 };
    rig = await new WireRig({ listenerLimits: limits }).start();
    const silent = rig.connectPlain();
    await rig.until(() => silent.socket.readyState === "open", "the silent connection");
    const second = rig.connectPlain();
    await second.ended;
    await rig.handshake("too-many");
    await silent.ended;
    await rig.handshake("timeout");
    const rude = rig.connectPlain();
    await rig.until(() => rude.socket.readyState === "open", "the rude connection");
    rude.socket.resetAndDestroy();
    await rig.handshake("reset");
    await rig.connect(contoso());
    await rig.handshake("ok");
  });

  it("is one of a few from its address, so that another address finds a place", async () => {
    const limits = { maxPending: 4, maxPendingPerAddress: 2, maxConnections: 10, handshakeMs: 5_000 };
    rig = await new WireRig({ listenerLimits: limits }).start();
    const open = ({ socket }: { socket: { readyState: string } }) => socket.readyState === "open";
    const [first, last] = [rig.connectPlain(), rig.connectPlain()];
    await rig.until(() => open(first) && open(last), "as many as there may be");
    const oneMore = rig.connectPlain();
    await oneMore.ended;
    expect(rig.handshakes).toEqual(["too-many"]);
    const elsewhere = rig.connectPlain("127.0.0.2");
    await rig.until(() => open(elsewhere), "one from another address");
    first.socket.destroy();
    await rig.handshake("reset");
    await rig.connect(contoso());
    await rig.handshake("ok");
    expect([open(last), open(elsewhere), rig.handshakes]).toEqual([true, true, ["too-many", "reset", "ok"]]);
  });

  it("takes the last connection there is room for, and not the next", async () => {
    const limits = { maxPending: 10, maxPendingPerAddress: 10, maxConnections: 2, handshakeMs: 5_000 };
    rig = await new WireRig({ listenerLimits: limits }).start();
    await rig.connect(contoso());
    await rig.connect(contoso());
    await rig.until(() => rig.driver.connections.length === 2, "two connections");
    const third = await rig.connect(contoso());
    await third.ended;
    expect(rig.handshakes).toEqual(["ok", "ok", "too-many"]);
  });

  it("is judged anew when the settings change", async () => {
    rig = await new WireRig().start();
    const peer = await rig.connect(contoso());
    await rig.handshake("ok");
    const settings = {
      advertise: { host: "sip.example.com", port: 5061 },
      ourDomains: ["example.com"],
      partners: [{ domain: "contoso.example", names: ["new.contoso.example"], purpose: "strict" as const }],
    };
    rig.driver.reload({ settings });
    await peer.ended;
    const next = await rig.connect(contoso());
    await next.ended;
    await rig.handshake("unknown-name");
  });

  it("shows the new certificate after a reload, while open connections stay", async () => {
    rig = await new WireRig().start();
    const before = await rig.connect(contoso());
    await rig.handshake("ok");
    const fresh = CONTOSO_CA.issue({ commonName: "renewed", dns: ["sip.example.com"] });
    rig.driver.reload({ tls: { ...fresh, ca: CONTOSO_CA.cert } });
    const after = await rig.connect(contoso());
    expect((after.socket as import("node:tls").TLSSocket).getPeerX509Certificate()!.subject).toBe(
      "CN=renewed",
    );
    before.write(messageFromBob("still"));
    await rig.until(() => rig.inside.length === 1, "the MESSAGE inside");
    expect(() => rig.driver.reload({ tls: { cert: "x", key: "y", ca: "z" } })).toThrow();
  });
});
