import {
  contactUri,
  type Dialog,
  dialogOfAnswer,
  dialogOfNotify,
  refreshesTarget,
} from "../dialog/dialog.ts";
import { routeSetOf } from "../dialog/route-set.ts";
import type { Millis } from "../machine.ts";
import type { SipMessage } from "../message/message.ts";
import { serializeBytes } from "../message/serialize.ts";
import { PlaceMap } from "../place-map.ts";
import type { ClientTransaction } from "../transaction/client.ts";
import type { UserAgentCore } from "./core.ts";
import { Outgoing } from "./outgoing.ts";
import { type CommandRef, type EngineCommand, type Outcome, TOO_LARGE, type VerifiedPeer } from "./port.ts";
import type { OutboundRequest, RequestContent } from "./request-writer.ts";

/** Forks of one INVITE that are acknowledged and ended; the 2xx of more are ignored. */
export const MAX_FORKS = 16;

type Command<K extends EngineCommand["kind"]> = Extract<EngineCommand, { kind: K }>;

/** The user agent client (RFC 3261 8.1, 12.2.1, 13.2, 9.1): our requests and what becomes of them. */
export class ClientCore {
  private readonly core: UserAgentCore;
  /** INVITEs without final answer, which can be cancelled. */
  private readonly invites = new PlaceMap<ClientTransaction<Outgoing>>();
  /** SUBSCRIBEs without final answer, which a NOTIFY may answer first. */
  private readonly openings = new PlaceMap<ClientTransaction<Outgoing>>();

  constructor(core: UserAgentCore) {
    this.core = core;
  }

  /** Commands that have had no outcome yet and can be named: INVITEs and SUBSCRIBEs. */
  get size(): number {
    return this.invites.size + this.openings.size;
  }

  open(command: Command<"open">, now: Millis): void {
    const { ref, method } = command;
    if (!this.core.dialogs.reserve()) {
      this.refuse(ref, "too many dialogs");
      return;
    }
    const outgoing = new Outgoing("open", ref);
    const transaction = this.sendInitial(outgoing, command, now);
    if (!transaction) this.core.dialogs.release();
    else if (method === "INVITE") this.invites.set(ref, transaction);
    else {
      outgoing.openingKey = openingKey(transaction.request.callId, transaction.request.fromTag ?? "");
      this.openings.set(outgoing.openingKey, transaction);
    }
  }

  request(command: Command<"request">, now: Millis): void {
    const { ids } = this.core.settings;
    const { from, to, method, maxBytes } = command;
    const call = command.call ?? { fromTag: ids(), callId: ids(), cseq: 1 };
    const request = this.core.writer.initial(method, { from, to, ...call }, command);
    if (request && maxBytes !== undefined && serializeBytes(request.message).length > maxBytes)
      this.refuse(command.ref, TOO_LARGE);
    else this.send(new Outgoing("request", command.ref), request, now);
  }

  /** A request inside a dialog. A BYE that would overtake the ACK of our 2xx is not for this method (RFC 3261 15.1.1). */
  dialogRequest(command: Command<"dialog-request">, dialog: Dialog, now: Millis): void {
    const { ref, method } = command;
    const isInvite = method === "INVITE";
    const why = whyNot(method, dialog);
    if (why !== undefined) {
      this.refuse(ref, why);
      return;
    }
    const outgoing = new Outgoing("dialog-request", ref, dialog);
    const transaction = this.sendInDialog(outgoing, dialog, method, command, now);
    if (!transaction || !isInvite) return;
    dialog.invite = "ours";
    this.invites.set(ref, transaction);
  }

  /** BYE on the engine's own account: nobody is told what becomes of it. */
  sendBye(dialog: Dialog, now: Millis): void {
    this.sendInDialog(new Outgoing("own", undefined), dialog, "BYE", {}, now);
  }

  cancel(ref: CommandRef, now: Millis): void {
    const transaction = this.invites.get(ref);
    if (transaction?.user.cancel !== "no") return;
    transaction.user.cancel = "wanted";
    if (transaction.state === "proceeding") this.sendCancel(transaction, now);
  }

