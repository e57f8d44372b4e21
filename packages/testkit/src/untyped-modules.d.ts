/** The part of node-forge that the test PKI uses; the package ships no types. */
declare module "node-forge" {
  interface Attribute {
    readonly name: string;
    readonly value: string;
  }
  interface Certificate {
    publicKey: unknown;
    serialNumber: string;
    validity: { notBefore: Date; notAfter: Date };
    signatureOid: string;
    siginfo: { algorithmOid: string };
    tbsCertificate: unknown;
    signature: string;
    setSubject(attributes: readonly Attribute[]): void;
    setIssuer(attributes: readonly Attribute[]): void;
    setExtensions(extensions: readonly Record<string, unknown>[]): void;
  }
  const forge: {
    readonly pki: {
      createCertificate(): Certificate;
      publicKeyFromPem(pem: string): unknown;
      getTBSCertificate(certificate: Certificate): unknown;
      certificateToPem(certificate: Certificate): string;
    };
    readonly asn1: { toDer(value: unknown): { getBytes(): string } };
  };
  export default forge;
}

/** The streaming half of ltx: tags as they come, for XML streams that end only with the connection. */
declare module "ltx/src/parsers/ltx.js" {
  export default class SaxLtx {
    on(event: "startElement", listener: (name: string, attrs: Record<string, string>) => void): this;
    on(event: "endElement", listener: (name: string) => void): this;
    on(event: "text", listener: (text: string) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    write(data: string): void;
  }
}
