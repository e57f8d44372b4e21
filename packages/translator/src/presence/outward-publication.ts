import { type Deadline, type Millis, type Outcome, Publisher, type PublisherOutput } from "@tombolo/sip";
import { Element } from "ltx";
import { type BareJid, parseDomain, parseJid } from "../address/index.ts";
import { NOT_QUEUED, type Sleeper } from "../deadline-queue.ts";
import { type Keep, KeptMark, type KeptResource } from "../kept.ts";
import type { Observation } from "../observation.ts";
import type { Requester, SipSide } from "../sip-side.ts";
import type { XmppSide } from "../xmpp-side.ts";
import type { Documents, MappedState } from "./documents.ts";
import type { PublicationSettings } from "./publication-settings.ts";
import { publishAnswered, publishHeaders } from "./publish-wire.ts";
import { Resources } from "./resources.ts";

export interface OutwardPublicationContext {
  /** The XMPP user. */
  readonly user: BareJid;
  /** The same as SIP writes them: whose presence it is. */
  readonly uri: string;
  /** The partner's domain as configured: its server, and the JID that presence is sent to. */
  readonly partner: string;
  readonly documents: Documents;
  readonly sip: SipSide;
  readonly xmpp: XmppSide;
  readonly settings: PublicationSettings;
  readonly random: () => number;
  /** What the user publishes here at SIP devices. */
  readonly device: () => KeptResource | undefined;
  readonly observe: (observation: Observation) => void;
  readonly keep: Keep;
  /** Something happened that may have moved its deadline or left it idle. */
  readonly onStep: (publication: OutwardPublication) => void;
  /** A publication of an earlier run. */
  readonly resume?: { readonly etag: string; readonly expiresAt: Millis };
}

/**
 * The presence that an XMPP user shows to a partner's own JID, published at that partner's presence server. What is meant
 * for single users of the partner never comes here (design law 2).
 */
export class OutwardPublication implements Requester<Publisher>, Sleeper {
  queuePlace = NOT_QUEUED;
  private readonly context: OutwardPublicationContext;
  private readonly publisher: Publisher;
  private readonly resources = new Resources();
  private readonly kept = new KeptMark();
  /** What is known is from before a restart or an outage, and is given up then. */
  private doubtfulUntil: Millis | undefined;
  /** The XMPP server is out of reach: it is asked when it is back, because it tells nothing by itself. */
  private isOut = false;
  /** What was published last, by its looks. */
  private shown: string | undefined;
  private troubleTold = false;

  constructor(context: OutwardPublicationContext) {
    this.context = context;
    const { settings, random, resume } = context;
    const { expires, pace, retryBase, retryCap } = settings;
    this.publisher = new Publisher({ expires, pace, retryBase, retryCap, random, ...(resume && { resume }) });
    if (resume) this.kept.moves(keptText(resume));
  }

  get user(): BareJid {
    return this.context.user;
  }

  get partner(): string {
    return this.context.partner;
  }

  get isIdle(): boolean {
    const isOver = this.publisher.isIdle && this.resources.isEmpty;
    return isOver && !this.isOut && this.doubtfulUntil === undefined;
  }

  /** Where the publication stands, for a person. */
  get state(): string {
    return this.publisher.state;
  }

  /** Presence for the partner's own JID, available or not. */
  onPresence(stanza: Element, now: Millis): void {
    if (this.doubtfulUntil !== undefined) this.resources.clear();
    this.doubtfulUntil = undefined;
    this.resources.take(parseJid(stanza.attrs.from ?? "")?.resource ?? "", stanza);
    this.publish(now);
  }

  /** What the user publishes here at SIP devices has changed. It counts while they show themselves to the partner's JID. */
  onDevice(now: Millis): void {
    if (!this.resources.isEmpty) this.publish(now);
  }

  /** Nobody knows how long: what is published stands for the grace. */
  onLinkDown(now: Millis): void {
    const { settings, random } = this.context;
    this.isOut = true;
    this.doubtfulUntil ??= now + settings.grace + settings.spread * random();
    this.step();
  }

