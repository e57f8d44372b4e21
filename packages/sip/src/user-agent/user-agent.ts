import { Dialog, type DialogSnapshot } from "../dialog/dialog.ts";
import type { Deadline, Machine, Millis } from "../machine.ts";
import type { SipMessage } from "../message/message.ts";
import { Outbox } from "../outbox.ts";
import { TransactionLayer } from "../transaction/layer.ts";
import { ClientCore } from "./client-core.ts";
import type { UserAgentCore } from "./core.ts";
import { DialogTable } from "./dialog-table.ts";
import type { Incoming } from "./incoming.ts";
import type { Outgoing } from "./outgoing.ts";
import type { DialogId, EngineCommand, EngineEvent, VerifiedPeer } from "./port.ts";
import { RequestWriter } from "./request-writer.ts";
import { ServerCore } from "./server-core.ts";
import { DEFAULT_USER_AGENT_LIMITS, type UserAgentSettings } from "./settings.ts";

export type UserAgentInput =
  /** A message for us. `verified`: whom the edge proved to have sent it; undefined where the edge itself answers. */
  | {
      readonly kind: "message";
      readonly message: SipMessage;
      readonly verified?: VerifiedPeer | undefined;
    }
  | { readonly kind: "command"; readonly command: EngineCommand }
  /** A message that we gave out can't be carried on. */
  | {
      readonly kind: "undeliverable";
      readonly message: SipMessage;
      readonly why: string;
      readonly mayHaveBeenSent: boolean;
    }
  /** The end: what runs gets its outcome, what waits is refused with 480, all is forgotten. */
  | { readonly kind: "stop" };

export type UserAgentOutput =
  | { readonly kind: "transmit"; readonly message: SipMessage }
  | { readonly kind: "event"; readonly event: EngineEvent };

/** How much a user agent holds; all zero when all has ended. */
export interface UserAgentCounts {
  readonly transactions: number;
  readonly dialogs: number;
  /** Places kept for dialogs that are being made. */
  readonly dialogsInMaking: number;
  /** INVITEs and SUBSCRIBEs of ours without final answer. */
  readonly opening: number;
  /** Requests that wait for the translator's answer. */
  readonly waiting: number;
  /** 2xx answers that wait for their ACK. */
  readonly unconfirmed: number;
}

/** The SIP user agent behind the user-agent port: transactions and dialogs, driven by messages and commands. */
export class UserAgent implements Machine<UserAgentInput, UserAgentOutput> {
  private readonly core: UserAgentCore;
  private readonly layer: TransactionLayer<Outgoing, Incoming>;
  private readonly dialogs: DialogTable;
  private readonly client: ClientCore;
  private readonly server: ServerCore;
  private readonly outputs = new Outbox<UserAgentOutput>();
  private isStopped = false;

  constructor(settings: UserAgentSettings) {
    const limits = { ...DEFAULT_USER_AGENT_LIMITS, ...settings.limits };
    const transmit = (message: SipMessage) => {
      this.outputs.put({ kind: "transmit", message });
    };
    this.layer = new TransactionLayer<Outgoing, Incoming>(
      {
        transmit,
        onTimeout: (transaction) => this.client.onTimeout(transaction),
        onTooLate: (transaction) => this.server.onTooLate(transaction),
      },
      { timers: settings.timers, maxTransactions: limits.maxTransactions },
    );
    this.dialogs = new DialogTable(limits.maxDialogs);
    this.core = {
      settings,
      limits,
      writer: new RequestWriter(settings),
      layer: this.layer,
      dialogs: this.dialogs,
      transmit,
      emit: (event) => {
        this.outputs.put({ kind: "event", event });
      },
    };
    this.client = new ClientCore(this.core);
    this.server = new ServerCore(this.core, this.client);
  }

