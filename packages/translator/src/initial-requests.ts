import { detach, type HeaderFields, type Millis, parseSipUri, type VerifiedPeer } from "@tombolo/sip";
import { partnerUriToJid, sipUriToJid } from "./address/index.ts";
import { localSipStatus } from "./error/index.ts";
import type { Gates } from "./gates.ts";
import type { ConversationMemory } from "./im/memory.ts";
import { type PairBook, sipUserOf } from "./pair-book.ts";
import type { PairLegs } from "./pair-legs.ts";
import type { ReceivedPublications } from "./presence/received-publications.ts";
import { isPresenceEvent } from "./presence/subscribe-wire.ts";
import { type Partner, screenNamesOf } from "./settings.ts";
import type { IncomingRequest, SipSide } from "./sip-side.ts";

/** Requests outside dialogs: the gates in order, then the pair and what the method asks of it (SUB-03). */
export class InitialRequests {
  private readonly sip: SipSide;
  private readonly gates: Gates;
  private readonly book: PairBook;
  private readonly im: ConversationMemory;
  private readonly publications: ReceivedPublications;

  constructor(
    sip: SipSide,
    gates: Gates,
    book: PairBook,
    im: ConversationMemory,
    publications: ReceivedPublications,
  ) {
    this.publications = publications;
    this.sip = sip;
    this.gates = gates;
    this.book = book;
    this.im = im;
  }

  /** Answers the request, or hands it to its pair. */
  handle(event: IncomingRequest, isDraining: boolean, now: Millis): void {
    const { method } = event.message;
    if (!INITIAL.has(method)) {
      const isStray = IN_DIALOG_ONLY.has(method);
      this.sip.answer(event.request, isStray ? 481 : 405, isStray ? {} : { headers: ALLOW });
      return;
    }
    if (isDraining) {
      this.sip.answer(event.request, 480, { headers: [["Retry-After", "30"]] });
      return;
    }
    if (method === "PUBLISH") {
      this.publications.onPublish(event, now);
      return;
    }
    const legs = this.legsFor(event);
    if (!legs) return;
    switch (method) {
      case "INVITE":
        if (!this.im.isLinkUp(legs.pair.partner)) this.refuseInvite(event);
        else legs.conversation.onInvite(event, now);
        break;
      case "MESSAGE":
        legs.conversation.onPageMessage(event, now);
        break;
      case "SUBSCRIBE":
        this.onSubscribe(legs, event, now);
        break;
    }
  }

  /** A session that could carry nothing is not begun: the caller hears it before they type (C-07). */
  private refuseInvite(event: IncomingRequest): void {
    const { status } = localSipStatus("xmpp-link-down", "INVITE")!;
    this.sip.answer(event.request, status, { headers: [["Retry-After", "10"]] });
  }

  private onSubscribe(legs: PairLegs, event: IncomingRequest, now: Millis): void {
    const { message } = event;
    this.gates.observeWatcher(legs.pair);
    if (!isPresenceEvent(message.get("Event") ?? "")) {
      this.sip.answer(event.request, 489, { headers: [["Allow-Events", "presence"]] });
      return;
    }
    if (!acceptsPidf(message.list("Accept"))) {
      this.sip.answer(event.request, 406, { headers: [["Accept", "application/pidf+xml"]] });
      return;
    }
    legs.sipWatcher.onSubscribe(event, now);
  }

  /** Finds or makes the pair of a request; answers it and returns undefined when a gate says no. */
  private legsFor(event: IncomingRequest): PairLegs | undefined {
    const { message, verified } = event;
    const fromUri = message.from?.uri ?? "";
    const sender = sipUriToJid(fromUri);
    const xmppUser = sipUriToJid(message.uri);
    const bad = !sender.ok ? sender : !xmppUser.ok ? xmppUser : undefined;
    if (bad) {
      this.deny(event, bad.status, "address", bad.warning);
      return undefined;
    }
    if (!sender.ok || !xmppUser.ok) return undefined;
    const partner = this.partnerOf(verified, sender.domain);
    if (!partner) {
      this.deny(event, 403, "partner");
      return undefined;
    }
    const sipUser = partnerUriToJid(fromUri, screenNamesOf(partner));
    if (!sipUser.ok) {
      this.deny(event, sipUser.status, "screen-name");
      return undefined;
    }
    const known = this.book.find(xmppUser.jid, sipUserOf(sipUser.local, partner));
    if (!this.gates.isOurs(xmppUser.domain) && !this.isAnswer(known, xmppUser.domain, message.method)) {
      this.deny(event, 404, "domain");
      return undefined;
    }
    const legs = known ?? this.book.findOrMake(xmppUser.jid, sipUser.local, partner);
    if (!legs) {
      this.sip.answer(event.request, 480, { headers: [["Retry-After", "60"]] });
      return undefined;
    }
    // Their own spelling is kept for what we send: case and escapes may matter to them (RFC 3261 19.1.4).
    const own = addressOf(fromUri);
    // Put together of slices, it would hold the whole request as long as the pair lasts.
    if (own !== undefined && own !== legs.pair.sipUri) legs.pair.sipUri = detach(own);
    this.book.touch(legs);
    this.gates.allow();
    return legs;
  }

  /** SIP users may not begin anything with that domain; they may answer those of its users who may. */
  private isAnswer(legs: PairLegs | undefined, xmppDomain: string, method: string): boolean {
    return this.gates.mayBegin(xmppDomain) && (legs?.isAnswerOfSipUser(method) ?? false);
  }

  /** The edge has proved whom the certificate speaks for; the From domain must be exactly that (design law 3). */
  private partnerOf(verified: VerifiedPeer, fromDomain: string): Partner | undefined {
    const partner = this.gates.partner(fromDomain);
    return partner?.domain === verified.partner ? partner : undefined;
  }

  private deny(event: IncomingRequest, status: number, reason: string, warning?: 380): void {
    this.gates.deny(reason);
    const headers: HeaderFields = warning ? [["Warning", `${warning} tombolo "SIPS Not Allowed"`]] : [];
    this.sip.answer(event.request, status, { headers });
  }
}

const ALLOW = [
  ["Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, SUBSCRIBE, NOTIFY, UPDATE"],
] as const;

/** What begins something. */
const INITIAL: ReadonlySet<string> = new Set(["INVITE", "MESSAGE", "PUBLISH", "SUBSCRIBE"]);

/** Make no sense outside a dialog (RFC 3261 15.1.2, RFC 6665 4.1.3). */
const IN_DIALOG_ONLY: ReadonlySet<string> = new Set(["BYE", "INFO", "NOTIFY", "BENOTIFY", "UPDATE"]);

/** RFC 3856 6.5: no Accept means PIDF. */
function acceptsPidf(accept: readonly string[]): boolean {
  if (accept.length === 0) return true;
  return accept.some((entry) => {
    const type = entry.split(";")[0]!.trim().toLowerCase();
    return type === "application/pidf+xml" || type === "application/*" || type === "*/*";
  });
}

/** sip:user@host of a URI as its owner writes it, without port and parameters. */
function addressOf(uri: string): string | undefined {
  const parsed = parseSipUri(uri);
  return parsed?.user === undefined ? undefined : `sip:${parsed.user}@${parsed.host}`;
}
