import {
  type Body,
  buildRequest,
  buildResponse,
  type DialogId,
  type EngineCommand,
  type EngineEvent,
  type HeaderFields,
  type Millis,
  type Outcome,
  type RequestRef,
} from "@tombolo/sip";
import { Element, parse } from "ltx";
import {
  DEFAULT_CONVERSATION_SETTINGS,
  DEFAULT_SIP_WATCHER_SETTINGS,
  DEFAULT_XMPP_WATCHER_SETTINGS,
  type Kept,
  type Observation,
  profileByName,
  Translator,
  type TranslatorInput,
  type TranslatorSettings,
} from "../src/index.ts";
import { lineOfCommand, lineOfStanza } from "./lines.ts";

export const ALICE = "alice@example.com";
export const BOB = "bob@contoso.example";
export const PARTNER = "contoso.example";

type Asking = Extract<EngineCommand, { kind: "open" | "request" | "dialog-request" }>;
type Answer = Extract<EngineCommand, { kind: "answer" }>;

interface Asked {
  readonly command: Asking;
  /** A NOTIFY has named it before the answer. */
  dialog: DialogId | undefined;
}

export interface RequestOptions {
  readonly from?: string;
  readonly to?: string;
  readonly headers?: HeaderFields;
  readonly body?: Body;
  readonly dialog?: DialogId;
  readonly callId?: string;
  readonly opening?: string;
  readonly partner?: string;
}

/** What a conversation's or a whole run's messages have come to. */
export interface Account {
  accepted: number;
  delivered: number;
  bounced: number;
  expired: number;
  returned: number;
}

export function bedSettings(changes: Partial<TranslatorSettings> = {}): TranslatorSettings {
  let serial = 0;
  let seed = 1;
  return {
    xmppDomains: ["example.com"],
    partners: [
      { domain: PARTNER, profile: profileByName("lync") },
      { domain: "ocs.example", profile: profileByName("ocs") },
      { domain: "simple.example", profile: profileByName("simple") },
    ],
    xmppPolicy: { default: "deny", exceptions: [] },
    unknownWatcher: "ask",
    maxExpiresSeconds: 7200,
    address: "sip.example.com",
    ids: () => `id${++serial}`,
    random: () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    },
    conversation: DEFAULT_CONVERSATION_SETTINGS,
    sipWatcher: DEFAULT_SIP_WATCHER_SETTINGS,
    xmppWatcher: DEFAULT_XMPP_WATCHER_SETTINGS,
    ...changes,
  };
}

/**
 * A translator between an engine and links that a test plays. The engine's part is the port's contract: a 2xx to an
 * INVITE or SUBSCRIBE makes a dialog at once, a request is answered once, requests go out only in dialogs that there
 * are. Breaking it throws.
 */
export class Bed {
  translator: Translator;
  /** What would be on disk, in the order in which it is restored. */
  readonly kept: Readonly<Record<Kept["what"], Map<string, Kept>>> = {
    rule: new Map(),
    authorization: new Map(),
    dialog: new Map(),
    presence: new Map(),
    publication: new Map(),
    text: new Map(),
  };
  private readonly changes: Partial<TranslatorSettings>;
  private runs = 1;
  readonly observations: Observation[] = [];
  now: Millis = 0;
  private readonly lines: string[] = [];
  private readonly asked = new Map<string, Asked>();
  private readonly requests = new Map<
    RequestRef,
    { method: string; dialog: DialogId | undefined; from: string }
  >();
  private readonly answers = new Map<RequestRef, Answer>();
  private readonly dialogs = new Set<DialogId>();
  private readonly events: EngineEvent[] = [];
  /** Errors to XMPP users wait for `taken` or `lost` like texts; else the server takes them at once. */
  holdsErrors = false;
  /** Likewise what is decided about permissions. */
  holdsDecisions = false;
  private readonly takenAtOnce: string[] = [];
  private readonly tracks: { track: string; stanza: Element }[] = [];
  /** Every tracked stanza that was ever sent, as its addressee could return it. */
  readonly sentTracked: { id: string; from: string; to: string }[] = [];
  readonly accounts = new Map<string, Account>();
  lastStanza: Element | undefined;
  /** Shown each command and stanza as it goes out. */
  onCommand: (command: EngineCommand) => void = () => {};
  onStanza: (stanza: Element) => void = () => {};
  /** The last error stanza. */
  lastError: Element | undefined;
  lastOpen: Extract<EngineCommand, { kind: "open" }> | undefined;
  /** The last request of ours. */
  lastRequest: Asking | undefined;
  /** The engine does not name the dialogs of our 2xx, as if it had not got to it yet. */
  holdsDialogs = false;
  /** Body of the last request or answer that had one. */
  lastBody: Uint8Array | undefined;
  private serial = 0;
  /** Nobody reads the lines: they are not written. */
  isSilent = false;

