import { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import { Host } from "./host.ts";
import { KeptMemory } from "./kept-memory.ts";
import type { Moods } from "./moods.ts";
import { PARTNER, sipName, xmppJid } from "./names.ts";
import type { Program } from "./program.ts";
import { Sightings } from "./sightings.ts";
import type { SipLine } from "./sip-line.ts";
import { type Attitude, SipPresence } from "./sip-presence.ts";
import { SipStack } from "./sip-stack.ts";
import { SipTalks } from "./sip-talks.ts";
import { TextBook } from "./text-book.ts";
import { type XmppAttitude, XmppServer } from "./xmpp-server.ts";

/** Virtual ms at which a simulation begins: no time is special. */
export const START_MS = 1_000_000;

export type Trace = (line: () => string) => void;

/** The partner, the program and the XMPP server, with wires between them, and what can befall each of them. */
export class Federation {
  readonly agenda = new Agenda(START_MS);
  readonly texts: TextBook;
  readonly sightings: Sightings;
  readonly server: XmppServer;
  readonly stack: SipStack;
  readonly talks: SipTalks;
  readonly presence: SipPresence;
  private readonly host: Host;
  private readonly chance: Chance;
  private readonly moods: Moods;
  private readonly kept: KeptMemory;
  private readonly trace: Trace | undefined;
  /** Texts of XMPP users that the program has lately read or got an answer for, and when: until the disk surely knows. */
  private readonly lately: { readonly serial: number; readonly at: number }[] = [];
  private readonly attitudes: { readonly sip: Attitude[][]; readonly xmpp: XmppAttitude[][] };
  /** The administrator's rules, by pair. */
  private readonly rules = new Map<number, "allow" | "block" | undefined>();
  private disturbed = 0;
  private killedAt = Number.NEGATIVE_INFINITY;

  constructor(chance: Chance, moods: Moods, capacity: number, trace?: Trace) {
    this.chance = chance;
    this.moods = moods;
    this.trace = trace;
    this.kept = new KeptMemory(moods.commitMs);
    this.texts = new TextBook(capacity);
    const complain = (what: string) => this.complain(what);
    this.sightings = new Sightings(complain);
    this.attitudes = this.drawAttitudes();
    const { agenda, texts, sightings } = this;
    const news = (serial: number) => this.note(serial);
    this.server = new XmppServer({
      agenda,
      chance,
      texts,
      sightings,
      isBytes: moods.isBytes,
      users: { sip: moods.sipUsers, xmpp: moods.xmppUsers },
      latency: this.latency,
      attitude: (s, x) => this.attitudes.xmpp[s]![x]!,
      news,
      complain,
      trace,
    });
    this.stack = new SipStack({
      agenda,
      chance,
      connect: () => this.host.connect(),
      disturbedAt: () => this.disturbed,
      complain,
      onRequest: (line, request) => {
        if (!this.talks.onRequest(line, request) && !this.presence.onRequest(line, request))
          this.stack.answer(line, request, request.method === "OPTIONS" ? 200 : 405);
      },
      doubled: moods.doubled,
      trace,
    });
    const { stack } = this;
    this.talks = new SipTalks({ agenda, chance, moods, texts, stack, news, trace });
    this.presence = new SipPresence({
      agenda,
      chance,
      stack,
      sightings,
      attitude: (s, x) => this.attitudes.sip[s]![x]!,
      trace,
    });
    this.host = new Host({
      agenda,
      chance,
      kept: this.kept,
      stack,
      link: this.server.link,
      profile: moods.profile,
      unknownWatcher: moods.unknownWatcher,
      isBytes: moods.isBytes,
      latency: this.latency,
      complain,
      trace,
    });
    this.program.start();
  }

  get program(): Program {
    return this.host.program;
  }

  /** Runs of the program so far. */
  get runs(): number {
    return this.host.runs;
  }

  get now(): number {
    return this.agenda.now;
  }

  complain(what: string): void {
    this.trace?.(() => `COMPLAINT: ${what}`);
    this.texts.complain(`${this.time()} ${what}`);
  }

  /** Virtual time since the start, for people. */
  time(): string {
    return `${((this.now - START_MS) / 1000).toFixed(3)} s`;
  }

  attitudeOfXmpp(s: number, x: number): XmppAttitude {
    return this.attitudes.xmpp[s]![x]!;
  }

  attitudeOfSip(s: number, x: number): Attitude {
    return this.attitudes.sip[s]![x]!;
  }

  /** Lets the world go on up to that time. */
  runTo(time: number): void {
    this.host.runTo(time);
  }

  /** Texts have a chance to arrive. */
  get works(): boolean {
    return this.program.isAwake && this.server.link.isOpen && this.host.partnerDown === undefined;
  }

  /** An administrator rules about s watching x, where the program listens. */
  rule(s: number, x: number, action: "allow" | "block" | undefined): void {
    const { program } = this;
    if (!program.isAwake) return;
    this.trace?.(() => `a rule: bob${s} watching alice${x}, ${action}`);
    const rule = { user: xmppJid(x), peer: `${sipName(s)}@${PARTNER}`, action, source: "simulation" };
    program.run(() => program.feed({ kind: "rule", ...rule }));
    // The administrator hears that it is done when the disk has it.
    this.kept.flush();
    this.rules.set(s * 1000 + x, action);
  }

  /** Whether s is shut out by a rule, or for want of one. */
  isShutOut(s: number, x: number): boolean {
    const action = this.rules.get(s * 1000 + x);
    return action ? action === "block" : this.moods.unknownWatcher === "deny";
  }

  // ---- what can befall them

  /** Answers may have been lost until now, or will be for so many ms. */
  private disturb(ms = 0): void {
    this.disturbed = Math.max(this.disturbed, this.now + ms + 2_000);
  }

  breakSipLine(): void {
    const line = this.someLine();
    if (!line) return;
    this.trace?.(() => `connection ${line.id} breaks`);
    this.disturb();
    line.break("reset");
  }

  /** A cable is cut and nobody notices for a while. */
  swallowSipLine(): void {
    const line = this.someLine();
    if (!line) return;
    const [ours, theirs] = [this.chance.between(5_000, 90_000), this.chance.between(5_000, 90_000)];
    this.trace?.(() => `connection ${line.id} swallows`);
    this.disturb(Math.max(ours, theirs));
    line.swallow(ours, theirs);
  }

  /** The partner closes its connections in order. */
  hangUpPartner(): void {
    this.trace?.(() => "the partner closes its connections");
    this.disturb();
    this.stack.hangUp();
  }

  private someLine(): SipLine | undefined {
    return this.stack.lines.size === 0 ? undefined : this.chance.pick([...this.stack.lines]);
  }

  /** Its connections break, and new ones can't be made for so many ms. */
  partnerGoes(ms: number): void {
    if (this.host.partnerDown) return;
    this.trace?.(() => `the partner cannot be reached for ${ms} ms`);
    this.host.partnerDown = this.chance.pick(["refused", "unreachable", "timeout", "reset"]);
    this.disturb(ms);
    for (const line of [...this.stack.lines]) line.break("reset");
    this.agenda.in(ms, () => this.partnerComes());
  }

  private partnerComes(): void {
    this.host.partnerDown = undefined;
  }

  /** The partner's servers lose all they know. */
  restartPartner(ms: number): void {
    this.trace?.(() => "the partner restarts");
    this.stack.restart(this.chance.of(0.3));
    this.partnerGoes(ms);
    this.disturb(ms);
    this.talks.restart();
    this.presence.restart();
  }

  breakLink(): void {
    this.trace?.(() => "the link breaks");
    this.server.link.break("connection reset");
  }

  swallowLink(): void {
    this.trace?.(() => "the link swallows");
    this.server.link.swallow();
  }

  /** The XMPP server, with its users, is gone for so many ms. */
  restartServer(ms: number): void {
    if (!this.server.isUp) return;
    this.trace?.(() => `the XMPP server restarts, ${ms} ms`);
    this.server.stop();
    this.agenda.in(ms, () => this.server.start());
  }

  /** Killed, and started again after so many ms. */
  crash(ms: number): void {
    if (this.program.isDead) return;
    this.trace?.(() => "the program is killed");
    this.kept.crash(this.now);
    this.replaceProgram(ms, false);
  }

  /** Stopped in order: what is accepted has some seconds to end. */
  stopProgram(ms: number): void {
    const { program } = this;
    if (!program.isAwake) return;
    this.trace?.(() => "the program drains");
    program.run(() => program.feed({ kind: "drain" }));
    this.agenda.in(this.chance.between(100, 8_000), () => {
      if (program.isDead) return;
      this.trace?.(() => "the program stops");
      this.kept.flush();
      this.replaceProgram(ms, true);
    });
  }

  /** Something new is to be kept of a text. */
  private note(serial: number): void {
    const { commitMs, latency } = this.moods;
    if (commitMs === 0) return;
    const { lately, now } = this;
    // It was on its way when the program was killed.
    if (now < this.killedAt + commitMs + latency.high) this.texts.doubt(serial);
    let old = 0;
    while (old < lately.length && lately[old]!.at + commitMs < now) old += 1;
    lately.splice(0, old);
    lately.push({ serial, at: now });
  }

  private replaceProgram(ms: number, isOrderly: boolean): void {
    this.disturb(ms);
    if (!isOrderly) {
      for (const { serial } of this.lately) this.texts.doubt(serial);
      this.killedAt = this.now;
    }
    this.lately.length = 0;
    this.host.replaceProgram(ms, isOrderly);
  }

  freeze(ms: number): void {
    if (!this.program.isAwake) return;
    this.trace?.(() => `the machine sleeps for ${ms} ms`);
    this.disturb(ms);
    this.program.freeze(ms);
  }

  // ---- the parts, joined

  private readonly latency = (): number => {
    const { low, high } = this.moods.latency;
    return low + this.chance.next() * (high - low);
  };

  private drawAttitudes(): { sip: Attitude[][]; xmpp: XmppAttitude[][] } {
    const { chance, moods } = this;
    const table = <T>(draw: () => T): T[][] =>
      Array.from({ length: moods.sipUsers }, () => Array.from({ length: moods.xmppUsers }, draw));
    return {
      sip: table(() => chance.weighted({ grant: 14, late: 3, refuse: 1, block: 1, ignore: 1 })),
      xmpp: table(() => chance.weighted({ grant: 8, refuse: 1, ignore: 1 })),
    };
  }
}
