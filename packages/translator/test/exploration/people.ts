import type { DialogId, EngineCommand, Outcome } from "@tombolo/sip";
import type { Element } from "ltx";
import { Bed } from "../bed.ts";
import { headerOf } from "../lines.ts";
import { pidf, tuple } from "../watches.ts";

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
export interface Truth {
  /**
   * The XMPP user's last word about watching: `subscribe`, not taken back and not refused. Undefined where it may have been
   * lost with a crash, or where only a probe has said it.
   */
  wants: boolean | undefined;
  /** What the XMPP user has answered the SIP watcher. */
  answer: "none" | "accepted" | "refused";
  /** The answer may have been lost with a crash. */
  isDoubtful: boolean;
  /** Their server has our question. */
  isAsked: boolean;
  /** The XMPP user is online. */
  isShown: boolean;
  isBlocked: boolean;
  /** Presence type that the XMPP watcher was told last of the SIP user. */
  sees: string | undefined;
}

export interface Leg {
  readonly pair: number;
  /** We are subscriber. */
  readonly isOurs: boolean;
  /** The last document of ours in it. */
  told: string | undefined;
}

const START = 1_000_000_000;
/** Timer F of the engine, ms. */
const SILENCE = 32_000;
const HALF = () => 0.5;

/**
 * The people on both sides of the bed: what they can do, and what they must never see. A law that is broken by what comes
 * out throws there and then.
 */
export class People {
  readonly bed: Bed;
  readonly alphabet: Alphabet;
  readonly truths: Truth[];
  readonly legs = new Map<DialogId, Leg>();
  /** When each request of ours went out, and for whom. */
  readonly sent = new Map<string, { readonly sentAt: number; readonly pair: number }>();
  isLinkUp = true;
  /** Questions that their servers have and will answer. */
  readonly owed = new Set<string>();
  /** The pair that the move at hand may cost an authorisation. */
  mayLose: number | undefined;
  /** The pair whose wish the last move was about. */
  wished: number | undefined;
  /** Requests of ours so far. */
  requests = 0;

  constructor(alphabet: Alphabet) {
    this.alphabet = alphabet;
    this.bed = new Bed({ random: HALF });
    this.bed.isSilent = true;
    this.bed.now = START;
    this.truths = alphabet.pairs.map(() => ({
      wants: false,
      answer: "none",
      isDoubtful: false,
      isAsked: false,
      isShown: false,
      isBlocked: false,
      sees: undefined,
    }));
    this.bed.onCommand = (command) => this.onCommand(command);
    this.bed.onStanza = (stanza) => this.onStanza(stanza);
    this.bed.linkUp();
  }

  live(): [DialogId, Leg][] {
    return this.bed.liveDialogs.map((dialog) => [dialog, this.legs.get(dialog)!]);
  }

  show(pair: number): void {
    const { xmpp, sip } = this.alphabet.pairs[pair]!;
    this.truths[pair]!.isShown = this.truths[pair]!.answer === "accepted";
    this.bed.presence(undefined, `<show>away</show><status>for ${pair}</status>`, `${xmpp}/desk`, sip);
  }

  watch(pair: number, expires: number, dialog?: DialogId): void {
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

  settle(ref: string, result: number | Exclude<Outcome["kind"], "final">): void {
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
  refuseWish(pair: number): void {
    this.wished = this.mayLose = pair;
  }

  notify(dialog: DialogId, state: string, opening?: string): void {
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

  moveLink(isUp: boolean): void {
    this.isLinkUp = isUp;
    this.owed.clear();
    if (isUp) this.bed.linkUp();
    else this.bed.linkDown();
  }

  fallSilent(): void {
    const at = this.silenceAt();
    const ref = this.bed.pendingRefs[0]!;
    this.bed.now = Math.max(this.bed.now, at);
    this.settle(ref, "timeout");
  }

  silenceAt(): number {
    const oldest = this.bed.pendingRefs[0];
    return oldest === undefined ? Number.POSITIVE_INFINITY : this.sent.get(oldest)!.sentAt + SILENCE;
  }

  private onCommand(command: EngineCommand): void {
    if (command.kind === "open") {
      const pair = this.pairOf(command.from.uri.slice(4), command.to.uri.slice(4));
      this.sent.set(command.ref, { sentAt: this.bed.now, pair });
      this.requests += 1;
    } else if (command.kind === "dialog-request") {
      const leg = this.legs.get(command.dialog);
      if (!leg) throw new Error(`${command.method} in a dialog that nobody made`);
      this.sent.set(command.ref, { sentAt: this.bed.now, pair: leg.pair });
      this.requests += 1;
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
    if (type === "subscribe" || type === "probe") this.owed.add(`${pair} ${type}`);
  }
}

const STATES = {
  active: "active;expires=3600",
  pending: "pending;expires=3600",
  rejected: "terminated;reason=rejected",
  deactivated: "terminated;reason=deactivated",
  over: "terminated;reason=timeout",
} as const;

function bare(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}