  constructor(changes: Partial<TranslatorSettings> = {}) {
    this.changes = changes;
    this.translator = new Translator(bedSettings(changes));
  }

  // ---- what went out

  /** One line for each thing that went out since the last call, in order. */
  out(): string[] {
    return this.lines.splice(0);
  }

  answerTo(request: RequestRef): Answer | undefined {
    return this.answers.get(request);
  }

  /** Requests of the peer that have no answer yet. */
  get unanswered(): RequestRef[] {
    return [...this.requests.keys()].filter((ref) => !this.answers.has(ref));
  }

  /** Requests of ours that wait for their outcome, by method. */
  get pending(): string[] {
    return [...this.asked.values()].map(({ command }) => command.method);
  }

  get pendingRefs(): string[] {
    return [...this.asked.keys()];
  }

  /** Our SUBSCRIBEs that open and have no dialog yet. */
  get openingSubscribes(): string[] {
    const opening = [...this.asked].filter(
      ([, { command, dialog }]) => command.kind === "open" && command.method === "SUBSCRIBE" && !dialog,
    );
    return opening.map(([ref]) => ref);
  }

  commandOf(ref: string): Asking {
    return this.asked.get(ref)!.command;
  }

  /** The next request of a peer is called `r` and this. */
  get nextSerial(): number {
    return this.serial + 1;
  }

  methodOf(ref: string): string {
    return this.asked.get(ref)!.command.method;
  }

  requestMethod(ref: RequestRef): string {
    return this.requests.get(ref)!.method;
  }

  /** The SIP user whose request made the dialog. */
  peerOf(dialog: DialogId): string | undefined {
    return this.requests.get(`r${dialog.slice(1)}`)?.from;
  }

  get liveDialogs(): DialogId[] {
    return [...this.dialogs];
  }

  get untaken(): number {
    return this.tracks.length;
  }

  /** The oldest stanza that the server has not taken. */
  get oldestUntaken(): Element | undefined {
    return this.tracks[0]?.stanza;
  }

  account(direction: "sip_to_xmpp" | "xmpp_to_sip", partner = PARTNER): Account {
    const key = `${direction} ${partner}`;
    const account = this.accounts.get(key) ?? {
      accepted: 0,
      delivered: 0,
      bounced: 0,
      expired: 0,
      returned: 0,
    };
    this.accounts.set(key, account);
    return account;
  }

  // ---- the SIP side

  /** A request of a SIP user, `sip:bob@contoso.example` to `sip:alice@example.com` unless told otherwise. */
  request(method: string, options: RequestOptions = {}): RequestRef {
    const from = options.from ?? `sip:${BOB}`;
    const to = options.to ?? `sip:${ALICE}`;
    const ref = `r${++this.serial}`;
    const message = buildRequest(
      method,
      to,
      [
        ["Via", "SIP/2.0/TLS peer.example;branch=z9hG4bK1"],
        ["From", from.startsWith("<") || from.startsWith('"') ? `${from};tag=f` : `<${from}>;tag=f`],
        ["To", options.dialog === undefined ? `<${to}>` : `<${to}>;tag=t`],
        ["Call-ID", options.callId ?? options.dialog ?? ref],
        ["CSeq", `1 ${method}`],
        ...(options.headers ?? []),
        ["Contact", "<sip:peer.example;transport=tls>"],
      ],
      options.body,
    );
    if (options.dialog !== undefined) this.dialogs.add(options.dialog);
    if (options.opening !== undefined) this.asked.get(options.opening)!.dialog = options.dialog;
    this.requests.set(ref, { method, dialog: options.dialog, from });
    const verified = { partner: options.partner ?? PARTNER, name: "sip.contoso.example" };
    const { dialog, opening } = options;
    this.event({ kind: "request", request: ref, message, verified, dialog, opening });
    return ref;
  }

