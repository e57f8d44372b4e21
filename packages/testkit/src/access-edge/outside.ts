import type { AnswerScript } from "./answers.ts";
import type { PeerDialog } from "./dialog.ts";
import type { Blame } from "./faults.ts";
import type { Link } from "./link.ts";
import type { HeaderList, Home, Style } from "./stamps.ts";
import type { WireMessage } from "./wire.ts";

export interface RequestInDialog {
  readonly method: string;
  readonly headers?: HeaderList;
  readonly body?: string;
  readonly timeoutMs?: number | undefined;
}

export interface FirstRequest {
  readonly method: string;
  /** Address of record, `sip:user@host`; also the request-URI. */
  readonly to: string;
  readonly headers?: HeaderList;
  readonly body?: string;
  readonly timeoutMs?: number | undefined;
  readonly provisional?: ((response: WireMessage) => void) | undefined;
  /** Called with the new dialog before anything is sent, for requests that may overtake their answer. */
  readonly began?: (dialog: PeerDialog) => void;
}

/** What the presence and IM halves of the simulated side need of its front. */
export interface Outside {
  readonly home: Home;
  readonly style: Style;
  readonly blame: Blame;
  readonly script: AnswerScript;
  /** Sends a request that makes a dialog; the dialog is confirmed when the final response is a 2xx. */
  open(request: FirstRequest): Promise<{ dialog: PeerDialog; request: WireMessage; response: WireMessage }>;
  /** A request in a dialog; resolves with its final response. */
  ask(dialog: PeerDialog, request: RequestInDialog): Promise<WireMessage>;
  /** A request that gets no answer: ACK, BENOTIFY. */
  tell(dialog: PeerDialog, request: RequestInDialog & { readonly cseq?: number }): void;
  /** A dialog that a request of the partner makes, with our tag; it knows its Record-Routes. */
  accept(request: WireMessage): PeerDialog;
  /** Answers; `dialog` gives To its tag and epid. */
  respond(
    to: WireMessage,
    link: Link,
    answer: { code: number; reason?: string; headers?: HeaderList; body?: string },
    dialog?: PeerDialog,
  ): void;
  /** Runs later unless stopped before. */
  later(ms: number, action: () => void): void;
}
