import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startXmppServer, type XmppServer, type XmppServerOptions } from "./xmpp-server.ts";

/** Where Debian keeps ejabberd as an Erlang application. */
const LIBRARIES = "/usr/lib/x86_64-linux-gnu";
/** In the log once it has started and the users are there. */
const READY = "testkit: users made";

/**
 * Starts a real ejabberd on loopback. Through `erl` and not `ejabberdctl`, which insists on a user of its own: without
 * a node name there is no distribution, so neither epmd nor a cookie nor a port besides those of `options`.
 */
export function startEjabberd(options: XmppServerOptions): Promise<XmppServer> {
  return startXmppServer(
    {
      name: "ejabberd",
      logFile: "ejabberd.log",
      portTaken: /eaddrinuse/,
      ready: new RegExp(READY),
      write(dir, ports) {
        mkdirSync(join(dir, "data"));
        writeFileSync(join(dir, "ejabberd.yml"), configuration(options, ports));
        return {
          program: "erl",
          args: [
            ...["-noinput", "+S", "1:1", "-mnesia", "dir", `"${join(dir, "data")}"`],
            ...["-eval", start(options)],
          ],
          env: {
            HOME: dir,
            ERL_LIBS: LIBRARIES,
            ERL_CRASH_DUMP: "/dev/null",
            EJABBERD_CONFIG_PATH: join(dir, "ejabberd.yml"),
            EJABBERD_LOG_PATH: join(dir, "ejabberd.log"),
          },
        };
      },
    },
    options,
  );
}

/** Erlang: starts it, makes the users that are not there yet, says so. */
function start({ users }: XmppServerOptions): string {
  const calls = users.map(({ jid, password }) => {
    const [local, domain] = jid.split("@") as [string, string];
    return `ejabberd_auth:try_register(${[local, domain, password].map(binary).join(", ")}),`;
  });
  return `{ok, _} = ejabberd:start(), ${calls.join(" ")} logger:notice("${READY}").`;
}

function binary(text: string): string {
  return `<<${new TextEncoder().encode(text).join(",")}>>`;
}

/** JSON is YAML. */
function configuration(options: XmppServerOptions, [c2s, components]: readonly [number, number]): string {
  const services = options.components.map(({ domain, secret }) => [domain, { password: secret }] as const);
  const listen: object[] = [{ port: c2s, ip: "127.0.0.1", module: "ejabberd_c2s" }];
  if (services.length > 0) {
    const hosts = Object.fromEntries(services);
    listen.push({ port: components, ip: "127.0.0.1", module: "ejabberd_service", access: "all", hosts });
  }
  const modules = {
    mod_disco: {},
    mod_ping: {},
    mod_roster: {},
    ...(options.offline === true ? { mod_offline: {} } : {}),
    ...(options.blocking === true ? { mod_privacy: {}, mod_blocking: {} } : {}),
  };
  return JSON.stringify({
    hosts: options.domains,
    loglevel: "debug",
    listen,
    auth_method: ["internal"],
    s2s_access: "none",
    modules,
  });
}