  event(event: EngineEvent): void {
    if (event.kind === "unconfirmed") this.dialogs.delete(event.dialog);
    if (event.kind === "dialogs-lost") for (const dialog of event.dialogs) this.dialogs.delete(dialog);
    this.feed({ kind: "sip", event });
  }

  confirm(dialog: DialogId): void {
    this.event({ kind: "confirmed", dialog });
  }

  /** The engine's name of our oldest request of that method that waits, in that dialog if one is given. */
  refOf(method: string, dialog?: DialogId): string {
    for (const [ref, { command }] of this.asked) {
      const isIn = dialog === undefined || (command.kind === "dialog-request" && command.dialog === dialog);
      if (command.method === method && isIn) return ref;
    }
    throw new Error(`no ${method} waits; there are: ${this.pending.join(", ") || "none"}`);
  }

  /**
   * The outcome of our oldest request of that method. Gives the dialog that a 2xx made.
   * @param dialog only a request in that dialog; the name of a new one for an INVITE or SUBSCRIBE that opens.
   */
  outcome(
    method: string,
    result: number | "timeout" | "unreachable",
    options: { headers?: HeaderFields; body?: Body; reason?: string; dialog?: DialogId; ref?: string } = {},
  ): DialogId | undefined {
    const ref = options.ref ?? this.refOf(method, options.dialog);
    const { command, dialog: early } = this.asked.get(ref)!;
    this.asked.delete(ref);
    let dialog: DialogId | undefined;
    if (command.kind === "open" && typeof result === "number" && result < 300) {
      dialog = early ?? `d${++this.serial}`;
      this.dialogs.add(dialog);
    }
    this.feed({
      kind: "sip",
      event: { kind: "outcome", ref, outcome: outcomeOf(command, result, dialog, options) },
    });
    return dialog;
  }

  /** The engine does not send our oldest request of that method. */
  refuse(method: string, why: string): void {
    const ref = this.refOf(method);
    this.asked.delete(ref);
    const outcome: Outcome = { kind: "unreachable", why, mayHaveBeenSent: false };
    this.feed({ kind: "sip", event: { kind: "outcome", ref, outcome } });
  }

  // ---- the XMPP side

  /** A stanza over the link of the partner that its `to` names. */
  stanza(xml: string | Element): void {
    const stanza = typeof xml === "string" ? parse(xml) : xml;
    const partner = (stanza.attrs.to ?? "").replace(/^[^@]*@/, "").replace(/\/.*$/, "") || PARTNER;
    this.feed({ kind: "stanza", partner, stanza });
  }

  presence(type: string | undefined, children = "", from = ALICE, to = BOB, id?: string): void {
    const attributes = `${type ? ` type="${type}"` : ""}${id ? ` id="${id}"` : ""}`;
    this.stanza(`<presence from="${from}" to="${to}"${attributes}>${children}</presence>`);
  }

  /** A chat message of alice's. */
  chat(
    text: string,
    options: { id?: string; from?: string; to?: string; type?: string; more?: string } = {},
  ): void {
    const { id = `c${++this.serial}`, from = `${ALICE}/desk`, to = BOB, type = "chat", more = "" } = options;
    const message = new Element("message", { from, to, id, type: type === "" ? undefined : type });
    message.c("body").t(text);
    for (const child of parse(`<x>${more}</x>`).getChildElements()) message.cnode(child);
    this.stanza(message);
  }

  chatState(state: string, from = `${ALICE}/desk`, to = BOB): void {
    const child = `<${state} xmlns="http://jabber.org/protocol/chatstates"/>`;
    this.stanza(`<message from="${from}" to="${to}" type="chat">${child}</message>`);
  }

