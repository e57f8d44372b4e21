/** Keys about whom we trust: roots, revocation lists, versions of TLS, the listener for old ones, DNS servers. */
import { readFileSync, truncateSync } from "node:fs";
import { createRevocationList } from "@tombolo/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstall, type Install } from "../../test/install.ts";
import { formatFinding } from "./finding.ts";
import { loadConfig } from "./load.ts";
import { MAX_CRL_BYTES } from "./trust-files.ts";

let install: Install;
let list: string;
beforeAll(() => {
  install = createInstall();
  const { authority } = install;
  const revoked = [authority.issue({ commonName: "x" }).cert];
  list = createRevocationList(authority, revoked);
  install.write("pki/good.crl", list);
  const der = list.replace(/-----[^-]+-----|\n/g, "");
  install.write("pki/der.crl", Buffer.from(der, "base64"));
  install.write("pki/cut.crl", Buffer.from(der, "base64").subarray(0, 99));
  const past = new Date("2020-01-02T03:04:05Z");
  install.write(
    "pki/late.crl",
    createRevocationList(authority, revoked, { thisUpdate: past, nextUpdate: past }),
  );
  const delta = createRevocationList(authority, [], {
    // 2.5.29.27, deltaCRLIndicator
    criticalExtensions: [[Buffer.from("551d1b", "hex"), Buffer.from("020101", "hex")]],
  });
  install.write("pki/delta.crl", delta);
  install.write("pki/junk", "nothing\n");
  install.certificate("legacy");
});
afterAll(() => install.remove());

const CA = "    ca: pki/ca.crt\n";
const PROFILE = "    profile: lync\n";
type Edit = readonly [from: string, to: string];

const edge = (text: string): Edit => [CA, `${CA}${text}`];
const partner = (text: string): Edit => [PROFILE, `${PROFILE}    ${text}\n`];
const LEGACY = "  legacy: { listen: 127.0.0.1:5063, partners: [contoso.example]";

test("all of them, where nothing is wrong", () => {
  const { config, findings } = loadConfig(
    install.config(
      edge(
        `    crl: pki/good.crl\n${LEGACY}, cert: pki/legacy.crt, key: pki/legacy.key }\n  dns: [10.0.0.2, "[::1]:5353"]\n`,
      ),
      partner("ca: pki/ca.crt\n    crl: pki/der.crl\n    tls: { min: 1.2 }"),
    ),
  );
  expect(findings.map(formatFinding)).toEqual([
    expect.stringMatching(/: warning: contoso\.example may use TLS 1\.0 and 1\.1.*; ask it for TLS 1\.2/),
  ]);
  expect(config?.edge).toMatchObject({
    legacy: { listen: { host: "127.0.0.1", port: 5063 }, partners: ["contoso.example"] },
    dns: ["10.0.0.2:53", "[::1]:5353"],
  });
  expect(config?.edge?.legacy?.tls?.certFile).toMatch(/legacy\.crt$/);
  expect(Buffer.from(config!.edge!.outside.crl!).toString()).toBe(list);
  expect(config?.partners[0]).toMatchObject({ ca: install.authority.cert, tlsMin: "1.2" });
});

test.each(["1.3", '"1.3"', "'1.3'"])("a floor of %s", (min) => {
  const { config } = loadConfig(install.config(partner(`tls: { min: ${min} }`)));
  expect(config?.partners[0]).toMatchObject({ tlsMin: "1.3" });
});

test("a list that is late is used, with a warning", () => {
  const { config, findings } = loadConfig(install.config(partner("crl: pki/late.crl")));
  expect(findings.map(formatFinding)).toEqual([
    expect.stringMatching(
      /:17: warning: the revocation list pki\/late\.crl should have been replaced on 2020-01-02;/,
    ),
  ]);
  expect(config?.partners[0]).toHaveProperty("crl");
});

test("a list of the largest size is read, one byte more is not", () => {
  const file = install.config(partner("crl: pki/large.crl"));
  const path = install.write("pki/large.crl", list);
  truncateSync(path, MAX_CRL_BYTES);
  expect(loadConfig(file).findings).toEqual([]);
  truncateSync(path, MAX_CRL_BYTES + 1);
  expect(loadConfig(file).findings[0]?.message).toMatch(/larger than 33554432 bytes/);
});

