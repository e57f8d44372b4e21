import { NO_BODY, SipMessage } from "@tombolo/sip";
import { PARTNER_NAME, sipName, sipUri, xmppJid } from "./names.ts";

/** A dialog as the partner's side knows it. */
export interface SipDialog {
  readonly callId: string;
  /** The SIP user and the XMPP user. */
  readonly s: number;
  readonly x: number;
  readonly localTag: string;
  remoteTag: string;
  target: string;
  routes: readonly string[];
  cseq: number;
}

export interface Content {
  readonly type: string;
  readonly bytes: Uint8Array;
}

export type Extra = readonly (readonly [name: string, value: string])[];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

export function textIn(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** A request outside dialogs from s to x, or to another address. */
export function initialRequest(
  method: string,
  parties: { readonly s: number; readonly x: number },
  ids: { readonly callId: string; readonly tag: string; readonly cseq: number; readonly branch: string },
  extra: Extra = [],
  body?: Content,
  to = `sip:${xmppJid(parties.x)}`,
): SipMessage {
  const names = ["Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq"];
  const values = [
    `SIP/2.0/TLS ${PARTNER_NAME}:5061;branch=${ids.branch}`,
    "68",
    `<${sipUri(parties.s)}>;tag=${ids.tag}`,
    `<${to}>`,
    ids.callId,
    `${ids.cseq} ${method}`,
  ];
  return finish(method, to, names, values, parties.s, extra, body);
}

/** A request in a dialog, with its next number or the given one (for an ACK). */
export function dialogRequest(
  method: string,
  dialog: SipDialog,
  branch: string,
  extra: Extra = [],
  body?: Content,
  cseq = ++dialog.cseq,
): SipMessage {
  const names = ["Via", "Max-Forwards"];
  const values = [`SIP/2.0/TLS ${PARTNER_NAME}:5061;branch=${branch}`, "68"];
  for (const route of dialog.routes) {
    names.push("Route");
    values.push(route);
  }
  names.push("From", "To", "Call-ID", "CSeq");
  values.push(
    `<${sipUri(dialog.s)}>;tag=${dialog.localTag}`,
    `<sip:${xmppJid(dialog.x)}>;tag=${dialog.remoteTag}`,
    dialog.callId,
    `${cseq} ${method}`,
  );
  return finish(method, dialog.target, names, values, dialog.s, extra, body);
}

/** Methods whose requests tell where we are. */
const WITH_CONTACT: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "NOTIFY"]);

function finish(
  method: string,
  uri: string,
  names: string[],
  values: string[],
  s: number,
  extra: Extra,
  body: Content | undefined,
): SipMessage {
  if (WITH_CONTACT.has(method)) {
    names.push("Contact");
    values.push(contactOf(s));
  }
  for (const [name, value] of extra) {
    names.push(name);
    values.push(value);
  }
  if (body) {
    names.push("Content-Type");
    values.push(body.type);
  }
  return new SipMessage({ kind: "request", method, uri }, names, values, body?.bytes ?? NO_BODY);
}

export function contactOf(s: number): string {
  return `<sip:${PARTNER_NAME}:5061;transport=tls;opaque=${sipName(s)}>`;
}

/** An answer. @param tag of our side, for a request without To tag. */
export function answerTo(
  request: SipMessage,
  status: number,
  tag: string | undefined,
  extra: Extra = [],
  body?: Content,
): SipMessage {
  const names: string[] = [];
  const values: string[] = [];
  const { headerNames, headerValues } = request;
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!;
    const isCopied =
      name === "Via" ||
      name === "From" ||
      name === "To" ||
      name === "Call-ID" ||
      name === "CSeq" ||
      (name === "Record-Route" && status < 300);
    if (!isCopied) continue;
    names.push(name);
    const isUntagged = name === "To" && tag !== undefined && !headerValues[i]!.includes(";tag=");
    values.push(isUntagged ? `${headerValues[i]};tag=${tag}` : headerValues[i]!);
  }
  for (const [name, value] of extra) {
    names.push(name);
    values.push(value);
  }
  if (body) {
    names.push("Content-Type");
    values.push(body.type);
  }
  return new SipMessage({ kind: "response", status, reason: "So" }, names, values, body?.bytes ?? NO_BODY);
}

/** The dialog that a request of the program's begins. */
export function dialogFrom(request: SipMessage, s: number, x: number, tag: string): SipDialog {
  return {
    callId: request.callId,
    s,
    x,
    localTag: tag,
    remoteTag: request.fromTag ?? "",
    target: request.contact?.uri ?? "",
    routes: request.list("Record-Route"),
    cseq: 0,
  };
}

/** What a 2xx to a request of ours says of its dialog. */
export function confirmDialog(dialog: SipDialog, answer: SipMessage): void {
  dialog.remoteTag = answer.toTag ?? "";
  dialog.target = answer.contact?.uri ?? dialog.target;
  dialog.routes = answer.list("Record-Route").reverse();
}
