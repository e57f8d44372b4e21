import type {
  Body,
  CallPosition,
  CommandRef,
  DialogId,
  EngineCommand,
  EngineEvent,
  HeaderFields,
  Millis,
  Outcome,
  Party,
  RequestRef,
} from "@tombolo/sip";
import { PlaceMap } from "@tombolo/sip";

export type IncomingRequest = Extract<EngineEvent, { kind: "request" }>;

/** Takes what becomes of a request of ours. `purpose` is what was given with it. */
export interface Requester<Purpose> {
  onOutcome(purpose: Purpose, outcome: Outcome, now: Millis): void;
  /** A NOTIFY made the dialog of a SUBSCRIBE before its answer came: answer it, and take or drop its dialog. */
  onOpening?(purpose: Purpose, request: IncomingRequest, now: Millis): void;
}

/** Owns a dialog: gets the requests that come inside it. */
export interface DialogOwner {
  /** Configured domain of the partner that may speak in the dialog. */
  readonly partner: string;
  /** A 2xx of ours to `request` made the dialog. */
  onDialogMade?(request: RequestRef, dialog: DialogId, now: Millis): void;
  onDialogRequest(request: IncomingRequest, now: Millis): void;
  onConfirmed?(dialog: DialogId, now: Millis): void;
  /** The peer gave its INVITE up before our 2xx left: no dialog comes of it. */
  onCancelled?(request: RequestRef, now: Millis): void;
  /** The dialog is gone without a word from the peer: no ACK came, or the engine lost it. */
  onDialogLost(dialog: DialogId, now: Millis): void;
}

interface Pending {
  readonly requester: Requester<unknown>;
  readonly purpose: unknown;
}

/** The translator's end of the user-agent port: remembers who asked for what, and hands events to the right one. */
export class SipSide {
  private readonly emit: (command: EngineCommand) => void;
  private readonly pending = new PlaceMap<Pending>();
  private readonly dialogs = new Map<DialogId, DialogOwner>();
  private readonly answered = new PlaceMap<DialogOwner>();
  private readonly touch: (owner: object) => void;
  private serial = 0;

  /** @param touch told whom each event was handed to. */
  constructor(emit: (command: EngineCommand) => void, touch: (owner: object) => void) {
    this.emit = emit;
    this.touch = touch;
  }

  /** Everything that is under way or held: zero when nothing is. */
  get size(): number {
    return this.pending.size + this.dialogs.size + this.answered.size;
  }

  open<P>(
    requester: Requester<P>,
    purpose: P,
    request: { method: "INVITE" | "SUBSCRIBE"; from: Party; to: Party; headers?: HeaderFields; body?: Body },
  ): CommandRef {
    const ref = this.remember(requester, purpose);
    this.emit({ kind: "open", ref, ...request });
    return ref;
  }

  /** A request outside dialogs that makes none. */
  request<P>(
    requester: Requester<P>,
    purpose: P,
    request: {
      method: string;
      from: Party;
      to: Party;
      headers?: HeaderFields;
      body?: Body;
      call?: CallPosition;
      maxBytes?: number;
    },
  ): CommandRef {
    const ref = this.remember(requester, purpose);
    this.emit({ kind: "request", ref, ...request });
    return ref;
  }

  inDialog<P>(
    requester: Requester<P>,
    purpose: P,
    dialog: DialogId,
    method: string,
    headers?: HeaderFields,
    body?: Body,
  ): CommandRef {
    const ref = this.remember(requester, purpose);
    this.emit({ kind: "dialog-request", ref, dialog, method, headers, body });
    return ref;
  }

  cancel(ref: CommandRef): void {
    this.emit({ kind: "cancel", ref });
  }

  answer(
    request: RequestRef,
    status: number,
    extra: { reason?: string | undefined; headers?: HeaderFields | undefined; body?: Body } = {},
  ): void {
    this.emit({ kind: "answer", request, status, ...extra });
  }

