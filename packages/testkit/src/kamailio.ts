import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Credentials, writePki } from "./pki.ts";
import { type RealProcess, startServer } from "./real-process.ts";

/** Where Debian keeps the modules. */
const MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules/";

export interface KamailioProxyOptions {
  readonly credentials: Credentials;
  /** Roots of both sides, PEM. */
  readonly ca: string;
  /** The domain behind it, and where its requests go. */
  readonly domain: string;
  readonly target: { readonly port: number; readonly transport: "tcp" | "tls" };
  /** From domains and the certificate name that may speak for each. */
  readonly allowed: readonly { readonly domain: string; readonly name: string }[];
  /** Shared memory, MiB. A finished transaction stays for 5 s at about 10 KiB. */
  readonly memoryMiB?: number;
}

/**
 * Kamailio doing the edge's job: mutual TLS, the From domain bound to the certificate's name, Record-Route, stateful
 * relay. Tuned: tlsf allocator, two TCP readers, no logging. Needs no rights.
 */
export async function startKamailioProxy(
  options: KamailioProxyOptions,
): Promise<RealProcess & { readonly port: number }> {
  const { process, ports } = await startServer("kamailio", 2, (dir, [tls, tcp]) => {
    writePki(dir, { cert: options.ca }, { own: options.credentials });
    writeFileSync(join(dir, "tls.cfg"), tlsConfiguration(dir));
    writeFileSync(join(dir, "kamailio.cfg"), proxyConfiguration(options, dir, tls!, tcp!));
    return kamailioCommand(dir, [tls!], options.memoryMiB ?? 1024);
  });
  return Object.assign(process, { port: ports[0]! });
}

export interface KamailioPresenceOptions {
  /** The domain it serves. */
  readonly domain: string;
  /** Where it sends all that is not for itself: the inside leg of an edge. */
  readonly edge: { readonly port: number; readonly transport: "tcp" | "tls" };
  /** With them it takes and opens TLS as well. */
  readonly tls?: { readonly credentials: Credentials; readonly ca: string };
  /** Ports to listen on; default free ones. */
  readonly ports?: { readonly tcp: number; readonly tls: number };
  /** Shared memory, MiB; default 64. */
  readonly memoryMiB?: number;
}

export interface KamailioPresence extends RealProcess {
  readonly tcpPort: number;
  /** 0 without `tls`. */
  readonly tlsPort: number;
}

/**
 * Kamailio as presence server for a domain, all in memory: PUBLISH and SUBSCRIBE to `presence`, MESSAGE to its users is
 * answered 200 (400 with the text `refuse`). Needs no rights.
 */
export async function startKamailioPresence(options: KamailioPresenceOptions): Promise<KamailioPresence> {
  const { process, ports } = await startServer("kamailio", 2, (dir, free) => {
    const tcp = options.ports?.tcp ?? free[0]!;
    const tls = options.tls ? (options.ports?.tls ?? free[1]!) : 0;
    if (options.tls) {
      writePki(dir, { cert: options.tls.ca }, { own: options.tls.credentials });
      writeFileSync(join(dir, "tls.cfg"), tlsConfiguration(dir));
    }
    writeFileSync(join(dir, "kamailio.cfg"), presenceConfiguration(options, dir, tcp, tls));
    return kamailioCommand(dir, tls > 0 ? [tcp, tls] : [tcp], options.memoryMiB ?? 64);
  });
  const tcpPort = options.ports?.tcp ?? ports[0]!;
  return Object.assign(process, { tcpPort, tlsPort: options.tls ? (options.ports?.tls ?? ports[1]!) : 0 });
}

/** How Kamailio is called, with its configuration in `dir`/kamailio.cfg. */
export function kamailioCommand(dir: string, awaited: readonly number[], memoryMiB: number) {
  const memory = ["-x", "tlsf", "-X", "tlsf", "-m", String(memoryMiB), "-M", "16"];
  const places = ["-f", join(dir, "kamailio.cfg"), "-P", join(dir, "pid"), "-Y", dir, "-w", dir];
  return { program: "kamailio", args: ["-DD", "-E", ...memory, ...places], awaited };
}

