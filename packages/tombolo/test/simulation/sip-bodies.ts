import { bytesOf, type Content } from "./sip-dialog.ts";
import { TextBook } from "./text-book.ts";

/** The header in which a first text comes with an INVITE. */
export function ridingAlong(serial: number): readonly (readonly [string, string])[] {
  const body = Buffer.from(TextBook.textOf(serial)).toString("base64");
  return [["ms-text-format", `text/plain; charset=UTF-8; ms-body=${body}`]];
}

function sdp(target: string): Content {
  const text = `v=0\r\no=- 0 0 IN IP4 10.1.4.77\r\ns=session\r\nc=IN IP4 10.1.4.77\r\nt=0 0\r\nm=message 5060 sip ${target}\r\na=accept-types:text/plain text/html\r\n`;
  return { type: "application/sdp", bytes: bytesOf(text) };
}

export const OFFER = sdp("null");
export const ANSWER = sdp("sip:bob@contoso.example");
export const CONTACT = [["Contact", "<sip:sip.contoso.example:5061;transport=tls>"]] as const;
