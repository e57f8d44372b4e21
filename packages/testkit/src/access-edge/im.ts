import { Journal } from "../journal.ts";
import type { InvitePolicy } from "./answers.ts";
import { checkAck, checkSdp } from "./checks.ts";
import type { PeerDialog } from "./dialog.ts";
import { Refused } from "./exchange.ts";
import type { Link } from "./link.ts";
import type { Outside } from "./outside.ts";
import { addressOfRecord, type HeaderList, token } from "./stamps.ts";
import { cseqOf, headerOf, listOf, methodOf, statusOf, type WireMessage } from "./wire.ts";

/** How long an INVITE's 200 waits for its ACK before it is a fault, ms. */
const ACK_PATIENCE_MS = 5000;

const RICH_TEXT = Buffer.from("X-MMS-IM-Format: FN=Segoe%20UI; EF=; CO=0; CS=0; PF=2\r\n\r\n", "utf16le")
  .toString("base64")
  .replaceAll("=", "");
const ACCEPT_TYPES =
  "text/plain multipart/alternative image/gif text/rtf text/html application/x-ms-ink application/ms-imdn+xml text/x-msmsgsinvite ";

/** One thing that came in an IM session. */
export type SeenIm =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly contentType: string;
      readonly message: WireMessage;
    }
  | { readonly kind: "typing"; readonly status: string; readonly message: WireMessage }
  | { readonly kind: "bye"; readonly message: WireMessage };

function describeIm(seen: SeenIm): string {
  if (seen.kind === "text") return `text ${JSON.stringify(seen.text)}`;
  return seen.kind === "typing" ? `typing ${seen.status}` : "BYE";
}

/** One IM session: an INVITE dialog with MESSAGE and INFO in it. */
export class Conversation {
  readonly dialog: PeerDialog;
  /** `sip:user@host` of the other side. */
  readonly peer: string;
  readonly seen: Journal<SeenIm> = new Journal(describeIm);
  /** Text of the peer's `ms-text-format`, if it had one. */
  firstText: string | undefined;
  readonly #outside: Outside;

  constructor(dialog: PeerDialog, outside: Outside) {
    this.dialog = dialog;
    this.peer = dialog.peer;
    this.#outside = outside;
  }

  get open(): boolean {
    return this.dialog.open;
  }

  /** Sends a MESSAGE; resolves with the final response, whatever its status. */
  send(text: string, contentType?: string): Promise<WireMessage> {
    const headers: HeaderList = [
      ["Content-Type", contentType ?? `text/plain; charset=UTF-8;msgr=${RICH_TEXT}`],
    ];
    return this.#ask("MESSAGE", headers, text);
  }

  /** Sends the typing INFO: `type` or `idle`. */
  typing(status: "type" | "idle"): Promise<WireMessage> {
    const body = `<?xml version="1.0"?>\r\n<KeyboardActivity>\r\n  <status status="${status}" />\r\n</KeyboardActivity>`;
    return this.#ask("INFO", [["Content-Type", "application/xml"]], body);
  }

  bye(): Promise<WireMessage> {
    this.dialog.open = false;
    return this.#ask("BYE", [], "");
  }

  /** Any request in the session's dialog. */
  #ask(method: string, headers: HeaderList, body: string): Promise<WireMessage> {
    return this.#outside.ask(this.dialog, { method, headers, body });
  }

  /** The next text of the peer (with this body, if given) that no other wait took. */
  waitForText(text?: string, timeoutMs?: number): Promise<SeenIm & { kind: "text" }> {
    const what = text === undefined ? `a text of ${this.peer}` : `${JSON.stringify(text)} of ${this.peer}`;
    const accepts = (seen: SeenIm) => seen.kind === "text" && (text === undefined || seen.text === text);
    return this.seen.waitFor(accepts, { what, timeoutMs }) as Promise<SeenIm & { kind: "text" }>;
  }

  waitForTyping(status: string, timeoutMs?: number): Promise<SeenIm> {
    const accepts = (seen: SeenIm) => seen.kind === "typing" && seen.status === status;
    return this.seen.waitFor(accepts, { what: `typing "${status}" of ${this.peer}`, timeoutMs });
  }

  waitForBye(timeoutMs?: number): Promise<SeenIm> {
    return this.seen.waitFor((seen) => seen.kind === "bye", { what: `BYE of ${this.peer}`, timeoutMs });
  }

  /** Takes a MESSAGE, INFO or BYE that was accepted. */
  received(message: WireMessage): void {
    const method = methodOf(message);
    if (method === "MESSAGE") {
      const contentType = headerOf(message, "Content-Type") ?? "";
      this.seen.add({ kind: "text", text: message.body, contentType, message });
    } else if (method === "INFO") {
      const status = /<status\s+status=["'](\w+)["']/.exec(message.body)?.[1] ?? "";
      if (status !== "") this.seen.add({ kind: "typing", status, message });
    } else if (method === "BYE") {
      this.dialog.open = false;
      this.seen.add({ kind: "bye", message });
    }
  }
}

function sdp(user: string | null, outside: Outside): string {
  const media = outside.style.media ?? "message";
  return [
    "v=0",
    "o=- 0 0 IN IP4 10.1.4.77",
    "s=session",
    "c=IN IP4 10.1.4.77",
    "t=0 0",
    `m=${media} 5060 sip ${user ?? "null"}`,
    `a=accept-types:${ACCEPT_TYPES}`,
    "",
  ].join("\r\n");
}

