import type { Dialog } from "../dialog/dialog.ts";
import type { SipMessage } from "../message/message.ts";
import type { CommandRef } from "./port.ts";

/** What a request of ours is for. `own`: the engine's CANCEL or BYE, which nobody asked for and nobody is told of. */
export type Purpose = "open" | "request" | "dialog-request" | "own";

/** A request of ours from the command to its one outcome, and for an INVITE on to the last copy of its 2xx. */
export class Outgoing {
  readonly purpose: Purpose;
  /** Undefined exactly for `own`. */
  readonly ref: CommandRef | undefined;
  /** The dialog it is sent in. */
  readonly dialog: Dialog | undefined;
  isSettled = false;
  /** An INVITE is to be cancelled: at once, or as soon as something provisional comes (RFC 3261 9.1). */
  cancel: "no" | "wanted" | "sent" = "no";
  /** The ACK for each fork of an INVITE by To tag, for copies of its 2xx (RFC 3261 13.2.2.4). */
  acks: Map<string, SipMessage> | undefined = undefined;
  /** Under which a NOTIFY finds the SUBSCRIBE that it answers. */
  openingKey: string | undefined = undefined;
  /** The dialog that a NOTIFY made before the 2xx came. */
  opened: Dialog | undefined = undefined;
  /** Whether that NOTIFY had a Contact of its own: the 2xx's adds nothing then. */
  openedWith: { readonly contact: boolean } | undefined = undefined;

  constructor(purpose: Purpose, ref: CommandRef | undefined, dialog?: Dialog) {
    this.purpose = purpose;
    this.ref = ref;
    this.dialog = dialog;
  }
}
