import type { SipMessage } from "@tombolo/sip";
import type { Element } from "ltx";
import { Agenda } from "../simulation/agenda.ts";
import { Chance } from "../simulation/chance.ts";
import { ComponentEnd } from "../simulation/component-end.ts";
import { Host } from "../simulation/host.ts";
import { KeptMemory } from "../simulation/kept-memory.ts";
import { PARTNER, sipName, xmppJid } from "../simulation/names.ts";
import type { Program } from "../simulation/program.ts";
import type { SipLine } from "../simulation/sip-line.ts";
import { SipStack } from "../simulation/sip-stack.ts";
import { TextBook } from "../simulation/text-book.ts";
import { Calm } from "./calm.ts";
import { look, rest } from "./coming-to-rest.ts";
import { Conversation } from "./conversation.ts";
import { act } from "./deeds.ts";
import { Fates } from "./fates.ts";
import { AnswerGuard, type Guard, LeakGuard, LeaveGuard, PaceGuard, RosterGuard } from "./guards.ts";
import { Mint } from "./markers.ts";
import { type Deed, type Scene, sayDeed, USERS } from "./moves.ts";
import { SipPresentities } from "./sip-presentities.ts";
import { SipPublishers } from "./sip-publishers.ts";
import { SipWatchers } from "./sip-watchers.ts";
import { XmppUsers } from "./xmpp-users.ts";

/** Virtual ms at which a story begins. */
const START = 1_000_000;
/** Where nothing is broken users see what is true within this, ms. */
const SOON = 60_000;
/** Every wire takes so long, ms. */
const LATENCY = 1;
/** A request of the partner's may wait so long for its answer, ms. */
const ANSWER_WITHIN = 32_000;
/** Pings on an idle link come this far apart, ms: days pass. */
const KEEPALIVE = 120_000;
/** All jitter follows from this. */
const SEED = 1;

/** A broken promise. */
export class Complaint extends Error {}

/** A SIP partner, the program as its pure machines, and an XMPP server, moved by deeds. */
export class World {
  readonly agenda = new Agenda(START);
  readonly kept: KeptMemory;
  readonly fates = new Fates();
  readonly stack: SipStack;
  readonly watchers: SipWatchers;
  readonly presentities: SipPresentities;
  readonly publishers: SipPublishers;
  readonly xmpp: XmppUsers;
  readonly link: ComponentEnd;
  readonly host: Host;
  readonly leave: LeaveGuard;
  readonly scene: Scene;
  readonly conversation: Conversation | undefined;
  readonly calm = new Calm(this);
  private readonly answers: AnswerGuard;
  private readonly guards: readonly Guard[];
  private readonly chance = new Chance(SEED);

  /** @param isTold whether all that is said is written down. */
  constructor(scene: Scene, isTold = false) {
    this.scene = scene;
    const { agenda, fates, chance } = this;
    this.conversation = isTold ? new Conversation(() => agenda.now - START) : undefined;
    const mint = new Mint();
    this.kept = new KeptMemory(scene.commitMs);
    const complain = (what: string) => this.complain(what);
    const latency = () => LATENCY;
    this.stack = new SipStack({
      agenda,
      chance,
      connect: () => this.host.connect(),
      disturbedAt: () => Number.POSITIVE_INFINITY,
      complain,
      onRequest: (line, request) => {
        if (request.method === "NOTIFY") this.watchers.onNotify(line, request);
        else if (request.method === "SUBSCRIBE") this.presentities.onSubscribe(line, request);
        else this.stack.answer(line, request, 405);
      },
      doubled: 0,
    });
    const { stack } = this;
    this.watchers = new SipWatchers({ agenda, stack, fates });
    const { attitude, refusal, isDiligent } = scene;
    const manners = { attitude, refusal, isDiligent };
    this.presentities = new SipPresentities({ agenda, stack, fates, mint, users: USERS, ...manners });
    this.publishers = new SipPublishers({ agenda, stack, mint });
    this.link = new ComponentEnd({
      agenda,
      texts: new TextBook(1),
      isBytes: false,
      latency,
      isUp: () => this.xmpp.isUp,
      news: () => {},
      receive: (_, stanza) => this.xmpp.receive(stanza),
    });
    const { link } = this;
    const { habit, manner } = scene;
    this.xmpp = new XmppUsers({ agenda, link, mint, users: USERS, habit, manner, latency: LATENCY });
    const around = { now: () => agenda.now, complain };
    this.answers = new AnswerGuard(around);
    this.leave = new LeaveGuard(around, scene.unknownWatcher);
    this.guards = [
      ...(this.conversation ? [this.conversation] : []),
      ...[new LeakGuard(around), new PaceGuard(around), new RosterGuard(around)],
      ...[this.answers, this.leave, this.calm],
    ];
    const { profile, unknownWatcher } = scene;
    this.host = new Host({
      ...{ agenda, chance, stack, link, latency, complain, profile, unknownWatcher },
      kept: this.kept,
      isBytes: false,
      keepaliveMs: KEEPALIVE,
      tap: {
        read: (message) => this.pass("read", message),
        said: (message) => this.pass("said", message),
        wrote: (message) => this.pass("wrote", message),
        readStanza: (stanza) => {
          this.xmpp.onRead(stanza.attrs.id);
          this.passStanza("readStanza", stanza);
        },
        saidStanza: (stanza) => this.passStanza("saidStanza", stanza),
      },
    });
    this.program.start();
    this.runFor(10);
  }

