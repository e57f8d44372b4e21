/** The subjects, the two ends, and one measured run. */
import { join } from "node:path";
import { type KamailioPresence, startKamailioPresence } from "../../src/kamailio.ts";
import { createAuthority } from "../../src/pki.ts";
import { cpuSeconds, memoryMiB, processTree } from "../../src/process-figures.ts";
import type { RealProcess } from "../../src/real-process.ts";
import { Child } from "../edge/child.ts";
import type { Identity, Transport } from "../ends/sip-end.ts";
import { PARTNER_NAME, startTombolo, type TomboloOptions } from "../ends/tombolo.ts";
import { AUDIENCE, type Watchers, type WatchFigures, type WatchOrder, type WatchReport } from "./protocol.ts";

/** Share of failed dialogs or changes above which a run says nothing. */
const MAX_FAILED = 0.02;
/** The presence server's domain. */
const SERVER = "kamailio.example";
/** A finished transaction stays for 5 s at 10 KiB. */
const SERVER_MEMORY_MIB = 1024;
/** Changes before the first that count. */
const WARM_UP = 20_000;

export interface Trial extends WatchFigures {
  /** CPU of the subject's processes for 10,000, s. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Growth of proportional memory, KiB for each that was done. */
  readonly kibEach: number;
}

export interface BenchOptions {
  /** File of Tombolo's store. */
  readonly store: string;
  /** Another checkout to measure instead. */
  readonly root?: string | undefined;
  readonly profileDir?: string | undefined;
}

export class Bench {
  readonly #options: BenchOptions;
  readonly #ends = new Child(join(import.meta.dirname, "ends.ts"), ["--max-old-space-size=4096"]);
  /** Dialogs that are open, by kind and domain. */
  readonly #open = new Map<string, number>();
  #tombolo: (RealProcess & { readonly port: number }) | undefined;
  #server: KamailioPresence | undefined;
  #tomboloOptions: TomboloOptions | undefined;
  /** Where the SIP end's connections lead. */
  #connected: RealProcess | undefined;

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const authority = createAuthority({ name: "bench" });
    const { cert: ca } = authority;
    const names = { commonName: PARTNER_NAME, dns: [PARTNER_NAME] };
    const partner: Identity = { credentials: authority.issue(names), ca };
    const opened = await this.#ask({ kind: "open", identity: partner });
    if (opened.kind !== "open") throw new Error("the ends did not open");
    const credentials = authority.issue({ commonName: "sip.example.com", dns: ["sip.example.com"] });
    const domains = ["watched.example", "watching.example", "storm.example", "warm.example"];
    this.#tomboloOptions = {
      ...this.#options,
      own: { credentials, ca },
      sip: opened.sip.tls,
      component: opened.component,
      partners: domains.map((domain) => ({ domain, profile: "lync" })),
    };
    this.#tombolo = await startTombolo(this.#tomboloOptions);
    this.#server = await startKamailioPresence({
      domain: SERVER,
      edge: { port: opened.sip.tls, transport: "tls" },
      tls: { credentials, ca },
      memoryMiB: SERVER_MEMORY_MIB,
    });
  }

  /** The compilers are done after it. The presence server's dialogs are open as well. */
  async warmUp(): Promise<void> {
    await this.open("xmpp", "warm.example", 500, 64);
    await this.change("xmpp", "warm.example", WARM_UP, 64);
    await this.#connect(this.#server!, "tls", this.#server!.tlsPort);
    const dialogs = 100 * AUDIENCE;
    await this.#run(this.#server!, {
      kind: "watch",
      watchers: "server",
      domain: SERVER,
      first: 0,
      count: dialogs,
      window: 64,
    });
    await this.publish(dialogs);
  }

  /** Opens dialogs until there are `size` of that kind. */
  async open(watchers: Watchers, domain: string, size: number, window: number): Promise<Trial> {
    const key = `${watchers} ${domain}`;
    const first = this.#open.get(key) ?? 0;
    this.#open.set(key, size);
    await this.#connect(this.#tombolo!, "tls", this.#tombolo!.port);
    return this.#run(this.#tombolo!, { kind: "watch", watchers, domain, first, count: size - first, window });
  }

  async change(watchers: Watchers, domain: string, count: number, window: number): Promise<Trial> {
    await this.#connect(this.#tombolo!, "tls", this.#tombolo!.port);
    return this.#run(this.#tombolo!, { kind: "change", watchers, domain, first: 0, count, window });
  }

  /** Changes of state at the presence server, until so many watchers were told. */
  async publish(count: number): Promise<Trial> {
    await this.#connect(this.#server!, "tls", this.#server!.tlsPort);
    return this.#run(this.#server!, {
      kind: "change",
      watchers: "server",
      domain: SERVER,
      first: 0,
      count,
      window: 1,
    });
  }

  async killAndRestart() {
    const all = [...this.#open].reduce((sum, [, size]) => sum + size, 0);
    const before = memoryMiB(processTree(this.#tombolo!.pid)).pss;
    process.kill(this.#tombolo!.pid, "SIGKILL");
    await this.#tombolo!.ended;
    const asking = this.#ask({ kind: "await-questions", count: all });
    const started = performance.now();
    this.#tombolo = await startTombolo(this.#tomboloOptions!);
    const up = (performance.now() - started) / 1000;
    const figures = await asking;
    if (figures.kind !== "figures") throw new Error("no figures");
    return { all, before, up, asked: figures.done, seconds: figures.seconds };
  }

  async stop(): Promise<void> {
    await this.#tombolo?.stop();
    await this.#server?.stop();
    await this.#ends.stop();
  }

  async #connect(subject: RealProcess, transport: Transport, port: number): Promise<void> {
    if (this.#connected === subject) return;
    this.#connected = subject;
    await this.#ask({ kind: "connect", transport, port });
  }

  async #run(subject: RealProcess, order: WatchOrder): Promise<Trial> {
    const tree = processTree(subject.pid);
    const before = cpuSeconds(tree);
    const { pss } = memoryMiB(tree);
    const figures = await this.#ask(order);
    if (figures.kind !== "figures") throw new Error("no figures");
    const used = cpuSeconds(tree) - before;
    const { done, failures, seconds, example } = figures;
    if (!subject.isRunning) throw new Error(`it ended by itself: ${subject.output().slice(-500)}`);
    if (done === 0 || failures > done * MAX_FAILED)
      throw new Error(`${JSON.stringify(order)}: ${failures} failed, e.g. ${example}`);
    return {
      ...figures,
      cpu: (used / done) * 10_000,
      perSecond: done / seconds,
      kibEach: ((memoryMiB(tree).pss - pss) * 1024) / done,
    };
  }

  async #ask(order: WatchOrder): Promise<WatchReport> {
    const report = await this.#ends.ask<WatchReport>(order);
    if (report.kind === "failed") throw new Error(report.why);
    return report;
  }
}
