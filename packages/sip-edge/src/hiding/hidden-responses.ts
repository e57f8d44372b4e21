/** Responses to and from inside nodes whose side of the edge is hidden. What was kept back is put back from the request. */
import type { SipMessage, StartLine } from "@tombolo/sip";
import type { HeaderFilter } from "../admission/private-headers.ts";
import { HeadText } from "../routing/head-text.ts";
import { isOwnRoute } from "../routing/leg.ts";
import { methodRule } from "../routing/methods.ts";
import type { NodeState } from "../routing/node-state.ts";
import { VERIFIED_HEADER } from "../routing/rewrite.ts";
import type { Veil } from "./veil.ts";

/**
 * A node's response as the partner may see it: with the Vias, Record-Routes and Call-ID of the partner's own request,
 * and our public Record-Route.
 *
 * @param request the partner's, as it came
 * @param via its first Via line, with where it came from
 */
export function publicResponse(
  response: SipMessage,
  request: SipMessage,
  node: NodeState,
  veil: Veil,
  filter: HeaderFilter,
  start: StartLine,
  via: string,
): SipMessage {
  const { headerNames, headerValues } = response;
  const head = new HeadText(response);
  addVias(head, request, via);
  const isClean = veil.isClean(response);
  let routesWritten = !methodRule(request.method).recordRoute;
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!;
    const value = headerValues[i]!;
    if (name === "Via") continue;
    if (name === "Record-Route") {
      if (routesWritten) continue;
      routesWritten = true;
      head.add(name, node.outer.recordRoute);
      for (const line of request.lines("Record-Route")) head.add(name, line);
    } else if (name === "Call-ID") head.replace(i, name, request.callId, value);
    else if (filter.drops(name)) continue;
    else if (isClean && name !== "Contact") head.keep(i, name, value);
    else head.replace(i, name, veil.header(name, value, node.outer), value);
  }
  return head.message(publicStart(start, veil), veil.body(response));
}

function publicStart(start: StartLine, { names }: Veil): StartLine {
  if (start.kind === "request" || !names.areIn(start.reason)) return start;
  return { ...start, reason: names.hidden(start.reason) };
}

/**
 * A partner's response as the node must see it: its own Vias, its own Call-ID, and behind our public Record-Route the
 * inside one and those of the proxies that the request had passed.
 *
 * @param request the node's, as it came
 * @param via its first Via line, with where it came from
 */
export function restoredResponse(
  response: SipMessage,
  request: SipMessage,
  node: NodeState,
  filter: HeaderFilter,
  via: string,
  verified: string | undefined,
): SipMessage {
  const { headerNames, headerValues } = response;
  const head = new HeadText(response);
  addVias(head, request, via);
  let routesWritten = false;
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!;
    const value = headerValues[i]!;
    if (name === "Via") continue;
    if (name === "Record-Route") {
      if (routesWritten) continue;
      routesWritten = true;
      for (const line of insideRoutes(response, request, node)) head.add(name, line);
    } else if (name === "Call-ID") head.replace(i, name, request.callId, value);
    else if (!filter.drops(name)) head.keep(i, name, value);
  }
  if (verified !== undefined) head.add(VERIFIED_HEADER, verified);
  return head.message(response.start, response.content);
}

function addVias(head: HeadText, { headerNames, headerValues }: SipMessage, first: string): void {
  let isFirst = true;
  for (let i = 0; i < headerNames.length; i++) {
    if (headerNames[i] !== "Via") continue;
    head.add("Via", isFirst ? first : headerValues[i]!);
    isFirst = false;
  }
}

/** The Record-Routes of a partner's response, with what belongs behind our public one. */
function insideRoutes(response: SipMessage, request: SipMessage, node: NodeState): string[] {
  const elements = response.list("Record-Route");
  const ours = elements.findIndex((element) => isOwnRoute(node.outer, element));
  if (ours < 0) return elements;
  const outside = elements.slice(0, ours);
  return [...outside, ...[...node.recordRoutes].reverse(), ...request.lines("Record-Route")];
}

/**
 * The proxies between us and the node, as the Route that requests from outside need (RFC 3261 12.1.2).
 *
 * @param response the node's, as it came
 */
export function insideRoutesOfResponse(response: SipMessage, node: NodeState): string[] {
  const elements = response.list("Record-Route");
  const ours = elements.findIndex((element) => node.isOwnRoute(element));
  return ours <= 0 ? [] : elements.slice(0, ours).reverse();
}
