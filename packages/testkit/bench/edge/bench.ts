/** What all parts of the measurement share: load, sink, certificates, and the subjects that are up. */
import { join } from "node:path";
import { type Authority, createAuthority } from "../../src/pki.ts";
import { Child } from "./child.ts";
import type { Caller, LoadRun } from "./load-protocol.ts";
import type { SinkPorts } from "./sink.ts";
import { type Kind, type Subject, type Surroundings, startSubject, type Transport } from "./subjects.ts";
import { connectLoad, type Trial, tryOnce } from "./trial.ts";

export interface Plan {
  readonly rounds: number;
  /** Transactions of one run. */
  readonly messages: number;
  readonly sessions: number;
  readonly pacedSeconds: number;
  readonly partners: readonly number[];
  readonly dialogs: readonly number[];
  readonly kinds: readonly Kind[];
  /** How the subjects speak to the sink. */
  readonly transports: readonly Transport[];
  readonly profileDir: string | undefined;
  /** Another checkout, whose edge is a subject as well. */
  readonly otherRoot: string | undefined;
}

/** Connections of the load, all of one partner. */
export const CONNECTIONS = 4;
/** A subject that fell is started again so often in one run; the run that it spoiled does not count. */
const RESTARTS = 2;

export class Bench {
  readonly plan: Plan;
  readonly load = new Child(join(import.meta.dirname, "load.ts"));
  readonly #sink = new Child(join(import.meta.dirname, "sink.ts"));
  readonly #authority: Authority = createAuthority({ name: "bench" });
  readonly #own = this.#authority.issue({ commonName: "sip.example.com", dns: ["sip.example.com"] });
  readonly #callers: Caller[] = [];
  #ports: SinkPorts | undefined;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  get ca(): string {
    return this.#authority.cert;
  }

  /** `count` partners with a certificate each. */
  callers(count: number): readonly Caller[] {
    while (this.#callers.length < count) {
      const at = this.#callers.length;
      const domain = at === 0 ? "contoso.example" : `partner${at}.example`;
      const name = `sip.${domain}`;
      this.#callers.push({ domain, credentials: this.#authority.issue({ commonName: name, dns: [name] }) });
    }
    return this.#callers.slice(0, count);
  }

  /** The four connections of contoso.example. */
  get fewLines(): readonly Caller[] {
    return Array.from({ length: CONNECTIONS }, () => this.callers(1)[0]!);
  }

  async start(kind: Kind, transport: Transport, partners = 1): Promise<Subject> {
    const own = this.#own;
    this.#ports ??= await this.#sink.ask<SinkPorts>({ ...own, ca: this.ca });
    const allowed = this.callers(partners).map(({ domain }) => ({ domain, name: `sip.${domain}` }));
    const { profileDir, otherRoot } = this.plan;
    const around: Surroundings = {
      own,
      ca: this.ca,
      allowed,
      sink: this.#ports,
      profileDir,
      otherRoot,
    };
    return startSubject(kind, transport, around);
  }

  /** Connects the load to a subject and makes one run with it. */
  async try(subject: Subject, run: LoadRun, lines: readonly Caller[] = this.fewLines): Promise<Trial> {
    await connectLoad(this.load, subject, this.ca, lines);
    return tryOnce(this.load, subject, run);
  }

  /** One more run on the connections that are open, with the dialogs on them. */
  again(subject: Subject, run: LoadRun): Promise<Trial> {
    return tryOnce(this.load, subject, run);
  }

  async stop(): Promise<void> {
    await this.load.stop();
    await this.#sink.stop();
  }
}

/** A subject that is started again when it falls, because one of them does. */
export class Standing {
  readonly kind: Kind;
  readonly transport: Transport;
  readonly #bench: Bench;
  #subject: Subject | undefined;
  falls = 0;

  constructor(bench: Bench, kind: Kind, transport: Transport) {
    this.#bench = bench;
    this.kind = kind;
    this.transport = transport;
  }

  get name(): string {
    return `${this.kind} TLS->${this.transport.toUpperCase()}`;
  }

  get pid(): number | undefined {
    return this.#subject?.pid;
  }

  async start(): Promise<void> {
    if (this.#subject?.isRunning === true) return;
    await this.#subject?.stop();
    this.#subject = await this.#bench.start(this.kind, this.transport);
  }

  async try(run: LoadRun): Promise<Trial> {
    for (let attempt = 0; ; attempt++) {
      await this.start();
      try {
        return await this.#bench.try(this.#subject!, run);
      } catch (error) {
        this.falls++;
        console.log(`  (does not count: ${(error as Error).message})`);
        await this.stop();
        if (attempt === RESTARTS) throw error;
      }
    }
  }

  async stop(): Promise<void> {
    await this.#subject?.stop();
    this.#subject = undefined;
  }
}
