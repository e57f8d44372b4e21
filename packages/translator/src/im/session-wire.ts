import {
  type Body,
  type HeaderFields,
  hasParam,
  readFirstText,
  readMessageDescription,
  type SipMessage,
  writeMessageAnswer,
  writeMessageOffer,
  writtenBody,
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

export interface SessionWireSettings {
  readonly dialect: ImDialect;
  readonly errorSwitches: ErrorSwitches;
  /** Host that our session descriptions name; no media flows there. */
  readonly address: string;
  /** The XMPP user as a SIP URI: the answer's message line ends with it. */
  readonly userUri: string;
  /** The resource that stands for the SIP user in XMPP. */
  readonly resource: string;
  /** Media types for our descriptions. */
  readonly acceptTypes: readonly string[];
  readonly ids: () => string;
}

/** The Via that our edge puts on top (RFC 3261 16.6), without its public name: bytes. */
const EDGE_VIA_BYTES = 100;

const ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, SUBSCRIBE, NOTIFY, UPDATE";

/** How a conversation looks on the SIP wire: headers and bodies, as one partner's dialect has them. */
export class SessionWire {
  readonly allow: HeaderFields = [["Allow", ALLOW]];
  private readonly settings: SessionWireSettings;

  constructor(settings: SessionWireSettings) {
    this.settings = settings;
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

  /** Texts go outside sessions. */
  get isPaging(): boolean {
    return this.settings.dialect.mode === "page";
  }

  /** Texts may go outside sessions where the peer refused one (C-01). */
  get mayFallBack(): boolean {
    return this.settings.dialect.pageFallback;
  }

  /** Longest request outside dialogs as we write it, bytes: what the edge adds on the way must still fit (C-22). */
  get maxPageBytes(): number {
    const { dialect, address } = this.settings;
    return dialect.maxPageBytes - EDGE_VIA_BYTES - address.length;
  }

  /** Whether a 200 says that the text has reached the user's client (C-25). */
  get receiptFrom200(): boolean {
    return this.settings.dialect.receiptFrom200;
  }

  /** The text that rides in an INVITE, or undefined. */
  firstText(invite: SipMessage): string | undefined {
    const { firstTextHeader } = this.settings.dialect;
    return firstTextHeader === undefined ? undefined : readFirstText(invite.get(firstTextHeader));
  }

  offer(): { headers: HeaderFields; body: Body } {
    const { dialect, ids, address } = this.settings;
    const headers: [string, string][] = [["Allow", ALLOW]];
    // A fresh one each time: clients refuse a session whose conversation id they have seen.
    if (dialect.conversationIdHeader) headers.push([dialect.conversationIdHeader, ids()]);
    const sdp = writeMessageOffer({
      address,
      acceptTypes: this.settings.acceptTypes,
      media: dialect.sdpMedia,
    });
    return { headers, body: sdpBody(sdp) };
  }

  answerOffer(invite: SipMessage): OfferAnswer {
    const { address, userUri, dialect } = this.settings;
    const side = { address, acceptTypes: this.settings.acceptTypes };
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
}

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
  return writtenBody("application/sdp", sdp);
}
