import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commonConfiguration, kamailioCommand, tlsConfiguration } from "../../src/kamailio.ts";
import { writePki } from "../../src/pki.ts";
import { type RealProcess, startServer } from "../../src/real-process.ts";
import type { Identity, Transport } from "../ends/sip-end.ts";
import { XMPP_DOMAIN } from "../ends/xmpp-end.ts";

export interface KamailioGatewayOptions extends Identity {
  readonly transport: Transport;
  /** Where its MESSAGEs go. */
  readonly sip: number;
  readonly component: { readonly port: number; readonly domain: string; readonly secret: string };
  /** The certificate name that may speak for the domain, where the transport is TLS. */
  readonly name: string;
}

/**
 * Kamailio's `xmpp` module as component of an XMPP server: single messages only, 202 before the XMPP server has them,
 * and nobody asks what became of those to SIP. Tuned: tlsf allocator, two TCP readers, no logging.
 */
export async function startKamailioGateway(
  options: KamailioGatewayOptions,
): Promise<RealProcess & { readonly port: number }> {
  const { process, ports } = await startServer("kamailio", 1, (dir, [port]) => {
    writePki(dir, { cert: options.ca }, { own: options.credentials });
    writeFileSync(join(dir, "tls.cfg"), tlsConfiguration(dir));
    writeFileSync(join(dir, "kamailio.cfg"), configuration(options, dir, port!));
    const shim = join(dir, "expat-shim.so");
    execFileSync("gcc", ["-shared", "-fPIC", "-O2", "-o", shim, join(import.meta.dirname, "expat-shim.c")]);
    return { ...kamailioCommand(dir, [port!], 1024), env: { LD_PRELOAD: shim } };
  });
  return Object.assign(process, { port: ports[0]! });
}

function configuration(options: KamailioGatewayOptions, dir: string, port: number): string {
  const { transport, sip, component, name } = options;
  const { domain, secret } = component;
  const isTls = transport === "tls";
  const trust = isTls
    ? `  if ($fd != "${domain}" || $tls_peer_san_hostname != "${name}") { sl_send_reply("403", "Forbidden"); exit; }`
    : "";
  return `${commonConfiguration(dir)}
${isTls ? `enable_tls=yes\nloadmodule "tls.so"\nmodparam("tls", "config", "${dir}/tls.cfg")` : ""}
listen=${transport}:127.0.0.1:${port}
alias="${XMPP_DOMAIN}"
loadmodule "xmpp.so"
modparam("xmpp", "backend", "component")
modparam("xmpp", "xmpp_host", "127.0.0.1")
modparam("xmpp", "xmpp_port", ${component.port})
modparam("xmpp", "xmpp_domain", "${domain}")
modparam("xmpp", "gateway_domain", "${XMPP_DOMAIN}")
modparam("xmpp", "xmpp_password", "${secret}")
modparam("xmpp", "gwmap", "${domain}=${domain};${XMPP_DOMAIN}=${XMPP_DOMAIN}")
modparam("xmpp", "outbound_proxy", "sip:127.0.0.1:${sip};transport=${transport}")
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
${trust}
  if (is_method("MESSAGE") && $rd == "${XMPP_DOMAIN}") {
    if (!t_newtran()) { sl_reply_error(); exit; }
    if (xmpp_send_message()) t_reply("202", "Accepted");
    else t_reply("404", "Not Found");
    exit;
  }
  sl_send_reply("404", "Not Found");
}
`;
}
