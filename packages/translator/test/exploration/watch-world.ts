import type { DialogId, EngineCommand, Outcome } from "@tombolo/sip";
import type { Element } from "ltx";
import { Bed } from "../bed.ts";
import { headerOf } from "../lines.ts";
import { pidf, tuple } from "../watches.ts";
import type { Explorable } from "./explorer.ts";
import { Fingerprint } from "./fingerprint.ts";

/** Which events there are. */
export interface Alphabet {
  readonly pairs: readonly { readonly xmpp: string; readonly sip: string }[];
  /** The XMPP users watch. */
  readonly xmppWatches: boolean;
  /** The SIP users watch. */
  readonly sipWatches: boolean;
  readonly rules: boolean;
}

/** What the users have really said, which no lost state of ours may change. */
interface Truth {
  /**
   * The XMPP user's last word about watching: `subscribe`, not taken back and not refused. Undefined where it may have been
   * lost with a crash, or where only a probe has said it.
   */
  wants: boolean | undefined;
  /** What the XMPP user has answered the SIP watcher. */
  answer: "none" | "accepted" | "refused";
  /** Their server has our question. */
  isAsked: boolean;
  /** The XMPP user is online. */
  isShown: boolean;
  isBlocked: boolean;
  /** Presence type that the XMPP watcher was told last of the SIP user. */
  sees: string | undefined;
}

interface Leg {
  readonly pair: number;
  /** We are subscriber. */
  readonly isOurs: boolean;
  /** The last document of ours in it. */
  told: string | undefined;
}

const START = 1_000_000_000;
/** Timer F of the engine, ms. */
const SILENCE = 32_000;
const LONGEST_QUIET = 48 * 3_600_000;
const HALF = () => 0.5;

/** State that is derived from other state, is only shown, or never changes. */
const SKIPPED: ReadonlySet<string> = new Set([
  "context",
  "owner",
  "settings",
  "documents",
  "pair",
  "pairs",
  "partner",
  "partners",
  "sip",
  "xmpp",
  "observe",
  "records",
  "mapped",
  "outputs",
  "owners",
  "deadlines",
  "touched",
  "im",
  "gates",
  "requests",
  "stanzas",
  "keep",
  "taken",
  "serial",
  "unkept",
  "changes",
  "seenAt",
  "toldAt",
  "rowRead",
  "changedAt",
  "observedState",
  "key",
  "since",
  "at",
  "source",
  "restoration",
  "emit",
  "xmppUser",
  "sipUser",
  "sipUri",
  "keptAs",
]);

/** The bed's people in one exploration: moves by name, and laws. */
export class WatchWorld implements Explorable {
  readonly bed: Bed;
  private readonly alphabet: Alphabet;
  private readonly truths: Truth[];
  private readonly legs = new Map<DialogId, Leg>();
  /** When each request of ours went out, and for whom. */
  private readonly sent = new Map<string, { readonly at: number; readonly pair: number }>();
  private isLinkUp = true;
  private early = 0;
  /** The pair that the move at hand may cost an authorisation, and why. */
  private mayLose: number | undefined;
  /** The pair whose wish the last move was about. */
  private wished: number | undefined;
  private kept = new Map<string, ReadonlyMap<string, unknown>>();
  private isHonest = false;
  private subscribes = 0;

  constructor(alphabet: Alphabet) {
    this.alphabet = alphabet;
    this.bed = new Bed({ random: HALF });
    this.bed.isSilent = true;
    this.bed.now = START;
    this.truths = alphabet.pairs.map(() => ({
      wants: false,
      answer: "none",
      isAsked: false,
      isShown: false,
      isBlocked: false,
      sees: undefined,
    }));
    this.bed.onCommand = (command) => this.onCommand(command);
    this.bed.onStanza = (stanza) => this.onStanza(stanza);
    this.bed.linkUp();
  }

  // ---- moves