function inviteHeaders(peer: string, text: string | undefined, outside: Outside): HeaderList {
  const self = addressOfRecord(outside.home);
  const base64 = text === undefined ? "" : Buffer.from(text).toString("base64");
  const first: HeaderList =
    text === undefined
      ? []
      : [
          ["ms-text-format", `text/plain; charset=UTF-8;msgr=${RICH_TEXT};ms-body=${base64}`],
          ["Supported", "ms-embedded-first-message"],
        ];
  return [
    ["Supported", "ms-dialog-route-set-update"],
    ...first,
    ["Supported", "ms-delayed-accept"],
    ["Ms-Conversation-ID", `Ad${token(21)}==`],
    ["Supported", "timer"],
    ["Supported", "histinfo"],
    ["Supported", "ms-sender"],
    ["Roster-Manager", self],
    ["EndPoints", `<${self}>, <${peer}>`],
    ["Supported", "com.microsoft.rtc-multiparty"],
    ["ms-keep-alive", "UAC;hop-hop=yes"],
    ["Allow", "INVITE, BYE, ACK, CANCEL, INFO, MESSAGE, UPDATE, REFER, NOTIFY, BENOTIFY"],
    ["Content-Type", "application/sdp"],
  ];
}

/**
 * INVITE with the text inside, ACK, then the text as MESSAGE unless the 200 says that it was taken. Resolves when the
 * text has its answer. Rejects with Refused when INVITE or MESSAGE is refused. Without `text` only the session is made.
 */
export async function startConversation(
  outside: Outside,
  to: string,
  text: string | undefined,
  timeoutMs: number | undefined,
  began: (conversation: Conversation) => void,
): Promise<Conversation> {
  const { dialog, request, response } = await outside.open({
    method: "INVITE",
    to,
    headers: inviteHeaders(to, text, outside),
    body: sdp(null, outside),
    timeoutMs,
  });
  if (statusOf(response) >= 300) throw new Refused(request, response);
  checkSdp(response, "answer", outside.blame);
  const conversation = new Conversation(dialog, outside);
  began(conversation);
  outside.tell(dialog, { method: "ACK", cseq: cseqOf(request) });
  const taken = listOf(response, "Supported").includes("ms-text-format");
  if (text !== undefined && !taken) {
    const answer = await conversation.send(text);
    if (statusOf(answer) >= 300) throw new Refused(request, answer);
  }
  return conversation;
}

/** One INVITE of the partner and what becomes of it. */
export class IncomingInvite {
  readonly request: WireMessage;
  readonly link: Link;
  readonly dialog: PeerDialog;
  state: "ringing" | "accepted" | "acknowledged" | "over" = "ringing";
  readonly #outside: Outside;

  constructor(request: WireMessage, link: Link, outside: Outside) {
    this.request = request;
    this.link = link;
    this.dialog = outside.accept(request);
    this.#outside = outside;
  }

  /** Follows the policy; `accepted` gets the conversation just before the 200 goes out. */
  serve(policy: InvitePolicy, accepted: (conversation: Conversation) => void): void {
    this.#respond(100);
    for (const code of policy.provisional ?? []) this.#respond(code);
    if (policy.kind === "ring") return;
    const finish = () => {
      if (this.state !== "ringing") return;
      if (policy.kind === "accept") this.#accept(policy, accepted);
      else this.#refuse(policy.code, policy.reason, policy.headers);
    };
    if (policy.delayMs === undefined) finish();
    else this.#outside.later(policy.delayMs, finish);
  }

  #respond(code: number): void {
    const dialog = code === 100 ? undefined : this.dialog;
    this.#outside.respond(this.request, this.link, { code }, dialog);
  }

  #accept(policy: InvitePolicy & { kind: "accept" }, accepted: (conversation: Conversation) => void): void {
    const consume = policy.consumeFirstText === true;
    const patience = policy.ackPatienceMs ?? ACK_PATIENCE_MS;
    this.state = "accepted";
    const conversation = new Conversation(this.dialog, this.#outside);
    const format = headerOf(this.request, "ms-text-format");
    const base64 = format === undefined ? undefined : /ms-body=([^;\s]+)/.exec(format)?.[1];
    if (base64 !== undefined) conversation.firstText = Buffer.from(base64, "base64").toString();
    accepted(conversation);
    const headers: HeaderList = [
      ...(consume ? ([["Supported", "ms-text-format"]] as const) : []),
      ["Allow", "INVITE, BYE, ACK, CANCEL, INFO, MESSAGE, UPDATE"],
      ["Content-Type", "application/sdp"],
    ];
    const body = sdp(addressOfRecord(this.#outside.home), this.#outside);
    this.#outside.respond(this.request, this.link, { code: 200, headers, body }, this.dialog);
    if (consume && conversation.firstText !== undefined) {
      const { request: message } = this;
      conversation.seen.add({
        kind: "text",
        text: conversation.firstText,
        contentType: "text/plain",
        message,
      });
    }
    this.#outside.later(patience, () => {
      if (this.state === "accepted")
        this.#outside.blame("no-ack", `none within ${patience} ms`, this.request);
    });
  }

  #refuse(code: number, reason?: string, headers?: HeaderList): void {
    this.state = "over";
    this.dialog.open = false;
    const answer = {
      code,
      ...(reason === undefined ? {} : { reason }),
      ...(headers === undefined ? {} : { headers }),
    };
    this.#outside.respond(this.request, this.link, answer, this.dialog);
  }

  /** CANCEL came; true when it was in time. */
  cancel(): boolean {
    if (this.state !== "ringing") return false;
    this.#refuse(487);
    return true;
  }

  acknowledged(ack: WireMessage): void {
    checkAck(ack, this.request, this.#outside.blame);
    if (this.state === "accepted") {
      this.dialog.check(ack, this.#outside.blame);
      this.state = "acknowledged";
    }
  }
}
