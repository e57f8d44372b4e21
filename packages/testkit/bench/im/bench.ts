/** The subjects, the two ends, and one measured run. */
import { join } from "node:path";
import { createAuthority } from "../../src/pki.ts";
import { cpuSeconds, memoryMiB, processTree } from "../../src/process-figures.ts";
import { type Prosody, startProsody } from "../../src/prosody.ts";
import { Child } from "../edge/child.ts";
import { PARTNER_NAME, SECRET } from "../ends/tombolo.ts";
import { jidOf, XMPP_DOMAIN } from "../ends/xmpp-end.ts";
import { type ImFigures, type ImOrder, type ImReport, type ImRun, PAIRS } from "./protocol.ts";
import { DOMAINS, type Kind, type Subject, type Surroundings, startSubject } from "./subjects.ts";

const PASSWORD = "wonderland";
/** A subject that fell is started again so often in one run; the run that it spoiled does not count. */
const RESTARTS = 2;
/** Share of failed messages above which a run says nothing. */
const MAX_FAILED = 0.02;

export interface Case {
  readonly kind: Kind;
  readonly direction: ImRun["direction"];
  readonly mode: ImRun["mode"];
}

export interface Trial extends ImFigures {
  /** CPU of the subject's processes for 10,000 messages, s. */
  readonly cpu: number;
  /** The same of the real XMPP server, where there is one. */
  readonly server: number;
  readonly perSecond: number;
  /** Proportional memory of the subject right after the run, MiB. */
  readonly pss: number;
}

export interface BenchOptions {
  readonly kinds: readonly Kind[];
  /** A real Prosody behind the subjects; else a server that costs next to nothing. */
  readonly isReal: boolean;
  readonly otherRoot?: string | undefined;
  readonly profileDir?: string | undefined;
}

export class Bench {
  readonly falls = new Map<Kind, number>();
  readonly #options: BenchOptions;
  readonly #ends = new Child(join(import.meta.dirname, "ends.ts"));
  readonly #subjects = new Map<Kind, Subject>();
  #around: Surroundings | undefined;
  #prosody: Prosody | undefined;

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const authority = createAuthority({ name: "bench" });
    const { cert: ca } = authority;
    const partner = authority.issue({ commonName: PARTNER_NAME, dns: [PARTNER_NAME] });
    const own = authority.issue({ commonName: "sip.example.com", dns: ["sip.example.com"] });
    const opened = await this.#ask({ kind: "open", identity: { credentials: partner, ca } });
    if (opened.kind !== "open") throw new Error("the ends did not open");
    if (this.#options.isReal) await this.#startServer();
    const component = this.#prosody?.componentPort ?? opened.component;
    const { profileDir, otherRoot } = this.#options;
    this.#around = { own: { credentials: own, ca }, sip: opened.sip, component, profileDir, otherRoot };
    for (const kind of this.#options.kinds) this.#subjects.set(kind, await startSubject(kind, this.#around));
    if (this.#prosody) await this.#ask({ kind: "log-on", port: this.#prosody.c2sPort, password: PASSWORD });
  }

  /** Makes one run, again where the subject falls or fails too much of it. */
  async try(one: Case, count: number, rate?: number): Promise<Trial> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#tryOnce(one, count, rate);
      } catch (error) {
        this.falls.set(one.kind, (this.falls.get(one.kind) ?? 0) + 1);
        console.log(`  (does not count: ${(error as Error).message})`);
        if (attempt === RESTARTS) throw error;
        await this.#subjects.get(one.kind)?.stop();
        this.#subjects.set(one.kind, await startSubject(one.kind, this.#around!));
      }
    }
  }

  memory(kind: Kind): number {
    return memoryMiB(processTree(this.#subjects.get(kind)!.pid)).pss;
  }

  async stop(): Promise<void> {
    for (const subject of this.#subjects.values()) await subject.stop();
    await this.#prosody?.stop();
    await this.#ends.stop();
  }

  async #tryOnce({ kind, direction, mode }: Case, count: number, rate?: number): Promise<Trial> {
    const subject = this.#subjects.get(kind)!;
    const { port, transport } = subject;
    if (direction !== "echo") await this.#ask({ kind: "connect", transport, port });
    const tree = processTree(subject.pid);
    const before = cpuSeconds(tree);
    const serverTree = this.#prosody?.pid === undefined ? [] : [this.#prosody.pid];
    const serverBefore = cpuSeconds(serverTree);
    const domain = DOMAINS[kind][mode];
    const figures = await this.#ask({ kind: "run", direction, mode, domain, count, rate });
    if (figures.kind !== "figures") throw new Error("no figures");
    const used = cpuSeconds(tree) - before;
    const server = cpuSeconds(serverTree) - serverBefore;
    const { messages, failures, seconds } = figures;
    if (!subject.isRunning)
      throw new Error(`${kind} ${direction} ended by itself: ${subject.output().slice(-300)}`);
    if (messages === 0 || failures > messages * MAX_FAILED)
      throw new Error(`${kind}: ${failures} of ${count} messages failed, e.g. ${figures.example}`);
    const { pss } = memoryMiB(tree);
    const per10k = (value: number) => (value / messages) * 10_000;
    return {
      ...figures,
      cpu: per10k(used),
      server: per10k(server),
      ends: per10k(figures.ends),
      perSecond: messages / seconds,
      pss,
    };
  }

  async #ask(order: ImOrder): Promise<ImReport> {
    const report = await this.#ends.ask<ImReport>(order);
    if (report.kind === "failed") throw new Error(report.why);
    return report;
  }

  async #startServer(): Promise<void> {
    const kinds = this.#options.kinds;
    const domains = kinds.flatMap((kind) => Object.values(DOMAINS[kind])).filter((domain) => domain !== "");
    this.#prosody = await startProsody({
      domains: [XMPP_DOMAIN],
      users: Array.from({ length: PAIRS }, (_, at) => ({ jid: jidOf(at), password: PASSWORD })),
      components: domains.map((domain) => ({ domain, secret: SECRET })),
      extraConfig: `log = { { levels = { min = "warn" }, to = "file", filename = "prosody.log" } }`,
    });
  }
}
