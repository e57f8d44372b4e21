/** A folder as an administrator would set it up: certificates, a secret, and a configuration that is fine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, type CertificateRequest, createAuthority, writePki } from "@tombolo/testkit";

const DAY_MS = 86_400_000;

/** Names an edge, a gateway and two partners; the edge's certificate is good for a year. */
const GOOD = `node: gw1
edge:
  outside:
    listen: 127.0.0.1:5061
    advertise: sip.example.com:5061
    cert: pki/edge.crt
    key: pki/edge.key
    ca: pki/ca.crt
gateway:
  domains: [example.com]
  xmpp:
    server: xmpp://127.0.0.1:5347
    secretFile: secrets/xmpp
partners:
  - domain: contoso.example
    profile: lync
    route: tls://127.0.0.1:15061
    names: [sip.contoso.example]
  - domain: partner.example
    protocol: xmpp
admin: { listen: "127.0.0.1:0" }
`;

export interface Install {
  readonly folder: string;
  readonly authority: Authority;
  /** Writes a file below the folder and gives its path; mode 0600. */
  write(name: string, text: string | Uint8Array): string;
  /** Writes `GOOD` with each `[from, to]` replaced; every `from` must be there. */
  config(...edits: readonly (readonly [from: string, to: string])[]): string;
  /** Writes `pki/NAME.crt` and `pki/NAME.key`. */
  certificate(name: string, request?: Partial<CertificateRequest>): void;
  remove(): void;
}

export function createInstall(): Install {
  const folder = mkdtempSync(join(tmpdir(), "tombolo-"));
  const authority = createAuthority({ name: "Test root" });
  const install: Install = {
    folder,
    authority,
    write: (name, text) => {
      const path = join(folder, name);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    },
    config: (...edits) => {
      let text = GOOD;
      for (const [from, to] of edits) {
        if (!text.includes(from)) throw new Error(`not in the text: ${from}`);
        text = text.replace(from, () => to);
      }
      return install.write("tombolo.yaml", text);
    },
    certificate: (name, request) => {
      const wanted = {
        commonName: "sip.example.com",
        dns: ["sip.example.com"],
        notAfter: new Date(Date.now() + 365 * DAY_MS),
        ...request,
      };
      writePki(join(folder, "pki"), authority, { [name]: authority.issue(wanted) });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  install.certificate("edge");
  install.write("secrets/xmpp", "s3cret\n");
  return install;
}
