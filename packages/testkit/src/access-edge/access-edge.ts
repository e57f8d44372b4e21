import { performance } from "node:perf_hooks";
import { Journal, type WaitOptions } from "../journal.ts";
import type { Credentials } from "../pki.ts";
import { AnswerScript, type InvitePolicy, type ScriptedAnswer } from "./answers.ts";
import { checkRequest, checkSdp } from "./checks.ts";
import type { PeerDialog } from "./dialog.ts";
import { Exchange } from "./exchange.ts";
import { type Blame, describeViolation, FAULTS, type FaultId, type Violation } from "./faults.ts";
import { Front } from "./front.ts";
import { type Conversation, IncomingInvite, type SeenIm, startConversation } from "./im.ts";
import type { Link, LinkListener } from "./link.ts";
import { Network, type PartnerAddress } from "./network.ts";
import type { FirstRequest } from "./outside.ts";
import {
  isForHome,
  serveResubscribe,
  serveSubscribe,
  startWatching,
  type Watcher,
  type WatcherService,
  type Watching,
} from "./presence.ts";
import type { LyncState } from "./presence-body.ts";
import { describeSeen, type Seen } from "./seen.ts";
import { type Home, hex, type Style } from "./stamps.ts";
import { headerOf, isResponse, methodOf, tagOf, type WireMessage } from "./wire.ts";

export interface AccessEdgeOptions {
  /** SIP domain, e.g. contoso.example. */
  readonly domain: string;
  /** The edge's FQDN; default `sip.DOMAIN`. */
  readonly host?: string;
  /** Local part of the one user at home; default bob. */
  readonly user?: string;
  readonly displayName?: string;
  readonly credentials: Credentials;
  /** Root that the partner's certificate must chain to, PEM. */
  readonly ca: string;
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default: any free one. */
  readonly port?: number;
  readonly partner?: PartnerAddress;
  readonly style?: Style;
}

/** How many lines of the transcript a failed exchange shows. */
const SHOWN_ON_FAILURE = 8;
const ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, UPDATE, SUBSCRIBE, NOTIFY, BENOTIFY";

/**
 * A Microsoft Access Edge with its home server and one user, as a federated partner meets them. It speaks its own
 * SIP, independent of Tombolo's, records every message and every fault that it finds in what it is sent.
 */
export class AccessEdge implements WatcherService {
  /** Everything on the wire, both directions, oldest first. */
  readonly transcript: Seen[] = [];
  /** Told of every message as it passes, for who draws a picture. */
  onSeen: ((seen: Seen) => void) | undefined;
  /** Faults of the program under test, oldest first. A test ends with `expect(edge.faults()).toEqual([])`. */
  readonly violations: Violation[] = [];
  /** Everyone who watches or watched the user at home. */
  readonly watchers: Watcher[] = [];
  /** Everyone whom the user at home watches or watched. */
  readonly watching: Watching[] = [];
  readonly conversations: Conversation[] = [];
  readonly home: Home;
  invitePolicy: InvitePolicy = { kind: "accept" };
  grantExpires: number | undefined;
  notifyFirst = false;
  /** What watchers are told; set it with `setPresence`. */
  state: LyncState = "Available";
  /** End the running session when the peer invites anew, as Communicator does (default true). */
  replaceConversations = true;
  readonly #network: Network;
  readonly #exchange: Exchange;
  readonly #front: Front;
  readonly #script = new AnswerScript();
  readonly #received = new Journal<Seen>(describeSeen);
  readonly #watcherCame = new Journal<Watcher>(({ watcher }) => `subscription of ${watcher}`);
  readonly #conversationCame = new Journal<Conversation>(({ peer }) => `session with ${peer}`);
  readonly #invites: IncomingInvite[] = [];
  readonly #conversationIds = new Set<string>();
  readonly #startedAt = performance.now();