  moves(): readonly string[] {
    const moves: string[] = [];
    for (let pair = 0; pair < this.truths.length; pair++) {
      if (this.isLinkUp) this.movesOfXmpp(pair, moves);
      if (this.alphabet.sipWatches) this.movesOfSip(pair, moves);
      if (this.alphabet.rules) moves.push(`${pair} ${this.truths[pair]!.isBlocked ? "unblock" : "block"}`);
    }
    this.movesOfRequests(moves);
    for (const [dialog, { isOurs }] of this.live()) {
      moves.push(`${dialog} lost`);
      if (isOurs) moves.push(...NOTIFIES.map((state) => `${dialog} notify ${state}`));
      else moves.push(`${dialog} refresh`, `${dialog} end`);
    }
    moves.push(this.isLinkUp ? "link down" : "link up", "crash");
    if (this.legs.size > 0) moves.push("forgetful crash");
    if (this.alphabet.xmppWatches) moves.push("partner back");
    if (this.bed.translator.nextDeadline()) moves.push("wait");
    return moves;
  }

  private movesOfXmpp(pair: number, moves: string[]): void {
    const { answer, isAsked, isShown } = this.truths[pair]!;
    if (this.alphabet.xmppWatches)
      moves.push(...["subscribe", "unsubscribe", "probe", "leave"].map((what) => `${pair} ${what}`));
    if (!this.alphabet.sipWatches) return;
    if (isAsked && answer !== "accepted") moves.push(`${pair} accept`, `${pair} error`);
    if (answer === "accepted" || (isAsked && answer === "none")) moves.push(`${pair} refuse`);
    if (answer === "accepted") moves.push(`${pair} show`);
    if (answer === "accepted" && isShown) moves.push(`${pair} hide`);
  }

  private movesOfSip(pair: number, moves: string[]): void {
    const own = this.live().filter(([, leg]) => leg.pair === pair && !leg.isOurs);
    if (own.length < 2) moves.push(`${pair} watch`, `${pair} look`);
  }

  private movesOfRequests(moves: string[]): void {
    const { bed } = this;
    const opening = bed.openingSubscribes;
    for (const [at, ref] of bed.pendingRefs.entries()) {
      const isSubscribe = bed.methodOf(ref) === "SUBSCRIBE";
      const statuses = isSubscribe ? [200, 481, 603, 500] : [200, 481, 500];
      moves.push(...statuses.map((status) => `request ${at} ${status}`), `request ${at} unreachable`);
      if (opening.includes(ref))
        moves.push(...["active", "pending", "rejected"].map((state) => `request ${at} early ${state}`));
    }
    if (bed.pendingRefs.length > 0 && this.isSilenceNext()) moves.push("silence");
  }

  /** The engine's timer of the oldest request is not behind a timer of the translator's. */
  private isSilenceNext(): boolean {
    const next = this.bed.translator.nextDeadline();
    return !next || next.at >= this.silenceAt();
  }

  private silenceAt(): number {
    const oldest = this.bed.pendingRefs[0];
    return oldest === undefined ? Number.POSITIVE_INFINITY : this.sent.get(oldest)!.at + SILENCE;
  }

  private live(): [DialogId, Leg][] {
    return this.bed.liveDialogs.map((dialog) => [dialog, this.legs.get(dialog)!]);
  }

  take(move: string): void {
    const before = this.snapshot();
    if (move !== "forgetful crash") this.wished = undefined;
    this.mayLose = undefined;
    const [what, ...rest] = move.split(" ") as [string, ...string[]];
    if (what === "request") this.answer(Number(rest[0]), rest.slice(1));
    else if (what === "silence") this.fallSilent();
    else if (what === "link") this.moveLink(rest[0] === "up");
    else if (what === "partner") this.bed.partnerBack();
    else if (what === "wait") this.wait();
    else if (move.endsWith("crash")) this.crash(what === "forgetful");
    else if (/^\d+$/.test(what)) this.moveUser(Number(what), rest[0]!);
    else this.moveDialog(what, rest);
    this.kept = before;
  }

