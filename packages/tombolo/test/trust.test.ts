/** The running program and whom it trusts: names from DNS, old versions of TLS, a revocation list that comes later. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { createRevocationList, NameServer } from "@tombolo/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createInstall, type Install } from "./install.ts";

const MAIN = new URL("../src/main.ts", import.meta.url).pathname;
const NODE = ["--disable-warning=ExperimentalWarning", MAIN];
const OLD = { minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;

type Line = Readonly<Record<string, unknown>>;

let install: Install;
let dns: NameServer;
let child: ChildProcess | undefined;
const sockets: TLSSocket[] = [];
beforeEach(async () => {
  install = createInstall();
  dns = await NameServer.start();
});
afterEach(() => {
  child?.kill("SIGKILL");
  dns.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  install.remove();
});

function configure(outside = ""): string {
  return install.config(
    ["listen: 127.0.0.1:5061", "listen: 127.0.0.1:0"],
    [
      "    ca: pki/ca.crt\n",
      `    ca: pki/ca.crt\n${outside}  legacy: { listen: "127.0.0.1:0", partners: [contoso.example] }\n  dns: ["${dns.address}"]\n`,
    ],
    ["    route: tls://127.0.0.1:15061\n    names: [sip.contoso.example]\n", ""],
  );
}

/** The log of the program: `until` gives the first line, from the start, that has all these values. */
function run(file: string) {
  const running = spawn(process.execPath, [...NODE, "run", "-c", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = running;
  const seen: Line[] = [];
  let wake = () => {};
  createInterface({ input: running.stdout }).on("line", (line) => {
    seen.push(JSON.parse(line) as Line);
    wake();
  });
  const until = async (wanted: Line): Promise<Line> => {
    for (;;) {
      const hit = seen.find((line) => Object.entries(wanted).every(([key, value]) => line[key] === value));
      if (hit) return hit;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { until, reload: () => running.kill("SIGHUP") };
}

async function dial(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({
    host: "127.0.0.1",
    servername: "sip.example.com",
    ca: install.authority.cert,
    ...options,
  });
  sockets.push(socket);
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "secureConnect");
  return socket;
}

test("a certificate named by DNS is good on both listeners until it is revoked", async () => {
  dns.set("_sipfederationtls._tcp.contoso.example", [
    { type: "SRV", port: 5061, target: "sip.contoso.example" },
  ]);
  const contoso = install.authority.issue({ commonName: "c", dns: ["sip.contoso.example"] });
  const { until, reload } = run(configure());
  const outside = (await until({ event: "listening", what: "outside" })).port as number;
  const legacy = (await until({ event: "legacy-tls-listening" })).port as number;
  const admin = (await until({ event: "listening", what: "admin" })).port as number;
  const page = async () => (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();

  const modern = await dial({ ...contoso, port: outside });
  await until({ event: "connection-opened", partner: "contoso.example", protocol: "TLSv1.3" });
  const old = await dial({ ...contoso, ...OLD, port: legacy });
  const warning = await until({ event: "legacy-tls", partner: "contoso.example", protocol: "TLSv1" });
  expect(warning.cure).toMatch(/TLS 1\.2/);
  expect(await page()).toContain('tombolo_legacy_tls_connections{partner="contoso.example"} 1');

  install.write("pki/revoked.crl", createRevocationList(install.authority, [contoso.cert]));
  configure("    crl: pki/revoked.crl\n");
  const ended = Promise.all([once(modern, "close"), once(old, "close")]);
  reload();
  await until({ event: "reloaded" });
  await ended;
  await until({ event: "connection-closed", why: "closed-here revoked", protocol: "TLSv1.3" });
  await until({ event: "connection-closed", why: "closed-here revoked", protocol: "TLSv1" });
  const metrics = await page();
  expect(metrics).toContain('tombolo_legacy_tls_connections{partner="contoso.example"} 0');
  expect(metrics).toMatch(
    /connections_closed_total\{side="outside",partner="contoso\.example",reason="revoked"\} 2/,
  );
  await dial({ ...contoso, port: outside });
  expect((await until({ event: "tls-refused", reason: "revoked" })).cure).toMatch(/revocation list/);
});