  /** The user's server is asked, which may have had news meanwhile. */
  onLinkUp(now: Millis): void {
    const { user, partner, xmpp, settings } = this.context;
    this.isOut = false;
    this.doubtfulUntil = now + settings.settle;
    xmpp.send(partner, new Element("presence", { type: "probe", from: partner, to: user }));
    this.step();
  }

  /** The partner may have lost its memory. What is not known yet after a restart can't be published anew. */
  onPartnerBack(now: Millis): void {
    if (this.resources.isEmpty) return;
    this.publisher.handle({ kind: "refresh" }, now);
    this.step();
  }

  /** The user shows nothing to the partner's own JID any more, or is to be published no more. */
  forget(now: Millis): void {
    this.isOut = false;
    this.giveUp(now);
  }

  private giveUp(now: Millis): void {
    this.resources.clear();
    this.doubtfulUntil = undefined;
    this.publish(now);
  }

  onOutcome(_publisher: Publisher, outcome: Outcome, now: Millis): void {
    this.publisher.handle(outcome.kind === "final" ? publishAnswered(outcome) : { kind: "no-response" }, now);
    this.tellTrouble(outcome);
    this.step();
  }

  timeout(now: Millis): void {
    if (this.doubtfulUntil !== undefined && now >= this.doubtfulUntil) this.giveUp(now);
    this.publisher.timeout(now);
    this.step();
  }

  nextDeadline(): Deadline | undefined {
    const own = this.publisher.nextDeadline();
    const at = this.doubtfulUntil;
    return at !== undefined && (!own || at < own.at) ? { at, reason: "presence too old to publish" } : own;
  }

  /** Nothing counts as kept. */
  keepAnew(): void {
    this.kept.moves(undefined);
    this.keepChanged();
  }

  private publish(now: Millis): void {
    if (this.resources.isEmpty) {
      this.shown = undefined;
      this.publisher.handle({ kind: "remove" }, now);
    } else {
      const { key } = this.mapped();
      if (key !== this.shown) this.publisher.handle({ kind: "publish" }, now);
      this.shown = key;
    }
    this.step();
  }

  private step(): void {
    for (let out = this.publisher.poll(); out; out = this.publisher.poll()) this.send(out);
    this.keepChanged();
    this.context.onStep(this);
  }

  private send(output: PublisherOutput): void {
    const { uri, partner, documents, sip, observe } = this.context;
    const hasBody = output.operation === "create" || output.operation === "modify";
    const written = hasBody ? documents.write(uri, this.mapped()) : undefined;
    if (written) observe({ what: "presence", direction: "xmpp_to_sip", partner, row: written.row, age: 0 });
    sip.request(this, this.publisher, {
      method: "PUBLISH",
      from: { uri },
      to: { uri },
      // The presentity is ours, the server that is to show it is the partner's (RFC 3261 8.1.2).
      headers: [["Route", `<sip:${parseDomain(partner)?.ascii ?? partner};lr>`], ...publishHeaders(output)],
      ...(written && { body: written.body }),
    });
  }

  private mapped(): MappedState {
    return this.context.documents.map(this.resources.compose(this.context.device()));
  }

  private keepChanged(): void {
    const { publication } = this.publisher;
    if (!this.kept.moves(publication && keptText(publication))) return;
    const { keep, partner, user } = this.context;
    keep({ what: "publication", by: "us", partner, user, id: "", value: publication });
  }

  /** Once for each row of failures. */
  private tellTrouble(outcome: Outcome): void {
    const { state } = this.publisher;
    const isBad = state === "refused" || state === "waiting";
    if (isBad && !this.troubleTold) {
      const detail = outcome.kind === "final" ? String(outcome.status) : outcome.kind;
      const { partner, user, observe } = this.context;
      observe({ what: "note", event: "publish-failed", partner, detail, presentity: user });
    }
    this.troubleTold = isBad;
  }
}

function keptText({ etag, expiresAt }: { readonly etag: string; readonly expiresAt: Millis }): string {
  return `${etag} ${expiresAt}`;
}
