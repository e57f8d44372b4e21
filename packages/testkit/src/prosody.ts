import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startXmppServer, type XmppServer, type XmppServerOptions } from "./xmpp-server.ts";

export interface ProsodyOptions extends XmppServerOptions {
  /** Further modules to load. */
  readonly modules?: readonly string[];
  /** Further lines of the global section of the configuration, Lua. */
  readonly extraConfig?: string;
  /** Default /usr/bin/prosody. Note that this program knows no `--version`: it would start. */
  readonly program?: string;
}

export type Prosody = XmppServer;

/** Starts a real Prosody on loopback with a directory of its own; resolves when its ports accept connections. */
export function startProsody(options: ProsodyOptions): Promise<Prosody> {
  const program = options.program ?? "/usr/bin/prosody";
  return startXmppServer(
    {
      name: "prosody",
      logFile: "prosody.log",
      portTaken: /Failed to open server port/,
      write(dir, ports) {
        mkdirSync(join(dir, "data"));
        writeAccounts(options, dir);
        writeFileSync(join(dir, "prosody.cfg.lua"), configuration(options, dir, ports));
        return { program, args: ["-F", "--config", join(dir, "prosody.cfg.lua")] };
      },
    },
    options,
  );
}

/** Prosody's file name encoding: everything but letters, digits and the underscore as %xx. */
function dataName(name: string): string {
  return Array.from(new TextEncoder().encode(name), (byte) => {
    const char = String.fromCharCode(byte);
    return /[0-9A-Za-z]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function lua(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

function luaList(items: readonly string[]): string {
  return `{ ${items.map(lua).join(", ")} }`;
}

function configuration(options: ProsodyOptions, dir: string, ports: readonly [number, number]): string {
  const modules = ["roster", "saslauth", "disco", "ping", "presence", "message", "iq", "private"];
  if (options.offline === true) modules.push("offline");
  if (options.blocking === true) modules.push("blocklist");
  const off = ["s2s", "tls", "admin_shell", "http"];
  if (options.offline !== true) off.push("offline");
  return `run_as_root = true
pidfile = ${lua(join(dir, "prosody.pid"))}
data_path = ${lua(join(dir, "data"))}
certificates = ${lua(dir)}
interfaces = { "127.0.0.1" }
c2s_ports = { ${ports[0]} }
c2s_direct_tls_ports = {}
component_ports = { ${ports[1]} }
component_interfaces = { "127.0.0.1" }
modules_enabled = ${luaList([...modules, ...(options.modules ?? [])])}
modules_disabled = ${luaList(off)}
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
log = { { levels = { min = "debug" }, to = "file", filename = ${lua(join(dir, "prosody.log"))} } }
${options.extraConfig ?? ""}
${options.domains.map((domain) => `VirtualHost ${lua(domain)}`).join("\n")}
${options.components.map(({ domain, secret }) => `Component ${lua(domain)}\n  component_secret = ${lua(secret)}`).join("\n")}
`;
}

function writeAccounts(options: ProsodyOptions, dir: string): void {
  for (const { jid, password } of options.users) {
    const [local, domain] = jid.split("@") as [string, string];
    const accounts = join(dir, "data", dataName(domain), "accounts");
    mkdirSync(accounts, { recursive: true });
    writeFileSync(join(accounts, `${dataName(local)}.dat`), `return { ["password"] = ${lua(password)}; };\n`);
  }
}
