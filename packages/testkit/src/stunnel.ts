import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Credentials, writePki } from "./pki.ts";
import { type RealProcess, startServer } from "./real-process.ts";

export interface StunnelOptions {
  readonly credentials: Credentials;
  /** Root that the other end must chain to, PEM. */
  readonly ca: string;
  /** Takes TCP here and goes on with TLS to there. `servername` goes into SNI and must be in the certificate. */
  readonly client?: { readonly port: number; readonly servername: string };
  /** Takes TLS (client certificate demanded) here, on `tlsPort` or a free one, and goes on with TCP to `port`. */
  readonly server?: { readonly port: number; readonly tlsPort?: number };
}

export interface Stunnel extends RealProcess {
  /** Where the `client` service takes TCP; 0 where there is none. */
  readonly tcpPort: number;
  /** Where the `server` service takes TLS; 0 where there is none. */
  readonly tlsPort: number;
}

/** stunnel for programs that speak no TLS. One process, needs no rights. */
export async function startStunnel(options: StunnelOptions): Promise<Stunnel> {
  const { process, ports } = await startServer("stunnel", 2, (dir, [tcpPort, free]) => {
    const tlsPort = options.server?.tlsPort ?? free;
    writePki(dir, { cert: options.ca }, { own: options.credentials });
    const config = join(dir, "stunnel.conf");
    writeFileSync(config, configuration(options, dir, tcpPort!, tlsPort!));
    // A look at the client service would open, and close, a connection to its target.
    return { program: "stunnel4", args: [config], awaited: options.server ? [tlsPort!] : [tcpPort!] };
  });
  const [tcpPort, tlsPort] = ports as [number, number];
  return Object.assign(process, {
    tcpPort: options.client ? tcpPort : 0,
    tlsPort: options.server ? (options.server.tlsPort ?? tlsPort) : 0,
  });
}

function configuration({ client, server }: StunnelOptions, dir: string, tcp: number, tls: number): string {
  const common = `cert = ${dir}/own.crt\nkey = ${dir}/own.key\nCAfile = ${dir}/ca.crt\nverifyChain = yes\n`;
  const services: string[] = [];
  if (client) {
    services.push(`[client]
client = yes
accept = 127.0.0.1:${tcp}
connect = 127.0.0.1:${client.port}
sni = ${client.servername}
checkHost = ${client.servername}
${common}`);
  }
  if (server) {
    services.push(`[server]
client = no
accept = 127.0.0.1:${tls}
connect = 127.0.0.1:${server.port}
requireCert = yes
${common}`);
  }
  return `foreground = yes
pid =
debug = 4
syslog = no
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
${services.join("")}`;
}
