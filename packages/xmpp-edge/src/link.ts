import { Element } from "ltx";
import { domainOf } from "./address.ts";
import { Backoff } from "./backoff.ts";
import { Barrier } from "./barrier.ts";
import { Fifo } from "./fifo.ts";
import type { LinkCounters, LinkInput, LinkOutput, LossReason } from "./link-events.ts";
import { LINK_STEPS, type LinkState } from "./link-steps.ts";
import type { Deadline, IdSource, Machine, Millis } from "./machine.ts";
import { OutboundQueue } from "./outbound-queue.ts";
import { receive } from "./reception.ts";
import { type CompleteLinkSettings, completeSettings, type LinkSettings } from "./settings.ts";
import { isLargerThan } from "./stanza-size.ts";
import { judgeFailure } from "./stream-failure.ts";

const NS_PING = "urn:xmpp:ping";

/** What a link takes from its surroundings. */
export interface LinkSources {
  readonly ids: IdSource;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
}

/**
 * One component link (XEP-0114): the stream of one SIP partner's domain to the XMPP server.
 *
 * Stanzas leave in the order in which they came. While the link is down or its socket is full they wait, bounded in
 * number and time. Behind the tracked stanzas of one drain the link writes one ping, as soon as `poll` runs dry; its
 * answer settles them as `taken`, and a stanza error that the server made for one of them has come out before that.
 * Discovery and whatever else the domain itself must answer is answered here.
 */
export class Link implements Machine<LinkInput, LinkOutput> {
  readonly #settings: CompleteLinkSettings;
  readonly #ids: IdSource;
  readonly #backoff: Backoff;
  readonly #queue: OutboundQueue;
  readonly #outputs = new Fifo<LinkOutput>();
  #barrier = new Barrier();
  #state: LinkState = "idle";
  /** Time of the last input: `poll` stamps the pings with it. */
  #now: Millis = 0;
  /** When the state was entered. */
  #since: Millis = 0;
  #lastHeard: Millis = 0;
  #redialAt: Millis = 0;
  #congested = false;
  #dropped = 0;
  #misrouted = 0;

  constructor(settings: LinkSettings, { ids, random }: LinkSources) {
    this.#settings = completeSettings(settings);
    this.#ids = ids;
    this.#backoff = new Backoff(this.#settings.backoff, random);
    this.#queue = new OutboundQueue(this.#settings.queueLimit, this.#settings.holdMs);
  }

  get state(): LinkState {
    return this.#state;
  }

  get counters(): LinkCounters {
    return { dropped: this.#dropped, misrouted: this.#misrouted };
  }

  /**
   * @throws Error when a stanza to be sent has no `to`, or a `from` outside the component's domain (XEP-0114 3): the
   * caller's mistake
   */
  handle(input: LinkInput, now: Millis): void {
    this.#now = now;
    if (input.kind === "send") this.#assertOwn(input.stanza);
    const step = LINK_STEPS[this.#state][input.kind];
    switch (step) {
      case "ignore":
        break;
      case "dial":
        this.#dial();
        break;
      case "refuse":
        if (input.kind === "send") this.#lose(input.track, "link-down");
        break;
      case "queue":
      case "submit":
        if (input.kind === "send") this.#submit(input.stanza, input.track);
        break;
      case "come-up":
        this.#comeUp();
        break;
      case "fail":
        if (input.kind === "closed") this.#fail(input.reason, input.condition, "link-down");
        break;
      case "receive":
        if (input.kind === "received") this.#receive(input.stanza);
        break;
      case "hold-back":
        this.#congested = true;
        break;
      case "resume":
        this.#congested = false;
        this.#flush();
        break;
      case "stop":
        this.#stop();
        break;
      default:
        step satisfies never;
    }
  }

  timeout(now: Millis): void {
    this.#now = now;
    let expired = this.#queue.takeExpired(now);
    while (expired !== undefined) {
      this.#lose(expired.track, "link-down");
      expired = this.#queue.takeExpired(now);
    }
    const { barrierTimeoutMs, dialTimeoutMs, keepaliveMs } = this.#settings;
    if (this.#state === "waiting" && now >= this.#redialAt) {
      this.#dial();
    } else if (this.#state === "dialing" && now >= this.#since + dialTimeoutMs) {
      this.#outputs.push({ kind: "hangup", abrupt: true });
      this.#fail(`no handshake within ${dialTimeoutMs} ms`, undefined, "link-down");
    } else if (this.#state === "up") {
      const pinged = this.#barrier.oldestPing;
      if (pinged !== undefined && now >= pinged + barrierTimeoutMs) {
        this.#outputs.push({ kind: "hangup", abrupt: true, wedged: true });
        this.#fail(`no answer to a ping within ${barrierTimeoutMs} ms`, undefined, "barrier-timeout");
      } else if (pinged === undefined && now >= this.#lastHeard + keepaliveMs) {
        this.#outputs.push(this.#ping());
      }
    }
  }

  nextDeadline(): Deadline | undefined {
    const own = this.#stateDeadline();
    const expiry = this.#queue.nextExpiry();
    if (expiry !== undefined && (own === undefined || expiry < own.at)) {
      return { at: expiry, reason: "the oldest waiting stanza expires" };
    }
    return own;
  }

  poll(): LinkOutput | undefined {
    const output = this.#outputs.shift();
    if (output !== undefined) return output;
    return this.#state === "up" && this.#barrier.wantsPing ? this.#ping() : undefined;
  }

  #stateDeadline(): Deadline | undefined {
    const { barrierTimeoutMs, dialTimeoutMs, keepaliveMs } = this.#settings;
    switch (this.#state) {
      case "idle":
        return undefined;
      case "waiting":
        return { at: this.#redialAt, reason: "next try to connect" };
      case "dialing":
        return { at: this.#since + dialTimeoutMs, reason: "the connection attempt takes too long" };
      case "up": {
        const pinged = this.#barrier.oldestPing;
        return pinged === undefined
          ? { at: this.#lastHeard + keepaliveMs, reason: "keepalive ping" }
          : { at: pinged + barrierTimeoutMs, reason: "the server has not answered a ping" };
      }
    }
  }

  #enter(state: LinkState): void {
    this.#state = state;
    this.#since = this.#now;
  }

  #dial(): void {
    this.#enter("dialing");
    this.#outputs.push({ kind: "dial" });
  }

  #comeUp(): void {
    this.#enter("up");
    this.#barrier = new Barrier();
    this.#congested = false;
    this.#lastHeard = this.#now;
    this.#outputs.push({ kind: "up" });
    this.#flush();
  }

  /** The connection is gone: settles what was in flight and plans the next try. */
  #fail(cause: string, condition: string | undefined, why: LossReason): void {
    if (this.#state === "up" && this.#now - this.#since >= this.#settings.stableMs) this.#backoff.reset();
    this.#abandonInFlight(why);
    const { pace, reason } = judgeFailure(cause, condition);
    const retryInMs = this.#backoff.failed(pace);
    this.#redialAt = this.#now + retryInMs;
    this.#enter("waiting");
    this.#outputs.push({ kind: "down", reason, tries: this.#backoff.tries, retryInMs });
  }

  #stop(): void {
    if (this.#state !== "waiting") this.#outputs.push({ kind: "hangup", abrupt: this.#state === "dialing" });
    this.#abandonInFlight("link-down");
    for (let next = this.#queue.take(); next !== undefined; next = this.#queue.take()) {
      this.#lose(next.track, "link-down");
    }
    this.#backoff.reset();
    this.#enter("idle");
    this.#outputs.push({ kind: "down", reason: "stopped", tries: 0, retryInMs: undefined });
  }

  #abandonInFlight(why: LossReason): void {
    for (let track = this.#barrier.abandon(); track !== undefined; track = this.#barrier.abandon()) {
      this.#lose(track, why);
    }
  }

