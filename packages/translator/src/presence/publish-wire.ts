import type {
  CompositorOutput,
  HeaderFields,
  Outcome,
  PublishAnswered,
  PublisherOutput,
  SipMessage,
} from "@tombolo/sip";
import { isPresenceEvent } from "./subscribe-wire.ts";

/** The body type that is published, both ways (RFC 3856 6.7). */
export const PUBLISHED_TYPE = "application/pidf+xml";
/** Longest body of a PUBLISH that is read, bytes. */
export const MAX_PUBLISHED_BYTES = 32_768;

export type PublishReading =
  | { readonly ok: true; readonly ifMatch: string | undefined; readonly expires: number | undefined }
  | {
      readonly ok: false;
      readonly status: 400 | 489 | 513;
      readonly extra: { readonly reason?: string; readonly headers?: HeaderFields };
    };

/** What a PUBLISH asks for besides its body, or how to refuse it (RFC 3903 6 steps 2 and 3). */
export function readPublish(message: SipMessage): PublishReading {
  if (!isPresenceEvent(message.get("Event") ?? ""))
    return { ok: false, status: 489, extra: { headers: [["Allow-Events", "presence"]] } };
  const tags = message.list("SIP-If-Match");
  const [ifMatch] = tags;
  if (tags.length > 1 || ifMatch === "")
    return { ok: false, status: 400, extra: { reason: "Bad Request (one SIP-If-Match expected)" } };
  const expires = message.number("Expires");
  if (expires === undefined && message.get("Expires") !== undefined)
    return { ok: false, status: 400, extra: { reason: "Bad Request (Expires is no number)" } };
  if (message.body.length > MAX_PUBLISHED_BYTES) return { ok: false, status: 513, extra: {} };
  return { ok: true, ifMatch, expires };
}

/** What goes with the answer to a PUBLISH (RFC 3903 6 step 7, 11.1). */
export function publishAnswerHeaders(answer: Extract<CompositorOutput, { kind: "answer" }>): HeaderFields {
  const { status, etag, expires, minExpires } = answer;
  if (etag !== undefined)
    return [
      ["SIP-ETag", etag],
      ["Expires", String(expires)],
    ];
  if (minExpires !== undefined) return [["Min-Expires", String(minExpires)]];
  return status === 415 ? [["Accept", PUBLISHED_TYPE]] : [];
}

/** Headers of a PUBLISH of ours (RFC 3903 4, table 1). */
export function publishHeaders({ ifMatch, expires }: PublisherOutput): HeaderFields {
  return [
    ["Event", "presence"],
    ["Expires", String(expires)],
    ...(ifMatch === undefined ? [] : [["SIP-If-Match", ifMatch] as const]),
  ];
}

/** A final answer to our PUBLISH as the publisher machine takes it. */
export function publishAnswered(outcome: Extract<Outcome, { kind: "final" }>): PublishAnswered {
  const { message, status } = outcome;
  return {
    kind: "response",
    status,
    etag: message.get("SIP-ETag")?.trim() || undefined,
    expires: message.number("Expires"),
    minExpires: message.number("Min-Expires"),
    retryAfter: message.number("Retry-After"),
  };
}
