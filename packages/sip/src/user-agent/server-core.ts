import { type Dialog, dialogOfRequest, refreshesTarget } from "../dialog/dialog.ts";
import type { Deadline, Millis } from "../machine.ts";
import { buildResponse, type HeaderFields } from "../message/build.ts";
import { sameHeader } from "../message/header-names.ts";
import type { SipMessage } from "../message/message.ts";
import { PlaceMap } from "../place-map.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { ClientCore } from "./client-core.ts";
import { Confirmations } from "./confirmations.ts";
import type { UserAgentCore } from "./core.ts";
import { dialogIdOf } from "./dialog-table.ts";
import { Incoming } from "./incoming.ts";
import type { CommandRef, EngineCommand, RequestRef, VerifiedPeer } from "./port.ts";
import {
  type Answer,
  formsDialog,
  initialRefusal,
  malformed,
  methodRefusal,
  requireRefusal,
} from "./refusals.ts";
import { ALLOW, ALLOWED_METHODS, DEFAULT_ACCEPT, MAX_OVERLAP_WAIT } from "./settings.ts";

/** Requests whose 2xx carries our Contact. */
const CONTACT_IN_ANSWER: ReadonlySet<string> = new Set(["INVITE", "UPDATE", "SUBSCRIBE"]);

interface Place {
  /** Undefined outside dialogs. */
  readonly dialog: Dialog | undefined;
  /** The SUBSCRIBE whose dialog this NOTIFY has made. */
  readonly opening?: CommandRef | undefined;
  readonly echoesRoutes: boolean;
}

/** The user agent server (RFC 3261 8.2, 12.2.2, 13.3, 9.2): requests of peers and our answers. */
export class ServerCore {
  private readonly core: UserAgentCore;
  private readonly client: ClientCore;
  readonly confirmations: Confirmations;
  private readonly waiting = new PlaceMap<Incoming>();
  private readonly supported: readonly string[];
  private readonly capabilities: HeaderFields;
  private serial = 0;

  constructor(core: UserAgentCore, client: ClientCore) {
    this.core = core;
    this.client = client;
    this.confirmations = new Confirmations(core, client);
    const { accept = DEFAULT_ACCEPT, supported = [] } = core.settings;
    this.supported = supported.map((tag) => tag.toLowerCase());
    // RFC 3261 11.2: the same whoever is asked for, so that it tells nothing about users.
    this.capabilities = [
      ["Allow", ALLOW],
      ["Accept", accept.join(", ")],
      ["Allow-Events", "presence"],
      ["Supported", supported.join(", ")],
    ];
  }

  /** Requests that wait for an answer. */
  get size(): number {
    return this.waiting.size;
  }

  onRequest(request: SipMessage, verified: VerifiedPeer | undefined, now: Millis): void {
    if (request.method === "ACK") this.onAck(request, now);
    else if (request.method === "BENOTIFY") this.onBenotify(request, verified);
    else {
      const arrival = this.core.layer.onRequest(request, now);
      if (arrival === "unreadable") this.answerStateless(request, { status: 400 });
      else if (arrival === "full") this.answerStateless(request, this.noRoom());
      else if (arrival !== "copy") this.onNew(arrival, verified, now);
    }
  }

  /** The translator's answer; one that comes too late or twice is dropped. */
  answer(command: Extract<EngineCommand, { kind: "answer" }>, now: Millis): void {
    const incoming = this.waiting.get(command.request);
    if (!incoming) return;
    const isInvite = incoming.request.method === "INVITE";
    if (command.status < 200) {
      // RFC 4320 4.1: nothing provisional to other requests. 100 is the engine's.
      if (isInvite && command.status > 100) this.respond(incoming, command, now);
      return;
    }
    this.settle(incoming);
    // RFC 4320 4.2: 408 to a non-INVITE makes servers on the way believe us dead.
    const status = command.status === 408 && !isInvite ? 504 : command.status;
    this.conclude(incoming, status === command.status ? command : { status }, now);
  }

  /** Refuses everything that waits. */
  stop(now: Millis): void {
    for (const incoming of this.waiting.values()) {
      this.settle(incoming);
      this.respond(incoming, { status: 480 }, now);
    }
    this.confirmations.clear();
  }

  /** The dialog is dropped: an INVITE that waits in it can't come to anything. */
  onDrop(dialog: Dialog, now: Millis): void {
    this.confirmations.drop(dialog.id);
    if (dialog.invite !== "theirs") return;
    for (const incoming of this.waiting.values()) {
      if (incoming.dialog !== dialog || incoming.request.method !== "INVITE") continue;
      this.settle(incoming);
      this.respond(incoming, { status: 487 }, now);
    }
  }

  onTooLate(transaction: ServerTransaction<Incoming>): void {
    if (transaction.user) this.settle(transaction.user);
  }

  timeout(now: Millis): void {
    this.confirmations.timeout(now);
  }

  nextDeadline(): Deadline | undefined {
    return this.confirmations.nextDeadline();
  }

