/** The program as its administrator meets it: real processes, their output and their exit codes. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createInstall, type Install } from "../../test/install.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;
const NODE = ["--disable-warning=ExperimentalWarning", MAIN];

let install: Install;
let child: ChildProcess | undefined;
beforeAll(() => {
  install = createInstall();
});
afterEach(() => {
  child?.kill("SIGKILL");
  child = undefined;
});
afterAll(() => install.remove());

function tombolo(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...NODE, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** A configuration that opens nothing but ports of the system's choice. */
function quietConfig(...edits: readonly (readonly [string, string])[]): string {
  return install.config(["listen: 127.0.0.1:5061", "listen: 127.0.0.1:0"], ...edits);
}

type Line = Record<string, unknown> & { event: string };

/** The log of a running program, line by line. */
function start(file: string) {
  const process_ = spawn(process.execPath, [...NODE, "run", "-c", file], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child = process_;
  const seen: Line[] = [];
  let wake = () => {};
  createInterface({ input: process_.stdout! }).on("line", (line) => {
    seen.push(JSON.parse(line) as Line);
    wake();
  });
  let stderr = "";
  process_.stderr!.on("data", (part) => {
    stderr += String(part);
  });
  const ended = once(process_, "close").then(([code]) => code as number);
  let taken = 0;
  /** The next line of one of these events. */
  const until = async (...events: string[]): Promise<Line> => {
    for (;;) {
      while (taken < seen.length) {
        const line = seen[taken++]!;
        if (events.includes(line.event)) return line;
      }
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        void ended.then((code) => reject(new Error(`ended with ${code}: ${stderr}${JSON.stringify(seen)}`)));
      });
    }
  };
  return { process: process_, until, ended, seen, stderr: () => stderr };
}

test("a look-up is one line on stdout, nothing on stderr", () => {
  expect(tombolo("map", "lync", "Available", "--to", "cupc-8", "--json")).toEqual({
    status: 0,
    stdout: '{"table":"1-5","state":"Available"}\n',
    stderr: "",
  });
});

test("check says fine on stdout with 0, findings on stderr with 1", () => {
  const file = quietConfig();
  expect(tombolo("check", "-c", file)).toEqual({ status: 0, stdout: `${file}: fine\n`, stderr: "" });
  quietConfig(["profile: lync", "profil: lync"], ["partner.example", "contoso.example"]);
  const { status, stdout, stderr } = tombolo("check", "-c", file);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  const [first, second, rest] = stderr.split("\n");
  expect(first).toMatch(
    /tombolo\.yaml:16: error: unknown key 'profil' in partners\[0\]; did you mean 'profile'\?/,
  );
  expect(second).toMatch(/tombolo\.yaml:19: error: the domain contoso\.example is given twice/);
  expect(rest).toBe("");
});

test("check --online names what does not answer, at its line", async () => {
  // A port that was free a moment ago refuses connections.
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  const file = quietConfig(["127.0.0.1:15061", `127.0.0.1:${port}`], ["127.0.0.1:5347", `127.0.0.1:${port}`]);
  const { status, stdout, stderr } = tombolo("check", "-c", file, "--online");
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(
    /yaml:17: error: nothing listens for contoso\.example at 127\.0\.0\.1:\d+; correct the route/,
  );
  expect(stderr).toMatch(
    /yaml:15: error: the XMPP link of contoso\.example .*ECONNREFUSED.*; start the XMPP server/,
  );
});

test("run refuses a configuration with errors before anything starts", () => {
  install.certificate("server-only", { extendedKeyUsage: ["serverAuth"] });
  const file = quietConfig(["pki/edge.crt", "pki/server-only.crt"]);
  const { status, stdout, stderr } = tombolo("run", "-c", file);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(
    /^[^\n]+tombolo\.yaml:6: error: .*lacks the extended key usage clientAuth; [^\n]+\n$/,
  );
});

test("run says in one sentence which port it cannot have", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  const running = start(quietConfig(['{ listen: "127.0.0.1:0" }', `{ listen: "127.0.0.1:${port}" }`]));
  expect(await running.ended).toBe(1);
  expect(running.stderr()).toBe(
    `tombolo: cannot listen on 127.0.0.1:${port} (admin.listen): another program uses this port; stop it or choose another port\n`,
  );
  other.close();
});

test("run is ready, answers, keeps the old configuration when the new one is bad, and drains on SIGTERM", async () => {
  const file = quietConfig();
  const running = start(file);
  const { port } = (await running.until("listening")) as unknown as { port: number };
  await running.until("ready");
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(page).toMatch(/tombolo_certificate_expiry_timestamp_seconds\{name="outside"\} \d+/);

  quietConfig(["profile: lync", "profile: lynk"]);
  running.process.kill("SIGHUP");
  expect(await running.until("config-error")).toMatchObject({ line: 16, path: "partners[0].profile" });
  await running.until("reload-refused");
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);

  quietConfig(["partner.example", "fabrikam.example"]);
  running.process.kill("SIGHUP");
  await running.until("reloaded");

  running.process.kill("SIGTERM");
  expect(await running.ended).toBe(0);
  expect(running.seen.at(-1)).toMatchObject({ event: "stopped" });
  expect(running.stderr()).toBe("");
  expect(running.seen.every((line) => typeof line.event === "string")).toBe(true);
});
