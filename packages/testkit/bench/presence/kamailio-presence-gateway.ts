import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { commonConfiguration, kamailioCommand, tlsConfiguration } from "../../src/kamailio.ts";
import { writePki } from "../../src/pki.ts";
import { type RealProcess, startServer } from "../../src/real-process.ts";
import type { Identity } from "../ends/sip-end.ts";
import { XMPP_DOMAIN } from "../ends/xmpp-end.ts";

/** Where Debian keeps the tables. */
const SCHEMA = "/usr/share/kamailio/db_sqlite";
const SHIM = join(import.meta.dirname, "../im/expat-shim.c");

export interface KamailioPresenceGatewayOptions extends Identity {
  /** TLS port of the SIP side. */
  readonly sip: number;
  readonly component: { readonly port: number; readonly domain: string; readonly secret: string };
  /** The certificate name that may speak for the domain. */
  readonly name: string;
}

/**
 * Kamailio's `pua_xmpp`: presence between SIP and a component of an XMPP server. It is a presence server (`presence`) with
 * a client of its own (`pua`), which publishes and subscribes there over loopback, as its manual has it. State is in memory
 * and is written to its database when it ends; but `presence.winfo`, by which an XMPP user is asked, is read from the
 * database. With files of text in place of SQLite (`db_text`) that ends the process.
 */
export async function startKamailioPresenceGateway(
  options: KamailioPresenceGatewayOptions,
): Promise<RealProcess & { readonly port: number }> {
  const own = ownAddress();
  const { process, ports } = await startServer("kamailio", 1, (dir, [tls]) => {
    writePki(dir, { cert: options.ca }, { own: options.credentials });
    writeFileSync(join(dir, "tls.cfg"), tlsConfiguration(dir));
    writeFileSync(join(dir, "kamailio.cfg"), configuration(options, dir, tls!, own));
    makeDatabase(join(dir, "kamailio.db"));
    const shim = join(dir, "expat-shim.so");
    execFileSync("gcc", ["-shared", "-fPIC", "-O2", "-o", shim, SHIM]);
    return { ...kamailioCommand(dir, [tls!], 1024), env: { LD_PRELOAD: shim } };
  });
  for (const host of [XMPP_DOMAIN, options.component.domain]) await addRecord(process.dir, host, own);
  return Object.assign(process, { port: ports[0]! });
}

function makeDatabase(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL");
  for (const part of ["standard", "presence"])
    database.exec(readFileSync(join(SCHEMA, `${part}-create.sql`), "utf8"));
  database.close();
}

/** An address of this machine where port 5060 is surely free. */
function ownAddress(): string {
  const byte = () => 1 + Math.floor(Math.random() * 250);
  return `127.${byte()}.${byte()}.${byte()}`;
}

/** What DNS would tell it: its own client finds the way by the domain alone. */
async function addRecord(dir: string, host: string, address: string): Promise<void> {
  const A_DAY_S = "86400";
  const control = ["-s", `unix:${join(dir, "ctl")}`];
  const { stdout } = await promisify(execFile)("kamcmd", [
    ...control,
    "dns.add_a",
    host,
    A_DAY_S,
    address,
    "0",
  ]);
  if (stdout.startsWith("error")) throw new Error(`Kamailio did not learn where ${host} is: ${stdout}`);
}

function configuration(
  { sip, component, name }: KamailioPresenceGatewayOptions,
  dir: string,
  tls: number,
  address: string,
): string {
  const { domain, secret, port } = component;
  const own = `sip:${address}`;
  return `${commonConfiguration(dir)}
enable_tls=yes
listen=tls:127.0.0.1:${tls}
listen=udp:${address}:5060
alias="${XMPP_DOMAIN}"
loadmodule "tls.so"
loadmodule "ctl.so"
loadmodule "db_sqlite.so"
loadmodule "presence.so"
loadmodule "presence_xml.so"
loadmodule "xmpp.so"
loadmodule "pua.so"
loadmodule "pua_xmpp.so"
modparam("tls", "config", "${dir}/tls.cfg")
modparam("ctl", "binrpc", "unix:${dir}/ctl")
modparam("presence|presence_xml|pua", "db_url", "sqlite:///${dir}/kamailio.db")
modparam("presence", "subs_db_mode", 2)
modparam("presence", "db_update_period", 100000)
modparam("presence", "publ_cache", 2)
modparam("presence", "notifier_processes", 0)
modparam("presence", "send_fast_notify", 1)
modparam("presence", "server_address", "${own}")
modparam("presence_xml", "force_active", 1)
modparam("presence_xml", "integrated_xcap_server", 0)
modparam("pua", "hash_size", 14)
modparam("pua", "update_period", 100000)
modparam("pua_xmpp", "server_address", "${own}")
modparam("xmpp", "backend", "component")
modparam("xmpp", "xmpp_host", "127.0.0.1")
modparam("xmpp", "xmpp_port", ${port})
modparam("xmpp", "xmpp_domain", "${domain}")
modparam("xmpp", "gateway_domain", "${XMPP_DOMAIN}")
modparam("xmpp", "xmpp_password", "${secret}")
modparam("xmpp", "gwmap", "${domain}=${domain};${XMPP_DOMAIN}=${XMPP_DOMAIN}")
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if ($pr == "tls" && ($fd != "${domain}" || $tls_peer_san_hostname != "${name}")) {
    sl_send_reply("403", "Forbidden"); exit;
  }
  if (is_method("NOTIFY") && $td == "${XMPP_DOMAIN}") {
    if (!t_newtran()) { sl_reply_error(); exit; }
    if (pua_xmpp_notify()) t_reply("200", "OK"); else t_reply("481", "No Such Subscription");
    exit;
  }
  if ($rd == "${XMPP_DOMAIN}" || $rd == "${address}") {
    if (is_method("PUBLISH")) handle_publish();
    else if (is_method("SUBSCRIBE")) {
      handle_subscribe();
      if ($hdr(Event) == "presence" && $fd != "${XMPP_DOMAIN}" && !has_totag()) pua_xmpp_req_winfo("$ru", "$hdr(Expires)");
    } else sl_send_reply("404", "Not Found");
    exit;
  }
  if ($rd != "${domain}") { sl_send_reply("404", "Not Found"); exit; }
  $du = "sip:127.0.0.1:${sip};transport=tls";
  if (!t_relay()) sl_reply_error();
}
`;
}