  /** Answers without remembering anything: there is no room to, or no way to tell copies. */
  answerStateless(request: SipMessage, { status, headers }: Answer): void {
    // Without a Via there is no way back (RFC 3261 18.2.2).
    if (!request.topVia || request.method === "ACK" || request.method === "BENOTIFY") return;
    this.core.transmit(buildResponse(request, status, { toTag: this.core.settings.ids(), headers }));
  }

  private onNew(
    transaction: ServerTransaction<Incoming>,
    verified: VerifiedPeer | undefined,
    now: Millis,
  ): void {
    const request = transaction.request!;
    const refusal = malformed(request);
    if (refusal) this.refuse(transaction, refusal, now);
    // It is known by the branch of what it cancels, which was verified.
    else if (request.method === "CANCEL") this.onCancel(transaction, now);
    else if (!verified) this.refuse(transaction, { status: 403 }, now);
    else if (this.waiting.size >= this.core.limits.maxWaiting) this.refuse(transaction, this.noRoom(), now);
    else if (request.toTag === undefined) this.onInitial(transaction, verified, now);
    else this.onInDialog(transaction, verified, now);
  }

  private onInitial(transaction: ServerTransaction<Incoming>, verified: VerifiedPeer, now: Millis): void {
    const request = transaction.request!;
    const answer =
      methodRefusal(request) ??
      (transaction.isMerged ? { status: 482 } : undefined) ??
      initialRefusal(request, this.core.settings.sentBy) ??
      requireRefusal(request, this.supported) ??
      this.ownAnswer(request);
    if (answer) this.refuse(transaction, answer, now);
    else this.deliver(transaction, verified, { dialog: undefined, echoesRoutes: true }, now);
  }

  private onInDialog(transaction: ServerTransaction<Incoming>, verified: VerifiedPeer, now: Millis): void {
    const request = transaction.request!;
    const refusal = methodRefusal(request) ?? requireRefusal(request, this.supported);
    const place = refusal ? undefined : this.placeOf(request, verified);
    if (!place) {
      this.refuse(transaction, refusal ?? { status: 481 }, now);
      return;
    }
    const answer =
      (place.opening === undefined ? this.sequenceRefusal(place.dialog!, request) : undefined) ??
      this.ownAnswer(request);
    if (answer) this.refuse(transaction, answer, now);
    else this.deliver(transaction, verified, this.refresh(place, request), now);
  }

  /** What the engine answers for everybody. */
  private ownAnswer(request: SipMessage): Answer | undefined {
    return request.method === "OPTIONS" ? { status: 200, headers: this.capabilities } : undefined;
  }

  /** The dialog of a request, or that of the SUBSCRIBE which it is the first to answer. Another partner finds none. */
  private placeOf(request: SipMessage, verified: VerifiedPeer): Place | undefined {
    const dialog = this.core.dialogs.of(request);
    if (dialog) {
      const isTheirs = dialog.partner === undefined || dialog.partner === verified.partner;
      return isTheirs ? { dialog, echoesRoutes: false } : undefined;
    }
    const made = isNotify(request) ? this.client.openByNotify(request, verified) : undefined;
    return made && { ...made, echoesRoutes: true };
  }

  /** RFC 3261 12.2.2 and 14.2. */
  private sequenceRefusal(dialog: Dialog, request: SipMessage): Answer | undefined {
    if (!dialog.acceptCSeq(request.cseq!.number))
      return { status: 500, reason: "CSeq is not above the last" };
    if (request.method !== "INVITE") return undefined;
    if (dialog.invite === "ours") return { status: 491 };
    if (dialog.invite === undefined) return undefined;
    const wait = Math.floor(this.core.settings.random() * (MAX_OVERLAP_WAIT + 1));
    return { status: 500, headers: [["Retry-After", String(wait)]] };
  }

  private refresh(place: Place, request: SipMessage): Place {
    const dialog = place.dialog!;
    if (refreshesTarget(request.method)) dialog.refreshTarget(request);
    if (!dialog.awaitsNotify || !isNotify(request)) return place;
    return { ...place, echoesRoutes: dialog.onFirstNotify(request) };
  }

  private deliver(
    transaction: ServerTransaction<Incoming>,
    verified: VerifiedPeer,
    { dialog, opening, echoesRoutes }: Place,
    now: Millis,
  ): void {
    const request = transaction.request!;
    const makesDialog = dialog === undefined && formsDialog(request.method);
    if (makesDialog && !this.core.dialogs.reserve()) {
      this.refuse(transaction, this.noRoom(), now);
      return;
    }
    const place = { dialog, formsDialog: makesDialog, echoesRoutes };
    const incoming = new Incoming(this.newRef(), transaction, request, verified, place);
    transaction.user = incoming;
    this.waiting.set(incoming.ref, incoming);
    if (dialog && transaction.isInvite) dialog.invite = "theirs";
    const { ref } = incoming;
    this.core.emit({
      kind: "request",
      request: ref,
      message: request,
      verified,
      dialog: dialog?.id,
      opening,
    });
  }

