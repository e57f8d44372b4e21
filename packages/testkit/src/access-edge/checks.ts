import type { Blame } from "./faults.ts";
import {
  cseqOf,
  headerOf,
  headersOf,
  listOf,
  methodOf,
  paramOf,
  sameValue,
  statusOf,
  tagOf,
  uriOf,
  type WireMessage,
} from "./wire.ts";

const FORMS_DIALOG: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE"]);
const PRIVATE_HEADERS = [
  "ms-edge-proxy-message-trust",
  "ms-split-domain-info",
  "ms-diagnostics",
  "ms-client-diagnostics",
];
const MS_EXTENSIONS: ReadonlySet<string> = new Set([
  "ms-benotify",
  "ms-piggyback-first-notify",
  "com.microsoft.autoextend",
  "eventlist",
  "adhoclist",
  "categorylist",
]);
const FORBIDDEN: ReadonlySet<number> = new Set([401, 407, 503, 600]);

/** A host name with a dot that is no IPv4 address; not an IPv6 reference either. */
function isFqdn(host: string): boolean {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(host) && !/^[\d.]+$/.test(host);
}

function hostOf(uri: string): string {
  const rest = uri.replace(/^sips?:/i, "").split(/[;?]/)[0]!;
  return rest.slice(rest.lastIndexOf("@") + 1).replace(/:\d+$/, "");
}

/** What is wrong with an address that a Microsoft edge would have to route by; undefined when it is good. */
function addressTrouble(uri: string): string | undefined {
  if (!isFqdn(hostOf(uri))) return `${uri} has no FQDN`;
  return /;\s*transport=tls\s*(;|$)/i.test(uri) ? undefined : `${uri} lacks transport=tls`;
}

function checkContact(message: WireMessage, blame: Blame): void {
  const contacts = listOf(message, "Contact");
  if (contacts.length !== 1) blame("contact", `${contacts.length} Contacts`, message);
  const trouble = contacts[0] === undefined ? undefined : addressTrouble(uriOf(contacts[0]));
  if (trouble !== undefined) blame("contact", trouble, message);
}

function checkOwnRecordRoutes(values: readonly string[], message: WireMessage, blame: Blame): void {
  for (const value of values) {
    const uri = uriOf(value);
    const trouble = addressTrouble(uri) ?? (/;lr(;|=|$)/i.test(uri) ? undefined : `${uri} lacks lr`);
    if (trouble !== undefined) blame("record-route", trouble, message);
  }
}

/** Faults that a request shows by itself, whatever dialog it belongs to. */
export function checkRequest(request: WireMessage, blame: Blame): void {
  const method = methodOf(request);
  const via = listOf(request, "Via")[0] ?? "";
  const sentBy = /^SIP\/2\.0\/TLS\s+([^;\s]+)/i.exec(via)?.[1] ?? "";
  if (!isFqdn(sentBy.replace(/:\d+$/, ""))) blame("via", `top Via is ${via || "missing"}`, request);
  if (!(paramOf(via, "branch") ?? "").startsWith("z9hG4bK")) blame("via", `branch of ${via}`, request);
  if (!/^\d+$/.test(headerOf(request, "Max-Forwards") ?? "")) blame("max-forwards", "missing", request);
  if (tagOf(headerOf(request, "From")) === undefined) blame("tags", "From has no tag", request);
  for (const name of PRIVATE_HEADERS) {
    if (headerOf(request, name) !== undefined) blame("private-header", name, request);
  }
  checkExtensions(request, ["Require", "Proxy-Require", "Supported"], blame);
  if (method === "MESSAGE" && headerOf(request, "Contact") !== undefined) {
    blame("message-contact", "Contact in MESSAGE", request);
  }
  if (FORMS_DIALOG.has(method)) {
    checkContact(request, blame);
    if (tagOf(headerOf(request, "To")) === undefined) checkFirst(request, blame);
  }
}

/** A request that makes a dialog has no Route set yet. */
function checkFirst(request: WireMessage, blame: Blame): void {
  checkOwnRecordRoutes(listOf(request, "Record-Route"), request, blame);
  const routes = listOf(request, "Route");
  if (routes.length > 0) blame("route-set", `Route on a first request: ${routes.join(", ")}`, request);
}

function checkExtensions(message: WireMessage, names: readonly string[], blame: Blame): void {
  for (const name of names) {
    const found = listOf(message, name).filter((tag) => MS_EXTENSIONS.has(tag.toLowerCase()));
    if (found.length > 0) blame("ms-extension", `${name}: ${found.join(", ")}`, message);
  }
}

