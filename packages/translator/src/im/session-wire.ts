import {
  type Body,
  decodeTextBody,
  encodeTextBody,
  type HeaderFields,
  hasParam,
  IS_COMPOSING_TYPE,
  KEYBOARD_ACTIVITY_TYPE,
  type Millis,
  parseMediaType,
  READABLE_TYPES,
  readComposing,
  readMessageDescription,
  type SipMessage,
  TEXT_CONTENT_TYPE,
  writeIsComposing,
  writeKeyboardActivity,
  writeMessageAnswer,
  writeMessageOffer,
} from "@tombolo/sip";
import type { ErrorSwitches } from "../error/index.ts";
import type { ImDialect } from "../peers/profile.ts";

interface Extra {
  readonly reason?: string;
  readonly headers?: HeaderFields;
}

type OfferAnswer =
  | { readonly ok: true; readonly headers: HeaderFields; readonly body: Body }
  | { readonly ok: false; readonly status: number; readonly extra: Extra };

type TextContent =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly status: number; readonly extra: Extra };

export interface SessionWireSettings {
  readonly dialect: ImDialect;
  readonly errorSwitches: ErrorSwitches;
  /** Host that our session descriptions name; no media flows there. */
  readonly address: string;
  /** The XMPP user as a SIP URI: the answer's message line ends with it. */
  readonly userUri: string;
  /** The resource that stands for the SIP user in XMPP. */
  readonly resource: string;
  readonly ids: () => string;
}

const ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, SUBSCRIBE, NOTIFY, UPDATE";

/** How a conversation looks on the SIP wire: headers and bodies, as one partner's dialect has them. */
export class SessionWire {
  readonly allow: HeaderFields = [["Allow", ALLOW]];
  private readonly settings: SessionWireSettings;
  /** What we take in a MESSAGE; senders choose the first that they have. */
  private readonly acceptTypes: readonly string[];

  constructor(settings: SessionWireSettings) {
    this.settings = settings;
    const isTypingAMessage = settings.dialect.typing === "message";
    this.acceptTypes = isTypingAMessage ? [...READABLE_TYPES, IS_COMPOSING_TYPE] : READABLE_TYPES;
  }

  get errorSwitches(): ErrorSwitches {
    return this.settings.errorSwitches;
  }

  get resource(): string {
    return this.settings.resource;
  }

  /** What a MESSAGE outside dialogs is answered with when its text was taken (RFC 3428 7). */
  get pageStatus(): number {
    return this.settings.dialect.pageStatus;
  }

  /** Our typing is told again after this, ms. */
  get typingRefreshMs(): Millis {
    return this.settings.dialect.typingRefreshMs;
  }

  /** False when a text is over what the partner takes in one MESSAGE, bytes. */
  fits(text: string): boolean {
    return encodeTextBody(text).length <= this.settings.dialect.maxTextBytes;
  }

  offer(): { headers: HeaderFields; body: Body } {
    const { dialect, ids, address } = this.settings;
    const headers: [string, string][] = [["Allow", ALLOW]];
    // A fresh one each time: clients refuse a session whose conversation id they have seen.
    if (dialect.conversationIdHeader) headers.push([dialect.conversationIdHeader, ids()]);
    const sdp = writeMessageOffer({ address, acceptTypes: this.acceptTypes, media: dialect.sdpMedia });
    return { headers, body: sdpBody(sdp) };
  }

  answerOffer(invite: SipMessage): OfferAnswer {
    const { address, userUri, dialect } = this.settings;
    const side = { address, acceptTypes: this.acceptTypes };
    const headers: HeaderFields = [["Allow", ALLOW]];
    if (isConference(invite)) return refuse488("399", "only conversations of two");
    // RFC 3261 13.2.1: an INVITE without offer asks us for one.
    if (invite.body.length === 0) {
      return { ok: true, headers, body: sdpBody(writeMessageOffer({ ...side, media: dialect.sdpMedia })) };
    }
    const offer = readMessageDescription(invite.body);
    if (!offer) return refuse488("305", "only sessions of text messages");
    return { ok: true, headers, body: sdpBody(writeMessageAnswer(offer, side, userUri)) };
  }

  /** A re-INVITE or UPDATE: the session stays as it is; one without a message line is refused (RFC 3261 14.2). */
  answerRefresh(request: SipMessage): { status: number; headers: HeaderFields; body?: Body } {
    if (request.body.length === 0 && request.method === "UPDATE") return { status: 200, headers: this.allow };
    const answer = this.answerOffer(request);
    if (!answer.ok) return { status: answer.status, headers: answer.extra.headers ?? [] };
    return { status: 200, headers: answer.headers, body: answer.body };
  }

  text(text: string): { headers: HeaderFields; body: Body } {
    return { headers: [], body: { type: TEXT_CONTENT_TYPE, bytes: encodeTextBody(text) } };
  }

  /** The text of a MESSAGE, or how to refuse it. */
  readText(message: SipMessage): TextContent {
    const reading = decodeTextBody(message.get("Content-Type"), message.body);
    if (reading.ok) return { ok: true, text: reading.text };
    return { ok: false, status: 415, extra: { headers: [["Accept", this.acceptTypes.join(", ")]] } };
  }

  typing(typing: boolean): { method: string; headers: HeaderFields; body: Body } {
    const state = typing ? "active" : "idle";
    if (this.settings.dialect.typing === "info") {
      return {
        method: "INFO",
        headers: [],
        body: xmlBody(KEYBOARD_ACTIVITY_TYPE, writeKeyboardActivity(state)),
      };
    }
    const refresh = Math.ceil(this.settings.dialect.typingRefreshMs / 1000);
    const xml = writeIsComposing(typing ? { state, refresh } : { state });
    return { method: "MESSAGE", headers: [], body: xmlBody(IS_COMPOSING_TYPE, xml) };
  }

  /** The MESSAGE carries a typing indication and no text (RFC 3994 4). */
  isTyping(message: SipMessage): boolean {
    return parseMediaType(message.get("Content-Type") ?? "")?.type === IS_COMPOSING_TYPE;
  }

  /** How long typing goes on unless told again, ms; 0 when it has stopped, undefined when the body says neither. */
  readTyping(message: SipMessage): Millis | undefined {
    const composing = readComposing(message.body);
    if (!composing) return undefined;
    if (composing.state === "idle") return 0;
    // The form without a time of its own is repeated every few seconds while it is true.
    return composing.refresh === undefined ? KEYBOARD_ACTIVITY_LASTS : composing.refresh * 1000;
  }
}

/** Senders repeat KeyboardActivity every 5 s, ms. */
const KEYBOARD_ACTIVITY_LASTS: Millis = 12_000;

/** More than two take part, or the inviter is a conference server (IM-05, RFC 4579 5.2). */
function isConference(invite: SipMessage): boolean {
  const contact = invite.contact;
  if (contact && hasParam(contact.params, "isfocus")) return true;
  if (invite.get("TriggeredInvite")?.trim().toLowerCase() === "true") return true;
  return invite.list("EndPoints").length > 2;
}

function refuse488(code: string, why: string): OfferAnswer {
  return { ok: false, status: 488, extra: { headers: [["Warning", `${code} tombolo "${why}"`]] } };
}

function sdpBody(sdp: string): Body {
  return { type: "application/sdp", bytes: new TextEncoder().encode(sdp) };
}

function xmlBody(type: string, xml: string): Body {
  return { type, bytes: new TextEncoder().encode(xml) };
}