  /** The server has the oldest tracked stanza. */
  taken(): void {
    this.feed({ kind: "taken", track: this.tracks.shift()!.track });
  }

  lost(why = "link-down"): void {
    this.feed({ kind: "lost", track: this.tracks.shift()!.track, why });
  }

  /** The server, or the addressee, returns a tracked stanza: the oldest that is not taken, unless an id is given. */
  returns(condition: string, options: { text?: string; id?: string; from?: string; to?: string } = {}): void {
    const first = this.tracks[0]?.stanza.attrs;
    const { id = first?.id, from = first?.to, to = first?.from, text } = options;
    const ns = 'xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"';
    const words = text === undefined ? "" : `<text ${ns}>${text}</text>`;
    this.stanza(
      `<message type="error" id="${id}" from="${from}" to="${to}">` +
        `<error type="cancel"><${condition} ${ns}/>${words}</error></message>`,
    );
  }

  linkUp(partner = PARTNER): void {
    this.feed({ kind: "link-up", partner });
  }

  linkDown(partner = PARTNER): void {
    this.feed({ kind: "link-down", partner });
  }

  drain(): void {
    this.feed({ kind: "drain" });
  }

  partnerBack(partner = PARTNER): void {
    this.feed({ kind: "partner-back", partner });
  }

  rule(action: "allow" | "block" | undefined, peer = BOB, user = ALICE): void {
    this.feed({ kind: "rule", user, peer, action, source: "test" });
  }

  /** The process is killed and started again with what it kept; the engine has the kept dialogs, and the links are down. */
  restart(downFor: Millis = 0): void {
    this.asked.clear();
    this.requests.clear();
    this.tracks.length = 0;
    this.takenAtOnce.length = 0;
    this.events.length = 0;
    // Metrics begin anew with a process.
    this.observations.length = 0;
    this.accounts.clear();
    const records = Object.values(this.kept).flatMap((kind) => [...kind.values()]);
    this.now += downFor;
    this.dialogs.clear();
    for (const kept of records) if (kept.what === "dialog") this.dialogs.add(kept.dialog);
    // As in the program, no id of an earlier run comes again.
    this.runs += 1;
    const { ids, ...settings } = bedSettings(this.changes);
    const run = this.runs;
    this.translator = new Translator({ ...settings, ids: () => `run${run}${ids()}` });
    for (const kept of records) this.feed({ kind: "restore", kept });
    this.feed({ kind: "recover" });
  }

  // ---- time

  /** Lets time pass, waking the translator whenever it wants to be. */
  advance(ms: Millis): void {
    const until = this.now + ms;
    for (
      let next = this.translator.nextDeadline();
      next && next.at <= until;
      next = this.translator.nextDeadline()
    ) {
      this.now = Math.max(this.now, next.at);
      this.translator.timeout(this.now);
      this.settle();
      const after = this.translator.nextDeadline();
      if (after && after.at <= this.now) throw new Error(`not later than now: ${after.reason}`);
    }
    this.now = until;
  }

  /** A configuration with other values is taken over. */
  reload(changes: Partial<TranslatorSettings>): void {
    this.feed({ kind: "settings", settings: bedSettings({ ...this.changes, ...changes }) });
  }

  feed(input: TranslatorInput): void {
    this.translator.handle(input, this.now);
    this.settle();
  }

  private settle(): void {
    for (;;) {
      const out = this.translator.poll();
      if (out?.kind === "sip") this.take(out.command);
      else if (out?.kind === "stanza") {
        this.lastStanza = out.stanza;
        this.onStanza(out.stanza);
        if (out.stanza.attrs.type === "error") this.lastError = out.stanza;
        if (!this.isSilent) this.lines.push(lineOfStanza(out.stanza));
        if (out.track !== undefined) this.onTracked(out.track, out.stanza);
      } else if (out?.kind === "keep") this.onKeep(out.kept);
      else if (out) this.onObservation(out.observation);
      else {
        const track = this.takenAtOnce.shift();
        const event = track === undefined ? this.events.shift() : undefined;
        if (track !== undefined) this.translator.handle({ kind: "taken", track }, this.now);
        else if (event) this.translator.handle({ kind: "sip", event }, this.now);
        else return;
      }
    }
  }

