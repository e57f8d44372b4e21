import type { SipMessage, UserAgent } from "@tombolo/sip";
import type { DialFailure, Edge, EdgeOutput } from "@tombolo/sip-edge";
import type { Observation, Translator } from "@tombolo/translator";
import type { Link, LinkInput, LinkOutput } from "@tombolo/xmpp-edge";
import type { Element } from "ltx";
import { PartnerWatch } from "../../src/federation/partner-watch.ts";
import { Gateway, type GatewayInput, type GatewayOutput } from "../../src/gateway.ts";
import { ObservedBooks } from "../ledger.ts";
import type { KeptMemory } from "./kept-memory.ts";
import { type MachineSettings, machinesOf } from "./machines.ts";
import { PARTNER, PARTNER_NAME } from "./names.ts";
import type { LineEnd, SipLine } from "./sip-line.ts";

/** Sees what passes the program's borders, in order. */
export interface ProgramTap {
  /** Read from the partner. */
  read(message: SipMessage): void;
  /** The gateway has said it; the edge may hold it back. */
  said(message: SipMessage): void;
  /** Written to the partner by the edge, on a connection that may be gone. */
  wrote(message: SipMessage): void;
  /** Read from the XMPP server. */
  readStanza(stanza: Element): void;
  /** The gateway has said it to the XMPP server; the link may hold it back. */
  saidStanza(stanza: Element): void;
}

/** What the program's drivers would do. */
export interface ProgramAround extends MachineSettings {
  readonly kept: KeptMemory;
  dialPartner(program: Program): void;
  dialServer(program: Program): void;
  toServer(program: Program, stanza: Element): void;
  hangUpServer(program: Program): void;
  complain(what: string): void;
  readonly tap?: ProgramTap | undefined;
  trace?: ((line: () => string) => void) | undefined;
}

/** One run of the program: its pure machines, joined as its drivers join them, from its start to its end. */
export class Program implements LineEnd {
  /** The books of this run. */
  readonly ledger = new ObservedBooks();
  /** How many texts of the XMPP side, by what became of them. */
  readonly gateway: Gateway;
  readonly edge: Edge;
  readonly engine: UserAgent;
  readonly translator: Translator;
  readonly link: Link;
  readonly lines = new Map<string, SipLine>();
  isDead = false;
  /** When it next wants to be woken, ms. */
  nextAt = 0;
  private readonly around: ProgramAround;
  private readonly partnerWatch: PartnerWatch;
  private readonly backlog: { readonly act: () => void; readonly lost: (() => void) | undefined }[] = [];
  private frozenUntil = 0;
  private wakeUps = 0;
  private lastWakeAt = 0;

  constructor(around: ProgramAround) {
    this.around = around;
    const { edge, engine, translator, link } = machinesOf(around);
    this.edge = edge;
    this.engine = engine;
    this.translator = translator;
    this.link = link;
    this.gateway = new Gateway(engine, translator);
    this.partnerWatch = new PartnerWatch(
      (partner, hungUp) => this.feed({ kind: "partner-back", partner, hungUp }),
      (ms, act) => this.later(ms, act),
    );
  }

  /** Takes up what the last run kept, and connects. */
  start(): void {
    for (const restore of this.around.kept.restore(this.now)) this.feed(restore);
    this.feed({ kind: "recover" });
    this.link.handle({ kind: "start" }, this.now);
    this.drain();
  }

  /** Killed: nothing goes in or out any more. */
  die(): void {
    this.isDead = true;
    this.nextAt = Number.POSITIVE_INFINITY;
    this.lines.clear();
    for (const { lost } of this.backlog.splice(0)) lost?.();
  }

  /** The machine sleeps: what comes waits, and time goes on without it. */
  freeze(ms: number): void {
    if (this.frozenUntil > this.now || this.isDead) return;
    this.frozenUntil = this.now + ms;
    this.nextAt = Number.POSITIVE_INFINITY;
    this.around.agenda.in(ms, () => this.thaw());
  }