  onResponse(
    transaction: ClientTransaction<Outgoing>,
    response: SipMessage,
    verified: VerifiedPeer | undefined,
    now: Millis,
  ): void {
    const outgoing = transaction.user;
    const { status } = response;
    if (status < 200) this.onProvisional(transaction, status, now);
    else if (status >= 300) this.settle(outgoing, { kind: "final", status, message: response });
    else if (transaction.isInvite) this.onInviteAccepted(transaction, response, verified, now);
    else if (outgoing.purpose === "open") this.onSubscribeAccepted(transaction, response, verified);
    else {
      if (refreshesTarget(transaction.request.method)) outgoing.dialog?.refreshTarget(response);
      this.settle(outgoing, { kind: "final", status, message: response });
    }
  }

  onTimeout(transaction: ClientTransaction<Outgoing>): void {
    this.settle(transaction.user, { kind: "timeout" });
  }

  onTransportError(
    transaction: ClientTransaction<Outgoing>,
    failure: { readonly why: string; readonly mayHaveBeenSent: boolean },
  ): void {
    const { why, mayHaveBeenSent } = failure;
    this.settle(transaction.user, { kind: "unreachable", why, mayHaveBeenSent });
  }

  /**
   * Makes the dialog of a SUBSCRIBE that this NOTIFY is the first to answer (RFC 6665 4.1.2.4): matched by Call-ID, our
   * tag and the event package. One dialog only: what other forks send finds nothing (RFC 6665 5.4.9).
   */
  openByNotify(
    notify: SipMessage,
    verified: VerifiedPeer,
  ): { readonly dialog: Dialog; readonly opening: CommandRef } | undefined {
    const transaction = this.openings.get(openingKey(notify.callId, notify.toTag ?? ""));
    if (!transaction) return undefined;
    const { request, user } = transaction;
    if (user.opened || eventPackage(request) !== eventPackage(notify)) return undefined;
    const dialog = this.core.dialogs.add(dialogOfNotify(request, notify, verified.partner));
    user.opened = dialog;
    user.openedWith = { contact: contactUri(notify) !== undefined };
    return { dialog, opening: user.ref! };
  }

  refuse(ref: CommandRef, why: string): void {
    const outcome: Outcome = { kind: "unreachable", why, mayHaveBeenSent: false };
    this.core.emit({ kind: "outcome", ref, outcome });
  }

  /** Gives everything that runs its outcome. */
  stop(): void {
    const outcome: Outcome = { kind: "unreachable", why: "stopped", mayHaveBeenSent: true };
    for (const transaction of this.core.layer.sent()) this.settle(transaction.user, outcome);
  }

  private onProvisional(transaction: ClientTransaction<Outgoing>, status: number, now: Millis): void {
    const { ref, cancel } = transaction.user;
    if (ref !== undefined && status > 100) this.core.emit({ kind: "provisional", ref, status });
    if (cancel === "wanted") this.sendCancel(transaction, now);
  }

  private onInviteAccepted(
    transaction: ClientTransaction<Outgoing>,
    response: SipMessage,
    verified: VerifiedPeer | undefined,
    now: Millis,
  ): void {
    const outgoing = transaction.user;
    outgoing.acks ??= new Map();
    const { acks } = outgoing;
    const tag = response.toTag ?? "";
    const known = acks.get(tag);
    if (known) {
      this.core.transmit(known);
      return;
    }
    const isFirst = acks.size === 0;
    if (acks.size >= MAX_FORKS || (outgoing.dialog && !isFirst)) return;
    const dialog = outgoing.dialog ?? dialogOfAnswer(transaction.request, response, verified?.partner);
    if (outgoing.dialog) dialog.refreshTarget(response);
    this.acknowledge(acks, tag, dialog, transaction.request.cseq?.number ?? 1);
    if (!isFirst) {
      // A fork that comes after the first: acknowledged, then ended (RFC 3261 13.2.2.4).
      this.sendBye(dialog, now);
      return;
    }
    if (!outgoing.dialog) this.core.dialogs.add(dialog);
    const made = outgoing.dialog ? undefined : dialog.id;
    this.settle(outgoing, { kind: "final", status: response.status, message: response, dialog: made });
  }