  private snapshot(): Map<string, ReadonlyMap<string, unknown>> {
    return new Map(Object.entries(this.bed.kept).map(([what, records]) => [what, new Map(records)]));
  }

  private moveUser(pair: number, what: string): void {
    const { bed } = this;
    const truth = this.truths[pair]!;
    const { xmpp, sip } = this.alphabet.pairs[pair]!;
    const say = (type: string | undefined, inside = "") =>
      bed.presence(
        type,
        inside,
        type === undefined || type === "unavailable" ? `${xmpp}/desk` : xmpp,
        sip,
        "q",
      );
    switch (what) {
      case "subscribe":
        truth.wants = true;
        this.wished = pair;
        say("subscribe");
        break;
      case "unsubscribe":
        truth.wants = false;
        this.wished = this.mayLose = pair;
        say("unsubscribe");
        break;
      case "probe":
        // A refusal that is remembered may be said again.
        if (bed.translator.find(xmpp, sip)?.states.xmppWatcher === "denied") this.mayLose = pair;
        if (truth.wants === false) truth.wants = undefined;
        say("probe");
        break;
      case "leave":
      case "hide":
        truth.isShown = false;
        say("unavailable");
        break;
      case "accept":
        truth.answer = "accepted";
        say("subscribed");
        break;
      case "refuse":
        truth.answer = "refused";
        truth.isShown = false;
        say("unsubscribed");
        break;
      case "error":
        truth.isAsked = false;
        say("error", ERROR);
        break;
      case "show":
        this.show(pair);
        break;
      case "block":
      case "unblock":
        truth.isBlocked = what === "block";
        bed.rule(truth.isBlocked ? "block" : undefined, sip, xmpp);
        break;
      default:
        this.watch(pair, what === "look" ? 0 : 3600);
    }
  }

  private show(pair: number): void {
    const { xmpp, sip } = this.alphabet.pairs[pair]!;
    this.truths[pair]!.isShown = true;
    this.bed.presence(undefined, `<show>away</show><status>for ${pair}</status>`, `${xmpp}/desk`, sip);
  }

  private watch(pair: number, expires: number, dialog?: DialogId): void {
    const { xmpp, sip } = this.alphabet.pairs[pair]!;
    const made = `d${this.bed.nextSerial}`;
    if (dialog === undefined) this.legs.set(made, { pair, isOurs: false, told: undefined });
    this.bed.request("SUBSCRIBE", {
      from: `sip:${sip}`,
      to: `sip:${xmpp}`,
      headers: [
        ["Event", "presence"],
        ["Expires", String(expires)],
      ],
      ...(dialog !== undefined && { dialog }),
    });
  }

  private answer(at: number, [what, state]: readonly string[]): void {
    const { bed } = this;
    const ref = bed.pendingRefs[at]!;
    const { pair } = this.sent.get(ref)!;
    if (what === "early") {
      const dialog = `early${++this.early}`;
      this.legs.set(dialog, { pair, isOurs: true, told: undefined });
      this.notify(dialog, state!, ref);
      return;
    }
    const result = what === "unreachable" ? "unreachable" : Number(what);
    if (result === 603) this.refuseWish(pair);
    this.settle(ref, result);
  }

  private settle(ref: string, result: number | Exclude<Outcome["kind"], "final">): void {
    const { bed } = this;
    const { pair } = this.sent.get(ref)!;
    const method = bed.methodOf(ref);
    this.sent.delete(ref);
    const made = `d${bed.nextSerial}`;
    if (method === "SUBSCRIBE") this.legs.set(made, { pair, isOurs: true, told: undefined });
    const headers: [string, string][] = result === 200 && method === "SUBSCRIBE" ? [["Expires", "3600"]] : [];
    bed.outcome(method, result, { ref, headers });
  }

  /** The SIP side's own refusal, the one thing that may end an authorisation from there. */
  private refuseWish(pair: number): void {
    this.wished = this.mayLose = pair;
  }

