import type { SipMessage } from "@tombolo/sip";
import type { Element } from "ltx";
import { userOf } from "../simulation/names.ts";
import { markersIn, readMarker, toldIn } from "./markers.ts";

/** What must hold whenever a message passes the program's border. Complains where it does not. */
export interface Guard {
  read?(message: SipMessage): void;
  said?(message: SipMessage): void;
  wrote?(message: SipMessage): void;
  readStanza?(stanza: Element): void;
  saidStanza?(stanza: Element): void;
  /** @param since what the program read from then on is not kept, ms; `isWiped`: nothing is. */
  killed?(since: number, isWiped: boolean): void;
}

export interface GuardAround {
  now(): number;
  complain(what: string): void;
}

/** The SIP user and the XMPP user of a request or an answer. */
export function pairOf(message: SipMessage): { readonly s: number; readonly x: number } {
  const uris = [message.from?.uri ?? "", message.to?.uri ?? ""];
  const s = uris.find((uri) => uri.includes("bob"));
  const x = uris.find((uri) => uri.includes("alice"));
  return { s: userOf(s ?? ""), x: userOf(x ?? "") };
}

export function sayPair(s: number, x: number): string {
  return `bob${s} and alice${x}`;
}

const decoder = new TextDecoder();

export function bodyOf(message: SipMessage): string {
  return message.body.length > 0 ? decoder.decode(message.body) : "";
}

/** Law 2: no word that is for one watcher is said to another. */
export class LeakGuard implements Guard {
  private readonly around: GuardAround;

  constructor(around: GuardAround) {
    this.around = around;
  }

  said(message: SipMessage): void {
    if (message.isRequest && message.method === "NOTIFY") this.check(bodyOf(message), pairOf(message), ["p"]);
  }

  saidStanza(stanza: Element): void {
    const pair = { s: userOf(stanza.attrs.from ?? ""), x: userOf(stanza.attrs.to ?? "") };
    this.check(stanza.toString(), pair, ["q", "u"]);
  }

  private check(
    text: string,
    { s, x }: { readonly s: number; readonly x: number },
    kinds: readonly string[],
  ): void {
    for (const marker of markersIn(text)) {
      const own = readMarker(marker);
      const isTheirs = own.s === s && (own.x === x || own.kind === "u");
      if (!isTheirs || !kinds.includes(own.kind))
        this.around.complain(`presence leaked: ${marker} is said between ${sayPair(s, x)}`);
    }
  }
}

/** Each request of the partner's gets one final answer, and a BENOTIFY none. */
export class AnswerGuard implements Guard {
  private readonly around: GuardAround;
  private readonly open = new Map<string, { readonly what: string; readonly at: number }>();
  private readonly closed = new Set<string>();

  constructor(around: GuardAround) {
    this.around = around;
  }

  read(message: SipMessage): void {
    if (!message.isRequest || message.method === "ACK") return;
    const key = message.topVia?.branch ?? "";
    const what = `${message.method} ${message.callId}`;
    if (message.method === "BENOTIFY") this.closed.add(key);
    else this.open.set(key, { what, at: this.around.now() });
  }

  wrote(message: SipMessage): void {
    if (message.isRequest || message.status < 200) return;
    const key = message.topVia?.branch ?? "";
    if (this.open.delete(key)) this.closed.add(key);
    else if (this.closed.has(key))
      this.around.complain(`an answer too many: ${message.status} to ${message.get("CSeq")}`);
    else this.around.complain(`an answer without a request: ${message.status} ${message.get("CSeq")}`);
  }

  killed(): void {
    this.open.clear();
  }

  /** A line is gone: what came over it can't be answered. */
  forget(): void {
    this.open.clear();
  }

  /** Complains about what has waited for so long, ms. */
  check(longest: number): void {
    for (const { what, at } of this.open.values())
      if (this.around.now() - at > longest) this.around.complain(`no answer to the ${what}`);
  }
}

/** RFC 3856 6.10, less what sums of broken milliseconds are off, ms. */
const NOTIFY_INTERVAL = 4_999;

