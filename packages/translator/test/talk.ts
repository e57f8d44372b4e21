import { type Body, encodeTextBody } from "@tombolo/sip";
import type { Bed } from "./bed.ts";

/** The line of our INVITE. */
export const INVITE = "INVITE sip:alice@example.com > sip:bob@contoso.example";

export const bytes = (text: string) => new TextEncoder().encode(text);

export const plain = (text: string): Body => ({
  type: "text/plain; charset=UTF-8",
  bytes: encodeTextBody(text),
});

/** A session description that offers texts, or what is given. */
export const offer = (media = "m=message 5060 sip null\r\na=accept-types:text/plain\r\n"): Body => ({
  type: "application/sdp",
  bytes: bytes(`v=0\r\no=- 0 0 IN IP4 10.1.4.77\r\ns=session\r\nc=IN IP4 10.1.4.77\r\nt=0 0\r\n${media}`),
});

export const typing = (status: string): Body => ({
  type: "application/xml",
  bytes: bytes(`<?xml version="1.0"?><KeyboardActivity><status status="${status}"/></KeyboardActivity>`),
});

/** bob calls: the dialog, confirmed. */
export function called(bed: Bed): string {
  const dialog = `d${bed.request("INVITE", { body: offer() }).slice(1)}`;
  bed.confirm(dialog);
  bed.out();
  return dialog;
}

/** alice has written and bob's side has answered: our dialog, its first text delivered. */
export function calling(bed: Bed): string {
  bed.chat("first");
  const dialog = bed.outcome("INVITE", 200)!;
  bed.outcome("MESSAGE", 200);
  bed.out();
  return dialog;
}

/** The stanzas that went out since the last look. */
export const xmpp = (bed: Bed) => bed.out().filter((line) => line.startsWith("xmpp"));

/** Pairs, things under way and dialogs: zeros when all is over. */
export const rest = (bed: Bed) => [bed.translator.size, bed.translator.underWay, bed.liveDialogs.length];

export const figures = (bed: Bed, direction: "sip_to_xmpp" | "xmpp_to_sip") => {
  const { accepted, delivered, bounced, expired } = bed.account(direction);
  return { accepted, delivered, bounced, expired };
};
