/** What a proxy changes in what it forwards (RFC 3261 16.6, 16.7), in one pass over the headers. */
import { hasParam, param, SipMessage, type StartLine, splitFirst, splitList, type Via } from "@tombolo/sip";
import type { HeaderFilter } from "../admission/private-headers.ts";

export interface RequestChanges {
  /** Our Via, put on top. */
  readonly via: string;
  /** Our Record-Route, put on top; undefined where the method needs none. */
  readonly recordRoute: string | undefined;
  /** The first Via line as it goes on; undefined = unchanged. */
  readonly firstVia: string | undefined;
  readonly popRoute: boolean;
  readonly maxForwards: number;
  readonly filter: HeaderFilter;
}

/** RFC 3261 16.6 step 3. */
export const DEFAULT_MAX_FORWARDS = 70;

export function forwardedRequest(message: SipMessage, changes: RequestChanges): SipMessage {
  const { headerNames, headerValues } = message;
  const names: string[] = ["Via"];
  const values: string[] = [changes.via];
  if (changes.recordRoute !== undefined) {
    names.push("Record-Route");
    values.push(changes.recordRoute);
  }
  let firstVia = changes.firstVia;
  let popRoute = changes.popRoute;
  let hops: number | undefined = changes.maxForwards;
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!;
    let value = headerValues[i]!;
    if (name === "Via") {
      if (firstVia !== undefined) value = firstVia;
      firstVia = undefined;
    } else if (name === "Max-Forwards") {
      if (hops === undefined) continue;
      value = String(hops);
      hops = undefined;
    } else if (name === "Route" && popRoute) {
      popRoute = false;
      value = withoutFirst(value);
      if (value === "") continue;
    } else if (changes.filter.drops(name)) continue;
    names.push(name);
    values.push(value);
  }
  if (hops !== undefined) {
    names.push("Max-Forwards");
    values.push(String(hops));
  }
  return new SipMessage(message.start, names, values, message.body);
}

/** The response without our Via, which is on top of it, and with another start line where one is given. */
export function forwardedResponse(
  message: SipMessage,
  filter: HeaderFilter,
  start: StartLine = message.start,
): SipMessage {
  const { headerNames, headerValues } = message;
  const names: string[] = [];
  const values: string[] = [];
  let popVia = true;
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!;
    let value = headerValues[i]!;
    if (name === "Via" && popVia) {
      popVia = false;
      value = withoutFirst(value);
      if (value === "") continue;
    } else if (filter.drops(name)) continue;
    names.push(name);
    values.push(value);
  }
  return new SipMessage(start, names, values, message.body);
}

/**
 * The first Via line with `received`, and `rport` filled in where it was asked for (RFC 3261 18.2.1, RFC 3581 4);
 * undefined where nothing changes. A `received` that the sender wrote itself does not stay.
 */
export function viaWithSource(
  line: string,
  via: Via,
  remote: { readonly host: string; readonly port: number },
): string | undefined {
  const asksPort = param(via.params, "rport") === "";
  const forged = hasParam(via.params, "received");
  const bare = via.host.startsWith("[") ? via.host.slice(1, -1) : via.host;
  if (!asksPort && !forged && bare === remote.host) return undefined;
  const elements = line.indexOf(",") < 0 ? [line] : splitList(line);
  let first = elements[0]!;
  if (forged) first = first.replace(/\s*;\s*received\s*=\s*[^;\s]*/gi, "");
  if (asksPort) first = first.replace(/(;\s*rport)\s*(?:=\s*)?(?=;|$)/i, `$1=${remote.port}`);
  if (asksPort || bare !== remote.host) first += `;received=${remote.host}`;
  elements[0] = first;
  return elements.join(", ");
}

function withoutFirst(value: string): string {
  return value.indexOf(",") < 0 ? "" : (splitFirst(value)?.rest ?? "");
}