  get program(): Program {
    return this.host.program;
  }

  get now(): number {
    return this.agenda.now;
  }

  complain(what: string): never {
    throw new Complaint(what);
  }

  private pass(how: "read" | "said" | "wrote", message: SipMessage): void {
    for (const guard of this.guards) guard[how]?.(message);
  }

  private passStanza(how: "readStanza" | "saidStanza", stanza: Element): void {
    for (const guard of this.guards) guard[how]?.(stanza);
  }

  // ---- time

  runFor(ms: number): void {
    this.runTo(this.now + ms);
  }

  runTo(time: number): void {
    this.host.runTo(time);
  }

  pause(pause: number | "timer"): void {
    if (pause !== "timer") this.runFor(pause);
    else if (Number.isFinite(this.program.nextAt)) this.runTo(Math.max(this.now, this.program.nextAt - 1));
    this.answers.check(ANSWER_WITHIN);
    if (typeof pause === "number" && pause >= SOON && !this.calm.isDisturbed && !this.xmpp.isMisheard)
      look(this);
  }

  // ---- deeds

  take(deed: Deed): void {
    this.conversation?.world(sayDeed(deed));
    this.calm.note(deed);
    act(this, deed);
  }

  /** All is mended, and each watcher sees what is true. */
  rest(): void {
    rest(this);
    this.calm.rested();
  }

  /** An administrator rules about s watching x, where the program listens. */
  rule(s: number, x: number, action: "allow" | "block" | undefined): void {
    const { program } = this;
    if (!program.isAwake) return;
    this.leave.rule(s, x, action);
    const rule = { user: xmppJid(x), peer: `${sipName(s)}@${PARTNER}`, action, source: "test" };
    program.run(() => program.feed({ kind: "rule", ...rule }));
    // The administrator hears that it is done when the disk has it.
    this.kept.flush();
  }

  // ---- what befalls wires and servers

  /** Something happens to all connections of the partner's. */
  cut(how: (line: SipLine) => void): void {
    // What came over them can't be answered.
    this.answers.forget();
    for (const line of [...this.stack.lines]) how(line);
  }

  /** The partner can't be reached for so many ms. */
  partnerGoes(ms: number): void {
    this.cut((line) => line.break("reset"));
    if (this.host.partnerDown) return;
    this.host.partnerDown = "refused";
    this.agenda.in(ms, () => {
      this.host.partnerDown = undefined;
    });
  }

  /** Killed, and started again. @param isWiped its disk is lost, too. */
  kill(ms: number, isWiped: boolean): void {
    if (this.program.isDead) return;
    this.kept.crash(this.now);
    if (isWiped) {
      this.kept.wipe();
      this.xmpp.onWiped();
    }
    const since = this.now - this.kept.commitMs;
    this.xmpp.onKilled(this.kept.commitMs === 0 ? Number.POSITIVE_INFINITY : since);
    for (const guard of this.guards) guard.killed?.(since, isWiped);
    this.host.replaceProgram(ms, false);
  }

  /** Ended in order. */
  stop(ms: number): void {
    const { program } = this;
    if (!program.isAwake) return;
    program.run(() => program.feed({ kind: "drain" }));
    this.runFor(100);
    if (program !== this.program || program.isDead) return;
    this.kept.flush();
    for (const guard of this.guards) guard.killed?.(Number.POSITIVE_INFINITY, false);
    this.host.replaceProgram(ms, true);
  }
}