  /** Like a NOTIFY, but no answer ever goes back: the reference that the event gets belongs to nothing. */
  private onBenotify(request: SipMessage, verified: VerifiedPeer | undefined): void {
    if (!verified || !request.cseq || malformed(request) || request.toTag === undefined) return;
    const place = this.placeOf(request, verified);
    if (!place) return;
    const { dialog, opening } = place;
    if (!dialog || (opening === undefined && this.sequenceRefusal(dialog, request))) return;
    this.refresh(place, request);
    const ref = this.newRef();
    this.core.emit({ kind: "request", request: ref, message: request, verified, dialog: dialog.id, opening });
  }

  /** RFC 3261 9.2. What is answered already stays answered; only an INVITE can be given up. */
  private onCancel(transaction: ServerTransaction<Incoming>, now: Millis): void {
    const cancel = transaction.request!;
    const invite = this.core.layer.cancelled(cancel, "INVITE");
    if (!invite) {
      // RFC 6665 4.6
      const isKnown = ALLOWED_METHODS.some((m) => m !== "CANCEL" && this.core.layer.cancelled(cancel, m));
      this.refuse(transaction, { status: isKnown ? 200 : 481 }, now);
      return;
    }
    const incoming = invite.user;
    const toTag = incoming ? this.toTagOf(incoming) : this.core.settings.ids();
    this.core.layer.respond(transaction, buildResponse(cancel, 200, { toTag }), now);
    if (!incoming || !this.settle(incoming)) return;
    this.respond(incoming, { status: 487 }, now);
    this.core.emit({ kind: "cancelled", request: incoming.ref });
  }

  private onAck(ack: SipMessage, now: Millis): void {
    const cseq = ack.cseq;
    if (cseq && this.core.layer.onAck(ack, now)) this.confirmations.onAck(dialogIdOf(ack), cseq.number, now);
  }

  /** Sends the final answer, and sees to what follows from a 2xx. */
  private conclude(incoming: Incoming, answer: Answer, now: Millis): void {
    const isAccepted = answer.status < 300;
    const response = this.respond(incoming, isAccepted ? this.withContact(incoming, answer) : answer, now);
    // What could not be written went out as a 500.
    if (response.status >= 300) return;
    const { request, transaction, verified } = incoming;
    const isNew = incoming.formsDialog;
    const dialog = isNew
      ? this.core.dialogs.add(dialogOfRequest(request, this.toTagOf(incoming), verified.partner))
      : incoming.dialog;
    if (!dialog) return;
    if (request.method === "INVITE") this.confirmations.add(dialog, transaction, response, isNew, now);
    if (isNew) this.core.emit({ kind: "dialog-made", request: incoming.ref, dialog: dialog.id });
  }

  private withContact(incoming: Incoming, answer: Answer): Answer {
    if (!CONTACT_IN_ANSWER.has(incoming.request.method)) return answer;
    const headers = answer.headers ?? [];
    if (headers.some(([name]) => sameHeader(name, "Contact"))) return answer;
    return { ...answer, headers: [["Contact", this.core.writer.contactValue], ...headers] };
  }

  private respond(incoming: Incoming, answer: Answer, now: Millis): SipMessage {
    const { request, transaction } = incoming;
    const toTag = this.toTagOf(incoming);
    const recordRoute = answer.status < 300 && incoming.echoesRoutes;
    let response: SipMessage;
    try {
      response = buildResponse(request, answer.status, { ...answer, toTag, recordRoute });
    } catch (error) {
      // A line break in a header of ours: the peer gets an answer all the same.
      if (!(error instanceof RangeError)) throw error;
      response = buildResponse(request, 500, { toTag });
    }
    this.core.layer.respond(transaction, response, now);
    return response;
  }

  /** An answer of the engine's own. */
  private refuse(transaction: ServerTransaction<Incoming>, refusal: Answer, now: Millis): void {
    const toTag = this.core.settings.ids();
    const { reason, headers } = refusal;
    const response = buildResponse(transaction.request!, refusal.status, { toTag, reason, headers });
    this.core.layer.respond(transaction, response, now);
  }

  /** It no longer waits for the translator. @returns false when it did not. */
  private settle(incoming: Incoming): boolean {
    if (!this.waiting.delete(incoming.ref)) return false;
    incoming.transaction.user = undefined;
    if (incoming.formsDialog) this.core.dialogs.release();
    if (incoming.dialog && incoming.transaction.isInvite) incoming.dialog.invite = undefined;
    return true;
  }

  private toTagOf(incoming: Incoming): string {
    incoming.toTag ??= incoming.request.toTag ?? this.core.settings.ids();
    return incoming.toTag;
  }

  private noRoom(): Answer {
    return { status: 500, headers: [["Retry-After", String(this.core.limits.retryAfter)]] };
  }

  private newRef(): RequestRef {
    this.serial += 1;
    return `r${this.serial.toString(36)}`;
  }
}

function isNotify(request: SipMessage): boolean {
  return request.method === "NOTIFY" || request.method === "BENOTIFY";
}
