import type { SipMessage } from "../message/message.ts";
import type { TransactionLayer } from "../transaction/layer.ts";
import type { DialogTable } from "./dialog-table.ts";
import type { Incoming } from "./incoming.ts";
import type { Outgoing } from "./outgoing.ts";
import type { EngineEvent } from "./port.ts";
import type { RequestWriter } from "./request-writer.ts";
import type { UserAgentLimits, UserAgentSettings } from "./settings.ts";

/** What the client core and the server core of one user agent share. */
export interface UserAgentCore {
  readonly settings: UserAgentSettings;
  readonly limits: UserAgentLimits;
  readonly writer: RequestWriter;
  readonly layer: TransactionLayer<Outgoing, Incoming>;
  readonly dialogs: DialogTable;
  /** Sends a message that belongs to no transaction: the ACK of a 2xx, a stateless answer. */
  transmit(message: SipMessage): void;
  emit(event: EngineEvent): void;
}
