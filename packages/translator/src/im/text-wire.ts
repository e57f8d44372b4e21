import {
  type Body,
  CPIM_TYPE,
  type CpimMessage,
  decodeTextBody,
  decodeTransfer,
  dropIllegalXml,
  encodeTextBody,
  formatRfc3339,
  formatSipDate,
  fromWireText,
  type HeaderFields,
  IMDN_TYPE,
  type Imdn,
  IS_COMPOSING_TYPE,
  KEYBOARD_ACTIVITY_TYPE,
  type Millis,
  parseMediaType,
  parseRfc3339,
  parseSipDate,
  READABLE_TYPES,
  readComposing,
  readCpim,
  readImdn,
  type SipMessage,
  textBody,
  toWireText,
  writeCpim,
  writeImdn,
  writeIsComposing,
  writeKeyboardActivity,
  writtenBody,
} from "@tombolo/sip";
import type { Pair } from "../pair.ts";
import type { ImDialect } from "../peers/profile.ts";
import { LANGUAGE } from "./own-message.ts";
import type { OutboundText } from "./queue.ts";

/** A text that is older than this says when it was written, ms (XEP-0203). */
export const OLD_TEXT: Millis = 60_000;
/** Longest subject either way, UTF-16 units; it is cut, because it is a heading and no message. */
export const MAX_SUBJECT = 200;
/** Senders repeat KeyboardActivity every 5 s, ms. */
const KEYBOARD_ACTIVITY_LASTS: Millis = 12_000;

/** What the sender of a text wants to be told of it (RFC 5438 6). */
export interface Inquiry {
  readonly messageId: string;
  readonly dateTime: string;
  readonly receipt: boolean;
  readonly marker: boolean;
  readonly failure: boolean;
}

/** What a MESSAGE of the SIP user brings. */
export type Incoming =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly subject: string | undefined;
      readonly language: string | undefined;
      /** When it was written, ms since 1970, where that is long ago. */
      readonly sentAt: number | undefined;
      readonly inquiry: Inquiry | undefined;
    }
  /** How long typing goes on unless told again, ms; 0 when it has stopped, undefined when the body says neither. */
  | { readonly kind: "typing"; readonly lasts: Millis | undefined }
  | { readonly kind: "notification"; readonly imdn: Imdn | undefined }
  | { readonly kind: "refused"; readonly status: number; readonly headers: HeaderFields };

export interface TextWireSettings {
  readonly dialect: ImDialect;
  /** The wall clock, ms since 1970; undefined where there is none: then no text is old. */
  readonly wall: () => Millis | undefined;
}

/** How texts and what belongs to them look in a MESSAGE or INFO, as one partner's dialect has them. */
export class TextWire {
  /** What we take in a MESSAGE; senders choose the first that they have. */
  readonly acceptTypes: readonly string[];
  private readonly settings: TextWireSettings;

  constructor(settings: TextWireSettings) {
    this.settings = settings;
    const isTypingAMessage = settings.dialect.typing === "message";
    this.acceptTypes = isTypingAMessage ? [...READABLE_TYPES, IS_COMPOSING_TYPE] : READABLE_TYPES;
  }

  /** False when a text is over what the partner takes in one MESSAGE, bytes. */
  fits(text: string): boolean {
    const { maxTextBytes } = this.settings.dialect;
    // No character takes more than three bytes, a line end included.
    return text.length * 3 <= maxTextBytes || encodeTextBody(text).length <= maxTextBytes;
  }

  /** Our typing is told again after this, ms. */
  get typingRefreshMs(): Millis {
    return this.settings.dialect.typingRefreshMs;
  }

  /** Whether the partner is asked to notify us of what becomes of a text. */
  get asksForNotifications(): boolean {
    return this.settings.dialect.asksForNotifications === true;
  }

  /** When a text was written, if that is worth saying: long ago by our clock. */
  oldTime(sentAt: number | undefined): number | undefined {
    const wall = this.settings.wall();
    if (sentAt === undefined || wall === undefined) return undefined;
    return wall - sentAt > OLD_TEXT ? sentAt : undefined;
  }

  /** Headers and body of a MESSAGE. The subject goes only where a MESSAGE stands alone (RFC 7572 4). */
  outgoing(item: OutboundText, pair: Pair, isAlone: boolean): { headers: HeaderFields; body: Body } {
    if (item.notification) return { headers: [], body: notificationBody(item.notification, pair) };
    const headers: [string, string][] = [];
    if (isAlone && item.subject !== undefined) headers.push(["Subject", toWireText(oneLine(item.subject))]);
    if (item.language !== undefined) headers.push(["Content-Language", item.language]);
    if (item.sentAt !== undefined) headers.push(["Date", formatSipDate(item.sentAt)]);
    const body = textBody(item.text);
    return { headers, body: item.imdnId === undefined ? body : this.inquiring(item.imdnId, body, pair) };
  }

