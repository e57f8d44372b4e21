import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type AccessEdge, startAccessEdge } from "../access-edge/access-edge.ts";
import { freePorts } from "../free-ports.ts";
import { PASSWORD, SIP_DOMAIN, startTombolo, XMPP_DOMAIN } from "../lab.ts";
import { createAuthority, writePki } from "../pki.ts";
import { startProsody } from "../prosody.ts";
import type { XmppServer } from "../xmpp-server.ts";
import { ComponentRelay } from "./component-relay.ts";

const SECRET = "fault-run";

export interface FaultLabOptions {
  /** Made; holds certificates, configuration, store and log. */
  readonly dir: string;
  /** The checkout. */
  readonly root: string;
  /** XMPP users, bare JIDs. */
  readonly users: readonly string[];
}

/** Real Prosody with archives, real Tombolo, a simulated Access Edge; and what makes each of them fail. */
export class FaultLab {
  readonly prosody: XmppServer;
  readonly relay: ComponentRelay;
  readonly edge: AccessEdge;
  readonly adminUrl: string;
  /** When Tombolo was killed and when it was ready again, ms of `performance.now`. */
  readonly tomboloGaps: { readonly from: number; until: number }[] = [];
  /** The same of Prosody. */
  readonly prosodyGaps: { readonly from: number; until: number }[] = [];
  readonly #options: FaultLabOptions;
  readonly #stops: (() => Promise<void>)[];
  #tombolo: ChildProcess;

  private constructor(parts: {
    prosody: XmppServer;
    relay: ComponentRelay;
    edge: AccessEdge;
    adminPort: number;
    tombolo: ChildProcess;
    options: FaultLabOptions;
    stops: (() => Promise<void>)[];
  }) {
    this.prosody = parts.prosody;
    this.relay = parts.relay;
    this.edge = parts.edge;
    this.adminUrl = `http://127.0.0.1:${parts.adminPort}`;
    this.#options = parts.options;
    this.#stops = parts.stops;
    this.#tombolo = parts.tombolo;
  }

  static async start(options: FaultLabOptions): Promise<FaultLab> {
    const { dir, users } = options;
    mkdirSync(dir, { recursive: true });
    const stops: (() => Promise<void>)[] = [];
    try {
      const authority = createAuthority({ name: "Fault run private CA" });
      const ours = authority.issue({ commonName: `sip.${XMPP_DOMAIN}`, dns: [`sip.${XMPP_DOMAIN}`] });
      const theirs = authority.issue({ commonName: `sip.${SIP_DOMAIN}`, dns: [`sip.${SIP_DOMAIN}`] });
      writePki(join(dir, "pki"), authority, { edge: ours, partner: theirs });
      const prosody = await startProsody({
        domains: [XMPP_DOMAIN],
        users: users.map((jid) => ({ jid, password: PASSWORD })),
        components: [{ domain: SIP_DOMAIN, secret: SECRET }],
        modules: ["mam"],
        extraConfig: "default_archive_policy = true\nmax_archive_query_results = 500",
      });
      stops.push(() => prosody.stop());
      const relay = await ComponentRelay.start(prosody.componentPort);
      stops.push(() => relay.stop());
      const [sipPort, adminPort] = (await freePorts(2)) as [number, number];
      const edge = await startAccessEdge({
        domain: SIP_DOMAIN,
        credentials: theirs,
        ca: authority.cert,
        partner: { port: sipPort, servername: `sip.${XMPP_DOMAIN}` },
      });
      stops.push(() => edge.stop());
      writeFileSync(join(dir, "tombolo.yaml"), configuration(sipPort, adminPort, relay.port, edge.port));
      const tombolo = await run(options, (stop) => stops.push(stop));
      return new FaultLab({ prosody, relay, edge, adminPort, tombolo, options, stops });
    } catch (error) {
      for (const stop of stops.reverse()) await stop().catch(() => {});
      throw error;
    }
  }

  /** SIGKILL, and a new start after `pauseMs`; resolves when it is ready. */
  async killTombolo(pauseMs: number): Promise<void> {
    const gap = { from: performance.now(), until: Number.POSITIVE_INFINITY };
    this.tomboloGaps.push(gap);
    const ended = once(this.#tombolo, "exit");
    this.#tombolo.kill("SIGKILL");
    await ended;
    await pause(pauseMs);
    this.#tombolo = await run(this.#options, (stop) => this.#stops.push(stop));
    gap.until = performance.now();
  }

  /** SIGKILL, and a new start after `pauseMs`; resolves when its ports are open. */
  async killProsody(pauseMs: number): Promise<void> {
    const gap = { from: performance.now(), until: Number.POSITIVE_INFINITY };
    this.prosodyGaps.push(gap);
    await this.prosody.kill();
    await pause(pauseMs);
    await this.prosody.restart();
    gap.until = performance.now();
  }

  /** Every TLS connection between Tombolo and the partner breaks. */
  cutPartner(): Promise<void> {
    return this.edge.dropConnections();
  }

  /** What Tombolo has logged, in all its runs. */
  log(): string {
    return readFileSync(join(this.#options.dir, "tombolo.log"), "utf8");
  }

  get storePath(): string {
    return join(this.#options.dir, "tombolo.db");
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch(() => {});
  }
}

async function run(
  { root, dir }: FaultLabOptions,
  onStop: (stop: () => Promise<void>) => void,
): Promise<ChildProcess> {
  const { child } = await startTombolo(root, join(dir, "tombolo.yaml"), join(dir, "tombolo.log"), onStop);
  return child;
}

function configuration(sipPort: number, adminPort: number, componentPort: number, partnerPort: number) {
  return `node: faults
edge:
  outside:
    listen: 127.0.0.1:${sipPort}
    advertise: sip.${XMPP_DOMAIN}:${sipPort}
    cert: pki/edge.crt
    key: pki/edge.key
    ca: pki/ca.crt
gateway:
  domains: [${XMPP_DOMAIN}]
  xmpp: { server: "xmpp://127.0.0.1:${componentPort}", secret: ${SECRET} }
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

export const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