  private onKeep(kept: Kept): void {
    const key = kept.what === "rule" ? `${kept.user} ${kept.peer}` : keyOfKept(kept);
    const records = this.kept[kept.what];
    if (kept.value) records.set(key, kept);
    else records.delete(key);
  }

  private onTracked(track: string, stanza: Element): void {
    const isHeld = stanza.attrs.type === "error" ? this.holdsErrors : this.holdsDecisions;
    if ((stanza.attrs.type === "error" || stanza.name === "presence") && !isHeld) {
      this.takenAtOnce.push(track);
      return;
    }
    this.tracks.push({ track, stanza });
    if (stanza.attrs.type === "error") return;
    this.sentTracked.push({ id: track, from: stanza.attrs.to!, to: stanza.attrs.from! });
  }

  private take(command: EngineCommand): void {
    this.onCommand(command);
    const line = this.isSilent ? undefined : lineOfCommand(command);
    if (line) this.lines.push(line);
    if ("body" in command && command.body) this.lastBody = command.body.bytes;
    if (command.kind === "open" || command.kind === "request" || command.kind === "dialog-request")
      this.lastRequest = command;
    switch (command.kind) {
      case "open":
        this.lastOpen = command;
        this.asked.set(command.ref, { command, dialog: undefined });
        break;
      case "request":
        this.asked.set(command.ref, { command, dialog: undefined });
        break;
      case "dialog-request":
        if (!this.dialogs.has(command.dialog)) throw new Error(`${line}: no such dialog`);
        this.asked.set(command.ref, { command, dialog: undefined });
        break;
      case "cancel":
        if (!this.asked.has(command.ref)) throw new Error("nothing to cancel");
        break;
      case "answer":
        this.onAnswer(command);
        break;
      case "drop":
        if (!this.dialogs.delete(command.dialog)) throw new Error(`dropped twice: ${command.dialog}`);
        break;
    }
  }

  private onAnswer(answer: Answer): void {
    const { request, status } = answer;
    const asked = this.requests.get(request);
    if (!asked || this.answers.has(request)) throw new Error(`${status} ${request} answers nothing`);
    this.answers.set(request, answer);
    const makesDialog = asked.method === "INVITE" || asked.method === "SUBSCRIBE";
    if (status >= 300 || asked.dialog !== undefined || !makesDialog || this.holdsDialogs) return;
    const dialog = `d${request.slice(1)}`;
    this.dialogs.add(dialog);
    this.events.push({ kind: "dialog-made", request, dialog });
  }

  private onObservation(observation: Observation): void {
    this.observations.push(observation);
    if (observation.what === "imbalance")
      throw new Error(`the books do not balance: ${JSON.stringify(observation)}`);
    if (observation.what !== "im") return;
    const account = this.account(observation.direction, observation.partner);
    account[observation.event] += 1;
    if (inFlight(account) < 0) throw new Error("a message has two fates");
  }
}

function keyOfKept(kept: Exclude<Kept, { what: "rule" }>): string {
  if (kept.what === "text") return kept.id;
  if (kept.what === "publication") return `${kept.by} ${kept.partner} ${kept.user} ${kept.id}`;
  return kept.what === "dialog" ? kept.dialog : `${kept.pair.xmppUser} ${kept.pair.sipUser} ${kept.watcher}`;
}

export function inFlight({ accepted, delivered, bounced, expired }: Account): number {
  return accepted - delivered - bounced - expired;
}

function outcomeOf(
  command: Asking,
  result: number | "timeout" | "unreachable",
  dialog: DialogId | undefined,
  options: { headers?: HeaderFields; body?: Body; reason?: string },
): Outcome {
  if (result === "timeout") return { kind: "timeout" };
  if (result === "unreachable") return { kind: "unreachable", why: "refused", mayHaveBeenSent: false };
  const request = buildRequest(command.method, "sip:peer.example", [["CSeq", `1 ${command.method}`]]);
  return { kind: "final", status: result, message: buildResponse(request, result, options), dialog };
}