  /** ACK of a 2xx: the number of the INVITE, a branch of its own, the way of the dialog (RFC 3261 13.2.2.4). */
  private acknowledge(acks: Map<string, SipMessage>, tag: string, dialog: Dialog, number: number): void {
    const ack = this.core.writer.inDialog(dialog, "ACK", number, {});
    if (!ack) return;
    acks.set(tag, ack.message);
    this.core.transmit(ack.message);
  }

  private onSubscribeAccepted(
    transaction: ClientTransaction<Outgoing>,
    response: SipMessage,
    verified: VerifiedPeer | undefined,
  ): void {
    const outgoing = transaction.user;
    const { opened, openedWith } = outgoing;
    let id: string | undefined;
    if (opened) {
      if (response.toTag === opened.remoteTag) {
        if (!openedWith?.contact) opened.refreshTarget(response);
        opened.offerRoutes(routeSetOf(response, "client"), "answer");
      }
      // It may be over already.
      if (this.core.dialogs.get(opened.id) === opened) id = opened.id;
    } else {
      const dialog = this.core.dialogs.add(dialogOfAnswer(transaction.request, response, verified?.partner));
      dialog.awaitsNotify = true;
      id = dialog.id;
    }
    this.settle(outgoing, { kind: "final", status: response.status, message: response, dialog: id });
  }

  /** The one outcome of a command. */
  private settle(outgoing: Outgoing, outcome: Outcome): void {
    const { ref, dialog } = outgoing;
    if (outgoing.isSettled || ref === undefined) return;
    outgoing.isSettled = true;
    if (this.invites.delete(ref) && dialog) dialog.invite = undefined;
    if (outgoing.openingKey !== undefined) this.openings.delete(outgoing.openingKey);
    // Refused after all: the NOTIFY that came first was about nothing.
    if (outgoing.opened && outcome.kind === "final" && outcome.status >= 300)
      this.core.dialogs.delete(outgoing.opened.id);
    if (outgoing.purpose === "open") this.core.dialogs.release();
    this.core.emit({ kind: "outcome", ref, outcome });
  }

  private sendCancel(transaction: ClientTransaction<Outgoing>, now: Millis): void {
    transaction.user.cancel = "sent";
    this.core.layer.cancel(transaction, new Outgoing("own", undefined), now);
  }

  private sendInitial(
    outgoing: Outgoing,
    command: Command<"open">,
    now: Millis,
  ): ClientTransaction<Outgoing> | undefined {
    const { ids } = this.core.settings;
    const parties = { from: command.from, to: command.to, fromTag: ids(), callId: ids(), cseq: 1 };
    const { method } = command;
    return this.send(outgoing, this.core.writer.initial(method, parties, command), now);
  }

  private sendInDialog(
    outgoing: Outgoing,
    dialog: Dialog,
    method: string,
    content: RequestContent,
    now: Millis,
  ): ClientTransaction<Outgoing> | undefined {
    return this.send(outgoing, this.core.writer.inDialog(dialog, method, dialog.nextCSeq(), content), now);
  }

  /** Sends a request in its transaction; where it can't be, the command has its outcome. */
  private send(
    outgoing: Outgoing,
    request: OutboundRequest | undefined,
    now: Millis,
  ): ClientTransaction<Outgoing> | undefined {
    const { layer } = this.core;
    const { ref } = outgoing;
    if (request && !layer.isFull) return layer.send(request.message, request.branch, outgoing, now);
    if (ref !== undefined) this.refuse(ref, request ? "too many transactions" : "a header has a line break");
    return undefined;
  }
}

/** Why a request can't be sent in a dialog now. */
function whyNot(method: string, dialog: Dialog): string | undefined {
  if (method === "ACK" || method === "CANCEL") return `${method} is sent by the engine`;
  // RFC 3261 14.1
  if (method === "INVITE" && dialog.invite !== undefined) return "another INVITE runs in this dialog";
  return undefined;
}

function openingKey(callId: string, localTag: string): string {
  return `${localTag} ${callId}`;
}

/** RFC 6665 8.2.1: the token before the parameters, byte by byte. */
function eventPackage(message: SipMessage): string {
  const value = message.get("Event") ?? "";
  const semicolon = value.indexOf(";");
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
}
