import { checkResponse } from "./checks.ts";
import { type Blame, describeMessage } from "./faults.ts";
import type { Link } from "./link.ts";
import { headerOf, listOf, methodOf, paramOf, requestUriOf, statusOf, type WireMessage } from "./wire.ts";

/** A final answer that is no 2xx, to something that wanted one. */
export class Refused extends Error {
  readonly status: number;
  readonly response: WireMessage;

  constructor(request: WireMessage, response: WireMessage) {
    super(`${methodOf(request)} was refused: ${response.start}`);
    this.status = statusOf(response);
    this.response = response;
  }
}

interface Pending {
  readonly request: WireMessage;
  readonly link: Link;
  readonly provisional: (response: WireMessage) => void;
  readonly resolve: (response: WireMessage) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** How long answered requests are remembered, to tell a second answer from an unasked one: how many. */
const REMEMBERED = 256;

/**
 * The client transactions of the simulated side: each request gets its final response, every response is checked
 * against its request, failures of INVITE are acknowledged (RFC 3261 17.1.1.3).
 */
export class Exchange {
  readonly #pending = new Map<string, Pending>();
  readonly #done = new Map<string, WireMessage>();
  /** Requests whose connection broke: their answers may come on another one (RFC 3261 18.2.2). */
  readonly #orphans = new Set<string>();
  readonly #blame: Blame;
  readonly #lastSeen: () => string;
  /** A further 2xx to an INVITE that has one already. */
  onSecondSuccess: (response: WireMessage) => void = () => {};

  constructor(blame: Blame, lastSeen: () => string) {
    this.#blame = blame;
    this.#lastSeen = lastSeen;
  }

  /** Sends `request` and resolves with the final response, whatever its status. */
  ask(
    request: WireMessage,
    link: Link,
    options: { timeoutMs: number; provisional?: ((response: WireMessage) => void) | undefined },
  ): Promise<WireMessage> {
    const key = keyOf(request);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(key);
        this.#orphans.add(key);
        const what = `an answer to ${describeMessage(request)}`;
        reject(new Error(`waited ${options.timeoutMs / 1000} s for ${what}; ${this.#lastSeen()}`));
      }, options.timeoutMs);
      const provisional = options.provisional ?? (() => {});
      this.#pending.set(key, { request, link, provisional, resolve, reject, timer });
      link.send(request);
    });
  }

  received(response: WireMessage): void {
    const key = keyOf(response);
    const pending = this.#pending.get(key);
    if (pending === undefined) {
      this.#late(key, response);
      return;
    }
    checkResponse(pending.request, response, this.#blame);
    if (statusOf(response) < 200) {
      pending.provisional(response);
      return;
    }
    this.#pending.delete(key);
    clearTimeout(pending.timer);
    this.#done.set(key, pending.request);
    if (this.#done.size > REMEMBERED) this.#done.delete(this.#done.keys().next().value!);
    if (methodOf(pending.request) === "INVITE" && statusOf(response) >= 300) {
      pending.link.send(failureAck(pending.request, response));
    }
    pending.resolve(response);
  }

  #late(key: string, response: WireMessage): void {
    const earlier = this.#done.get(key);
    if (this.#orphans.delete(key)) return;
    if (earlier === undefined) this.#blame("unasked-response", "no such request is open", response);
    else if (methodOf(earlier) === "INVITE" && statusOf(response) < 300 && statusOf(response) >= 200) {
      this.onSecondSuccess(response);
    } else this.#blame("unasked-response", "the request has its final answer already", response);
  }

  /** The connection is gone: its requests will not be answered. */
  lost(link: Link): void {
    for (const [key, pending] of this.#pending) {
      if (pending.link === link) this.#abandon(key, pending, "the connection was closed");
    }
  }

  stop(): void {
    for (const [key, pending] of this.#pending) this.#abandon(key, pending, "stopped");
  }

  #abandon(key: string, pending: Pending, why: string): void {
    clearTimeout(pending.timer);
    this.#pending.delete(key);
    this.#orphans.add(key);
    if (this.#orphans.size > REMEMBERED) this.#orphans.delete(this.#orphans.values().next().value!);
    pending.reject(new Error(`${describeMessage(pending.request)}: ${why}; ${this.#lastSeen()}`));
  }
}

function keyOf(message: WireMessage): string {
  const branch = paramOf(listOf(message, "Via")[0] ?? "", "branch");
  return `${branch} ${methodOf(message)}`;
}

function failureAck(invite: WireMessage, response: WireMessage): WireMessage {
  return {
    start: `ACK ${requestUriOf(invite)} SIP/2.0`,
    headers: [
      ["Via", listOf(invite, "Via")[0]!],
      ...listOf(invite, "Route").map((route) => ["Route", route] as const),
      ["Max-Forwards", "70"],
      ["From", headerOf(invite, "From")!],
      ["To", headerOf(response, "To") ?? headerOf(invite, "To")!],
      ["Call-ID", headerOf(invite, "Call-ID")!],
      ["CSeq", (headerOf(invite, "CSeq") ?? "").replace("INVITE", "ACK")],
    ],
    body: "",
  };
}