  get counts(): UserAgentCounts {
    return {
      transactions: this.layer.size,
      dialogs: this.dialogs.size,
      dialogsInMaking: this.dialogs.inMaking,
      opening: this.client.size,
      waiting: this.server.size,
      unconfirmed: this.server.confirmations.size,
    };
  }

  handle(input: UserAgentInput, now: Millis): void {
    switch (input.kind) {
      case "message":
        if (input.message.isRequest) this.onRequest(input.message, input.verified, now);
        else this.onResponse(input.message, input.verified, now);
        break;
      case "command":
        this.onCommand(input.command, now);
        break;
      case "undeliverable": {
        const transaction = this.layer.onTransportError(input.message, now);
        if (transaction) this.client.onTransportError(transaction, input);
        break;
      }
      case "stop":
        this.stop(now);
        break;
    }
  }

  timeout(now: Millis): void {
    this.layer.timeout(now);
    this.server.confirmations.timeout(now);
  }

  nextDeadline(): Deadline | undefined {
    const a = this.layer.nextDeadline();
    const b = this.server.confirmations.nextDeadline();
    return a && (!b || a.at <= b.at) ? a : b;
  }

  poll(): UserAgentOutput | undefined {
    return this.outputs.take();
  }

  /** A dialog as plain data, to be kept over a restart; undefined when there is none of that id. */
  snapshot(id: DialogId): DialogSnapshot | undefined {
    return this.dialogs.get(id)?.snapshot();
  }

  /** All dialogs as plain data. */
  *snapshots(): IterableIterator<DialogSnapshot> {
    for (const dialog of this.dialogs.values()) yield dialog.snapshot();
  }

  /** Takes a dialog up again. @returns its id, the same as before; undefined when there are `maxDialogs`. */
  restore(snapshot: DialogSnapshot): DialogId | undefined {
    if (!this.dialogs.reserve()) return undefined;
    this.dialogs.release();
    return this.dialogs.add(new Dialog(snapshot)).id;
  }

  private onRequest(request: SipMessage, verified: VerifiedPeer | undefined, now: Millis): void {
    if (this.isStopped) this.server.answerStateless(request, { status: 480 });
    else this.server.onRequest(request, verified, now);
  }

  private onResponse(response: SipMessage, verified: VerifiedPeer | undefined, now: Millis): void {
    if (response.fault !== undefined) return;
    const transaction = this.layer.onResponse(response, now);
    if (transaction) this.client.onResponse(transaction, response, verified, now);
  }

  private onCommand(command: EngineCommand, now: Millis): void {
    switch (command.kind) {
      case "open":
        if (!this.refuseStopped(command.ref)) this.client.open(command, now);
        break;
      case "request":
        if (!this.refuseStopped(command.ref)) this.client.request(command, now);
        break;
      case "dialog-request":
        if (!this.refuseStopped(command.ref)) this.dialogRequest(command, now);
        break;
      case "cancel":
        this.client.cancel(command.ref, now);
        break;
      case "answer":
        this.server.answer(command, now);
        break;
      case "drop":
        this.drop(command.dialog, now);
        break;
    }
  }

  private dialogRequest(command: Extract<EngineCommand, { kind: "dialog-request" }>, now: Millis): void {
    const dialog = this.dialogs.get(command.dialog);
    if (!dialog) this.client.refuse(command.ref, "no such dialog");
    else if (command.method !== "BYE" || !this.server.confirmations.hold(command))
      this.client.dialogRequest(command, dialog, now);
  }

  private drop(id: DialogId, now: Millis): void {
    const dialog = this.dialogs.get(id);
    if (!dialog) return;
    this.dialogs.delete(id);
    this.server.onDrop(dialog, now);
  }

  private stop(now: Millis): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.server.stop(now);
    this.client.stop();
    this.layer.clear();
    this.dialogs.clear();
  }

  private refuseStopped(ref: string): boolean {
    if (this.isStopped) this.client.refuse(ref, "stopped");
    return this.isStopped;
  }
}
