import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commonConfiguration, kamailioCommand, tlsConfiguration } from "./kamailio.ts";
import { type Credentials, writePki } from "./pki.ts";
import { type RealProcess, startServer } from "./real-process.ts";

const SCHEMA = "/usr/share/kamailio/dbtext/kamailio";
const TABLES = ["version", "pua"];

export interface KamailioHomeOptions {
  /** The domain of the users who register with it. */
  readonly domain: string;
  readonly credentials: Credentials;
  /** Root of both sides, PEM. */
  readonly ca: string;
  /** The inside leg of an edge, TLS. */
  readonly edge: { readonly port: number };
  /** TLS for the edge, TCP for its own users. */
  readonly ports: { readonly tls: number; readonly tcp: number };
}

/**
 * Kamailio as registrar behind our edge. It publishes at the edge, over mutual TLS, who has registered (`pua_usrloc`), and
 * hands on what its users publish themselves. Needs no rights.
 */
export async function startKamailioHome(options: KamailioHomeOptions): Promise<RealProcess> {
  const { tls, tcp } = options.ports;
  const { process } = await startServer("kamailio", 0, (dir) => {
    writePki(dir, { cert: options.ca }, { own: options.credentials });
    writeFileSync(join(dir, "tls.cfg"), tlsConfiguration(dir));
    writeFileSync(join(dir, "kamailio.cfg"), configuration(options, dir));
    for (const table of TABLES) copyFileSync(join(SCHEMA, table), join(dir, table));
    return kamailioCommand(dir, [tls, tcp], 64);
  });
  return process;
}

function configuration({ domain, edge, ports }: KamailioHomeOptions, dir: string): string {
  const next = `sip:127.0.0.1:${edge.port};transport=tls`;
  return `${commonConfiguration(dir)}
enable_tls=yes
listen=tls:127.0.0.1:${ports.tls}
listen=tcp:127.0.0.1:${ports.tcp}
alias="${domain}"
loadmodule "tls.so"
loadmodule "db_text.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "pua.so"
loadmodule "pua_usrloc.so"
modparam("tls", "config", "${dir}/tls.cfg")
modparam("pua", "db_url", "text://${dir}")
modparam("pua", "outbound_proxy", "${next}")
modparam("pua_usrloc", "default_domain", "${domain}")
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("REGISTER")) { pua_set_publish(); save("location"); exit; }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("PUBLISH")) { $du = "${next}"; if (!t_relay()) sl_reply_error(); exit; }
  sl_send_reply("404", "Not Found");
}
`;
}
