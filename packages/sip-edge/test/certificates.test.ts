/** Every kind of certificate that a partner may show, as TLS client and as TLS server. */
import { createRevocationList, issueSelfSigned } from "@tombolo/testkit";
import { afterEach, describe, expect, it } from "vitest";
import type { EdgePartner } from "../src/index.ts";
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

const DAY = 86_400_000;
const NAME = "sip.contoso.example";
const middle = CONTOSO_CA.intermediate({ name: "Tombolo test intermediate" });
const revokedMiddle = CONTOSO_CA.intermediate({ name: "Revoked intermediate" });
const past = { notBefore: new Date(Date.now() - 9 * DAY), notAfter: new Date(Date.now() - DAY) };
const future = { notBefore: new Date(Date.now() + DAY) };
const forServers = { extendedKeyUsage: ["serverAuth"] } as const;
const forClients = { extendedKeyUsage: ["clientAuth"] } as const;
const lenient: Partial<EdgePartner> = { purpose: "server-auth-as-client" };
const itself = issueSelfSigned({ commonName: NAME, dns: [NAME] });
const stranger = issueSelfSigned({ commonName: NAME, dns: [NAME], hash: "sha256" });
const revoked = contoso({ commonName: "revoked" });
const ofRevoked = chained(contoso({}, revokedMiddle), revokedMiddle.cert);
/** The partner's own OpenSSL must be willing to load what ours refuses. */
const anyStrength = { ciphers: "DEFAULT@SECLEVEL=0" };

function chained({ cert, key }: { cert: string; key: string }, issuer: string) {
  return { cert: cert + issuer, key };
}

const tls = {
  ...OURS,
  ca: CONTOSO_CA.cert + itself.cert,
  crl: Buffer.from(createRevocationList(CONTOSO_CA, [revoked.cert, revokedMiddle.cert])),
};

/** What it is, what is shown, what comes of it from a client and from a server, and what is odd about the partner. */
const MATRIX: readonly (readonly [
  string,
  { cert: string; key: string },
  string,
  string,
  Partial<EdgePartner>?,
])[] = [
  ["a good one", contoso(), "ok", "ok"],
  ["a good one in capitals", contoso({ dns: ["SIP.Contoso.Example"] }), "ok", "ok"],
  ["no usages at all", contoso({ extendedKeyUsage: "none" }), "ok", "ok"],
  ["an intermediate beside it", chained(contoso({}, middle), middle.cert), "ok", "ok"],
  ["an intermediate that is not sent", contoso({}, middle), "unknown-ca", "unknown-ca"],
  ["another CA", contoso({}, OTHER_CA), "unknown-ca", "unknown-ca"],
  ["a signature of its own", stranger, "self-signed", "self-signed"],
  ["a signature of its own, listed as a root", itself, "ok", "ok"],
  ["a time that is over", contoso(past), "expired", "expired"],
  ["a time to come", contoso(future), "not-yet-valid", "not-yet-valid"],
  ["serverAuth only", contoso(forServers), "purpose", "ok"],
  ["serverAuth only, forgiven", contoso(forServers), "ok", "ok", lenient],
  ["clientAuth only", contoso(forClients), "ok", "purpose"],
  ["clientAuth only, where other things are forgiven", contoso(forClients), "ok", "purpose", lenient],
  ["another name", contoso({ dns: ["sip.fabrikam.example"] }), "unknown-name", "name-mismatch"],
  ["a wildcard", contoso({ dns: ["*.contoso.example"] }), "unknown-name", "name-mismatch"],
  [
    "a wildcard that is listed as such",
    contoso({ dns: ["*.contoso.example"] }),
    "ok",
    "ok",
    { names: ["*.contoso.example"] },
  ],
  ["the name as CN only", contoso({ dns: [] }), "unknown-name", "name-mismatch"],
  ["a SIP URI", contoso({ dns: [], uris: [`sip:${NAME}`] }), "ok", "ok"],
  ["another SIP URI beside the name", contoso({ uris: ["sip:x.example"] }), "unknown-name", "name-mismatch"],
  ["an entry on the revocation list", revoked, "revoked", "revoked"],
  ["a revoked intermediate", ofRevoked, "revoked", "revoked"],
  ["a key of 1024 bits", contoso({ keyBits: 1024 }), "weak", "weak"],
  ["a signature over SHA-1", contoso({ hash: "sha1" }), "weak", "weak"],
  [
    "a key of 1024 bits for servers, forgiven only that",
    contoso({ keyBits: 1024, ...forServers }),
    "weak",
    "weak",
    lenient,
  ],
  [
    "a signature over SHA-1 for servers, forgiven only that",
    contoso({ hash: "sha1", ...forServers }),
    "weak",
    "weak",
    lenient,
  ],
];

const CASES = MATRIX.map(([what, shown, client, server, partner = {}]) => ({
  what,
  shown,
  client,
  server,
  partner,
}));

describe("a partner's certificate with", () => {
  it.each(CASES)("$what, shown by a client", async ({ shown, client: outcome, partner }) => {
    rig = await new WireRig({ tls, partner }).start();
    const peer = await rig.connect({ ...shown, ...anyStrength });
    peer.write(messageFromBob("m1"));
    expect((await rig.handshake(outcome)).direction).toBe("in");
    if (outcome === "ok") await rig.until(() => rig.inside.length === 1, "the MESSAGE inside");
    else {
      await peer.ended;
      expect([rig.inside, rig.driver.connections, peer.received]).toEqual([[], [], ""]);
    }
  });

  it.each(CASES)("$what, shown by a server", async ({ shown, server: outcome, partner }) => {
    const server = new PartnerServer({ ...shown, ...anyStrength });
    rig = await new WireRig({ tls, partner, route: await server.listen() }).start();
    rig.track(server);
    rig.driver.fromNode(messageFromAlice("o1"));
    expect((await rig.handshake(outcome)).direction).toBe("out");
    if (outcome === "ok")
      await rig.until(() => server.peers[0]?.received.includes("o1") === true, "the MESSAGE");
    else {
      await rig.until(() => rig.inside.length === 1, "an answer");
      expect([rig.inside[0]!.message.status, server.peers[0]?.received ?? ""]).toEqual([502, ""]);
    }
  });
});