interface Told {
  readonly at: number;
  readonly state: string;
}

/** RFC 3856 6.10: a dialog gets one NOTIFY in five seconds, but for those that a SUBSCRIBE or a decision asks for. CSeq rises by one. */
export class PaceGuard implements Guard {
  private readonly around: GuardAround;
  private told = new Map<string, Told>();
  /** By Call-ID, of the present run and of those before. */
  private numbers = new Map<string, number>();
  private older = new Map<string, number>();

  constructor(around: GuardAround) {
    this.around = around;
  }

  read(message: SipMessage): void {
    if (message.isRequest && message.method === "SUBSCRIBE") this.told.delete(message.callId);
  }

  said(message: SipMessage): void {
    if (!message.isRequest) return;
    this.count(message);
    if (message.method !== "NOTIFY") return;
    const state = message.get("Subscription-State")?.split(";")[0] ?? "";
    const last = this.told.get(message.callId);
    const now = this.around.now();
    if (last && last.state === state && now - last.at < NOTIFY_INTERVAL)
      this.around.complain(`a NOTIFY ${now - last.at} ms after the last one in ${message.callId}`);
    this.told.set(message.callId, { at: now, state });
  }

  private count(message: SipMessage): void {
    const number = Number.parseInt(message.get("CSeq") ?? "", 10);
    const last = this.numbers.get(message.callId);
    const old = this.older.get(message.callId) ?? 0;
    const isNext = last === undefined ? number > old : number === last + 1;
    if (!isNext) this.around.complain(`CSeq ${number} after ${last ?? old} in ${message.callId}`);
    this.numbers.set(message.callId, number);
  }

  killed(): void {
    this.told = new Map();
    for (const [callId, number] of this.numbers) this.older.set(callId, number);
    this.numbers = new Map();
  }
}

/** How far one user has let another in, as the program could know. `unsure`: what it read was not kept. */
type Leave = "yes" | "no" | "unsure";

/** Law 4: after a refusal, and before a permission, a watcher sees nobody. */
export class LeaveGuard implements Guard {
  private readonly around: GuardAround;
  private readonly unknownWatcher: "ask" | "allow" | "deny";
  private readonly byXmpp = new Map<string, { leave: Leave; at: number }>();
  private readonly bySip = new Map<string, { leave: Leave; at: number }>();
  private readonly rules = new Map<string, "allow" | "block">();
  /** NOTIFYs that say no and have no answer yet, by branch. */
  private readonly refusals = new Map<string, string>();

  constructor(around: GuardAround, unknownWatcher: "ask" | "allow" | "deny") {
    this.around = around;
    this.unknownWatcher = unknownWatcher;
  }

  rule(s: number, x: number, action: "allow" | "block" | undefined): void {
    if (action) this.rules.set(`${s} ${x}`, action);
    else this.rules.delete(`${s} ${x}`);
  }

  isShutOut(s: number, x: number): boolean {
    const rule = this.rules.get(`${s} ${x}`);
    return rule ? rule === "block" : this.unknownWatcher === "deny";
  }

  killed(since: number, isWiped: boolean): void {
    for (const known of [this.byXmpp, this.bySip])
      for (const own of known.values()) if (own.at >= since) own.leave = "unsure";
    if (isWiped) this.rules.clear();
  }

  readStanza(stanza: Element): void {
    const { type, from, to } = stanza.attrs;
    if (stanza.name !== "presence") return;
    const key = `${userOf(to ?? "")} ${userOf(from ?? "")}`;
    if (type === "subscribed" || type === undefined) this.note(this.byXmpp, key, "yes");
    else if (type === "unsubscribed") this.note(this.byXmpp, key, "no");
    else if (type === "unsubscribe") this.note(this.bySip, key, "no");
  }

