import type { SipMessage } from "../message/message.ts";
import { parseNameAddr } from "../uri/name-addr.ts";
import { isLooseRoute, parseSipUri } from "../uri/sip-uri.ts";
import { detach } from "./detach.ts";

/** Routes in one dialog; more than a chain of proxies ever adds (Max-Forwards starts at 70). */
export const MAX_ROUTES = 70;

/**
 * The Record-Route elements of a message, each kept whole and byte for byte: signed ones are void when a parameter,
 * also one behind the `>`, is lost or moves.
 *
 * @param side "server": in order, for who got the request. "client": from the last to the first, for who sent it
 *   (RFC 3261 12.1).
 */
export function routeSetOf(message: SipMessage, side: "client" | "server"): readonly string[] {
  const routes = message.list("Record-Route").slice(0, MAX_ROUTES).map(detach);
  return side === "client" ? routes.reverse() : routes;
}

/** Where a request inside a dialog goes. */
export interface Routing {
  readonly requestUri: string;
  /** Route values, one header line each. */
  readonly routes: readonly string[];
}

/**
 * RFC 3261 12.2.1.1. A first route without `lr` is a strict router: it gets the request addressed to itself, and the
 * target goes to the end of the Route.
 */
export function routingOf(routes: readonly string[], target: string): Routing {
  const first = routes[0];
  if (first === undefined) return { requestUri: target, routes };
  const address = parseNameAddr(first);
  const uri = address && parseSipUri(address.uri);
  if (!uri || isLooseRoute(uri)) return { requestUri: target, routes };
  return { requestUri: withoutHeaders(address.uri), routes: [...routes.slice(1), `<${target}>`] };
}

/** What may stand in a Request-URI (RFC 3261 19.1.1 table 1): no `method` parameter and no headers. */
function withoutHeaders(uri: string): string {
  const question = uri.indexOf("?");
  return (question < 0 ? uri : uri.slice(0, question)).replace(/;method=[^;]*/i, "");
}