  private inquiring(messageId: string, body: Body, pair: Pair): Body {
    const bytes = writeCpim({
      from: pair.xmppUri,
      to: pair.sipUri,
      dateTime: formatRfc3339(this.settings.wall() ?? 0),
      messageId,
      dispositions: ["positive-delivery", "display"],
      contentType: body.type,
      content: body.bytes,
    });
    return { type: CPIM_TYPE, bytes };
  }

  incoming(message: SipMessage): Incoming {
    const contentType = message.get("Content-Type");
    const type = parseMediaType(contentType ?? "")?.type;
    if (isPacked(message))
      return { kind: "refused", status: 415, headers: [["Accept-Encoding", "identity"]] };
    const body = decodeTransfer(message.get("Content-Transfer-Encoding"), message.body);
    if (!body) return this.unreadable();
    if (type === IS_COMPOSING_TYPE) return { kind: "typing", lasts: lastsOf(body) };
    if (type === IMDN_TYPE) return { kind: "notification", imdn: readImdn(body) };
    const cpim = type === CPIM_TYPE ? readCpim(body) : undefined;
    const inner = parseMediaType(cpim?.contentType ?? "")?.type;
    if (cpim && inner === IS_COMPOSING_TYPE) return { kind: "typing", lasts: lastsOf(cpim.content) };
    if (cpim && inner === IMDN_TYPE) return { kind: "notification", imdn: readImdn(cpim.content) };
    const reading = decodeTextBody(contentType, body);
    if (!reading.ok) return this.unreadable();
    const language = message.get("Content-Language")?.split(",")[0]?.trim();
    const sent = parseRfc3339(cpim?.dateTime ?? "") ?? parseSipDate(message.get("Date") ?? "");
    return {
      kind: "text",
      text: reading.text,
      subject: oneLine(cpim?.subject ?? fromWireText(message.get("Subject") ?? "")) || undefined,
      language: language !== undefined && LANGUAGE.test(language) ? language : undefined,
      sentAt: this.oldTime(sent),
      inquiry: cpim && inquiryOf(cpim),
    };
  }

  private unreadable(): Incoming {
    return { kind: "refused", status: 415, headers: [["Accept", this.acceptTypes.join(", ")]] };
  }

  typing(typing: boolean): { method: string; headers: HeaderFields; body: Body } {
    const state = typing ? "active" : "idle";
    const { dialect } = this.settings;
    if (dialect.typing === "info") {
      const body = xmlBody(KEYBOARD_ACTIVITY_TYPE, writeKeyboardActivity(state));
      return { method: "INFO", headers: [], body };
    }
    const refresh = Math.ceil(dialect.typingRefreshMs / 1000);
    const xml = writeIsComposing(typing ? { state, refresh } : { state });
    return { method: "MESSAGE", headers: [], body: xmlBody(IS_COMPOSING_TYPE, xml) };
  }
}

/** `[2024-01-02 03:04 UTC] ` before a text that was written at that time, ms since 1970. */
export function timePrefix(ms: number): string {
  return `[${formatRfc3339(ms).slice(0, 16).replace("T", " ")} UTC] `;
}

/** As in `Incoming`, of a body in either form of typing. */
export function lastsOf(body: Uint8Array): Millis | undefined {
  const composing = readComposing(body);
  if (!composing) return undefined;
  if (composing.state === "idle") return 0;
  // The form without a time of its own is repeated every few seconds while it is true.
  return composing.refresh === undefined ? KEYBOARD_ACTIVITY_LASTS : composing.refresh * 1000;
}

/** In a Content-Encoding, which nobody needs for texts (RFC 3261 8.2.3). */
function isPacked(message: SipMessage): boolean {
  const encoding = message.get("Content-Encoding")?.trim().toLowerCase() ?? "";
  return encoding !== "" && encoding !== "identity";
}

function inquiryOf({ messageId, dateTime, dispositions }: CpimMessage): Inquiry | undefined {
  if (messageId === undefined || dispositions.length === 0) return undefined;
  return {
    messageId,
    dateTime: dateTime ?? "",
    receipt: dispositions.includes("positive-delivery"),
    marker: dispositions.includes("display"),
    failure: dispositions.includes("negative-delivery"),
  };
}

/** Notifications never ask for notifications (RFC 5438 7.2.1.1). */
function notificationBody({ imdn, dateTime }: NonNullable<OutboundText["notification"]>, pair: Pair): Body {
  const bytes = writeCpim({
    from: pair.xmppUri,
    to: pair.sipUri,
    dateTime,
    messageId: `n-${imdn.messageId}`,
    contentType: IMDN_TYPE,
    isNotification: true,
    content: new TextEncoder().encode(writeImdn(imdn, dateTime)),
  });
  return { type: CPIM_TYPE, bytes };
}

/** A subject as one line without controls: nothing in it can end a header (XX-03). */
function oneLine(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return dropIllegalXml(line.slice(0, MAX_SUBJECT));
}

function xmlBody(type: string, xml: string): Body {
  return writtenBody(type, xml);
}
