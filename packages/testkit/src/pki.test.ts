import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { type Credentials, createAuthority, writePki } from "./pki.ts";

const authority = createAuthority({ name: "Test Root" });
const stranger = createAuthority({ name: "Stranger Root" });
const server = authority.issue({ commonName: "sip.contoso.example", dns: ["sip.contoso.example"] });

interface Ends {
  readonly server?: Credentials;
  readonly client?: Credentials | undefined;
  readonly servername?: string;
}

interface Result {
  /** What the client read, or the error that it met; the server writes its verdict on the client's certificate. */
  readonly outcome: string;
  /** Whether the client saw a finished handshake. */
  readonly secureConnect: boolean;
}

/** One mutual handshake; `refuse` makes the server close on a bad client certificate instead of telling. */
async function shakeHands(ends: Ends, refuse = false): Promise<Result> {
  const listener = createServer(
    { ...(ends.server ?? server), ca: authority.cert, requestCert: true, rejectUnauthorized: refuse },
    (socket) => {
      socket.on("error", () => {});
      socket.end(String(socket.authorizationError ?? "ok"));
    },
  );
  listener.on("tlsClientError", () => {});
  await new Promise<void>((done) => listener.listen(0, "127.0.0.1", done));
  const { port } = listener.address() as AddressInfo;
  let secureConnect = false;
  const outcome = await new Promise<string>((done) => {
    const socket: TLSSocket = connect({
      host: "127.0.0.1",
      port,
      servername: ends.servername ?? "sip.contoso.example",
      ca: authority.cert,
      ...ends.client,
    });
    socket.once("secureConnect", () => {
      secureConnect = true;
    });
    socket.once("data", (data) => done(data.toString()));
    socket.once("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    socket.once("close", () => done("closed"));
  });
  await new Promise((done) => listener.close(done));
  return { outcome, secureConnect };
}

async function handshake(ends: Ends): Promise<string> {
  return (await shakeHands(ends)).outcome;
}

const client = authority.issue({ commonName: "sip.example.com", dns: ["sip.example.com"] });
const past = new Date(Date.now() - 3_600_000);
const cases: readonly (readonly [string, Ends, string])[] = [
  ["both certificates are good", { client }, "ok"],
  ["no client certificate", {}, "UNABLE_TO_GET_ISSUER_CERT"],
  [
    "client of an unknown authority",
    { client: stranger.issue({ commonName: "sip.example.com" }) },
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ],
  [
    "client certificate expired",
    { client: authority.issue({ commonName: "sip.example.com", notAfter: past }) },
    "CERT_HAS_EXPIRED",
  ],
  [
    "client certificate not valid yet",
    { client: authority.issue({ commonName: "x", notBefore: new Date(Date.now() + 3_600_000) }) },
    "CERT_NOT_YET_VALID",
  ],
  [
    "client certificate without clientAuth",
    { client: authority.issue({ commonName: "sip.example.com", extendedKeyUsage: ["serverAuth"] }) },
    "INVALID_PURPOSE",
  ],
  [
    "client certificate without any extended key usage",
    { client: authority.issue({ commonName: "sip.example.com", extendedKeyUsage: "none" }) },
    "ok",
  ],
  [
    "server certificate for another name",
    { client, servername: "sip.fabrikam.example" },
    "ERR_TLS_CERT_ALTNAME_INVALID",
  ],
  [
    "server certificate without serverAuth",
    {
      client,
      server: authority.issue({
        commonName: "sip.contoso.example",
        dns: ["sip.contoso.example"],
        extendedKeyUsage: ["clientAuth"],
      }),
    },
    "INVALID_PURPOSE",
  ],
];

describe("test PKI", () => {
  it.each(cases)("%s", async (_name, ends, expected) => {
    expect(await handshake(ends)).toBe(expected);
  });

  it("shows the trap of TLS 1.3: a refused client has seen a finished handshake", async () => {
    const { outcome, secureConnect } = await shakeHands(
      { client: stranger.issue({ commonName: "sip.example.com" }) },
      true,
    );
    expect(secureConnect).toBe(true);
    expect(["closed", "ECONNRESET"]).toContain(outcome);
  });

  it("builds a chain through an intermediate authority", async () => {
    const below = authority.intermediate({ name: "Test Issuing" });
    const leaf = below.issue({ commonName: "sip.example.com" });
    expect(await handshake({ client: leaf })).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    expect(await handshake({ client: { cert: leaf.cert + below.cert, key: leaf.key } })).toBe("ok");
  });

  it("writes the names, purposes and dates it was asked for", () => {
    const { cert } = authority.issue({
      commonName: "cn.example",
      dns: ["a.example", "b.example"],
      uris: ["sip:contoso.example"],
      ips: ["127.0.0.1"],
      notAfter: new Date("2031-02-03T04:05:06Z"),
    });
    const parsed = new X509Certificate(cert);
    expect(parsed.subject).toBe("CN=cn.example");
    expect(parsed.subjectAltName).toBe(
      "DNS:a.example, DNS:b.example, URI:sip:contoso.example, IP Address:127.0.0.1",
    );
    expect(parsed.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(parsed.validTo).toBe("Feb  3 04:05:06 2031 GMT");
    expect(parsed.verify(new X509Certificate(authority.cert).publicKey)).toBe(true);
  });

  it("gives a key of its own only when asked", () => {
    expect(authority.issue({ commonName: "x" }).key).toBe(client.key);
    const own = authority.issue({ commonName: "x", freshKey: true });
    expect(own.key).not.toBe(client.key);
  });

  it("writes files with a private key that only the owner reads", () => {
    const dir = mkdtempSync(join(tmpdir(), "testkit-pki-"));
    try {
      const written = writePki(join(dir, "pki"), authority, { edge: server });
      expect(readFileSync(written.ca, "utf8")).toBe(authority.cert);
      expect(readFileSync(written.files.edge!.cert, "utf8")).toBe(server.cert);
      expect(statSync(written.files.edge!.key).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
