import type { Blame } from "./faults.ts";
import {
  addressOf,
  cseqOf,
  headerOf,
  listOf,
  methodOf,
  paramOf,
  requestUriOf,
  sameValue,
  tagOf,
  uriOf,
  type WireMessage,
} from "./wire.ts";

export interface DialogStart {
  readonly callId: string;
  /** Our address as a From or To value, with tag and epid. */
  readonly local: string;
  /** The partner's address as a From or To value; its tag may still be missing. */
  readonly remote: string;
  readonly gruu: string;
  /** The Record-Routes that we put on the wire, edge first: the Route set that the partner must use. */
  readonly signed: readonly string[];
  readonly localCSeq: number;
}

/** Requests of which a dialog has no two unanswered at a time. */
const ONE_AT_A_TIME: ReadonlySet<string> = new Set(["MESSAGE", "NOTIFY"]);

/** One dialog as the simulated side keeps it, and the check of what the partner sends in it (RFC 3261 12). */
export class PeerDialog {
  readonly callId: string;
  readonly local: string;
  readonly localTag: string;
  readonly gruu: string;
  readonly signed: readonly string[];
  remote: string;
  /** The partner's Contact URI. */
  target = "";
  /** The partner's own Record-Routes, in the order of the Route headers we send. */
  routes: readonly string[] = [];
  localCSeq: number;
  remoteCSeq = 0;
  open = true;
  readonly #unanswered = new Map<string, number>();

  constructor(start: DialogStart) {
    this.callId = start.callId;
    this.local = start.local;
    this.localTag = tagOf(start.local) ?? "";
    this.remote = start.remote;
    this.gruu = start.gruu;
    this.signed = start.signed;
    this.localCSeq = start.localCSeq;
  }

  get remoteTag(): string | undefined {
    return tagOf(this.remote);
  }

  /** The partner's address of record, `sip:user@host`. */
  get peer(): string {
    return addressOf(this.remote);
  }

  /** As UAC: takes tag, target and routes from a response to the request that made the dialog. */
  confirm(response: WireMessage): void {
    this.remote = headerOf(response, "To") ?? this.remote;
    this.#target(response);
    const recorded = listOf(response, "Record-Route");
    this.routes = recorded.slice(0, Math.max(0, recorded.length - this.signed.length)).reverse();
  }

  /** As UAS: the same from the request. */
  accept(request: WireMessage): void {
    this.remoteCSeq = cseqOf(request);
    this.#target(request);
    this.routes = listOf(request, "Record-Route");
  }

  /** A target refresh (RFC 3261 12.2.1.2), also the 2xx to a refresh. */
  refresh(message: WireMessage): void {
    this.#target(message);
  }

  #target(message: WireMessage): void {
    const contact = headerOf(message, "Contact");
    if (contact !== undefined) this.target = uriOf(contact);
  }

  /**
   * Checks a request of the partner in this dialog. undefined when it may be served, else the status that a Microsoft
   * server refuses it with.
   */
  check(request: WireMessage, blame: Blame): { status: number; reason: string } | undefined {
    const routes = listOf(request, "Route");
    if (
      routes.length !== this.signed.length ||
      routes.some((route, at) => !sameValue(route, this.signed[at]))
    ) {
      blame(
        "route-set",
        `expected ${this.signed.join(", ")} but got ${routes.join(", ") || "none"}`,
        request,
      );
      return { status: 400, reason: "Malformed route header" };
    }
    if (requestUriOf(request) !== this.gruu) {
      blame("request-uri", `expected ${this.gruu}`, request);
      return { status: 404, reason: "Not Found" };
    }
    const from = headerOf(request, "From") ?? "";
    if (tagOf(from) === undefined) blame("tags", "From has no tag", request);
    else if (this.remoteTag === undefined) this.remote = from;
    else if (tagOf(from) !== this.remoteTag) {
      blame("tags", `From tag is ${tagOf(from)}, not ${this.remoteTag}`, request);
      return { status: 481, reason: "Call Leg/Transaction Does Not Exist" };
    }
    this.#checkAddresses(request, blame);
    return this.#checkOrder(request, blame);
  }

  #checkAddresses(request: WireMessage, blame: Blame): void {
    const to = headerOf(request, "To") ?? "";
    const epid = paramOf(this.local, "epid");
    if (uriOf(to) !== uriOf(this.local))
      blame("addresses", `To is ${uriOf(to)}, not ${uriOf(this.local)}`, request);
    if (paramOf(to, "epid") !== epid) blame("addresses", `To lacks epid=${epid}`, request);
    if (addressOf(headerOf(request, "From") ?? "") !== this.peer) {
      blame("addresses", `From is not ${this.peer}`, request);
    }
  }

  #checkOrder(request: WireMessage, blame: Blame): { status: number; reason: string } | undefined {
    const method = methodOf(request);
    const cseq = cseqOf(request);
    if (method === "ACK") return undefined;
    if (cseq <= this.remoteCSeq) {
      blame("cseq", `${cseq} after ${this.remoteCSeq}`, request);
      return { status: 500, reason: "Server Internal Error" };
    }
    this.remoteCSeq = cseq;
    const before = this.#unanswered.get(method) ?? 0;
    if (before > 0 && ONE_AT_A_TIME.has(method))
      blame("overlap", `${before} unanswered ${method} before it`, request);
    this.#unanswered.set(method, before + 1);
    return undefined;
  }

  /** A final answer went out. */
  answered(method: string): void {
    this.#unanswered.set(method, Math.max(0, (this.#unanswered.get(method) ?? 0) - 1));
  }
}