describe("each mistake is an error at its line", () => {
  const cases: readonly (readonly [string, readonly Edit[], string, RegExp])[] = [
    [
      "a list that is not there",
      [edge("    crl: pki/nope\n")],
      "crl:",
      /pki\/nope does not exist; write the path of a revocation list/,
    ],
    [
      "a list that is none",
      [edge("    crl: pki/junk\n")],
      "crl:",
      /pki\/junk holds no revocation list; write/,
    ],
    [
      "a list that is cut off",
      [partner("crl: pki/cut.crl")],
      "crl:",
      /pki\/cut\.crl is damaged \(.*\); write/,
    ],
    [
      "a delta list",
      [partner("crl: pki/delta.crl")],
      "crl:",
      /pki\/delta\.crl is of a kind that is not supported; write/,
    ],
    [
      "roots that are none",
      [partner("ca: pki/junk")],
      "ca: pki/junk",
      /pki\/junk holds no PEM certificate; write/,
    ],
    [
      "roots that are not there",
      [partner("ca: pki/nope")],
      "ca: pki/nope",
      /pki\/nope does not exist; write/,
    ],
    [
      "a floor below 1.2",
      [partner("tls: { min: 1.0 }")],
      "tls:",
      /'1\.0' is no version of TLS that may be a floor; write 1\.2 or 1\.3; partners that need older/,
    ],
    [
      "an XMPP partner with roots",
      [["protocol: xmpp", "protocol: xmpp\n    ca: pki/ca.crt"]],
      "    ca:",
      /ca does not apply to partner\.example/,
    ],
    [
      "a legacy partner that is none",
      [edge("  legacy: { listen: 127.0.0.1:5063, partners: [x.example] }\n")],
      "legacy:",
      /x\.example is no SIP partner; write/,
    ],
    [
      "a legacy partner by XMPP",
      [edge("  legacy: { listen: 127.0.0.1:5063, partners: [partner.example] }\n")],
      "legacy:",
      /partner\.example is no SIP partner/,
    ],
    [
      "a legacy partner with a floor",
      [edge(`${LEGACY} }\n`), partner("tls: { min: 1.3 }")],
      "legacy:",
      /has tls\.min 1\.3 and may use edge\.legacy/,
    ],
    [
      "a legacy listener on the other's port",
      [edge("  legacy: { listen: 127.0.0.1:5061, partners: [contoso.example] }\n")],
      "legacy:",
      /5061 is already used by edge\.outside\.listen/,
    ],
    [
      "a legacy certificate without key",
      [edge(`${LEGACY}, cert: pki/legacy.crt }\n`)],
      "legacy:",
      /edge\.legacy\.key is missing/,
    ],
    [
      "a legacy key without certificate",
      [edge(`${LEGACY}, key: pki/legacy.key }\n`)],
      "legacy:",
      /edge\.legacy\.cert is missing/,
    ],
    [
      "another's key",
      [edge(`${LEGACY}, cert: pki/legacy.crt, key: pki/nope.key }\n`)],
      "legacy:",
      /pki\/nope\.key does not exist/,
    ],
    [
      "no legacy partner",
      [edge("  legacy: { listen: 127.0.0.1:5063, partners: [] }\n")],
      "legacy:",
      /partners/,
    ],
    [
      "a DNS server by name",
      [edge("  dns: [dns.example.com]\n")],
      "dns:",
      /'dns\.example\.com' is not the address of a DNS server; write its IP/,
    ],
    [
      "a DNS server with a bad port",
      [edge('  dns: ["10.0.0.2:0"]\n')],
      "dns:",
      /is not the address of a DNS server/,
    ],
  ];
  test.each(cases)("%s", (_name, edits, line, says) => {
    const file = install.config(...edits);
    const { config, findings } = loadConfig(file);
    const errors = findings.filter(({ severity }) => severity === "error");
    const texts = errors.map(formatFinding);
    const hit = texts.findIndex((text) => says.test(text));
    expect(hit, texts.join("\n")).toBeGreaterThanOrEqual(0);
    expect([config, errors[hit]!.line > 0]).toEqual([undefined, true]);
    const lines = readFileSync(file, "utf8").split("\n");
    expect(lines[errors[hit]!.line - 1]).toContain(line);
  });
});
