import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Credentials, writePki } from "./pki.ts";
import { type RealProcess, startServer } from "./real-process.ts";

export interface HaproxyOptions {
  /** What it shows as TLS server, and as client where the target is TLS. */
  readonly credentials: Credentials;
  /** Roots of both sides, PEM. */
  readonly ca: string;
  readonly target: { readonly port: number; readonly transport: "tcp" | "tls" };
}

/** HAProxy that ends TLS (client certificate demanded) and passes bytes on. Needs no rights. */
export async function startHaproxy(
  options: HaproxyOptions,
): Promise<RealProcess & { readonly port: number }> {
  const { process, ports } = await startServer("haproxy", 1, (dir, [port]) => {
    const { cert, key } = options.credentials;
    writePki(dir, { cert: options.ca }, {});
    writeFileSync(join(dir, "server.pem"), `${cert}${key}`, { mode: 0o600 });
    const config = join(dir, "haproxy.cfg");
    writeFileSync(config, configuration(options, dir, port!));
    return { program: "haproxy", args: ["-db", "-f", config], awaited: [port!] };
  });
  return Object.assign(process, { port: ports[0]! });
}

function configuration({ target }: HaproxyOptions, dir: string, port: number): string {
  const tls = `ssl verify required verifyhost sip.example.com ca-file ${dir}/ca.crt crt ${dir}/server.pem`;
  return `global
  maxconn 4096
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend outside
  bind 127.0.0.1:${port} ssl crt ${dir}/server.pem ca-file ${dir}/ca.crt verify required ssl-min-ver TLSv1.2
  default_backend inside
backend inside
  server sink 127.0.0.1:${target.port} ${target.transport === "tls" ? tls : ""}
`;
}
