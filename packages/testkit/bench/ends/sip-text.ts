/** SIP as the ends of a measurement write it. */
import { headerIn } from "../edge/sip-stream.ts";

/** Headers that an answer repeats (RFC 3261 8.2.6.2, 12.1.1). */
const REPEATED = ["via:", "record-route:", "from:", "to:", "call-id:", "cseq:"];

/** One side of a dialog. */
export interface DialogSide {
  readonly callId: string;
  /** Values of From and To of our requests, with their tags. */
  readonly from: string;
  readonly to: string;
  /** Request-URI. */
  readonly target: string;
  /** Route lines with their ends. */
  readonly routes: string;
  cseq: number;
}

let serial = 0;
const BRANCH = "z9hG4bK0b1c2d3e4f-";

/** A branch that was not there before. */
export function newBranch(): string {
  serial += 1;
  return serial.toString(36);
}

/** Our branch in the topmost Via of an answer. */
export function branchIn(head: string): string {
  const at = head.indexOf(BRANCH);
  if (at < 0) return "";
  let end = at + BRANCH.length;
  for (let code = head.charCodeAt(end); isBase36(code); code = head.charCodeAt(end)) end++;
  return head.slice(at + BRANCH.length, end);
}

function isBase36(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 122);
}

/** A request; `extra` are further header lines with their ends. */
export function requestIn(
  dialog: DialogSide,
  method: string,
  branch: string,
  host: string,
  transport: string,
  extra = "",
  type = "",
  body = "",
): string {
  const { callId, from, to, target, routes } = dialog;
  const cseq = method === "ACK" ? dialog.cseq : ++dialog.cseq;
  return (
    `${method} ${target} SIP/2.0\r\n` +
    `Via: SIP/2.0/${transport.toUpperCase()} ${host};branch=${BRANCH}${branch}\r\n` +
    `Max-Forwards: 70\r\n${routes}From: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n` +
    `${extra}${type === "" ? "" : `Content-Type: ${type}\r\n`}Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** An answer; `tag` becomes the To tag where there is none. */
export function answerTo(
  head: string,
  status: string,
  tag: string,
  extra = "",
  type = "",
  body = "",
): string {
  let answer = `SIP/2.0 ${status}\r\n`;
  for (const line of head.split("\r\n")) {
    const name = line.slice(0, line.indexOf(":") + 1).toLowerCase();
    if (!REPEATED.includes(name)) continue;
    answer += name === "to:" && !line.includes(";tag=") ? `${line};tag=${tag}\r\n` : `${line}\r\n`;
  }
  return `${answer}${extra}${type === "" ? "" : `Content-Type: ${type}\r\n`}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Route lines from Record-Route: as they stand for who was called, reversed for the caller (RFC 3261 12.1). */
export function routesIn(head: string, reversed: boolean): string {
  const found: string[] = [];
  for (const line of head.split("\r\n")) {
    if (!line.startsWith("Record-Route: ")) continue;
    found.push(...line.slice(14).split(/,\s*(?=<)/));
  }
  if (reversed) found.reverse();
  return found.map((route) => `Route: ${route}\r\n`).join("");
}

/** The URI in angle brackets of a header; the whole value where there are none. */
export function uriIn(head: string, header: string): string {
  const value = headerIn(head, header);
  return /<([^>]+)>/.exec(value)?.[1] ?? value;
}