  /**
   * Something happens to the program. While it sleeps that waits.
   *
   * @param lost the program came to its end before.
   */
  run(act: () => void, lost?: () => void): void {
    if (this.isDead) lost?.();
    else if (this.now < this.frozenUntil) this.backlog.push({ act, lost });
    else {
      act();
      this.drain();
    }
  }

  /** Whether it takes what comes. */
  get isAwake(): boolean {
    return !this.isDead && this.now >= this.frozenUntil;
  }

  wake(): void {
    this.wakeUps = this.now > this.lastWakeAt ? 0 : this.wakeUps + 1;
    this.lastWakeAt = this.now;
    if (this.wakeUps > 2000) {
      const { gateway, edge, link } = this;
      const asking = [gateway, edge, link].map((machine) => JSON.stringify(machine.nextDeadline()));
      throw new Error(`asks again and again for ${this.now}: ${asking.join(" ")}`);
    }
    this.timeouts();
    this.drain();
  }

  feed(input: GatewayInput): void {
    this.gateway.handle(input, this.now);
  }

  toLink(input: LinkInput): void {
    this.link.handle(input, this.now);
  }

  /** What is still held, in words; empty when nothing is. */
  leftovers(): string[] {
    const { translator, engine, edge, ledger } = this;
    const left: string[] = [];
    const note = (what: string, count: number) => {
      if (count !== 0) left.push(`${what}: ${count}`);
    };
    note("pairs", translator.size);
    note("under way in the translator", translator.underWay);
    for (const [what, count] of Object.entries(engine.counts)) note(`engine ${what}`, count);
    note("edge, unanswered", edge.unanswered);
    note("edge, dialogs", edge.dialogs);
    note("texts in flight", ledger.inFlight);
    note("texts held", translator.ledger.inFlight);
    note("senders to be told", translator.ledger.owing);
    for (const machine of [this.gateway, edge]) {
      const deadline = machine.nextDeadline();
      if (deadline) left.push(`a timer: ${deadline.reason} at ${deadline.at}`);
    }
    return left;
  }

  // ---- connections of the partner

  lineOpened(line: SipLine): void {
    this.lines.set(line.id, line);
    const { id, direction } = line;
    const remote = { host: "192.0.2.10", port: 40_000 };
    const opened = {
      kind: "opened",
      connection: id,
      direction,
      partners: [PARTNER],
      name: PARTNER_NAME,
    } as const;
    this.edge.handle({ ...opened, remote }, this.now);
    this.noteConnection(line, "opened", "");
  }

  dialFailed(why: DialFailure): void {
    this.edge.handle({ kind: "dial-failed", partner: PARTNER, why, detail: "" }, this.now);
  }

  onMessage(line: SipLine, message: SipMessage, read?: () => void): void {
    this.run(() => {
      if (!this.lines.has(line.id)) return;
      read?.();
      this.around.tap?.read(message);
      this.edge.handle({ kind: "message", connection: line.id, message }, this.now);
    });
  }

  onLineClosed(line: SipLine, why: string): void {
    this.run(() => this.lineGone(line, why));
  }

  private lineGone(line: SipLine, why: string): void {
    if (!this.lines.delete(line.id)) return;
    this.edge.handle({ kind: "closed", connection: line.id, why }, this.now);
    this.noteConnection(line, "closed", why);
  }

  private noteConnection({ direction }: SipLine, state: "opened" | "closed", why: string): void {
    const remote = "192.0.2.10";
    const protocol = "TLSv1.3";
    this.partnerWatch.note({
      kind: "connection",
      side: "outside",
      state,
      partner: PARTNER,
      direction,
      remote,
      why,
      protocol,
      legacy: false,
    });
  }

  private later(ms: number, act: () => void): () => void {
    let isCalledOff = false;
    this.around.agenda.in(ms, () => {
      if (!isCalledOff) this.run(act);
    });
    return () => {
      isCalledOff = true;
    };
  }

  // ---- the machines

  private get now(): number {
    return this.around.agenda.now;
  }

  private thaw(): void {
    if (this.isDead) return;
    this.frozenUntil = 0;
    const isTimersFirst = this.around.chance.of(0.5);
    if (isTimersFirst) {
      this.timeouts();
      this.drain();
    }
    for (const { act, lost } of this.backlog.splice(0)) this.run(act, lost);
    if (!isTimersFirst) this.timeouts();
    this.drain();
  }

