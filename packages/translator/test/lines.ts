import {
  type Body,
  decodeTextBody,
  type EngineCommand,
  type HeaderFields,
  readComposing,
  readPidf,
  summarise,
} from "@tombolo/sip";
import type { Element } from "ltx";

/** A command to the SIP engine on one line; undefined for a `drop`, which nobody outside sees. */
export function lineOfCommand(command: EngineCommand): string | undefined {
  switch (command.kind) {
    case "open":
      return [command.method, command.from.uri, ">", command.to.uri, ...expires(command.headers)].join(" ");
    case "request":
      if (command.method === "PUBLISH") return publicationOf(command);
      return [command.method, command.from.uri, ">", command.to.uri, ...bodyOf(command.body)].join(" ");
    case "dialog-request":
      return [command.method, command.dialog, ...detailsOf(command)].join(" ");
    case "cancel":
      return "CANCEL";
    case "answer":
      return [command.status, command.request, ...expires(command.headers)].join(" ");
    case "drop":
      return undefined;
  }
}

/** `PUBLISH sip:alice@example.com if=e1 expires=3600 open away`. */
function publicationOf({ from, headers, body }: Extract<EngineCommand, { kind: "request" }>): string {
  const tag = headerOf(headers, "SIP-If-Match");
  const match = tag === undefined ? [] : [`if=${tag}`];
  return ["PUBLISH", from.uri, ...match, ...expires(headers), ...documentOf(body?.bytes)].join(" ");
}

function detailsOf(command: Extract<EngineCommand, { kind: "dialog-request" }>): string[] {
  const { method, headers, body } = command;
  if (method === "SUBSCRIBE") return expires(headers);
  if (method === "NOTIFY") return [stateOf(headers), ...documentOf(body?.bytes)];
  return bodyOf(body);
}

function bodyOf(body: Body | undefined): string[] {
  if (!body) return [];
  const composing = readComposing(body.bytes);
  if (composing) return [composing.state === "active" ? "typing" : "idle"];
  const text = decodeTextBody(body.type, body.bytes);
  return text.ok ? [JSON.stringify(text.text)] : [body.type];
}

function stateOf(headers: HeaderFields | undefined): string {
  return (headerOf(headers, "Subscription-State") ?? "").replace(/;expires=\d+/, "");
}

/** `closed`, or `open` with activity and note. */
function documentOf(bytes: Uint8Array | undefined): string[] {
  const reading = bytes && readPidf(bytes);
  if (!reading?.ok) return [];
  const { basic, activities, note } = summarise(reading.document);
  return [basic ?? "nothing", ...activities, ...(note === undefined ? [] : [JSON.stringify(note)])];
}

function expires(headers: HeaderFields | undefined): string[] {
  const value = headerOf(headers, "Expires");
  return value === undefined ? [] : [`expires=${value}`];
}

export function headerOf(headers: HeaderFields | undefined, name: string): string | undefined {
  return headers?.find(([own]) => own === name)?.[1];
}

/** A stanza on one line: `xmpp bob/sip>alice available away "Busy"`. Domains of the two main users are left out. */
export function lineOfStanza(stanza: Element): string {
  const short = (jid = "") => jid.replace(/@(?:example\.com|contoso\.example)(?=\/|$)/, "");
  const { from, to, type } = stanza.attrs;
  const error = stanza.getChild("error");
  const what = error
    ? errorOf(stanza, error)
    : stanza.getName() === "presence"
      ? [type ?? "available", stanza.getChildText("show"), quoted(stanza.getChildText("status"))]
      : [type, quoted(stanza.getChildText("body")) ?? chatState(stanza)];
  return [`xmpp ${short(from)}>${short(to)}`, ...what.filter((part) => part)].join(" ");
}

function errorOf(stanza: Element, error: Element): (string | undefined)[] {
  const condition = error.getChildElements()[0]?.getName();
  return ["error", stanza.attrs.id, error.attrs.type, condition];
}

function chatState(stanza: Element): string | undefined {
  return stanza.getChildElements()[0]?.getName();
}

function quoted(text: string | null): string | undefined {
  return text === null ? undefined : JSON.stringify(text);
}
