import type { SipMessage } from "@tombolo/sip";
import type { Element } from "ltx";
import { bodyOf, type Guard } from "./guards.ts";
import { sayTold, toldIn } from "./markers.ts";

/** What was said between the program and the two sides, a line each, as transcripts have it. */
export class Conversation implements Guard {
  readonly lines: string[] = [];
  private readonly time: () => number;

  /** @param time since the beginning, ms. */
  constructor(time: () => number) {
    this.time = time;
  }

  world(what: string): void {
    this.add(`world > ${what}`);
  }

  read(message: SipMessage): void {
    this.add(`sip   > ${sayMessage(message)}`);
  }

  wrote(message: SipMessage): void {
    this.add(`sip   < ${sayMessage(message)}`);
  }

  readStanza(stanza: Element): void {
    if (stanza.name === "presence") this.add(`xmpp  > ${sayPresence(stanza)}`);
  }

  saidStanza(stanza: Element): void {
    if (stanza.name === "presence") this.add(`xmpp  < ${sayPresence(stanza)}`);
  }

  killed(_since: number, isWiped: boolean): void {
    this.add(`world > the program ends${isWiped ? ", and its memory is lost" : ""}`);
  }

  private add(line: string): void {
    this.lines.push(`${(this.time() / 1000).toFixed(3).padStart(10)} s  ${line}`);
  }
}

function sayMessage(message: SipMessage): string {
  const { isRequest, method, status, callId } = message;
  const cseq = message.get("CSeq") ?? "";
  const details = [callId];
  if (!isRequest) return `${status} to ${cseq}, ${details}`;
  const expires = message.get("Expires");
  const state = message.get("Subscription-State");
  const body = bodyOf(message);
  if (expires !== undefined) details.push(`expires ${expires}`);
  if (state !== undefined) details.push(state);
  if (body) details.push(sayTold(toldIn(body)));
  const [from, to] = [message.from, message.to].map((party) => party?.uri.replace(/^sip:|@.*$/g, ""));
  return `${method} ${cseq.split(" ")[0]}, ${from} to ${to}, ${details.join(", ")}`;
}

function sayPresence(stanza: Element): string {
  const { type, from, to } = stanza.attrs;
  const status = stanza.getChildText("status");
  const [short, other] = [from, to].map((jid) => jid?.replace(/@[^/]*/, ""));
  return `presence ${type ?? "available"}, ${short} to ${other}${status ? `, ${status}` : ""}`;
}
