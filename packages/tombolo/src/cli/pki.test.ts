import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { main } from "./command-line.ts";

/** Made by OpenSSL 3 with the password `secret`: as newer and as older Windows servers export. */
const PFX = join(import.meta.dirname, "../../test/pfx");

let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "tombolo-pki-"));
  writeFileSync(join(dir, "password"), "secret\n");
  expect(
    await pki("init", "--name", "SIP.example.com", "edge.example.com", "--dir", join(dir, "pki")),
  ).toMatchObject({
    code: 0,
    stderr: "",
  });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

async function pki(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
  const code = await main(["pki", ...args]);
  vi.restoreAllMocks();
  return { code, ...written };
}

const at = (file: string) => join(dir, file);
const text = (file: string) => readFileSync(at(file), "utf8");

test("init makes an authority and a certificate that may stand for the edge", async () => {
  const ca = new X509Certificate(text("pki/ca.crt"));
  const edge = new X509Certificate(text("pki/edge.crt"));
  expect([ca.ca, edge.ca]).toEqual([true, false]);
  expect(edge.verify(ca.publicKey)).toBe(true);
  expect(edge.subjectAltName).toBe("DNS:sip.example.com, DNS:edge.example.com");
  expect(statSync(at("pki/edge.key")).mode & 0o777).toBe(0o600);
  expect(statSync(at("pki/ca.key")).mode & 0o777).toBe(0o600);
  const shown = await pki("inspect", at("pki/edge.crt"), "--json");
  expect(shown.code).toBe(0);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    certificates: [{ serverAuth: true, clientAuth: true, daysLeft: 824, key: "rsa 3072", troubles: [] }],
  });
});

test("nothing is ever written over", async () => {
  const before = text("pki/edge.key");
  const again = await pki("init", "--name", "sip.example.com", "--dir", at("pki"));
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toMatch(/ca\.crt.* there already; move/);
  expect(text("pki/edge.key")).toBe(before);
});

test("csr takes the key that is there, or makes one", async () => {
  const files = ["--key", at("new.key"), "--out", at("new.csr")];
  expect(await pki("csr", "--name", "sip.example.com", ...files)).toMatchObject({ code: 0, stderr: "" });
  expect(text("new.csr")).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n/);
  const key = text("new.key");
  const more = ["--key", at("new.key"), "--out", at("more.csr")];
  expect(await pki("csr", "--name", "sip.example.com", ...more)).toMatchObject({ code: 0 });
  expect(text("new.key")).toBe(key);
});

describe("a .pfx", () => {
  const password = () => ["--password-file", at("password")];

  test.each(["", "--legacy"])(
    "goes out and comes back as it was, chain and root apart %s",
    async (legacy) => {
      const name = `round${legacy}`;
      const out = await pki(
        "export-pfx",
        ...["--cert", at("pki/edge.crt"), "--key", at("pki/edge.key"), "--ca", at("pki/ca.crt")],
        ...["--out", at(`${name}.pfx`), ...password(), ...(legacy ? [legacy] : [])],
      );
      expect(out).toMatchObject({ code: 0, stderr: "" });
      const back = await pki("import-pfx", at(`${name}.pfx`), "--out", at(name), ...password());
      expect(back).toMatchObject({ code: 0, stderr: "" });
      expect(text(`${name}.crt`)).toBe(text("pki/edge.crt"));
      expect(text(`${name}.key`)).toBe(text("pki/edge.key"));
      expect(text(`${name}-ca.crt`)).toBe(text("pki/ca.crt"));
    },
  );

  test.each(["aes256-sha256", "3des-rc2"])("of another program is taken apart: %s", async (name) => {
    const taken = await pki("import-pfx", join(PFX, `${name}.pfx`), "--out", at(name), ...password());
    expect(taken).toMatchObject({ code: 0, stderr: "" });
    const certificate = new X509Certificate(text(`${name}.crt`));
    expect(certificate.subject).toBe("CN=sip.example.com");
    expect(text(`${name}.key`)).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  test("with another password, or what is none, is said in a sentence", async () => {
    const file = join(PFX, "aes256-sha256.pfx");
    expect((await pki("import-pfx", file, "--out", at("no"))).stderr).toMatch(/the password is another\n$/);
    expect((await pki("import-pfx", at("password"), "--out", at("no"))).stderr).toMatch(
      /is no PKCS #12 file\n$/,
    );
  });
});

test.each([
  [["init", "--name", "no host"], 2, /no host is no host name; write sip\.example\.com/],
  [["init", "--name", "sip.example.com", "--days", "0"], 2, /0 is no number of days/],
  [["inspect", "/nowhere.crt"], 1, /cannot be read \(ENOENT\)/],
  [["inspect", join(PFX, "3des-rc2.pfx")], 1, /no certificate in it .*import-pfx/],
  [["csr"], 2, /--name/],
] as const)("%j is refused", async (args, code, says) => {
  const refused = await pki(...args);
  expect(refused).toMatchObject({ code, stdout: "" });
  expect(refused.stderr).toMatch(says);
  expect(refused.stderr.trim()).not.toContain("\n");
});