  /** Answers with a 2xx that makes a dialog, and gives the dialog to `owner`. */
  accept(
    owner: DialogOwner,
    request: RequestRef,
    status: number,
    extra: { headers?: HeaderFields; body?: Body } = {},
  ): void {
    this.answered.set(request, owner);
    this.emit({ kind: "answer", request, status, ...extra });
  }

  own(dialog: DialogId, owner: DialogOwner): void {
    this.dialogs.set(dialog, owner);
  }

  /** Forgets a dialog of an owner's. */
  drop(dialog: DialogId): void {
    if (this.dialogs.delete(dialog)) this.disown(dialog);
  }

  /** Tells the engine that nobody wants a dialog that it has made. */
  disown(dialog: DialogId): void {
    this.emit({ kind: "drop", dialog });
  }

  /** Hands an event on. Returns false for a request outside dialogs, which is the caller's to route. */
  dispatch(event: EngineEvent, now: Millis): boolean {
    switch (event.kind) {
      case "request":
        return this.dispatchRequest(event, now);
      case "outcome":
        this.settle(event.ref, event.outcome, now);
        return true;
      case "provisional":
        return true;
      case "dialog-made":
        this.onDialogMade(event.request, event.dialog, now);
        return true;
      case "confirmed": {
        const owner = this.dialogs.get(event.dialog);
        if (!owner) return true;
        this.touch(owner);
        owner.onConfirmed?.(event.dialog, now);
        return true;
      }
      case "unconfirmed":
        this.lose(event.dialog, now);
        return true;
      case "dialogs-lost":
        for (const dialog of event.dialogs) this.lose(dialog, now);
        return true;
      case "cancelled": {
        const owner = this.answered.get(event.request);
        this.answered.delete(event.request);
        if (!owner) return true;
        this.touch(owner);
        owner.onCancelled?.(event.request, now);
        return true;
      }
    }
  }

  private dispatchRequest(event: IncomingRequest, now: Millis): boolean {
    if (event.dialog === undefined) return false;
    const owner = this.dialogs.get(event.dialog);
    if (owner) this.toOwner(owner, event, now);
    else if (!this.toOpener(event, now)) {
      this.answer(event.request, 481);
      // It was made for a request of ours that waits no more.
      if (event.opening !== undefined) this.disown(event.dialog);
    }
    return true;
  }

  /** Design law 3: knowing the tags of a dialog is not enough to speak in it (EV-28). */
  private toOwner(owner: DialogOwner, event: IncomingRequest, now: Millis): void {
    if (owner.partner !== event.verified.partner) {
      this.answer(event.request, 403);
      return;
    }
    this.touch(owner);
    owner.onDialogRequest(event, now);
  }

  private toOpener(event: IncomingRequest, now: Millis): boolean {
    const opener = event.opening === undefined ? undefined : this.pending.get(event.opening);
    if (!opener?.requester.onOpening) return false;
    this.touch(opener.requester);
    opener.requester.onOpening(opener.purpose, event, now);
    return true;
  }

  private onDialogMade(request: RequestRef, dialog: DialogId, now: Millis): void {
    const owner = this.answered.get(request);
    this.answered.delete(request);
    if (!owner) {
      this.disown(dialog);
      return;
    }
    this.dialogs.set(dialog, owner);
    this.touch(owner);
    owner.onDialogMade?.(request, dialog, now);
  }

  private remember<P>(requester: Requester<P>, purpose: P): CommandRef {
    this.serial += 1;
    const ref = `t${this.serial.toString(36)}`;
    this.pending.set(ref, { requester: requester as Requester<unknown>, purpose });
    return ref;
  }

  private settle(ref: CommandRef, outcome: Outcome, now: Millis): void {
    const pending = this.pending.get(ref);
    if (!pending) return;
    this.pending.delete(ref);
    this.touch(pending.requester);
    pending.requester.onOutcome(pending.purpose, outcome, now);
  }

  private lose(dialog: DialogId, now: Millis): void {
    const owner = this.dialogs.get(dialog);
    this.dialogs.delete(dialog);
    if (!owner) return;
    this.touch(owner);
    owner.onDialogLost(dialog, now);
  }
}
