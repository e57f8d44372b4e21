import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";

/** Bits of the RSA keys that are made: what every Microsoft server of the last fifteen years takes. */
export const KEY_BITS = 3072;

/** PEM texts: PKCS #8 and SPKI. */
export interface KeyPair {
  readonly privatePem: string;
  readonly publicPem: string;
}

/** @param bits of the RSA modulus. */
export function makeKeyPair(bits = KEY_BITS): KeyPair {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: bits,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return { privatePem: pair.privateKey, publicPem: pair.publicKey };
}

/** @throws Error when the text is no private RSA key, or one with a passphrase. */
export function readKeyPair(pem: string): KeyPair {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "rsa")
    throw new Error(`it is a key of type ${key.asymmetricKeyType}; RSA is needed here`);
  return {
    privatePem: key.export({ type: "pkcs8", format: "pem" }).toString(),
    publicPem: createPublicKey(key).export({ type: "spki", format: "pem" }).toString(),
  };
}
