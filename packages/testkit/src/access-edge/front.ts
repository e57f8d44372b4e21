import { type AnswerScript, reasonOf } from "./answers.ts";
import { PeerDialog } from "./dialog.ts";
import type { Exchange } from "./exchange.ts";
import type { Blame } from "./faults.ts";
import type { Link } from "./link.ts";
import type { Network } from "./network.ts";
import type { FirstRequest, Outside, RequestInDialog } from "./outside.ts";
import {
  addressOfRecord,
  gruu,
  type HeaderList,
  type Home,
  hex,
  routingHeaders,
  type Style,
  signedRoutes,
  styled,
  viaStack,
} from "./stamps.ts";
import { headerOf, headersOf, methodOf, statusOf, tagOf, type WireMessage } from "./wire.ts";

const DEFAULT_TIMEOUT_MS = 5000;
const USER_AGENT = "UCCAPI/15.0.4420.1017 OC/15.0.4420.1017 (Microsoft Lync)";

/** Composes what the simulated side sends: client, pool and edge each leave their headers on it. */
export class Front implements Outside {
  readonly home: Home;
  style: Style;
  readonly blame: Blame;
  readonly script: AnswerScript;
  readonly #network: Network;
  readonly #exchange: Exchange;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(parts: {
    readonly home: Home;
    readonly style: Style;
    readonly blame: Blame;
    readonly script: AnswerScript;
    readonly network: Network;
    readonly exchange: Exchange;
  }) {
    this.home = parts.home;
    this.style = parts.style;
    this.blame = parts.blame;
    this.script = parts.script;
    this.#network = parts.network;
    this.#exchange = parts.exchange;
  }

  async open(
    request: FirstRequest,
  ): Promise<{ dialog: PeerDialog; request: WireMessage; response: WireMessage }> {
    const link = await this.#network.forRequests();
    const forming = request.method === "INVITE" || request.method === "SUBSCRIBE";
    const signed = signedRoutes(this.home, this.style);
    const local = `"${this.home.displayName}"<${addressOfRecord(this.home)}>;tag=${hex(5)};epid=${this.home.epid}`;
    const dialog = new PeerDialog({
      callId: hex(16),
      local,
      remote: `<${request.to}>`,
      gruu: gruu(this.home),
      signed,
      localCSeq: 1,
    });
    request.began?.(dialog);
    const contact: HeaderList = forming ? [["Contact", `<${dialog.gruu}>`]] : [];
    const message = this.#message(
      `${request.method} ${request.to} SIP/2.0`,
      [
        ...routingHeaders(viaStack(this.home, link.sentBy), forming ? signed : []),
        ["From", local],
        ["To", `<${request.to}>`],
        ["Call-ID", dialog.callId],
        ["CSeq", `1 ${request.method}`],
        ...contact,
        ["User-Agent", USER_AGENT],
        ...(request.headers ?? []),
      ],
      request.body,
    );
    const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const response = await this.#exchange.ask(message, link, { timeoutMs, provisional: request.provisional });
    if (forming && statusOf(response) < 300) dialog.confirm(response);
    return { dialog, request: message, response };
  }

  async ask(dialog: PeerDialog, request: RequestInDialog): Promise<WireMessage> {
    const link = await this.#network.forRequests();
    dialog.localCSeq += 1;
    const message = this.#inDialog(dialog, request, dialog.localCSeq, link);
    const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const response = await this.#exchange.ask(message, link, { timeoutMs });
    if (statusOf(response) === 481) dialog.open = false;
    return response;
  }

  tell(dialog: PeerDialog, request: RequestInDialog & { readonly cseq?: number }): void {
    if (request.cseq === undefined) dialog.localCSeq += 1;
    const cseq = request.cseq ?? dialog.localCSeq;
    // The connection is up in the usual case: whoever tells has just received something.
    this.#network.forRequests().then(
      (link) => link.send(this.#inDialog(dialog, request, cseq, link)),
      () => {},
    );
  }

  #inDialog(dialog: PeerDialog, request: RequestInDialog, cseq: number, link: Link): WireMessage {
    return this.#message(
      `${request.method} ${dialog.target} SIP/2.0`,
      [
        ...routingHeaders(viaStack(this.home, link.sentBy), []),
        ...dialog.routes.map((route) => ["Route", route] as const),
        ["From", dialog.local],
        ["To", dialog.remote],
        ["Call-ID", dialog.callId],
        ["CSeq", `${cseq} ${request.method}`],
        ...(request.method === "SUBSCRIBE" ? ([["Contact", `<${dialog.gruu}>`]] as const) : []),
        ["User-Agent", USER_AGENT],
        ...(request.headers ?? []),
      ],
      request.body,
    );
  }

  #message(start: string, headers: HeaderList, body = ""): WireMessage {
    return { start, headers: styled(headers, this.style), body };
  }

  accept(request: WireMessage): PeerDialog {
    const local = `${headerOf(request, "To")};tag=${hex(16).toUpperCase()};epid=${this.home.epid}`;
    const dialog = new PeerDialog({
      callId: headerOf(request, "Call-ID") ?? "",
      local,
      remote: headerOf(request, "From") ?? "",
      gruu: gruu(this.home),
      signed: signedRoutes(this.home, this.style),
      localCSeq: 0,
    });
    dialog.accept(request);
    return dialog;
  }

  respond(
    request: WireMessage,
    link: Link,
    answer: { code: number; reason?: string; headers?: HeaderList; body?: string },
    dialog?: PeerDialog,
  ): void {
    const { code } = answer;
    const method = methodOf(request);
    const vias = headersOf(request, "Via");
    const stamped = `${vias[0]};received=127.0.0.1;ms-received-port=${link.socket.remotePort};ms-received-cid=${hex(2).toUpperCase()}`;
    const to = headerOf(request, "To") ?? "";
    const ownTag = dialog === undefined ? (code === 100 ? "" : `;tag=${hex(8).toUpperCase()}`) : undefined;
    const forming = dialog !== undefined && tagOf(to) === undefined && code > 100 && code < 300;
    // The pool stands closest to the client, hence on top of the edge.
    const recorded = forming
      ? [dialog.signed[1]!, dialog.signed[0]!, ...headersOf(request, "Record-Route")]
      : [];
    const contact = dialog !== undefined && code < 300 && (method === "INVITE" || method === "SUBSCRIBE");
    link.send(
      this.#message(
        `SIP/2.0 ${code} ${answer.reason ?? reasonOf(code)}`,
        [
          ["Via", stamped],
          ...vias.slice(1).map((via) => ["Via", via] as const),
          ...recorded.map((route) => ["Record-Route", route] as const),
          ["From", headerOf(request, "From") ?? ""],
          ["To", tagOf(to) !== undefined ? to : ownTag === undefined ? dialog!.local : `${to}${ownTag}`],
          ["Call-ID", headerOf(request, "Call-ID") ?? ""],
          ["CSeq", headerOf(request, "CSeq") ?? ""],
          ...(contact ? ([["Contact", `<${dialog.gruu}>`]] as const) : []),
          ["Server", "RTC/4.0"],
          ...(answer.headers ?? []),
        ],
        answer.body,
      ),
    );
  }

  later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  /** Forgets everything that was to happen later. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
