import { formatDeltaSeconds, parseDeltaSeconds } from "./expires.ts";

/** RFC 6665 4.1.3, 8.2.3. */
export interface SubscriptionState {
  readonly state: "active" | "pending" | "terminated";
  /** Seconds left; never with terminated. */
  readonly expires?: number;
  /** Why it ended: lower case, registered or not. Only with terminated. */
  readonly reason?: string;
  /** Seconds. Only with terminated. */
  readonly retryAfter?: number;
}

/** How nearly all are written. */
const USUAL = /^(active|pending);expires=(\d{1,9})$/;

/**
 * Reads a Subscription-State value. Parameters that can't be read are as if absent. Undefined when the state is none
 * that we know, for which a NOTIFY gets 400.
 */
export function parseSubscriptionState(value: string): SubscriptionState | undefined {
  const usual = USUAL.exec(value);
  if (usual !== null) return { state: usual[1] as "active" | "pending", expires: Number(usual[2]) };
  const [token = "", ...params] = value.split(";");
  const state = token.trim().toLowerCase();
  if (state !== "active" && state !== "pending" && state !== "terminated") return undefined;
  const read = (name: string) => paramOf(params, name);
  const seconds = (name: string) => parseDeltaSeconds(read(name) ?? "");
  if (state !== "terminated") {
    const expires = seconds("expires");
    return expires === undefined ? { state } : { state, expires };
  }
  const reason = read("reason")?.toLowerCase();
  const retryAfter = seconds("retry-after");
  return { state, ...(reason && { reason }), ...(retryAfter !== undefined && { retryAfter }) };
}

/** A Subscription-State value: `active;expires=7180`, `terminated;reason=probation;retry-after=300`. */
export function formatSubscriptionState(value: SubscriptionState): string {
  if (value.state !== "terminated") {
    return value.expires === undefined
      ? value.state
      : `${value.state};expires=${formatDeltaSeconds(value.expires)}`;
  }
  const reason = value.reason === undefined ? "" : `;reason=${value.reason}`;
  const retry = value.retryAfter === undefined ? "" : `;retry-after=${formatDeltaSeconds(value.retryAfter)}`;
  return `terminated${reason}${retry}`;
}

function paramOf(params: readonly string[], name: string): string | undefined {
  for (const param of params) {
    const at = param.indexOf("=");
    if (at > 0 && param.slice(0, at).trim().toLowerCase() === name) {
      return param
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/s, "$1");
    }
  }
  return undefined;
}