  private notify(dialog: DialogId, state: string, opening?: string): void {
    const { pair } = this.legs.get(dialog)!;
    if (state === "rejected") this.refuseWish(pair);
    const value = STATES[state as keyof typeof STATES];
    const { sip } = this.alphabet.pairs[pair]!;
    this.bed.request("NOTIFY", {
      dialog,
      ...(opening !== undefined && { opening }),
      ...(state === "active" && { body: pidf(tuple("open", undefined, `for ${pair}`), `sip:${sip}`) }),
      headers: [
        ["Event", "presence"],
        ["Subscription-State", value],
      ],
    });
  }

  private moveDialog(dialog: DialogId, [what, state]: readonly string[]): void {
    if (what === "lost") this.bed.event({ kind: "dialogs-lost", dialogs: [dialog] });
    else if (what === "notify") this.notify(dialog, state!);
    else this.watch(this.legs.get(dialog)!.pair, what === "end" ? 0 : 3600, dialog);
  }

  private moveLink(isUp: boolean): void {
    this.isLinkUp = isUp;
    if (isUp) this.bed.linkUp();
    else this.bed.linkDown();
  }

  private fallSilent(): void {
    const at = this.silenceAt();
    const ref = this.bed.pendingRefs[0]!;
    this.bed.now = Math.max(this.bed.now, at);
    this.settle(ref, "timeout");
  }

  /** The next timer, the engine's among them. */
  private wait(): void {
    const { bed } = this;
    const next = bed.translator.nextDeadline();
    if (next && next.at <= this.silenceAt()) bed.advance(Math.max(0, next.at - bed.now));
    else if (bed.pendingRefs.length > 0) this.fallSilent();
  }

  /** @param isForgetful what the last move changed had not reached the disk. */
  private crash(isForgetful: boolean): void {
    const { bed } = this;
    if (isForgetful)
      for (const [what, records] of this.kept) {
        const own = bed.kept[what as "rule"] as Map<string, unknown>;
        own.clear();
        for (const [key, value] of records) own.set(key, value);
      }
    if (isForgetful && this.wished !== undefined) this.truths[this.wished]!.wants = undefined;
    // Who sets a rule is answered when it is on disk.
    for (const [pair, truth] of this.truths.entries()) {
      const { xmpp, sip } = this.alphabet.pairs[pair]!;
      truth.isBlocked = bed.kept.rule.has(`${xmpp} ${sip}`);
    }
    this.sent.clear();
    bed.restart();
    // The component's stream ended with the process.
    this.isLinkUp = false;
  }

  // ---- what comes out

  private onCommand(command: EngineCommand): void {
    if (command.kind === "open") {
      const pair = this.pairOf(command.from.uri.slice(4), command.to.uri.slice(4));
      this.sent.set(command.ref, { at: this.bed.now, pair });
      this.subscribes += 1;
    } else if (command.kind === "dialog-request") {
      const leg = this.legs.get(command.dialog);
      if (!leg) throw new Error(`${command.method} in a dialog that nobody made`);
      this.sent.set(command.ref, { at: this.bed.now, pair: leg.pair });
      this.subscribes += 1;
      if (command.method === "NOTIFY" && command.body) this.onDocument(leg, command.body.bytes);
      if (command.method === "NOTIFY" && !command.body)
        this.onNoDocument(headerOf(command.headers, "Subscription-State")!);
    }
  }

  private onNoDocument(state: string): void {
    if (state.startsWith("active")) throw new Error("active without a document");
  }

  private onDocument(leg: Leg, bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    leg.told = text.includes("<basic>open</basic>") ? "open" : "closed";
    const { answer, isBlocked } = this.truths[leg.pair]!;
    if (leg.told === "open" && (answer !== "accepted" || isBlocked))
      throw new Error(
        `leak: open, though the user's answer is ${answer}${isBlocked ? " and a rule blocks" : ""}`,
      );
    for (const [, other] of text.matchAll(/for (\d)/g))
      if (Number(other) !== leg.pair) throw new Error(`leak: meant for ${other}, shown to ${leg.pair}`);
  }

