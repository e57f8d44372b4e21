/** Who may ask the admin listener. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** True when the request bears the token; takes the same time for every wrong one. */
export function bearsToken(request: IncomingMessage, token: string): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  if (given === undefined) return false;
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(token));
}

/** The host of a `Host` or `Origin` value, without port and brackets, in small letters. */
function hostOf(authority: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(authority.toLowerCase());
  return match?.[1] ?? match?.[2] ?? "";
}

/**
 * True for requests that a page of another site made a browser on this machine send: a Host that is a DNS name other
 * than localhost (rebinding), or an Origin other than the host asked. Without a token, loopback is all that protects.
 */
export function isForeignPage(request: IncomingMessage): boolean {
  const { host = "", origin } = request.headers;
  const name = hostOf(host);
  if (name !== "localhost" && isIP(name) === 0) return true;
  return origin !== undefined && origin.toLowerCase().replace(/^https?:\/\//, "") !== host.toLowerCase();
}
