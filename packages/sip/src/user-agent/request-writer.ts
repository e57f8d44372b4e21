import type { Dialog } from "../dialog/dialog.ts";
import { MAGIC_COOKIE } from "../header/via.ts";
import type { Body, HeaderFields } from "../message/build.ts";
import { sameHeader } from "../message/header-names.ts";
import { NO_BODY, SipMessage } from "../message/message.ts";
import { toWireText } from "../message/wire-text.ts";
import { formatNameAddr } from "../uri/name-addr.ts";
import type { CallPosition, Party } from "./port.ts";
import type { UserAgentSettings } from "./settings.ts";

/** Dialog-forming and target-refreshing requests (RFC 3261 12, RFC 3311 5.1, RFC 6665 4.1.2.1, 4.2.2). */
const CONTACT_METHODS: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "NOTIFY", "UPDATE", "REFER"]);

/** What goes into a request besides what the user agent owns. */
export interface RequestContent {
  readonly headers?: HeaderFields | undefined;
  readonly body?: Body | undefined;
}

/** A request that is ready to go, with the branch of its Via. */
export interface OutboundRequest {
  readonly message: SipMessage;
  readonly branch: string;
}

/**
 * Writes our requests (RFC 3261 8.1.1, 12.2.1.1). A text with a line break would inject headers: nothing is written
 * then, and undefined comes back.
 */
export class RequestWriter {
  private readonly settings: UserAgentSettings;
  private readonly viaHead: string;
  private readonly contact: string;

  constructor(settings: UserAgentSettings) {
    this.settings = settings;
    this.viaHead = `SIP/2.0/${settings.transport} ${settings.sentBy};branch=`;
    this.contact = `<${settings.contact}>`;
  }

  get contactValue(): string {
    return this.contact;
  }

  /** A request outside dialogs, addressed to its To URI. */
  initial(
    method: string,
    parties: { readonly from: Party; readonly to: Party } & CallPosition,
    content: RequestContent,
  ): OutboundRequest | undefined {
    const { from, to, fromTag, callId, cseq } = parties;
    const branch = this.newBranch();
    const names = ["Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq"];
    const values = [
      this.viaHead + branch,
      "70",
      `${partyValue(from)};tag=${fromTag}`,
      partyValue(to),
      callId,
      `${cseq} ${method}`,
    ];
    const message = this.finish(method, to.uri, names, values, content);
    return message && { message, branch };
  }

  /** @param number the CSeq number: a new one, or the INVITE's for an ACK. */
  inDialog(
    dialog: Dialog,
    method: string,
    number: number,
    content: RequestContent,
  ): OutboundRequest | undefined {
    const branch = this.newBranch();
    const names = ["Via", "Max-Forwards"];
    const values = [this.viaHead + branch, "70"];
    for (const route of dialog.routeValues) {
      names.push("Route");
      values.push(route);
    }
    names.push("From", "To", "Call-ID", "CSeq");
    values.push(dialog.local, dialog.remote, dialog.callId, `${number} ${method}`);
    const message = this.finish(method, dialog.requestUri, names, values, content);
    return message && { message, branch };
  }

  private finish(
    method: string,
    uri: string,
    names: string[],
    values: string[],
    { headers, body }: RequestContent,
  ): SipMessage | undefined {
    if (CONTACT_METHODS.has(method) && !hasContact(headers)) {
      names.push("Contact");
      values.push(this.contact);
    }
    names.push("User-Agent");
    values.push(this.settings.userAgent);
    if (headers) {
      for (const [name, value] of headers) {
        names.push(name);
        values.push(value);
      }
    }
    if (body) {
      names.push("Content-Type");
      values.push(body.type);
    }
    if (hasLineBreak(uri)) return undefined;
    for (const value of values) if (hasLineBreak(value)) return undefined;
    return new SipMessage(
      { kind: "request", method, uri },
      names,
      values,
      body?.chars ?? body?.bytes ?? NO_BODY,
    );
  }

  private newBranch(): string {
    return MAGIC_COOKIE + this.settings.ids();
  }
}

function partyValue({ uri, display }: Party): string {
  return formatNameAddr(uri, display === undefined ? undefined : toWireText(display));
}

function hasContact(headers: HeaderFields | undefined): boolean {
  return headers?.some(([name]) => sameHeader(name, "Contact")) === true;
}

function hasLineBreak(text: string): boolean {
  return text.indexOf("\n") >= 0 || text.indexOf("\r") >= 0 || text.indexOf("\0") >= 0;
}
