import type { SipMessage } from "@tombolo/sip";

/** Longest reason kept, UTF-16 units. */
export const MAX_DIAGNOSTIC_REASON = 120;

/** Why a partner's servers refused something, in their own words. */
export interface Diagnostics {
  readonly id: number;
  /** Addresses taken out; may be empty. */
  readonly reason: string;
}

const HEADERS = ["ms-diagnostics", "ms-diagnostics-public", "ms-client-diagnostics"] as const;
/** `1003;reason="User does not exist";source="sip.contoso.example"` */
const FORM = /^\s*(\d{1,6})\s*(?:;|$)/;
const REASON = /;\s*reason\s*=\s*"([^"\\]*)"/i;
/** Anything with an @, and SIP URIs: a log names no people. */
const ADDRESSES = /(?:sips?:)?[^\s"<>;,]+@[^\s"<>;,]+|sips?:[^\s"<>;,]+/gi;

/** A route set that the peer has thrown away: only a new dialog helps. */
export const STALE_ROUTE_SET = 1004;

/** Diagnostics in an answer, or undefined. Reads three spellings of the header; the sender's host is left out. */
export function readDiagnostics(message: SipMessage): Diagnostics | undefined {
  for (const name of HEADERS) {
    const value = message.get(name)?.slice(0, 1000);
    const id = value === undefined ? undefined : FORM.exec(value)?.[1];
    if (id === undefined) continue;
    const reason = (REASON.exec(value!)?.[1] ?? "").replace(ADDRESSES, "(address)").trim();
    return { id: Number(id), reason: reason.slice(0, MAX_DIAGNOSTIC_REASON) };
  }
  return undefined;
}