  read(message: SipMessage): void {
    const { s, x } = pairOf(message);
    const key = `${s} ${x}`;
    if (!message.isRequest) {
      if (message.get("CSeq")?.endsWith(" SUBSCRIBE") && REFUSALS.has(message.status))
        this.note(this.bySip, key, "no");
      return;
    }
    if (!isNotify(message)) return;
    const state = message.get("Subscription-State") ?? "";
    if (/^terminated.*reason=(rejected|noresource)|^pending/.test(state))
      this.refusals.set(message.topVia?.branch ?? "", key);
    else if (state.startsWith("active") || bodyOf(message) !== "") this.note(this.bySip, key, "yes");
  }

  /** What is said in a dialog that the program does not know is not heard. */
  wrote(message: SipMessage): void {
    const branch = message.topVia?.branch ?? "";
    const key = message.isRequest ? undefined : this.refusals.get(branch);
    if (key === undefined) return;
    this.refusals.delete(branch);
    if (message.status < 300) this.note(this.bySip, key, "no");
  }

  private note(known: Map<string, { leave: Leave; at: number }>, key: string, leave: Leave): void {
    known.set(key, { leave, at: this.around.now() });
  }

  said(message: SipMessage): void {
    if (!message.isRequest || message.method !== "NOTIFY" || !toldIn(bodyOf(message)).isOpen) return;
    const { s, x } = pairOf(message);
    const leave = this.byXmpp.get(`${s} ${x}`)?.leave ?? "no";
    if (leave === "no") this.around.complain(`bob${s} sees alice${x}, who has not let him`);
    else if (this.isShutOut(s, x)) this.around.complain(`bob${s} sees alice${x}, against the rules`);
  }

  saidStanza(stanza: Element): void {
    if (stanza.name !== "presence" || stanza.attrs.type !== undefined) return;
    const [s, x] = [userOf(stanza.attrs.from ?? ""), userOf(stanza.attrs.to ?? "")];
    if ((this.bySip.get(`${s} ${x}`)?.leave ?? "no") === "no")
      this.around.complain(`alice${x} sees bob${s}, whose side has not let her`);
  }
}

/** What is told without being asked for counts, too. */
function isNotify({ method }: SipMessage): boolean {
  return method === "NOTIFY" || method === "BENOTIFY";
}

const REFUSALS: ReadonlySet<number> = new Set([403, 489, 603]);

/** Law 6: a roster is touched by nobody but the two users: state that is lost, and errors, change nothing. */
export class RosterGuard implements Guard {
  private readonly around: GuardAround;
  /** What entitles to say `unsubscribed`, and `subscribed`. */
  private readonly mayRefuse = new Set<string>();
  private readonly mayAllow = new Set<string>();

  constructor(around: GuardAround) {
    this.around = around;
  }

  readStanza(stanza: Element): void {
    const { type, from, to } = stanza.attrs;
    const key = `${userOf(to ?? "")} ${userOf(from ?? "")}`;
    if (type === "unsubscribe") this.mayRefuse.add(key);
    if (type === "subscribe") this.mayRefuse.delete(key);
  }

  read(message: SipMessage): void {
    const { s, x } = pairOf(message);
    const key = `${s} ${x}`;
    if (!message.isRequest) {
      if (message.get("CSeq")?.endsWith(" SUBSCRIBE") && REFUSALS.has(message.status))
        this.mayRefuse.add(key);
      return;
    }
    if (!isNotify(message)) return;
    const state = message.get("Subscription-State") ?? "";
    if (/reason=(rejected|noresource)/.test(state)) this.mayRefuse.add(key);
    if (state.startsWith("active")) this.mayAllow.add(key);
  }

  saidStanza(stanza: Element): void {
    const { type, from, to } = stanza.attrs;
    const [s, x] = [userOf(from ?? ""), userOf(to ?? "")];
    const key = `${s} ${x}`;
    if (type === "unsubscribe") this.around.complain(`alice${x} loses a watcher who only went away: bob${s}`);
    if (type === "unsubscribed" && !this.mayRefuse.has(key))
      this.around.complain(`alice${x} loses bob${s} from the roster, and nobody wanted that`);
    if (type === "subscribed" && !this.mayAllow.has(key))
      this.around.complain(`alice${x} is told that bob${s} lets her in, who has said nothing`);
  }
}