/** Faults of a response, seen beside the request that it answers. */
export function checkResponse(request: WireMessage, response: WireMessage, blame: Blame): void {
  const method = methodOf(request);
  const status = statusOf(response);
  if (FORBIDDEN.has(status)) blame("forbidden-status", String(status), response);
  if (method !== "INVITE" && status === 408) blame("non-invite-408", method, response);
  if (method !== "INVITE" && status > 100 && status < 200)
    blame("non-invite-1xx", `${status} to ${method}`, response);
  checkVias(request, response, blame);
  checkIdentity(request, response, blame);
  const forming = FORMS_DIALOG.has(method) && tagOf(headerOf(request, "To")) === undefined;
  if (status >= 200 && status < 300) {
    if (FORMS_DIALOG.has(method)) checkContact(response, blame);
    if (forming) checkRecordRoutes(request, response, blame);
    if (method === "SUBSCRIBE") checkExpires(request, response, blame);
    if (method === "MESSAGE" && headerOf(response, "Contact") !== undefined) {
      blame("message-contact", "Contact in the answer to MESSAGE", response);
    }
    checkExtensions(response, ["Require", "Supported"], blame);
  }
}

function checkVias(request: WireMessage, response: WireMessage, blame: Blame): void {
  const sent = listOf(request, "Via");
  const back = listOf(response, "Via");
  // A server may add received and rport to the top Via (RFC 3261 18.2.1, RFC 3581 4); Microsoft's add their own two.
  const top = (back[0] ?? "").replace(
    /;(received|rport|ms-received-port|ms-received-cid)(=[^;]*)?(?=;|$)/gi,
    "",
  );
  const same =
    sent.length === back.length && top === sent[0] && sent.every((via, at) => at === 0 || via === back[at]);
  if (!same) blame("response-via", `sent ${sent.join(", ")} but got ${back.join(", ")}`, response);
}

function checkIdentity(request: WireMessage, response: WireMessage, blame: Blame): void {
  for (const name of ["From", "Call-ID", "CSeq"]) {
    const [sent, back] = [headerOf(request, name), headerOf(response, name)];
    if (sent !== back) blame("response-identity", `${name} was ${sent}, came back as ${back}`, response);
  }
  const [to, back] = [headerOf(request, "To") ?? "", headerOf(response, "To") ?? ""];
  // The first answer adds the tag, and a Microsoft client its epid with it.
  const expected = tagOf(to) === undefined ? back.replace(/;(?:tag|epid)=[^;]*/gi, "") : back;
  if (expected !== to) blame("response-identity", `To was ${to}, came back as ${back}`, response);
  if (statusOf(response) > 100 && tagOf(back) === undefined) blame("tags", "To has no tag", response);
  for (const name of ["From", "To", "Call-ID", "CSeq"]) {
    if (headersOf(response, name).length !== 1)
      blame("response-identity", `${name} is not there once`, response);
  }
}

function checkRecordRoutes(request: WireMessage, response: WireMessage, blame: Blame): void {
  const sent = listOf(request, "Record-Route");
  const back = listOf(response, "Record-Route");
  const own = back.slice(0, Math.max(0, back.length - sent.length));
  if (sent.some((value, at) => !sameValue(value, back[own.length + at]))) {
    blame("response-record-route", `sent ${sent.join(", ")} but got ${back.join(", ")}`, response);
  }
  checkOwnRecordRoutes(own, response, blame);
}

function checkExpires(request: WireMessage, response: WireMessage, blame: Blame): void {
  const asked = headerOf(request, "Expires");
  const granted = headerOf(response, "Expires");
  if (granted === undefined) blame("expires", "missing", response);
  else if (asked !== undefined && Number(granted) > Number(asked))
    blame("expires", `${granted} above ${asked}`, response);
}

/** The SDP of an IM session: an offer ends in `null`, an answer in the answerer's URI (by the field's custom). */
export function checkSdp(message: WireMessage, role: "offer" | "answer", blame: Blame): void {
  const line = /^m=(?:x-ms-)?message \d+ sip (\S+)/m.exec(message.body);
  if (!/^application\/sdp/i.test(headerOf(message, "Content-Type") ?? ""))
    blame("sdp", "no application/sdp", message);
  else if (line === null) blame("sdp", "no m=message line", message);
  else if (role === "offer" && line[1] !== "null") blame("sdp", `an offer that says ${line[1]}`, message);
  else if (role === "answer" && !/^sips?:/.test(line[1]!))
    blame("sdp", `an answer that says ${line[1]}`, message);
  if (!/^a=accept-types:/m.test(message.body)) blame("sdp", "no accept-types", message);
}

/** Same sequence number as the INVITE that it acknowledges (RFC 3261 17.1.1.3). */
export function checkAck(ack: WireMessage, invite: WireMessage, blame: Blame): void {
  if (cseqOf(ack) !== cseqOf(invite)) blame("cseq", `ACK ${cseqOf(ack)} for INVITE ${cseqOf(invite)}`, ack);
}
