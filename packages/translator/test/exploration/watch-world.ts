import type { DialogId } from "@tombolo/sip";
import type { Explorable } from "./explorer.ts";
import { Fingerprint } from "./fingerprint.ts";
import { type Alphabet, People } from "./people.ts";
import { windUp } from "./wind-up.ts";

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

const NOTIFIES = ["active", "pending", "rejected", "deactivated"] as const;

const ERROR =
  '<error type="cancel"><remote-server-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>';

/** People who watch each other, moved by name. */
export class WatchWorld implements Explorable {
  private readonly people: People;
  private early = 0;
  /** The pair in which the last move was an answer to the SIP watcher. */
  private answered: number | undefined;
  private kept = new Map<string, ReadonlyMap<string, unknown>>();

  constructor(alphabet: Alphabet) {
    this.people = new People(alphabet);
  }

  moves(): readonly string[] {
    const moves: string[] = [];
    for (let pair = 0; pair < this.people.truths.length; pair++) {
      if (this.people.isLinkUp) this.movesOfXmpp(pair, moves);
      else if (this.people.truths[pair]!.isShown) moves.push(`${pair} hide`);
      if (this.people.alphabet.sipWatches) this.movesOfSip(pair, moves);
      if (this.people.alphabet.rules)
        moves.push(`${pair} ${this.people.truths[pair]!.isBlocked ? "unblock" : "block"}`);
    }
    this.movesOfRequests(moves);
    for (const [dialog, { isOurs }] of this.people.live()) {
      moves.push(`${dialog} lost`);
      if (isOurs) moves.push(...NOTIFIES.map((state) => `${dialog} notify ${state}`));
      else moves.push(`${dialog} refresh`, `${dialog} end`);
    }
    moves.push(this.people.isLinkUp ? "link down" : "link up", "crash");
    if (this.people.legs.size > 0) moves.push("forgetful crash");
    if (this.people.alphabet.xmppWatches) moves.push("partner back");
    if (this.people.bed.translator.nextDeadline()) moves.push("wait");
    return moves;
  }

  private movesOfXmpp(pair: number, moves: string[]): void {
    const { answer, isAsked, isShown, isDoubtful } = this.people.truths[pair]!;
    if (this.people.alphabet.xmppWatches)
      moves.push(...["subscribe", "unsubscribe", "probe", "leave"].map((what) => `${pair} ${what}`));
    if (!this.people.alphabet.sipWatches) return;
    if (isAsked && answer !== "accepted") moves.push(`${pair} accept`, `${pair} error`);
    if (answer === "accepted" || (isAsked && answer === "none")) moves.push(`${pair} refuse`);
    // Also what was on its way when she refused.
    if (answer !== "none" && !isDoubtful) moves.push(`${pair} show`);
    if (answer === "accepted" && isShown) moves.push(`${pair} hide`);
  }

  private movesOfSip(pair: number, moves: string[]): void {
    const own = this.people.live().filter(([, leg]) => leg.pair === pair && !leg.isOurs);
    if (own.length < 2) moves.push(`${pair} watch`, `${pair} look`);
  }

  private movesOfRequests(moves: string[]): void {
    const { bed } = this.people;
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
    const next = this.people.bed.translator.nextDeadline();
    return !next || next.at >= this.people.silenceAt();
  }

  take(move: string): void {
    const before = this.snapshot();
    if (move !== "forgetful crash") this.people.wished = this.answered = undefined;
    this.people.mayLose = undefined;
    const [what, ...rest] = move.split(" ") as [string, ...string[]];
    if (what === "request") this.answer(Number(rest[0]), rest.slice(1));
    else if (what === "silence") this.people.fallSilent();
    else if (what === "link") this.people.moveLink(rest[0] === "up");
    else if (what === "partner") this.people.bed.partnerBack();
    else if (what === "wait") this.wait();
    else if (move.endsWith("crash")) this.crash(what === "forgetful");
    else if (/^\d+$/.test(what)) this.moveUser(Number(what), rest[0]!);
    else this.moveDialog(what, rest);
    this.kept = before;
  }

  private snapshot(): Map<string, ReadonlyMap<string, unknown>> {
    return new Map(Object.entries(this.people.bed.kept).map(([what, records]) => [what, new Map(records)]));
  }

