/** PKCS #12 files, in which Windows carries a certificate with its key and its authorities. */
import { X509Certificate } from "node:crypto";
import forge from "node-forge";

/** PEM texts. */
export interface PfxContents {
  readonly key: string;
  /** The leaf first, then what leads from it towards the root. */
  readonly chain: readonly string[];
  /** Self-signed ones: roots. */
  readonly roots: readonly string[];
}

/**
 * Reads a file. @throws Error in one sentence when it is no PKCS #12 file, the password is another, or there is no key or
 * no certificate for it
 */
export function readPfx(bytes: Buffer, password: string): PfxContents {
  const pfx = open(bytes, password);
  const { keyBag, pkcs8ShroudedKeyBag, certBag } = forge.pki.oids;
  const bags = (type: string | undefined) => pfx.getBags({ bagType: type! })[type!] ?? [];
  const key = [...bags(pkcs8ShroudedKeyBag), ...bags(keyBag)].find((bag) => bag.key)?.key;
  if (!key) throw new Error("it holds no private RSA key");
  const certificates = bags(certBag).flatMap(({ cert }) => (cert ? [forge.pki.certificateToPem(cert)] : []));
  const own = (pem: string) => {
    const { n } = forge.pki.certificateFromPem(pem).publicKey as forge.pki.rsa.PublicKey;
    return n.equals((key as forge.pki.rsa.PrivateKey).n);
  };
  const leaf = certificates.find(own);
  if (leaf === undefined) throw new Error("it holds no certificate for its key");
  const rest = certificates.filter((pem) => pem !== leaf);
  const isRoot = (pem: string) => {
    const read = new X509Certificate(pem);
    return read.subject === read.issuer;
  };
  return {
    key: unix(forge.pki.privateKeyInfoToPem(forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)))),
    chain: inOrder(
      leaf,
      rest.filter((pem) => !isRoot(pem)),
    ).map(unix),
    roots: rest.filter(isRoot).map(unix),
  };
}

/** @param password protects the key, with AES-256 and SHA-256 where `legacy` is not wanted. */
export function writePfx(contents: PfxContents, password: string, legacy: boolean): Buffer {
  const key = forge.pki.privateKeyFromPem(contents.key);
  const chain = [...contents.chain, ...contents.roots].map((pem) => forge.pki.certificateFromPem(pem));
  const asn1 = forge.pkcs12.toPkcs12Asn1(key, chain, password, {
    algorithm: legacy ? "3des" : "aes256",
    generateLocalKeyId: true,
  });
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), "binary");
}

function open(bytes: Buffer, password: string): forge.pkcs12.Pkcs12Pfx {
  let asn1: forge.asn1.Asn1;
  try {
    asn1 = forge.asn1.fromDer(bytes.toString("binary"));
  } catch {
    throw new Error("it is no PKCS #12 file");
  }
  try {
    return forge.pkcs12.pkcs12FromAsn1(asn1, password);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (/password|MAC/i.test(why)) throw new Error("the password is another");
    throw new Error(`it cannot be read as PKCS #12 (${why})`);
  }
}

/** From the leaf upwards; what does not belong comes last. */
function inOrder(leaf: string, others: readonly string[]): string[] {
  const chain = [leaf];
  const left = [...others];
  for (;;) {
    const last = new X509Certificate(chain.at(-1)!);
    const at = left.findIndex((pem) => new X509Certificate(pem).subject === last.issuer);
    if (at < 0) return [...chain, ...left];
    chain.push(...left.splice(at, 1));
  }
}

function unix(pem: string): string {
  return pem.replaceAll("\r\n", "\n");
}