  private pairOf(xmpp: string, sip: string): number {
    const at = this.alphabet.pairs.findIndex((pair) => pair.xmpp === xmpp && pair.sip === sip);
    if (at < 0) throw new Error(`nobody is ${xmpp} ${sip}`);
    return at;
  }

  private onStanza(stanza: Element): void {
    const { from = "", to = "", type } = stanza.attrs;
    const pair = this.pairOf(bare(to), bare(from));
    const truth = this.truths[pair]!;
    if (type === "unsubscribed" && this.mayLose !== pair) throw new Error("an authorisation is lost");
    const status = stanza.getChildText("status");
    if (status?.startsWith("for ") && status !== `for ${pair}`) throw new Error(`leak: ${status} to ${pair}`);
    if (type === "unsubscribed") truth.wants = false;
    if (!this.isLinkUp) return;
    if (type === "subscribe") truth.isAsked = true;
    if (type === undefined || type === "unavailable") {
      // Directed at the bare JID: what the watching user sees. The SIP watcher's own going offline looks the same.
      truth.sees = type ?? "available";
    }
    if (this.isHonest) this.asked.push({ pair, type: type ?? "" });
  }

  private readonly asked: { readonly pair: number; readonly type: string }[] = [];

  // ---- laws

  check(): void {
    const { bed } = this;
    if (bed.unanswered.length > 0) throw new Error(`not answered: ${bed.unanswered}`);
    const { underWay } = bed.translator;
    const live = bed.liveDialogs.length + bed.pendingRefs.length;
    if (underWay !== live) throw new Error(`${underWay} under way, ${live} at the engine`);
    for (const [dialog, { pair, isOurs }] of this.live()) {
      const { xmpp, sip } = this.alphabet.pairs[pair]!;
      const views = bed.translator.find(xmpp, sip)?.watches;
      const own = isOurs ? views?.xmpp : views?.sip;
      const isWatch = own?.dialogs.some((view) => view.dialog === dialog);
      // A look has no watch: its one dialog lasts until its NOTIFY or its timer.
      if (!isWatch && !isOurs) throw new Error(`${dialog} belongs to nobody`);
    }
  }

  fingerprint(): string {
    const { bed } = this;
    const print = new Fingerprint(bed.now, SKIPPED, /^(?:d\d+|early\d+|t[0-9a-z]+|r\d+)$/);
    print.add(
      this.truths.map(({ wants, answer, isAsked, isShown, isBlocked }) => [
        wants,
        answer,
        isAsked,
        isShown,
        isBlocked,
      ]),
    );
    print.add(this.isLinkUp);
    print.add(bed.translator.legs().toArray());
    print.add((bed.translator as unknown as Record<string, unknown>).reach);
    print.add(bed.pendingRefs.map((ref) => [bed.methodOf(ref), ref, this.sent.get(ref)]));
    print.add(this.live());
    print.add(bed.kept);
    return print.toString();
  }

  // ---- the end

  /** First all works again and everybody sees what they may; then everybody leaves, and nothing is left. */
  windUp(): void {
    this.comeRound();
    this.checkSeen();
    this.leave();
  }

  private comeRound(): void {
    this.isHonest = true;
    this.subscribes = 0;
    if (!this.isLinkUp) this.moveLink(true);
    this.bed.partnerBack();
    // Longest pause of a wish: an hour of backoff and a half, or the 24 h of a refusal, which is no wish.
    const until = this.bed.now + 6 * 3_600_000;
    for (let round = 0; round < 60; round++) {
      this.serve();
      const next = this.bed.translator.nextDeadline();
      if (!next || next.at > until) break;
      this.bed.advance(Math.max(0, next.at - this.bed.now));
    }
    for (const [pair, { answer }] of this.truths.entries()) if (answer === "accepted") this.show(pair);
    for (let round = 0; round < 3; round++) {
      this.serve();
      this.bed.advance(5000);
    }
    this.serve();
    if (this.subscribes > 200) throw new Error(`a storm of ${this.subscribes} requests`);
  }

