/** Judges our own certificates before anything starts: dates, names, usages, key (SYS-02, NET-01). */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { TlsIdentity } from "./config.ts";
import { readSmallFile } from "./document.ts";
import type { Path, Report } from "./finding.ts";

/** A certificate is warned about when it expires sooner than this, in days. */
export const EXPIRY_WARNING_DAYS = 60;
/** Largest PEM file, in bytes; a whole public root store is about 250 kB. */
export const MAX_PEM_BYTES = 2_097_152;

const DAY = 86_400_000;
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const ANY_USAGE = "2.5.29.37.0";
const PEM_BLOCK =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** The files as the configuration names them. */
export interface IdentityFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface IdentityRule {
  /** Path of the map that holds `cert`, `key` and `ca`. */
  readonly path: Path;
  /** Name that the certificate must carry; undefined asks for none. */
  readonly advertise: string | undefined;
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** The wall clock, ms since 1970. */
  readonly now: number;
}

/** A certificate's DNS names in small letters; names that are not plain host names are left out. */
function dnsNames(certificate: X509Certificate): string[] {
  const text = certificate.subjectAltName ?? "";
  return [...text.matchAll(/(?:^|, )DNS:([^",]+)(?=,|$)/g)].map((match) => match[1]!.toLowerCase());
}

/** IP addresses among a certificate's names. */
function ipNames(certificate: X509Certificate): string[] {
  const text = certificate.subjectAltName ?? "";
  return [...text.matchAll(/(?:^|, )IP Address:([^,]+)/g)].map((match) => match[1]!.toLowerCase());
}

/** All certificates of a PEM text; undefined where one cannot be read. */
function pemCertificates(pem: string): X509Certificate[] | undefined {
  try {
    return (pem.match(PEM_BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** `2027-01-31`. */
function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function readPem(key: keyof IdentityFiles, files: IdentityFiles, rule: IdentityRule, report: Report) {
  const read = readSmallFile(resolve(rule.folder, files[key]), MAX_PEM_BYTES);
  if ("bytes" in read) return read.bytes.toString("latin1");
  const what = key === "key" ? "its private key" : key === "ca" ? "the roots to trust" : "the certificate";
  report(
    "error",
    [...rule.path, key],
    `${files[key]} ${read.trouble}`,
    `write the path of the PEM file with ${what}`,
  );
  return undefined;
}

/**
 * Reads and judges one certificate with its key and roots. Undefined when something is wrong with them, which is
 * reported at the key concerned.
 */
export function readIdentity(
  files: IdentityFiles,
  rule: IdentityRule,
  report: Report,
): TlsIdentity | undefined {
  const cert = readPem("cert", files, rule, report);
  const key = readPem("key", files, rule, report);
  const ca = readPem("ca", files, rule, report);
  let sound = true;
  const strict: Report = (severity, ...rest) => {
    if (severity === "error") sound = false;
    report(severity, ...rest);
  };
  const chain = cert === undefined ? undefined : judgeChain(cert, files, rule, strict);
  if (key !== undefined) judgeKey(key, chain, files, rule, strict);
  if (ca !== undefined) judgeRoots(ca, files, rule, strict);
  if (!sound || chain === undefined || cert === undefined || key === undefined || ca === undefined)
    return undefined;
  const at = (file: string) => resolve(rule.folder, file);
  const leaf = chain[0]!;
  return {
    certFile: at(files.cert),
    keyFile: at(files.key),
    caFile: at(files.ca),
    cert,
    key,
    ca,
    names: dnsNames(leaf),
    notAfter: Date.parse(leaf.validTo),
  };
}

/** Roots that certificates of others must chain to, PEM; undefined where something is wrong with them. */
export function readRoots(file: string, rule: IdentityRule, report: Report): string | undefined {
  const files = { cert: "", key: "", ca: file };
  let sound = true;
  const ca = readPem("ca", files, rule, report);
  if (ca === undefined) return undefined;
  judgeRoots(ca, files, rule, (severity, ...rest) => {
    if (severity === "error") sound = false;
    report(severity, ...rest);
  });
  return sound ? ca : undefined;
}

function judgeChain(pem: string, files: IdentityFiles, rule: IdentityRule, report: Report) {
  const path = [...rule.path, "cert"];
  const chain = pemCertificates(pem);
  if (chain === undefined || chain.length === 0) {
    const message = chain === undefined ? "holds a damaged certificate" : "holds no PEM certificate";
    report(
      "error",
      path,
      `${files.cert} ${message}`,
      "write a PEM file that begins with -----BEGIN CERTIFICATE-----",
    );
    return undefined;
  }
  const leaf = chain[0]!;
  judgeDates(leaf, files.cert, path, rule.now, report);
  judgeUsages(leaf, files.cert, path, report);
  if (rule.advertise !== undefined) judgeNames(leaf, files.cert, rule.advertise, path, report);
  return chain;
}

function judgeDates(leaf: X509Certificate, file: string, path: Path, now: number, report: Report): void {
  const from = Date.parse(leaf.validFrom);
  const to = Date.parse(leaf.validTo);
  if (now > to) {
    report("error", path, `the certificate ${file} expired on ${day(to)}`, "replace it with a new one");
  } else if (now < from) {
    const cure = "use it from that day on, or correct this machine's clock";
    report("error", path, `the certificate ${file} is not valid before ${day(from)}`, cure);
  } else if (to - now < EXPIRY_WARNING_DAYS * DAY) {
    const left = Math.floor((to - now) / DAY);
    report(
      "warning",
      path,
      `the certificate ${file} expires on ${day(to)} (in ${left} days)`,
      "renew it soon",
    );
  }
}

/** Federation is mutual TLS with the same certificate in both directions, so both usages are needed. */
function judgeUsages(leaf: X509Certificate, file: string, path: Path, report: Report): void {
  const usages = leaf.keyUsage as readonly string[] | undefined;
  if (usages === undefined || usages.includes(ANY_USAGE)) return;
  const missing = [
    ...(usages.includes(CLIENT_AUTH) ? [] : ["clientAuth"]),
    ...(usages.includes(SERVER_AUTH) ? [] : ["serverAuth"]),
  ];
  if (missing.length === 0) return;
  const cure = "ask for a certificate with extended key usage serverAuth and clientAuth; partners check both";
  report(
    "error",
    path,
    `the certificate ${file} lacks the extended key usage ${missing.join(" and ")}`,
    cure,
  );
}

function judgeNames(leaf: X509Certificate, file: string, wanted: string, path: Path, report: Report): void {
  const names = [...dnsNames(leaf), ...ipNames(leaf)];
  if (names.includes(wanted)) return;
  const has = names.length === 0 ? "it has no subjectAltName" : `it names ${names.slice(0, 5).join(", ")}`;
  const cure = `ask for a certificate with DNS:${wanted} among its subjectAltNames, or write one of its names as advertise`;
  report("error", path, `the certificate ${file} does not name ${wanted} (advertise); ${has}`, cure);
}

function judgeKey(
  pem: string,
  chain: readonly X509Certificate[] | undefined,
  files: IdentityFiles,
  rule: IdentityRule,
  report: Report,
): void {
  const path = [...rule.path, "key"];
  const file = resolve(rule.folder, files.key);
  if ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) {
    report(
      "warning",
      path,
      `every user of this machine may read the private key ${files.key}`,
      `run chmod 600 ${file}`,
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    const encrypted = /ENCRYPTED/.test(pem);
    const message = encrypted ? "is encrypted with a passphrase" : "holds no PEM private key";
    const cure = encrypted
      ? "write an unencrypted key (openssl pkey -in KEY -out NEW) with mode 0600"
      : "write a PEM file that begins with -----BEGIN PRIVATE KEY-----";
    report("error", path, `${files.key} ${message}`, cure);
    return;
  }
  if (chain === undefined || chain[0]!.checkPrivateKey(key)) return;
  if (chain.some((certificate) => certificate.checkPrivateKey(key))) {
    const cure = "put our own certificate first and the intermediates after it";
    report(
      "error",
      [...rule.path, "cert"],
      `${files.cert} does not begin with the certificate of this key`,
      cure,
    );
    return;
  }
  const cure = "write the key that the certificate was made with";
  report(
    "error",
    path,
    `the private key ${files.key} does not belong to the certificate ${files.cert}`,
    cure,
  );
}

function judgeRoots(pem: string, files: IdentityFiles, rule: IdentityRule, report: Report): void {
  const path = [...rule.path, "ca"];
  const roots = pemCertificates(pem);
  if (roots === undefined || roots.length === 0) {
    const message = roots === undefined ? "holds a damaged certificate" : "holds no PEM certificate";
    report(
      "error",
      path,
      `${files.ca} ${message}`,
      "write a PEM file with the roots that certificates must chain to",
    );
    return;
  }
  const expired = roots.filter((root) => Date.parse(root.validTo) < rule.now);
  if (expired.length > 0) {
    const which = `${expired.length} of ${roots.length} roots in ${files.ca} expired`;
    report("warning", path, which, "replace them; certificates that chain to them are refused");
  }
}
