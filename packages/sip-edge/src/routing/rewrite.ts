/** What a proxy changes in what it forwards (RFC 3261 16.6, 16.7), in one pass over the headers. */
import { type SipMessage, type StartLine, splitFirst, splitList, type Via } from "@tombolo/sip";
import type { HeaderFilter } from "../admission/private-headers.ts";
import type { Veil } from "../hiding/veil.ts";
import { HeadText } from "./head-text.ts";
import { HeadList, type HeadWriter } from "./head-writer.ts";
import type { Leg } from "./leg.ts";

export interface RequestChanges {
  /** It is sent, and nothing is made from it later. */
  readonly isLooseEnd: boolean;
  /** The start line as it goes on. */
  readonly start: StartLine;
  /** Our Via, put on top. */
  readonly via: string;
  /** Our Record-Routes, put on top; undefined where the method needs none. */
  readonly recordRoutes: readonly string[] | undefined;
  /** The first Via line as it goes on; undefined = unchanged. */
  readonly firstVia: string | undefined;
  /** Elements of Route that are taken off its top. */
  readonly popRoutes: number;
  /** Lines of Route that are put on top instead. */
  readonly pushRoutes: readonly string[];
  readonly maxForwards: number;
  readonly filter: HeaderFilter;
  /** Call-ID as it goes on; undefined = unchanged. */
  readonly callId: string | undefined;
  /** What the node is told of the sender; undefined where it is told beside the message. */
  readonly verified: string | undefined;
  /** Set where a hidden node sends: its Vias and Record-Routes stay behind, the rest goes out as the veil lets it. */
  readonly veil: Veil | undefined;
  /** What the outside sees of that node. */
  readonly outer: Leg;
}

/** RFC 3261 16.6 step 3. */
export const DEFAULT_MAX_FORWARDS = 70;
/** What the edge alone may say of a sender, to nodes that are not in its process. */
export const VERIFIED_HEADER = "X-Tombolo-Verified";

const NO_ROUTES: readonly string[] = [];

export function forwardedRequest(message: SipMessage, changes: RequestChanges): SipMessage {
  const { headerNames, headerValues } = message;
  const { veil, filter } = changes;
  const head = changes.isLooseEnd ? new HeadText(message) : new HeadList(message);
  const isClean = veil?.isClean(message) === true;
  head.add("Via", changes.via);
  for (const line of changes.recordRoutes ?? NO_ROUTES) head.add("Record-Route", line);
  for (const line of changes.pushRoutes) head.add("Route", line);
  let firstVia = changes.firstVia;
  let pops = changes.popRoutes;
  let hops: number | undefined = changes.maxForwards;
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!;
    const value = headerValues[i]!;
    if (name === "Via") {
      if (veil !== undefined) continue;
      if (firstVia === undefined) head.keep(i, name, value);
      else head.add(name, firstVia);
      firstVia = undefined;
    } else if (name === "Max-Forwards") {
      if (hops === undefined) continue;
      head.add(name, String(hops));
      hops = undefined;
    } else if (name === "Route" && (pops > 0 || veil !== undefined)) {
      const left = routesLeft(value, pops, veil);
      pops = left.pops;
      if (left.value !== "") head.add(name, left.value);
    } else if (name === "Call-ID" && changes.callId !== undefined) head.add(name, changes.callId);
    else if (filter.drops(name)) continue;
    else if (veil === undefined || name === "Call-ID") head.keep(i, name, value);
    else if (name === "Record-Route") continue;
    else if (isClean && name !== "Contact") head.keep(i, name, value);
    else {
      head.replace(i, name, veil.header(name, value, changes.outer), value);
    }
  }
  if (hops !== undefined) head.add("Max-Forwards", String(hops));
  if (changes.verified !== undefined) head.add(VERIFIED_HEADER, changes.verified);
  const body = veil === undefined ? message.content : veil.body(message);
  return head.message(changes.start, body);
}

/** One Route line without its first `pops` elements, nor those that a hidden node had for the inside. */
function routesLeft(
  line: string,
  pops: number,
  veil: Veil | undefined,
): { readonly value: string; readonly pops: number } {
  const elements = line.indexOf(",") < 0 ? [line] : splitList(line);
  const popped = Math.min(pops, elements.length);
  const left = elements.slice(popped).filter((element) => veil?.names.areIn(element) !== true);
  return { value: left.join(", "), pops: pops - popped };
}

/**
 * The response without our Via, which is on top of it, and with another start line where one is given.
 *
 * @param head a writer for `message`
 */
export function forwardedResponse(
  message: SipMessage,
  head: HeadWriter,
  filter: HeaderFilter,
  start: StartLine = message.start,
): SipMessage {
  const { headerNames, headerValues } = message;
  let popVia = true;
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!;
    const value = headerValues[i]!;
    if (name === "Via" && popVia) {
      popVia = false;
      const rest = withoutFirst(value);
      if (rest !== "") head.add(name, rest);
    } else if (!filter.drops(name)) head.keep(i, name, value);
  }
  return head.message(start, message.content);
}

/** Without it a line has neither `rport` nor `received`. */
const MAY_NAME_SOURCE = /;[ \t]*r/i;

/**
 * The first Via line with `received`, and `rport` filled in where it was asked for (RFC 3261 18.2.1, RFC 3581 4);
 * undefined where nothing changes. A `received` that the sender wrote itself does not stay.
 */
export function viaWithSource(
  line: string,
  via: Via,
  remote: { readonly host: string; readonly port: number },
): string | undefined {
  const mayName = MAY_NAME_SOURCE.test(line);
  const asksPort = mayName && via.param("rport") === "";
  const forged = mayName && via.param("received") !== undefined;
  const bare = via.host.startsWith("[") ? via.host.slice(1, -1) : via.host;
  if (!asksPort && !forged && bare === remote.host) return undefined;
  const elements = line.indexOf(",") < 0 ? undefined : splitList(line);
  let first = elements?.[0] ?? line;
  if (forged) first = first.replace(/\s*;\s*received\s*=\s*[^;\s]*/gi, "");
  if (asksPort) first = first.replace(/(;\s*rport)\s*(?:=\s*)?(?=;|$)/i, `$1=${remote.port}`);
  if (asksPort || bare !== remote.host) first = `${first};received=${remote.host}`;
  return elements === undefined ? first : [first, ...elements.slice(1)].join(", ");
}

export function withoutFirst(value: string): string {
  return value.indexOf(",") < 0 ? "" : (splitFirst(value)?.rest ?? "");
}