  private constructor(options: AccessEdgeOptions, home: Home) {
    this.home = home;
    const { blame } = this;
    const network = new Network(options, this.#listener(), blame);
    network.partner = options.partner;
    const exchange = new Exchange(blame, () => this.lastSeen());
    exchange.onSecondSuccess = (response) => blame("unasked-response", "a second 2xx to an INVITE", response);
    const style = options.style ?? {};
    this.#front = new Front({ home, style, blame, script: this.#script, network, exchange });
    this.#network = network;
    this.#exchange = exchange;
  }

  /** Starts it; it listens when the promise resolves. */
  static async start(options: AccessEdgeOptions): Promise<AccessEdge> {
    const { domain, user = "bob", host = `sip.${domain}` } = options;
    const displayName = options.displayName ?? `${user.charAt(0).toUpperCase()}${user.slice(1)}`;
    const home = { host, port: 0, domain, user, displayName, epid: hex(5) };
    const edge = new AccessEdge(options, home);
    home.port = await edge.#network.listen();
    return edge;
  }

  get port(): number {
    return this.home.port;
  }

  get host(): string {
    return this.home.host;
  }

  /** The spelling of what is sent from now on. */
  set style(style: Style) {
    this.#front.style = style;
  }

  /** Where requests go when we have to connect. */
  set partner(address: PartnerAddress | undefined) {
    this.#network.partner = address;
  }

  set reuseInbound(reuse: boolean) {
    this.#network.reuseInbound = reuse;
  }

  readonly blame: Blame = (fault: FaultId, detail: string, message?: WireMessage): void => {
    this.violations.push({ fault, ref: FAULTS[fault].ref, detail, message });
  };

  /** The violations as one line each. */
  faults(): string[] {
    return this.violations.map(describeViolation);
  }

  /** The end of the transcript as text. */
  lastSeen(): string {
    const last = this.transcript.slice(-SHOWN_ON_FAILURE).map((seen) => `\n  ${describeSeen(seen)}`);
    return last.length === 0 ? "nothing was seen" : `last seen:${last.join("")}`;
  }

  // What the user at home does.

  /** The user adds `to` (`alice@example.com`) as a contact. Resolves with the 2xx; rejects with Refused. */
  subscribe(to: string, options: { expires?: number; timeoutMs?: number } = {}): Promise<Watching> {
    const keep = (watching: Watching) => this.watching.push(watching);
    return startWatching(this.#front, sipAddress(to), options, keep);
  }

  /** Sets the state and tells every watcher; resolves with the statuses of their answers. */
  setPresence(state: LyncState): Promise<number[]> {
    this.state = state;
    return Promise.all(this.watchers.filter(({ active }) => active).map((watcher) => watcher.tell(state)));
  }

  /** Starts an IM session with `text` as its first message; without `text` an empty one. */
  async sendIm(to: string, text?: string, options: { timeoutMs?: number } = {}): Promise<Conversation> {
    const keep = (conversation: Conversation) => this.conversations.push(conversation);
    return await startConversation(this.#front, sipAddress(to), text, options.timeoutMs, keep);
  }

  /** Answers in the newest open session; resolves with the final response. */
  reply(text: string): Promise<WireMessage> {
    return this.conversation.send(text);
  }

  bye(): Promise<WireMessage> {
    return this.conversation.bye();
  }

  /** The newest session that is open. Throws when there is none. */
  get conversation(): Conversation {
    const found = this.conversations.findLast(({ open }) => open);
    if (found === undefined) throw new Error(`no IM session is open; ${this.lastSeen()}`);
    return found;
  }

  /** Any request outside dialogs; resolves with the final response, whatever its status. */
  async request(request: FirstRequest): Promise<WireMessage> {
    return (await this.#front.open({ ...request, to: sipAddress(request.to) })).response;
  }

  // What a test sees and steers.

  /** The next `answers.length` requests of this method are answered so. */
  scriptAnswers(method: string, ...answers: ScriptedAnswer[]): void {
    this.#script.add(method, answers);
  }

  /** The next message from the program under test that `accepts` takes and no earlier wait took. */
  waitFor(accepts: (message: WireMessage) => boolean, options: WaitOptions): Promise<Seen> {
    return this.#received.waitFor(({ message }) => accepts(message), options);
  }

  waitForRequest(method: string, timeoutMs?: number): Promise<Seen> {
    const accepts = (message: WireMessage) => !isResponse(message) && methodOf(message) === method;
    return this.waitFor(accepts, { what: `a ${method}`, timeoutMs });
  }

  /** The next new subscription to the user at home. */
  waitForWatcher(timeoutMs?: number): Promise<Watcher> {
    return this.#watcherCame.waitFor(() => true, { what: "a subscription", timeoutMs });
  }

  /** The next IM session that the other side started. */
  waitForConversation(timeoutMs?: number): Promise<Conversation> {
    return this.#conversationCame.waitFor(() => true, { what: "an IM session", timeoutMs });
  }

  /** The next text in the newest session, waiting for the session too. */
  async waitForText(text?: string, timeoutMs?: number): Promise<SeenIm & { kind: "text" }> {
    const open = this.conversations.findLast((conversation) => conversation.open);
    return (open ?? (await this.waitForConversation(timeoutMs))).waitForText(text, timeoutMs);
  }

  /** Breaks all connections, as a restart of the edge does; dialogs stay known. */
  dropConnections(): Promise<void> {
    return this.#network.drop();
  }

  /** Sends CRLF CRLF on every connection. */
  keepAlive(): void {
    for (const link of this.#network.links) link.socket.write("\r\n\r\n");
  }

  /** CRLFs received between messages, over the connections that are up. */
  get keepAlivesReceived(): number {
    return [...this.#network.links].reduce((sum, link) => sum + link.keepAlives, 0);
  }

  get connectionCount(): number {
    return this.#network.links.size;
  }

  async stop(): Promise<void> {
    this.#front.stop();
    this.#exchange.stop();
    for (const journal of [this.#received, this.#watcherCame, this.#conversationCame])
      journal.end("edge stopped");
    for (const { notifies } of this.watching) notifies.end("edge stopped");
    for (const { seen } of this.conversations) seen.end("edge stopped");
    await this.#network.stop();
  }

  // The wire.

  #listener(): LinkListener {
    return {
      sent: (message, link) => this.#record("sent", message, link),
      received: (message, link) => {
        const seen = this.#record("received", message, link);
        if (isResponse(message)) this.#exchange.received(message);
        else this.#request(message, link);
        this.#received.add(seen);
      },
      missingLength: (message) => this.blame("content-length", "missing", message),
      broken: (detail) => this.blame("framing", detail),
      closed: (link) => this.#exchange.lost(link),
    };
  }

  #record(direction: Seen["direction"], message: WireMessage, link: Link): Seen {
    const seen = { at: performance.now() - this.#startedAt, direction, link: link.id, message };
    this.transcript.push(seen);
    this.onSeen?.(seen);
    return seen;
  }

  // Requests of the program under test.

  #request(request: WireMessage, link: Link): void {
    checkRequest(request, this.blame);
    const method = methodOf(request);
    if (method === "ACK") {
      this.#inviteOf(request)?.acknowledged(request);
      return;
    }
    if (method === "CANCEL") {
      const invite = this.#inviteOf(request);
      this.#front.respond(request, link, { code: invite === undefined ? 481 : 200 });
      invite?.cancel();
      return;
    }
    if (tagOf(headerOf(request, "To")) === undefined) this.#first(request, method, link);
    else this.#inside(request, method, link);
  }

  #inviteOf(request: WireMessage): IncomingInvite | undefined {
    return this.#invites.findLast(({ dialog }) => dialog.callId === headerOf(request, "Call-ID"));
  }

  #first(request: WireMessage, method: string, link: Link): void {
    if (!["SUBSCRIBE", "INVITE", "OPTIONS", "MESSAGE"].includes(method)) {
      this.#front.respond(
        request,
        link,
        method === "NOTIFY" ? { code: 481 } : { code: 405, headers: [["Allow", ALLOW]] },
      );
      return;
    }
    this.#scripted(request, method, link, undefined, () => {
      if (method === "OPTIONS")
        this.#front.respond(request, link, { code: 200, headers: [["Allow", ALLOW]] });
      else if (!isForHome(request, this.#front)) this.#front.respond(request, link, { code: 404 });
      else if (method === "SUBSCRIBE") this.#subscribed(request, link);
      else if (method === "INVITE") this.#invited(request, link);
      else this.#front.respond(request, link, { code: 200 });
    });
  }

  /** Answers by script where there is one, else runs `usual`. */
  #scripted(
    request: WireMessage,
    method: string,
    link: Link,
    dialog: PeerDialog | undefined,
    usual: () => void,
  ): void {
    const answer = this.#script.next(method);
    if (answer === "silence") return;
    const go = () => {
      dialog?.answered(method);
      if (answer === undefined || (answer.code < 300 && answer.headers === undefined)) usual();
      else this.#front.respond(request, link, answer, dialog);
      if (answer?.code === 481 && dialog !== undefined) dialog.open = false;
    };
    if (answer?.delayMs === undefined) go();
    else this.#front.later(answer.delayMs, go);
  }

  #subscribed(request: WireMessage, link: Link): void {
    const watcher = serveSubscribe(request, link, this.#front, this);
    if (watcher === undefined) return;
    this.watchers.push(watcher);
    this.#watcherCame.add(watcher);
  }

  #invited(request: WireMessage, link: Link): void {
    checkSdp(request, "offer", this.blame);
    const id = headerOf(request, "Ms-Conversation-ID");
    if (id === undefined) this.blame("conversation-id", "missing", request);
    else if (this.#conversationIds.has(id)) this.blame("conversation-id", `${id} was used before`, request);
    this.#conversationIds.add(id ?? "");
    const invite = new IncomingInvite(request, link, this.#front);
    this.#invites.push(invite);
    invite.serve(this.invitePolicy, (conversation) => {
      const old = this.conversations.filter(({ open, peer }) => open && peer === conversation.peer);
      this.conversations.push(conversation);
      this.#conversationCame.add(conversation);
      if (this.replaceConversations) for (const one of old) one.bye().catch(() => {});
    });
  }

  #inside(request: WireMessage, method: string, link: Link): void {
    const callId = headerOf(request, "Call-ID");
    const tag = tagOf(headerOf(request, "To"));
    const parties = [...this.watchers, ...this.watching, ...this.conversations];
    const sameCall = parties.filter(({ dialog }) => dialog.callId === callId);
    const party = sameCall.find(({ dialog }) => dialog.localTag === tag);
    if (party === undefined && sameCall.length > 0)
      this.blame("tags", `To tag ${tag} is not the dialog's`, request);
    if (party === undefined || !party.dialog.open) {
      this.#front.respond(request, link, { code: 481 });
      return;
    }
    const refusal = party.dialog.check(request, this.blame);
    if (refusal !== undefined) {
      const { status: code, reason } = refusal;
      this.#front.respond(request, link, { code, reason });
      return;
    }
    this.#scripted(request, method, link, party.dialog, () => this.#serve(party, request, method, link));
  }

  #serve(party: Watcher | Watching | Conversation, request: WireMessage, method: string, link: Link): void {
    const { dialog } = party;
    if ("notifies" in party && method === "NOTIFY") {
      this.#front.respond(request, link, { code: 200 }, dialog);
      party.notified(request);
    } else if ("watcher" in party && method === "SUBSCRIBE") {
      serveResubscribe(request, link, party, this.#front, this);
    } else if ("seen" in party && ["MESSAGE", "INFO", "BYE", "UPDATE"].includes(method)) {
      this.#front.respond(request, link, { code: 200 }, dialog);
      party.received(request);
    } else this.#front.respond(request, link, { code: 405, headers: [["Allow", ALLOW]] }, dialog);
  }
}

function sipAddress(address: string): string {
  return address.startsWith("sip:") ? address : `sip:${address}`;
}

/** Starts the simulated edge; it listens when the promise resolves. */
export function startAccessEdge(options: AccessEdgeOptions): Promise<AccessEdge> {
  return AccessEdge.start(options);
}
