import type { SipMessage } from "../message/message.ts";
import { parseSipUri } from "../uri/sip-uri.ts";
import { detach } from "./detach.ts";
import { type Routing, routeSetOf, routingOf } from "./route-set.ts";
import type { SharedTexts } from "./shared-texts.ts";

/** How far own CSeq numbers may go beyond a snapshot before the next one has to be taken (RFC 3261 12.2.1.1). */
export const SNAPSHOT_CSEQ_STEP = 64;

/** A dialog as plain data, for keeping over a restart. */
export interface DialogSnapshot {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Our From value; its tag stands at the end. */
  readonly local: string;
  /** The peer's From or To value as it came, tag and all other parameters included. */
  readonly remote: string;
  readonly target: string;
  readonly routes: readonly string[];
  /** No number above this was or will be used before the next snapshot. */
  readonly localCSeq: number;
  readonly remoteCSeq: number | undefined;
  readonly partner: string | undefined;
}

/** Numbers after a restart rise by one in so many ms: faster than any dialog uses them up before they are on record. */
const RESUMED_CSEQ_MS = 100;
/** Half of what CSeq may be, so that no dialog gets to the end (RFC 3261 8.1.1.5). */
const MAX_RESUMED_CSEQ = 2 ** 30;

/**
 * A snapshot as a new run may take it up. An earlier run that began with the same one may have been killed before its own
 * numbers were on record, and they must not come again (RFC 3261 12.2.1.1): so they follow the clock.
 *
 * @param wall ms since 1970
 */
export function resumed(snapshot: DialogSnapshot, wall: number): DialogSnapshot {
  const byClock = Math.floor(wall / RESUMED_CSEQ_MS) % MAX_RESUMED_CSEQ;
  return byClock > snapshot.localCSeq ? { ...snapshot, localCSeq: byClock } : snapshot;
}

/** Identifies a dialog (RFC 3261 12): what a request or response inside it shows. */
export function dialogId(callId: string, localTag: string, remoteTag: string): string {
  // Joined, it holds no parts.
  return [localTag, remoteTag, callId].join(" ");
}

/**
 * One dialog (RFC 3261 12): whom we talk to, by which way, the two sequences of numbers, and what runs in it. What it is
 * for is known elsewhere. All texts are kept as they came, so that they go out byte for byte. There are very many dialogs:
 * what can be read from another field has none of its own.
 */
export class Dialog {
  readonly id: string;
  /** Our From value as far as the tag, which `id` holds. */
  private readonly localAddress: string;
  readonly remote: string;
  /** The partner whose proven peer made it; its requests may come from nobody else. */
  readonly partner: string | undefined;
  /** The number of the last request of ours. */
  localCSeq: number;
  /** The number of the peer's last request; undefined before its first. */
  remoteCSeq: number | undefined;
  /** Whose INVITE waits for its final answer: one at a time (RFC 3261 14.1). */
  invite: "ours" | "theirs" | undefined;
  /** Our subscription was made by its 2xx: the first NOTIFY may still bring the route set (RFC 6665 4.4.1). */
  awaitsNotify = false;
  private target: string;
  private routes: readonly string[];
  /** Where the first router is strict; else requests go to the target by the routes. */
  private strict: Routing | undefined;
  private readonly localTagLength: number;
  private readonly remoteTagLength: number;

  constructor(state: DialogSnapshot) {
    this.id = dialogId(state.callId, state.localTag, state.remoteTag);
    this.localTagLength = state.localTag.length;
    this.remoteTagLength = state.remoteTag.length;
    this.localAddress = detach(withoutTag(state.local, state.localTag));
    this.remote = detach(state.remote);
    this.partner = state.partner;
    this.localCSeq = state.localCSeq;
    this.remoteCSeq = state.remoteCSeq;
    this.invite = undefined;
    this.target = detach(state.target);
    this.routes = state.routes;
    this.strict = strictRouting(this.routes, this.target);
  }

  /** Our From value, tag included. */
  get local(): string {
    return `${this.localAddress};tag=${this.localTag}`;
  }

  get callId(): string {
    return this.id.slice(this.localTagLength + this.remoteTagLength + 2);
  }

  get localTag(): string {
    return this.id.slice(0, this.localTagLength);
  }

  get remoteTag(): string {
    const start = this.localTagLength + 1;
    return this.id.slice(start, start + this.remoteTagLength);
  }

  get requestUri(): string {
    return this.strict?.requestUri ?? this.target;
  }

  get routeValues(): readonly string[] {
    return this.strict?.routes ?? this.routes;
  }

  /** What is the same in many dialogs is held once. */
  shareTexts(shared: SharedTexts): void {
    this.target = shared.share(this.target);
    this.routes = shared.shareAll(this.routes);
  }

  nextCSeq(): number {
    this.localCSeq += 1;
    return this.localCSeq;
  }

  /**
   * Notes the number of a request that came. Gaps are fine: others of the peer's requests went another way or nowhere.
   * @returns false for one that is not above the last (RFC 3261 12.2.2): it was overtaken, or is a late copy.
   */
  acceptCSeq(number: number): boolean {
    if (this.remoteCSeq !== undefined && number <= this.remoteCSeq) return false;
    this.remoteCSeq = number;
    return true;
  }