  /** The partner takes every request and shows bob; the XMPP server answers what it was asked. */
  private serve(): void {
    const { bed } = this;
    for (let busy = true; busy; ) {
      busy = false;
      for (const { pair, type } of this.asked.splice(0)) {
        const { answer } = this.truths[pair]!;
        const { xmpp, sip } = this.alphabet.pairs[pair]!;
        if (type === "subscribe" && answer !== "none")
          bed.presence(answer === "accepted" ? "subscribed" : "unsubscribed", "", xmpp, sip);
        if ((type === "probe" || type === "subscribe") && answer === "accepted") this.show(pair);
        else if (type === "probe") bed.presence("unsubscribed", "", xmpp, sip);
        busy = true;
      }
      const ref = bed.pendingRefs[0];
      if (ref === undefined) continue;
      busy = true;
      const isNotify = bed.methodOf(ref) === "NOTIFY";
      const { pair } = this.sent.get(ref)!;
      const before = new Set(bed.liveDialogs);
      const command = bed.commandOf(ref);
      this.settle(ref, 200);
      if (isNotify) continue;
      const isEnd = headerOf(command.headers, "Expires") === "0";
      const dialog =
        command.kind === "dialog-request" ? command.dialog : bed.liveDialogs.find((own) => !before.has(own));
      if (dialog !== undefined && bed.liveDialogs.includes(dialog) && this.legs.get(dialog)?.pair === pair)
        this.notify(dialog, isEnd ? "over" : "active");
    }
  }

  private checkSeen(): void {
    const { bed } = this;
    for (const [pair, truth] of this.truths.entries()) {
      const { xmpp, sip } = this.alphabet.pairs[pair]!;
      const views = bed.translator.find(xmpp, sip)?.watches;
      const state = views?.xmpp?.state ?? "none";
      const shown = views?.xmpp?.sees;
      if (truth.wants && (state !== "active" || shown === undefined || truth.sees !== "available"))
        throw new Error(`wanted and not seen: ${state}, ${JSON.stringify(shown)}, told ${truth.sees}`);
      if (truth.wants === false && state !== "none" && state !== "denied")
        throw new Error("not wanted and watched");
      const isOpen = truth.answer === "accepted" && !truth.isBlocked;
      for (const [dialog, { told, ...leg }] of this.live())
        if (
          leg.pair === pair &&
          !leg.isOurs &&
          told !== (isOpen ? "open" : told === "open" ? "closed" : told)
        )
          throw new Error(`${dialog} shows ${told} though the user has ${truth.answer}`);
    }
  }

  private leave(): void {
    const { bed } = this;
    for (const [pair, { xmpp, sip }] of this.alphabet.pairs.entries()) {
      this.mayLose = pair;
      this.truths[pair]!.wants = false;
      bed.presence("unsubscribe", "", xmpp, sip);
      bed.rule(undefined, sip, xmpp);
    }
    for (let round = 0; round < 6; round++) {
      while (bed.pendingRefs.length > 0) this.settle(bed.pendingRefs[0]!, 481);
      bed.advance(4_000_000);
    }
    bed.advance(LONGEST_QUIET);
    const { size, underWay } = bed.translator;
    const kept = Object.values(bed.kept).reduce((sum, records) => sum + records.size, 0);
    const left = [size, underWay, bed.liveDialogs.length, bed.pendingRefs.length, kept];
    if (left.some((count) => count > 0))
      throw new Error(`left over: pairs, under way, dialogs, requests, records are ${left}`);
  }
}

const NOTIFIES = ["active", "pending", "rejected", "deactivated"] as const;
const STATES = {
  active: "active;expires=3600",
  pending: "pending;expires=3600",
  rejected: "terminated;reason=rejected",
  deactivated: "terminated;reason=deactivated",
  over: "terminated;reason=timeout",
} as const;

const ERROR =
  '<error type="cancel"><remote-server-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>';

function bare(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}
