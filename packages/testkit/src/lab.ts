import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type AccessEdge, startAccessEdge } from "./access-edge/access-edge.ts";
import { freePorts } from "./free-ports.ts";
import { type Authority, createAuthority, writePki } from "./pki.ts";
import { type Prosody, startProsody } from "./prosody.ts";
import { XmppClient } from "./xmpp-client.ts";

/** How long Tombolo may take to say that it is ready, ms. */
const READY_MS = 20_000;
const STOP_MS = 12_000;

export const XMPP_DOMAIN = "example.com";
export const SIP_DOMAIN = "contoso.example";
export const ALICE = `alice@${XMPP_DOMAIN}`;
export const BOB = `bob@${SIP_DOMAIN}`;

/** A whole federation on loopback: a real Prosody, a real Tombolo, a simulated Access Edge. */
export interface Lab {
  readonly edge: AccessEdge;
  readonly alice: XmppClient;
  readonly prosody: Prosody;
  /** The root that both sides trust. */
  readonly authority: Authority;
  /** Tombolo's SIP port. */
  readonly sipPort: number;
  /** Directory with the configuration, certificates and log. */
  readonly dir: string;
  readonly adminUrl: string;
  readonly tombolo: ChildProcess;
  stop(): Promise<void>;
}

/** Starts all parts, each when the one before it is up. `dir` is emptied first. */
export async function startLab(options: {
  dir: string;
  root: string;
  say: (text: string) => void;
}): Promise<Lab> {
  const { dir, say } = options;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const secret = `secret-${Math.random().toString(36).slice(2)}`;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one().catch(() => {});
  };
  try {
    const authority = createAuthority({ name: "Quickstart private CA" });
    const notAfter = new Date(Date.now() + 365 * 86_400_000);
    const ours = authority.issue({ commonName: `sip.${XMPP_DOMAIN}`, dns: [`sip.${XMPP_DOMAIN}`], notAfter });
    const theirs = authority.issue({ commonName: `sip.${SIP_DOMAIN}`, dns: [`sip.${SIP_DOMAIN}`] });
    writePki(join(dir, "pki"), authority, { edge: ours, partner: theirs });
    say("a private CA, a certificate for our edge and one for the partner's");

    const prosody = await startProsody({
      domains: [XMPP_DOMAIN],
      users: [{ jid: ALICE, password: "wonderland" }],
      components: [{ domain: SIP_DOMAIN, secret }],
    });
    stops.push(() => prosody.stop());
    say(
      `Prosody with ${ALICE} (pid ${prosody.pid}, c2s port ${prosody.c2sPort}, component port ${prosody.componentPort})`,
    );

    const [sipPort, adminPort] = (await freePorts(2)) as [number, number];
    const edge = await startAccessEdge({
      domain: SIP_DOMAIN,
      credentials: theirs,
      ca: authority.cert,
      partner: { port: sipPort, servername: `sip.${XMPP_DOMAIN}` },
    });
    stops.push(() => edge.stop());
    say(`a simulated Access Edge for ${SIP_DOMAIN} with ${BOB} (port ${edge.port})`);

    const config = join(dir, "tombolo.yaml");
    writeFileSync(config, configuration({ sipPort, adminPort, partnerPort: edge.port, prosody, secret }));
    const tombolo = await startTombolo(options.root, config, join(dir, "tombolo.log"), (one) =>
      stops.push(one),
    );
    say(`Tombolo, edge and gateway in one process (pid ${tombolo.pid}, SIP port ${sipPort})`);

    const alice = await XmppClient.login({ jid: ALICE, password: "wonderland", port: prosody.c2sPort });
    stops.push(() => alice.stop());
    const adminUrl = `http://127.0.0.1:${adminPort}`;
    return { edge, alice, prosody, authority, sipPort, dir, adminUrl, tombolo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configuration(values: {
  sipPort: number;
  adminPort: number;
  partnerPort: number;
  prosody: Prosody;
  secret: string;
}): string {
  const { sipPort, adminPort, partnerPort, prosody, secret } = values;
  return `# Written by scripts/quickstart: a federation on loopback.
node: quickstart
edge:
  outside:
    listen: 127.0.0.1:${sipPort}
    advertise: sip.${XMPP_DOMAIN}:${sipPort}
    cert: pki/edge.crt
    key: pki/edge.key
    ca: pki/ca.crt
gateway:
  domains: [${XMPP_DOMAIN}]
  xmpp:
    server: xmpp://127.0.0.1:${prosody.componentPort}
    secret: ${secret}
partners:
  - domain: ${SIP_DOMAIN}
    profile: lync
    route: tls://127.0.0.1:${partnerPort}
    names: [sip.${SIP_DOMAIN}]
admin: { listen: "127.0.0.1:${adminPort}" }
store: { kind: sqlite, path: tombolo.db }
log: { level: info }
`;
}

/** Starts `tombolo run` as a user would and waits for its `ready` line. Its log goes to a file. */
async function startTombolo(
  root: string,
  config: string,
  logFile: string,
  onStop: (stop: () => Promise<void>) => void,
): Promise<ChildProcess> {
  const child = spawn(join(root, "scripts/tombolo"), ["run", "-c", config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onStop(() => endProcess(child));
  const lines: string[] = [];
  const keep = (line: string) => {
    lines.push(line);
    writeFileSync(logFile, `${line}\n`, { flag: "a" });
  };
  createInterface({ input: child.stderr! }).on("line", keep);
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`Tombolo was not ready after ${READY_MS / 1000} s`)),
      READY_MS,
    );
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`Tombolo ended with ${code}:\n${lines.slice(-5).join("\n")}`)),
    );
    createInterface({ input: child.stdout! }).on("line", (line) => {
      keep(line);
      if (!line.includes('"event":"ready"')) return;
      clearTimeout(late);
      resolve();
    });
  });
  child.removeAllListeners("exit");
  return child;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(late);
}