  private moveUser(pair: number, what: string): void {
    const { bed } = this.people;
    const truth = this.people.truths[pair]!;
    const { xmpp, sip } = this.people.alphabet.pairs[pair]!;
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
        this.people.wished = pair;
        say("subscribe");
        break;
      case "unsubscribe":
        truth.wants = false;
        this.people.wished = this.people.mayLose = pair;
        say("unsubscribe");
        break;
      case "probe":
        // A refusal that is remembered may be said again.
        if (bed.translator.find(xmpp, sip)?.states.xmppWatcher === "denied") this.people.mayLose = pair;
        if (truth.wants === false) truth.wants = undefined;
        say("probe");
        break;
      case "leave":
      case "hide":
        truth.isShown = false;
        if (this.people.isLinkUp) say("unavailable");
        break;
      case "accept":
        truth.answer = "accepted";
        this.answered = pair;
        truth.isDoubtful = false;
        say("subscribed");
        break;
      case "refuse":
        truth.answer = "refused";
        this.answered = pair;
        truth.isDoubtful = false;
        truth.isShown = false;
        say("unsubscribed");
        break;
      case "error":
        truth.isAsked = false;
        say("error", ERROR);
        break;
      case "show":
        this.people.show(pair);
        break;
      case "block":
      case "unblock":
        truth.isBlocked = what === "block";
        bed.rule(truth.isBlocked ? "block" : undefined, sip, xmpp);
        break;
      default:
        this.people.watch(pair, what === "look" ? 0 : 3600);
    }
  }

  private answer(at: number, [what, state]: readonly string[]): void {
    const { bed } = this.people;
    const ref = bed.pendingRefs[at]!;
    const { pair } = this.people.sent.get(ref)!;
    if (what === "early") {
      const dialog = `early${++this.early}`;
      this.people.legs.set(dialog, { pair, isOurs: true, told: undefined });
      this.people.notify(dialog, state!, ref);
      return;
    }
    const result = what === "unreachable" ? "unreachable" : Number(what);
    if (result === 603) this.people.refuseWish(pair);
    this.people.settle(ref, result);
  }

  private moveDialog(dialog: DialogId, [what, state]: readonly string[]): void {
    if (what === "lost") this.people.bed.event({ kind: "dialogs-lost", dialogs: [dialog] });
    else if (what === "notify") this.people.notify(dialog, state!);
    else this.people.watch(this.people.legs.get(dialog)!.pair, what === "end" ? 0 : 3600, dialog);
  }

  /** The next timer, the engine's among them. */
  private wait(): void {
    const { bed } = this.people;
    const next = bed.translator.nextDeadline();
    if (next && next.at <= this.people.silenceAt()) bed.advance(Math.max(0, next.at - bed.now));
    else if (bed.pendingRefs.length > 0) this.people.fallSilent();
  }

  /** @param isForgetful what the last move changed had not reached the disk. */
  private crash(isForgetful: boolean): void {
    const { bed } = this.people;
    if (isForgetful)
      for (const [what, records] of this.kept) {
        const own = bed.kept[what as "rule"] as Map<string, unknown>;
        own.clear();
        for (const [key, value] of records) own.set(key, value);
      }
    if (isForgetful && this.people.wished !== undefined)
      this.people.truths[this.people.wished]!.wants = undefined;
    if (isForgetful && this.answered !== undefined) this.people.truths[this.answered]!.isDoubtful = true;
    // Who sets a rule is answered when it is on disk.
    for (const [pair, truth] of this.people.truths.entries()) {
      const { xmpp, sip } = this.people.alphabet.pairs[pair]!;
      truth.isBlocked = bed.kept.rule.has(`${xmpp} ${sip}`);
    }
    this.people.sent.clear();
    bed.restart();
    // The component's stream ended with the process.
    this.people.isLinkUp = false;
    this.people.owed.clear();
  }

  check(): void {
    const { bed } = this.people;
    if (bed.unanswered.length > 0) throw new Error(`not answered: ${bed.unanswered}`);
    const { underWay } = bed.translator;
    const live = bed.liveDialogs.length + bed.pendingRefs.length;
    if (underWay !== live) throw new Error(`${underWay} under way, ${live} at the engine`);
    for (const [dialog, { pair, isOurs }] of this.people.live()) {
      const { xmpp, sip } = this.people.alphabet.pairs[pair]!;
      const views = bed.translator.find(xmpp, sip)?.watches;
      const own = isOurs ? views?.xmpp : views?.sip;
      const isWatch = own?.dialogs.some((view) => view.dialog === dialog);
      // A look has no watch: its one dialog lasts until its NOTIFY or its timer.
      if (!isWatch && !isOurs) throw new Error(`${dialog} belongs to nobody`);
    }
  }

  fingerprint(): string {
    const { bed } = this.people;
    const print = new Fingerprint(bed.now, SKIPPED, /^(?:d\d+|early\d+|t[0-9a-z]+|r\d+)$/);
    print.add(
      this.people.truths.map(({ wants, answer, isDoubtful, isAsked, isShown, isBlocked }) => [
        wants,
        answer,
        isDoubtful,
        isAsked,
        isShown,
        isBlocked,
      ]),
    );
    print.add(this.people.isLinkUp);
    print.add(this.people.owed);
    print.add([...bed.translator.legs()]);
    print.add((bed.translator as unknown as Record<string, unknown>).reach);
    print.add(bed.pendingRefs.map((ref) => [bed.methodOf(ref), ref, this.people.sent.get(ref)]));
    print.add(this.people.live());
    print.add(bed.kept);
    return print.toString();
  }

  /** First all works again and everybody sees what they may; then everybody leaves, and nothing is left. */
  windUp(): void {
    windUp(this.people);
  }
}