  #lose(track: string | undefined, why: LossReason): void {
    if (track === undefined) this.#dropped++;
    else this.#outputs.push({ kind: "lost", track, why });
  }

  get #writable(): boolean {
    return this.#state === "up" && !this.#congested && this.#barrier.inFlight < this.#settings.inFlightLimit;
  }

  /** Writes a stanza if nothing stands before it, else lets it wait its turn. */
  #submit(stanza: Element, track: string | undefined): void {
    if (isLargerThan(this.#settings.maxStanzaBytes, stanza)) this.#lose(track, "too-large");
    else if (this.#queue.size === 0 && this.#writable) this.#write(stanza, track);
    else if (!this.#queue.offer({ stanza, track, since: this.#now })) this.#lose(track, "queue-full");
  }

  #write(stanza: Element, track: string | undefined): void {
    this.#outputs.push({ kind: "write", stanza });
    if (track !== undefined) this.#barrier.wrote(track);
  }

  /** Writes what waits, as far as the link takes it; what waited too long is not written any more. */
  #flush(): void {
    while (this.#queue.size > 0 && this.#writable) {
      const expired = this.#queue.takeExpired(this.#now);
      if (expired !== undefined) {
        this.#lose(expired.track, "link-down");
        continue;
      }
      const next = this.#queue.take();
      if (next !== undefined) this.#write(next.stanza, next.track);
    }
  }

  #receive(stanza: Element): void {
    this.#lastHeard = this.#now;
    if (this.#settle(stanza)) return;
    const reception = receive(stanza, this.#settings);
    if (reception === "pass") this.#outputs.push({ kind: "stanza", stanza });
    else if (reception === "misrouted") this.#misrouted++;
    else if (reception !== "drop") this.#submit(reception, undefined);
  }

  /** True when the stanza answers one of our pings; what that ping covered is then taken. */
  #settle({ name, attrs }: Element): boolean {
    if (name !== "iq" || attrs.id === undefined || (attrs.type !== "result" && attrs.type !== "error"))
      return false;
    const taken = this.#barrier.answered(attrs.id);
    if (taken === undefined) return false;
    for (const track of taken) this.#outputs.push({ kind: "taken", track });
    this.#flush();
    return true;
  }

  #ping(): LinkOutput {
    const id = this.#ids();
    const { domain, pingTarget } = this.#settings;
    const stanza = new Element("iq", { from: domain, to: pingTarget, id, type: "get" });
    stanza.c("ping", { xmlns: NS_PING });
    this.#barrier.pinged(id, this.#now);
    return { kind: "write", stanza };
  }

  #assertOwn({ name, attrs }: Element): void {
    const { domain } = this.#settings;
    if (attrs.from === undefined || domainOf(attrs.from) !== domain.toLowerCase()) {
      throw new Error(`a ${name} stanza for the link of ${domain} must be from that domain`);
    }
    if (attrs.to === undefined) throw new Error(`a ${name} stanza for the link of ${domain} has no "to"`);
  }
}
