import type { SipMessage } from "@tombolo/sip";
import type { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import type { SipDialog } from "./sip-dialog.ts";
import { answerTo, type Content, dialogRequest, type Extra } from "./sip-dialog.ts";
import type { LineEnd, SipLine } from "./sip-line.ts";

/** What became of a request of the partner's: its final answer, or why there is none. */
export type Final = SipMessage | "timeout" | "no-connection";

interface Pending {
  readonly method: string;
  readonly branch: string;
  readonly sentAt: number;
  readonly dueAt: number;
  readonly line: SipLine;
  copies: number;
  finals: number;
  isOver: boolean;
  readonly onFinal: (final: Final) => void;
}

export interface StackAround {
  readonly agenda: Agenda;
  readonly chance: Chance;
  /** A new connection to the program; undefined where nobody listens. */
  connect(): SipLine | undefined;
  /** The last time when an answer may have been lost for a reason of the world's, ms. */
  disturbedAt(): number;
  complain(what: string): void;
  /** A request of the program's. */
  onRequest(line: SipLine, request: SipMessage): void;
  /** Share of the requests that are sent twice. */
  readonly doubled: number;
  trace?: ((line: () => string) => void) | undefined;
}

/** How long an answer is waited for, ms: timer F, and for an INVITE until its user gives up. */
const PATIENCE = 32_000;
const INVITE_PATIENCE = 200_000;
/** Never sent twice: over TLS each copy may be answered anew (RFC 3261 17.2.2). */
const NEVER_DOUBLED: ReadonlySet<string> = new Set(["SUBSCRIBE", "OPTIONS", "CANCEL", "ACK"]);
/** What one of two copies may get while the other is taken: the sender waits for the other. */
const REFUSALS_OF_COPIES: ReadonlySet<number> = new Set([481, 482, 500]);
/** Answered requests in mind, so that a second final answer is seen. */
const REMEMBERED = 2_000;

/** The partner's connections and transactions. */
export class SipStack implements LineEnd {
  readonly lines = new Set<SipLine>();
  /** Where our own requests go. */
  private own: SipLine | undefined;
  private readonly around: StackAround;
  private readonly pending = new Map<string, Pending>();
  private readonly answered: string[] = [];
  private readonly known = new Map<string, Pending>();
  private waiting: { readonly [isInvite in "yes" | "no"]: Pending[] } = { yes: [], no: [] };
  private serial = 0;

  constructor(around: StackAround) {
    this.around = around;
  }

  get size(): number {
    return this.pending.size;
  }

  newId(prefix: string): string {
    this.serial += 1;
    return prefix + this.serial.toString(36);
  }

  newBranch(): string {
    return this.newId("z9hG4bKp");
  }

  /**
   * Closes connections in order, as many do when nothing is to say: one with a request under way stays, or the next text
   * could overtake it on a new one.
   */
  hangUp(): void {
    const busy = new Set<SipLine>();
    for (const { line, isOver } of this.pending.values()) if (!isOver) busy.add(line);
    this.closeLines((line) => !busy.has(line));
  }

  private closeLines(isDone: (line: SipLine) => boolean): void {
    for (const line of this.lines) {
      if (!isDone(line)) continue;
      line.close("partner");
      this.lines.delete(line);
      if (this.own === line) this.own = undefined;
    }
  }

  /** Everything is forgotten, and the connections are gone. @param isOrderly they were closed in order. */
  restart(isOrderly: boolean): void {
    if (isOrderly) this.closeLines(() => true);
    for (const line of this.lines) line.die("partner");
    this.lines.clear();
    this.own = undefined;
    this.pending.clear();
    this.known.clear();
    this.answered.length = 0;
    this.waiting = { yes: [], no: [] };
  }

  // ---- our requests

  /** @param onFinal called once, unless we are restarted before. */
  request(method: string, branch: string, message: SipMessage, onFinal: (final: Final) => void): void {
    const line = this.ownLine();
    this.around.trace?.(
      () => `partner > ${method} ${message.callId} ${message.get("CSeq")} ${branch} on ${line?.id}`,
    );
    if (!line) {
      this.around.agenda.in(1, () => onFinal("no-connection"));
      return;
    }
    const { now } = this.around.agenda;
    const isInvite = method === "INVITE" ? "yes" : "no";
    const dueAt = now + (isInvite === "yes" ? INVITE_PATIENCE : PATIENCE);
    const one: Pending = {
      method,
      branch,
      sentAt: now,
      dueAt,
      line,
      copies: 1,
      finals: 0,
      isOver: false,
      onFinal,
    };
    this.pending.set(branch, one);
    this.await(isInvite, one);
    line.send("program", message);
    const { chance, doubled } = this.around;
    if (doubled === 0 || NEVER_DOUBLED.has(method) || !chance.of(doubled)) return;
    one.copies += 1;
    line.send("program", message);
  }

  inDialog(
    method: string,
    dialog: SipDialog,
    extra: Extra,
    body: Content | undefined,
    onFinal: (final: Final) => void,
  ): void {
    const branch = this.newBranch();
    this.request(method, branch, dialogRequest(method, dialog, branch, extra, body), onFinal);
  }

  /** An ACK, or a CANCEL whose answer does not matter. */
  tell(message: SipMessage): void {
    this.ownLine()?.send("program", message);
  }

  private ownLine(): SipLine | undefined {
    if (this.own?.isOpenAt("partner")) return this.own;
    this.own = this.around.connect();
    if (this.own) this.lines.add(this.own);
    return this.own;
  }

  private await(isInvite: "yes" | "no", one: Pending): void {
    const { agenda } = this.around;
    const queue = this.waiting[isInvite];
    queue.push(one);
    if (queue.length === 1) agenda.at(one.dueAt, () => this.giveUp(queue));
  }

  /** One timer for all: they wait equally long. */
  private giveUp(queue: Pending[]): void {
    const { agenda } = this.around;
    let done = 0;
    for (const one of queue) {
      if (!one.isOver && one.dueAt > agenda.now) break;
      done += 1;
      if (!one.isOver) this.timeOut(one);
    }
    queue.splice(0, done);
    if (queue.length > 0) agenda.at(queue[0]!.dueAt, () => this.giveUp(queue));
  }

  private timeOut(one: Pending): void {
    one.isOver = true;
    if (!this.pending.delete(one.branch)) return;
    const { around } = this;
    if (around.disturbedAt() < one.sentAt && one.line.isOpenAt("partner"))
      around.complain(`no final answer to the ${one.method} ${one.branch}`);
    one.onFinal("timeout");
  }

  // ---- what comes

  onMessage(line: SipLine, message: SipMessage): void {
    this.around.trace?.(() => {
      const { isRequest, status, method, callId } = message;
      const what = isRequest ? method : `${status} ${message.topVia?.branch}`;
      return `partner < ${what} ${callId} ${message.get("CSeq")} on ${line.id}`;
    });
    if (message.isRequest) this.around.onRequest(line, message);
    else this.onResponse(message);
  }

  private onResponse(response: SipMessage): void {
    if (response.status < 200) return;
    const branch = response.topVia?.branch ?? "";
    const one = this.pending.get(branch) ?? this.known.get(branch);
    if (!one) return;
    one.finals += 1;
    // A 2xx to an INVITE comes again until its ACK is there; a copy may be refused while the first is thought over.
    if (one.finals > one.copies && !(one.method === "INVITE" && response.status < 300))
      this.around.complain(`${one.finals} final answers to ${one.copies} ${one.method} ${branch}`);
    if (one.isOver) return;
    const isOfCopy =
      one.finals < one.copies && one.method !== "INVITE" && REFUSALS_OF_COPIES.has(response.status);
    if (isOfCopy) return;
    one.isOver = true;
    this.pending.delete(branch);
    this.known.set(branch, one);
    this.answered.push(branch);
    if (this.answered.length > REMEMBERED)
      for (const old of this.answered.splice(0, REMEMBERED / 2)) this.known.delete(old);
    one.onFinal(response);
  }

  onLineClosed(line: SipLine): void {
    this.lines.delete(line);
    if (this.own === line) this.own = undefined;
  }

  // ---- our answers

  /**
   * Answers on the connection where the request came, else on another (RFC 3261 18.2.2).
   *
   * @param read called when the program reads it on that connection.
   */
  answer(
    line: SipLine,
    request: SipMessage,
    status: number,
    tag?: string,
    extra?: Extra,
    body?: Content,
    read?: () => void,
  ): void {
    if (line.isOpenAt("partner")) line.send("program", answerTo(request, status, tag, extra, body), read);
    else if (this.own?.isOpenAt("partner"))
      this.own.send("program", answerTo(request, status, tag, extra, body));
  }
}