  private timeouts(): void {
    const { now, edge, gateway, link } = this;
    if (isDue(edge, now)) edge.timeout(now);
    if (isDue(gateway, now)) gateway.timeout(now);
    if (isDue(link, now)) link.timeout(now);
  }

  /** Until no machine has anything to say. */
  private drain(): void {
    const { edge, gateway, link } = this;
    for (;;) {
      const fromEdge = edge.poll();
      if (fromEdge) {
        this.carryOutOfEdge(fromEdge);
        continue;
      }
      const fromGateway = gateway.poll();
      if (fromGateway) {
        this.carryOutOfGateway(fromGateway);
        continue;
      }
      const fromLink = link.poll();
      if (!fromLink) break;
      this.carryOutOfLink(fromLink);
    }
    this.nextAt = Math.min(
      edge.nextDeadline()?.at ?? Number.POSITIVE_INFINITY,
      gateway.nextDeadline()?.at ?? Number.POSITIVE_INFINITY,
      link.nextDeadline()?.at ?? Number.POSITIVE_INFINITY,
    );
  }

  private carryOutOfEdge(output: EdgeOutput): void {
    switch (output.kind) {
      case "send":
        this.around.tap?.wrote(output.message);
        this.lines.get(output.connection)?.send("partner", output.message);
        break;
      case "to-node": {
        const verified = output.verified ?? { partner: "", name: "edge" };
        this.gateway.handle({ kind: "sip", message: output.message, verified }, this.now);
        break;
      }
      case "dial":
        this.around.dialPartner(this);
        break;
      case "close": {
        const line = this.lines.get(output.connection);
        line?.close("program");
        if (line) this.lineGone(line, output.why);
        break;
      }
      case "observe":
        if (output.observation.kind === "breaker") this.partnerWatch.note(output.observation);
        break;
    }
  }

  private carryOutOfGateway(output: GatewayOutput): void {
    const { now } = this;
    switch (output.kind) {
      case "sip":
        this.around.tap?.said(output.message);
        this.edge.handle({ kind: "from-node", node: "local", message: output.message }, now);
        break;
      case "stanza":
        this.around.tap?.saidStanza(output.stanza);
        this.link.handle({ kind: "send", stanza: output.stanza, track: output.track }, now);
        break;
      case "keep":
        this.around.kept.keep(output.kept, output.snapshot, now);
        break;
      case "observe":
        this.observe(output.observation);
        break;
    }
  }

  private observe(observation: Observation): void {
    if (observation.what === "imbalance")
      this.around.complain(`the books are off: ${JSON.stringify(observation)}`);
    if (observation.what !== "im" || observation.event === "returned") return;
    const inFlight = this.ledger.book(observation.direction, observation.partner, observation.event);
    if (inFlight < 0) this.around.complain(`a text with two fates, ${observation.direction}`);
  }

  private carryOutOfLink(output: LinkOutput): void {
    switch (output.kind) {
      case "stanza":
        this.around.tap?.readStanza(output.stanza);
        this.feed({ kind: "stanza", partner: PARTNER, stanza: output.stanza });
        break;
      case "taken":
        this.feed({ kind: "taken", track: output.track });
        break;
      case "lost":
        this.feed({ kind: "lost", track: output.track, why: output.why });
        break;
      case "up":
        this.around.trace?.(() => "the link is up");
        this.feed({ kind: "link-up", partner: PARTNER });
        break;
      case "down":
        this.around.trace?.(() => `the link is down: ${output.reason}`);
        this.feed({ kind: "link-down", partner: PARTNER });
        break;
      case "write":
        this.around.toServer(this, output.stanza);
        break;
      case "dial":
        this.around.dialServer(this);
        break;
      case "hangup":
        this.around.hangUpServer(this);
        break;
    }
  }
}

function isDue(machine: { nextDeadline(): { readonly at: number } | undefined }, now: number): boolean {
  const deadline = machine.nextDeadline();
  return deadline !== undefined && deadline.at <= now;
}