/** Mutual TLS both ways with own.crt, own.key and ca.crt of `dir`. */
export function tlsConfiguration(dir: string): string {
  const settings = `method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = ${dir}/own.key
certificate = ${dir}/own.crt
ca_list = ${dir}/ca.crt
`;
  return `[server:default]\n${settings}[client:default]\n${settings}`;
}

/** What every Kamailio of ours begins with. */
export function commonConfiguration(dir: string): string {
  return `#!KAMAILIO
debug=-1
log_stderror=yes
children=1
tcp_children=2
auto_aliases=no
dns=no
rev_dns=no
tcp_max_connections=4096
tls_max_connections=4096
tcp_connection_lifetime=3605
tcp_rd_buf_size=65536
mpath="${MODULES}"
loadmodule "kex.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "rr.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
modparam("tm", "fr_timer", 10000)
# ${dir}
`;
}

function proxyConfiguration(options: KamailioProxyOptions, dir: string, tls: number, tcp: number): string {
  const { domain, target, allowed } = options;
  const allow = allowed.map(({ domain: from, name }) => `    $sht(allow=>${from}) = "${name}";`).join("\n");
  const next = `sip:127.0.0.1:${target.port};transport=${target.transport}`;
  return `${commonConfiguration(dir)}
enable_tls=yes
listen=tls:127.0.0.1:${tls}
listen=tcp:127.0.0.1:${tcp}
loadmodule "tls.so"
loadmodule "htable.so"
modparam("tls", "config", "${dir}/tls.cfg")
modparam("htable", "htable", "allow=>size=12;autoexpire=0;")
event_route[htable:mod-init] {
${allow}
}
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if ($sht(allow=>$fd) == $null || $sht(allow=>$fd) != $tls_peer_san_hostname) {
    sl_send_reply("403", "Forbidden"); exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) loose_route();
  else if (is_method("INVITE|SUBSCRIBE")) record_route();
  if ($rd != "${domain}") { sl_send_reply("404", "Not Found"); exit; }
  $du = "${next}";
  if (is_method("ACK")) { if (!t_check_trans()) forward(); else t_relay(); exit; }
  if (!t_relay()) sl_reply_error();
}
`;
}

function presenceConfiguration(
  options: KamailioPresenceOptions,
  dir: string,
  tcp: number,
  tls: number,
): string {
  const { domain, edge } = options;
  return `${commonConfiguration(dir)}
${tls > 0 ? `enable_tls=yes\nlisten=tls:127.0.0.1:${tls}\nloadmodule "tls.so"\nmodparam("tls", "config", "${dir}/tls.cfg")` : ""}
listen=tcp:127.0.0.1:${tcp}
alias="${domain}"
loadmodule "presence.so"
loadmodule "presence_xml.so"
loadmodule "db_text.so"
modparam("presence|presence_xml", "db_url", "text://${dir}")
modparam("presence", "subs_db_mode", 0)
modparam("presence", "publ_cache", 2)
modparam("presence", "notifier_processes", 0)
modparam("presence", "send_fast_notify", 1)
modparam("presence", "server_address", "sip:${domain}")
modparam("presence_xml", "force_active", 1)
modparam("presence_xml", "integrated_xcap_server", 0)
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag() && !is_method("SUBSCRIBE|PUBLISH")) loose_route();
  if (is_method("SUBSCRIBE") && ($rd == "${domain}" || has_totag())) {
    if (has_totag()) loose_route(); else record_route();
    handle_subscribe(); exit;
  }
  if ($rd == "${domain}" || $rd == "127.0.0.1") {
    if (is_method("PUBLISH")) { handle_publish(); exit; }
    if (is_method("MESSAGE")) {
      if (search_body("refuse")) sl_send_reply("400", "Bad Request"); else sl_send_reply("200", "OK");
      exit;
    }
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    sl_send_reply("404", "Not Found"); exit;
  }
  $du = "sip:127.0.0.1:${edge.port};transport=${edge.transport}";
  t_relay();
}
`;
}
