import { execFile } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { commonConfiguration, kamailioCommand, tlsConfiguration } from "./kamailio.ts";
import { type Credentials, writePki } from "./pki.ts";
import { type RealProcess, startServer } from "./real-process.ts";

/** Where Debian keeps empty tables, and those that presence needs. */
const SCHEMA = "/usr/share/kamailio/dbtext/kamailio";
const TABLES = ["version", "presentity", "active_watchers", "watchers", "xcap"];

export interface KamailioPartnerOptions {
  readonly domain: string;
  readonly credentials: Credentials;
  /** Root of both sides, PEM. */
  readonly ca: string;
  /** Our edge: where requests for other domains go, and the name in its Record-Route, which no DNS knows. */
  readonly edge: { readonly port: number; readonly host: string };
  /** TLS for the edge, TCP for its own users. */
  readonly ports: { readonly tls: number; readonly tcp: number };
  /** Of another domain: the edge publishes its users here, and its own users watch them here. */
  readonly guests?: {
    readonly domain: string;
    /** Longest lifetime of a publication, s. */
    readonly maxExpires: number;
  };
}

/**
 * Kamailio as the presence server and outbound proxy of a partner: PUBLISH and SUBSCRIBE of its own users in memory,
 * everything for others to the edge over mutual TLS. Needs no rights; what it knows is gone when it ends.
 */
export async function startKamailioPartner(options: KamailioPartnerOptions): Promise<RealProcess> {
  const { tls, tcp } = options.ports;
  const { process } = await startServer("kamailio", 0, (dir) => {
    writePki(dir, { cert: options.ca }, { own: options.credentials });
    writeFileSync(join(dir, "tls.cfg"), tlsConfiguration(dir));
    writeFileSync(join(dir, "kamailio.cfg"), configuration(options, dir));
    // A refresh without body loses the state where it is in memory only (seen with 5.6.3): here it is in files.
    if (options.guests) for (const table of TABLES) copyFileSync(join(SCHEMA, table), join(dir, table));
    return kamailioCommand(dir, [tls, tcp], 64);
  });
  const A_DAY_S = "86400";
  const control = ["-s", `unix:${join(process.dir, "ctl")}`];
  const record = ["dns.add_a", options.edge.host, A_DAY_S, "127.0.0.1", "0"];
  const { stdout } = await promisify(execFile)("kamcmd", [...control, ...record]);
  // It ends with 0 in any case.
  if (!stdout.startsWith("error")) return process;
  await process.stop();
  throw new Error(`Kamailio did not learn where ${options.edge.host} is: ${stdout}`);
}

function configuration({ domain, edge, ports, guests }: KamailioPartnerOptions, dir: string): string {
  const here = [domain, ...(guests ? [guests.domain] : [])].map((one) => `$rd == "${one}"`).join(" || ");
  return `${commonConfiguration(dir)}
enable_tls=yes
listen=tls:127.0.0.1:${ports.tls}
listen=tcp:127.0.0.1:${ports.tcp}
alias="${domain}"
loadmodule "tls.so"
loadmodule "ctl.so"
loadmodule "db_text.so"
loadmodule "presence.so"
loadmodule "presence_xml.so"
modparam("tls", "config", "${dir}/tls.cfg")
modparam("ctl", "binrpc", "unix:${dir}/ctl")
modparam("presence|presence_xml", "db_url", "text://${dir}")
modparam("presence", "subs_db_mode", 0)
${guests ? `modparam("presence", "max_expires", ${guests.maxExpires})` : ""}
modparam("presence", "publ_cache", ${guests ? 0 : 2})
modparam("presence", "notifier_processes", 0)
modparam("presence", "send_fast_notify", 1)
modparam("presence", "server_address", "sip:${domain}")
modparam("presence_xml", "force_active", 1)
modparam("presence_xml", "integrated_xcap_server", 0)
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) loose_route();
  else if (is_method("SUBSCRIBE|INVITE")) record_route();
  if (${here}) {
    if (is_method("SUBSCRIBE")) handle_subscribe();
    else if (is_method("PUBLISH")) handle_publish();
    else if (is_method("OPTIONS|MESSAGE")) sl_send_reply("200", "OK");
    else sl_send_reply("404", "Not Found");
    exit;
  }
  if ($rd != "127.0.0.1" && $du == $null) $du = "sip:127.0.0.1:${edge.port};transport=tls";
  if (!t_relay()) sl_reply_error();
}
`;
}
