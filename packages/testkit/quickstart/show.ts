import type { Element } from "ltx";
import type { Seen } from "../src/index.ts";
import type { Arrow } from "./ladder.ts";

/** One line for a stanza of the XMPP user's client; undefined for what is not about the federation. */
export function stanzaLine(stanza: Element, otherDomain: string, isOut: boolean): string | undefined {
  const { from, to, type } = stanza.attrs;
  const other = isOut ? to : from;
  if (other !== undefined && !bare(other).endsWith(otherDomain)) return undefined;
  if (stanza.name === "presence") {
    const show = stanza.getChildText("show");
    const status = stanza.getChildText("status");
    const words = [type ?? show ?? "available", status ? `“${status}”` : undefined].filter(Boolean).join(" ");
    const whom = other === undefined ? "" : isOut ? ` to ${bare(other)}` : ` from ${bare(other)}`;
    return `presence ${words}${whom}`;
  }
  if (stanza.name !== "message") return undefined;
  if (type === "error") {
    const condition = stanza.getChild("error")?.getChildElements()[0]?.getName();
    return `message error ${condition}`;
  }
  const body = stanza.getChildText("body");
  return body === null ? undefined : `message “${body.replace(/\s+/g, " ")}”`;
}

/** One line for a SIP message, seen from the partner's edge. */
export function sipLine({ direction, message }: Seen): { arrow: Arrow; text: string } {
  const arrow = direction === "sent" ? "left" : "right";
  const header = (name: string) =>
    message.headers.find(([own]) => own.toLowerCase() === name.toLowerCase())?.[1] ?? "";
  if (message.start.startsWith("SIP/2.0")) {
    const [, status, ...reason] = message.start.split(" ");
    return { arrow, text: `${status} ${reason.join(" ")} (${header("CSeq").split(" ")[1]})` };
  }
  const [method, uri] = message.start.split(" ") as [string, string];
  const detail = detailOf(method, uri, message.body, header);
  return { arrow, text: `${method} ${detail}` };
}

function detailOf(method: string, uri: string, body: string, header: (name: string) => string): string {
  switch (method) {
    case "NOTIFY": {
      const state = header("Subscription-State").split(";")[0];
      const basic = /<basic>(\w+)</.exec(body)?.[1];
      const activity = /activity>([\w-]+)</.exec(body)?.[1];
      return [state, basic, activity].filter(Boolean).join(", ");
    }
    case "MESSAGE":
      return `“${body.replace(/\s+/g, " ")}”`;
    case "SUBSCRIBE":
      return `${short(uri)}  Expires: ${header("Expires")}`;
    case "INVITE":
      return `${short(uri)}  ${/m=\S+ \d+ sip/.exec(body)?.[0] ?? ""}`;
    default:
      return short(uri);
  }
}

function short(uri: string): string {
  return uri.replace(/;.*$/, "");
}

function bare(jid: string): string {
  return jid.split("/")[0]!;
}