  /** Takes the remote target from a target refresh request or the 2xx to one of ours (RFC 3261 12.2). */
  refreshTarget(message: SipMessage): void {
    const target = contactUri(message);
    if (target === undefined || target === this.target) return;
    this.target = detach(target);
    this.strict = strictRouting(this.routes, this.target);
  }

  /**
   * A route set from the other message that makes a subscription, its 2xx or its first NOTIFY; never later. RFC 6665
   * 4.4.1 wants the NOTIFY's, which holds every proxy on the way. Peers of the RFC 3265 age put none into a NOTIFY, so
   * that it holds only proxies on our own side: the set that names more hops is the whole one, the NOTIFY's among equals.
   */
  offerRoutes(routes: readonly string[], from: "answer" | "notify"): void {
    const isWhole =
      from === "notify" ? routes.length >= this.routes.length : routes.length > this.routes.length;
    if (!isWhole || isSame(routes, this.routes)) return;
    this.routes = routes;
    this.strict = strictRouting(routes, this.target);
  }

  /**
   * The first NOTIFY of a subscription may bring its route set (RFC 6665 4.4.1).
   *
   * @returns whether the answer has to carry the Record-Route back (RFC 3261 12.1.1).
   */
  onFirstNotify(notify: SipMessage): boolean {
    this.awaitsNotify = false;
    const routes = routeSetOf(notify, "server");
    this.offerRoutes(routes, "notify");
    return routes.length > 0;
  }

  /** Own numbers may rise by SNAPSHOT_CSEQ_STEP before the next snapshot is needed. */
  snapshot(): DialogSnapshot {
    const { callId, localTag, remoteTag, local, remote, target, routes, remoteCSeq, partner } = this;
    const localCSeq = this.localCSeq + SNAPSHOT_CSEQ_STEP;
    return { callId, localTag, remoteTag, local, remote, target, routes, localCSeq, remoteCSeq, partner };
  }
}

/** A value without its tag at the end, where it has one there. */
function withoutTag(value: string, tag: string): string {
  const end = `;tag=${tag}`;
  return value.endsWith(end) ? value.slice(0, -end.length) : value;
}

function strictRouting(routes: readonly string[], target: string): Routing | undefined {
  const routing = routingOf(routes, target);
  return routing.routes === routes ? undefined : routing;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at]);
}

const REFRESHING: ReadonlySet<string> = new Set(["INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "BENOTIFY"]);

/** Requests that move the remote target (RFC 3261 12.2, RFC 3311 5, RFC 6665 4.4.1). */
export function refreshesTarget(method: string): boolean {
  return REFRESHING.has(method);
}

/** The URI of the one Contact of a message, verbatim; undefined where there is not exactly one, or not a SIP URI. */
export function contactUri(message: SipMessage): string | undefined {
  const contacts = message.list("Contact");
  if (contacts.length !== 1) return undefined;
  const uri = message.contact?.uri;
  return uri !== undefined && parseSipUri(uri) ? uri : undefined;
}

/** Our side of an INVITE or SUBSCRIBE that got a 2xx (RFC 3261 12.1.2). */
export function dialogOfAnswer(
  request: SipMessage,
  response: SipMessage,
  partner: string | undefined,
): Dialog {
  return new Dialog({
    callId: request.callId,
    localTag: request.fromTag ?? "",
    remoteTag: response.toTag ?? "",
    local: request.get("From") ?? "",
    remote: response.get("To") ?? "",
    // Some answers to SUBSCRIBE lack the Contact; the NOTIFY may bring one.
    target: contactUri(response) ?? request.uri,
    routes: routeSetOf(response, "client"),
    localCSeq: request.cseq?.number ?? 0,
    remoteCSeq: undefined,
    partner,
  });
}

/** Our side of an INVITE or SUBSCRIBE that we answer with a 2xx (RFC 3261 12.1.1). */
export function dialogOfRequest(request: SipMessage, toTag: string, partner: string): Dialog {
  return new Dialog({
    callId: request.callId,
    localTag: toTag,
    remoteTag: request.fromTag ?? "",
    local: `${request.get("To") ?? ""};tag=${toTag}`,
    remote: request.get("From") ?? "",
    target: contactUri(request) ?? request.from?.uri ?? "",
    routes: routeSetOf(request, "server"),
    localCSeq: 0,
    remoteCSeq: request.cseq?.number,
    partner,
  });
}

/** Our side of a SUBSCRIBE whose NOTIFY came before its answer (RFC 6665 4.4.1). */
export function dialogOfNotify(subscribe: SipMessage, notify: SipMessage, partner: string): Dialog {
  return new Dialog({
    callId: subscribe.callId,
    localTag: subscribe.fromTag ?? "",
    remoteTag: notify.fromTag ?? "",
    local: subscribe.get("From") ?? "",
    remote: notify.get("From") ?? "",
    target: contactUri(notify) ?? subscribe.uri,
    routes: routeSetOf(notify, "server"),
    localCSeq: subscribe.cseq?.number ?? 0,
    remoteCSeq: notify.cseq?.number,
    partner,
  });
}
