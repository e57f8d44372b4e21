import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAuthority } from "@tombolo/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInstall, type Install } from "../../test/install.ts";
import { EXPIRY_WARNING_DAYS, MAX_PEM_BYTES } from "./certificates.ts";
import { loadConfig } from "./load.ts";

const DAY_MS = 86_400_000;
let install: Install;
beforeAll(() => {
  install = createInstall();
});
afterAll(() => install.remove());

const at = (name: string) => join(install.folder, "pki", name);
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);

/** Findings for a configuration whose outside leg uses `pki/NAME.crt` and `pki/NAME.key`. */
function judge(name: string, now?: number): string[] {
  const file = install.config(["pki/edge.crt", `pki/${name}.crt`], ["pki/edge.key", `pki/${name}.key`]);
  const { config, findings } = loadConfig(file, now === undefined ? {} : { now });
  const lines = readFileSync(file, "utf8").split("\n");
  expect(config === undefined).toBe(findings.some((finding) => finding.severity === "error"));
  // The test's own root lives for a month only.
  const ours = findings.filter((finding) => finding.path !== "edge.outside.ca");
  return ours.map(
    ({ severity, line, message }) => `${severity} ${lines[line - 1]!.trim().split(":")[0]}: ${message}`,
  );
}

test("a certificate for both usages and with the advertised name is fine, also without any usage named", () => {
  install.certificate("any", { extendedKeyUsage: "none", dns: ["other.example", "SIP.example.com"] });
  expect(judge("edge")).toEqual([]);
  expect(judge("any")).toEqual([]);
});

test("dates: expired, not yet valid, expiring soon", () => {
  install.certificate("old", { notBefore: inDays(-20), notAfter: inDays(-10) });
  install.certificate("young", { notBefore: inDays(3), notAfter: inDays(400) });
  expect(judge("old")).toEqual([
    expect.stringMatching(/^error cert: the certificate pki\/old\.crt expired on \d{4}-/),
  ]);
  expect(judge("young")).toEqual([expect.stringMatching(/^error cert: .* is not valid before \d{4}-/)]);
  const end = inDays(365);
  install.certificate("year", { notAfter: end });
  const whole = Math.floor(end.getTime() / 1000) * 1000;
  const edge = whole - EXPIRY_WARNING_DAYS * DAY_MS;
  expect(judge("year", edge)).toEqual([]);
  expect(judge("year", edge + 1)).toEqual([expect.stringMatching(/^warning cert: .* \(in 59 days\)$/)]);
  expect(judge("year", whole)).toEqual([expect.stringMatching(/^warning .* \(in 0 days\)$/)]);
  expect(judge("year", whole + 1)).toEqual([expect.stringMatching(/^error .* expired on/)]);
});

test.each([
  ["clientAuth", ["serverAuth"]],
  ["serverAuth", ["clientAuth"]],
] as const)("a certificate without %s is refused", (missing, extendedKeyUsage) => {
  install.certificate("usage", { extendedKeyUsage });
  expect(judge("usage")).toEqual([
    `error cert: the certificate pki/usage.crt lacks the extended key usage ${missing}`,
  ]);
});

test.each([
  ["another name", { dns: ["edge.example.com"] }, "it names edge.example.com"],
  ["only a wildcard", { dns: ["*.example.com"] }, "it names *.example.com"],
  ["only a common name", { dns: [] }, "it has no subjectAltName"],
  ["a longer name", { dns: ["sip.example.com.evil.example"] }, "it names sip.example.com.evil.example"],
])("a certificate with %s is refused", (_what, request, has) => {
  install.certificate("names", request);
  expect(judge("names")).toEqual([
    `error cert: the certificate pki/names.crt does not name sip.example.com (advertise); ${has}`,
  ]);
});

test("the key must be the certificate's, readable, and not everybody's", () => {
  install.certificate("keys");
  install.certificate("stranger", { freshKey: true });
  const own = readFileSync(at("keys.key"), "utf8");
  writeFileSync(at("keys.key"), readFileSync(at("stranger.key")));
  expect(judge("keys")).toEqual([
    "error key: the private key pki/keys.key does not belong to the certificate pki/keys.crt",
  ]);
  writeFileSync(at("keys.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  expect(judge("keys")).toEqual(["error key: pki/keys.key holds no PEM private key"]);
  writeFileSync(
    at("keys.key"),
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
  );
  expect(judge("keys")).toEqual(["error key: pki/keys.key is encrypted with a passphrase"]);
  writeFileSync(at("keys.key"), own);
  chmodSync(at("keys.key"), 0o644);
  expect(judge("keys")).toEqual([
    "warning key: every user of this machine may read the private key pki/keys.key",
  ]);
});

test("intermediates follow the leaf; the other way round the file is refused", () => {
  const middle = install.authority.intermediate({ name: "Middle" });
  const { cert, key } = middle.issue({
    commonName: "sip.example.com",
    dns: ["sip.example.com"],
    notAfter: inDays(300),
  });
  install.write("pki/chain.crt", cert + middle.cert);
  install.write("pki/chain.key", key);
  expect(judge("chain")).toEqual([]);
  install.write("pki/chain.crt", middle.cert + cert);
  expect(judge("chain")).toContain(
    "error cert: pki/chain.crt does not begin with the certificate of this key",
  );
});

test("files that are not there or hold no certificate", () => {
  const file = install.config(["pki/edge.crt", "pki/none.crt"], ["pki/ca.crt", "secrets/xmpp"]);
  expect(loadConfig(file).findings.map((finding) => finding.message)).toEqual([
    "pki/none.crt does not exist",
    "secrets/xmpp holds no PEM certificate",
  ]);
  install.write("pki/bad.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  install.write("pki/bad.key", readFileSync(at("edge.key")));
  expect(judge("bad")).toEqual(["error cert: pki/bad.crt holds a damaged certificate"]);
});

test("expired roots are warned about, with how many there are", () => {
  const other = createAuthority({ name: "Other root" });
  install.write("pki/roots.crt", other.cert + install.authority.cert);
  const file = install.config(["pki/ca.crt", "pki/roots.crt"]);
  expect(loadConfig(file).findings).toEqual([]);
  const { findings } = loadConfig(file, { now: inDays(100).getTime() });
  expect(findings.map((finding) => finding.message)).toContain("2 of 2 roots in pki/roots.crt expired");
});

test("a root store of the largest size is read, one byte more is not", () => {
  const { cert } = install.authority;
  const file = install.config(["pki/ca.crt", "pki/store.crt"]);
  install.write("pki/store.crt", cert.padEnd(MAX_PEM_BYTES, "\n"));
  expect(loadConfig(file).findings).toEqual([]);
  install.write("pki/store.crt", cert.padEnd(MAX_PEM_BYTES + 1, "\n"));
  expect(loadConfig(file).findings.map((finding) => finding.message)).toEqual([
    `pki/store.crt is larger than ${MAX_PEM_BYTES} bytes`,
  ]);
});
