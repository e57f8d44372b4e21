import {
  type HeaderFields,
  type Outcome,
  parseSubscriptionState,
  type SipMessage,
  type SubscribeAnswered,
  type SubscriptionState,
} from "@tombolo/sip";
import type { DialogAnswer } from "../partner-memory.ts";

export type NotifyReading =
  | { readonly ok: true; readonly state: SubscriptionState }
  | {
      readonly ok: false;
      readonly status: 400 | 405 | 489;
      readonly extra: { readonly reason?: string; readonly headers?: HeaderFields };
    };

/** What a request in a dialog of ours as subscriber says of the subscription, or how to refuse it (RFC 6665 4.1.3). */
export function readNotify(request: SipMessage): NotifyReading {
  if (request.method !== "NOTIFY" && request.method !== "BENOTIFY")
    return { ok: false, status: 405, extra: { headers: [["Allow", "NOTIFY"]] } };
  // Some partners leave Event out; the dialog says which package it is.
  if (!isPresenceEvent(request.get("Event") ?? "presence"))
    return { ok: false, status: 489, extra: { headers: [["Allow-Events", "presence"]] } };
  const state = parseSubscriptionState(request.get("Subscription-State") ?? "");
  if (!state) return { ok: false, status: 400, extra: { reason: "Bad Request (no Subscription-State)" } };
  return { ok: true, state };
}

/** The event token is compared byte by byte; its parameters don't matter (RFC 6665 8.2.1). */
export function isPresenceEvent(event: string): boolean {
  return event === "presence" || event.split(";", 1)[0]!.trim() === "presence";
}

/** What the outcome of a request in a dialog says of the dialog; undefined where nothing. */
export function dialogAnswer(outcome: Outcome): DialogAnswer | undefined {
  if (outcome.kind !== "final" || outcome.status === 408 || outcome.status >= 500) return "dead";
  return outcome.status < 300 ? "known" : outcome.status === 481 ? "lost" : undefined;
}

/** A final answer to a SUBSCRIBE as the subscriber machine takes it. */
export function answerFields(outcome: Extract<Outcome, { kind: "final" }>): SubscribeAnswered {
  const { message, status } = outcome;
  const expires = message.number("Expires");
  const minExpires = message.number("Min-Expires");
  const retryAfter = message.number("Retry-After");
  return {
    kind: "response",
    status,
    ...(expires !== undefined && { expires }),
    ...(minExpires !== undefined && { minExpires }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}
