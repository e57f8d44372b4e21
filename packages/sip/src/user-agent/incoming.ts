import type { Dialog } from "../dialog/dialog.ts";
import type { SipMessage } from "../message/message.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { RequestRef, VerifiedPeer } from "./port.ts";

/** A request of a peer that waits for the translator's answer. */
export class Incoming {
  readonly ref: RequestRef;
  readonly transaction: ServerTransaction<Incoming>;
  readonly request: SipMessage;
  readonly verified: VerifiedPeer;
  /** The dialog it came in. */
  readonly dialog: Dialog | undefined;
  /** Its 2xx makes a dialog, for which a place is kept. */
  readonly formsDialog: boolean;
  /** Its 2xx makes a dialog on the peer's side, which learns the route set from it. */
  readonly echoesRoutes: boolean;
  /** The tag of all our answers to it, once there is one. */
  toTag: string | undefined = undefined;

  constructor(
    ref: RequestRef,
    transaction: ServerTransaction<Incoming>,
    request: SipMessage,
    verified: VerifiedPeer,
    place: {
      readonly dialog: Dialog | undefined;
      readonly formsDialog: boolean;
      readonly echoesRoutes: boolean;
    },
  ) {
    this.ref = ref;
    this.transaction = transaction;
    this.request = request;
    this.verified = verified;
    this.dialog = place.dialog;
    this.formsDialog = place.formsDialog;
    this.echoesRoutes = place.echoesRoutes;
  }
}
