/** The INVITE transaction of a proxy on reliable transports, both its sides at once (RFC 3261 16.7-16.10, RFC 6026). */

export type InviteState =
  /** For a connection to the partner. */
  | "waiting"
  /** Sent; nothing came back. */
  | "trying"
  /** As `trying`, and a CANCEL came that has to wait for a provisional answer (RFC 3261 9.1). */
  | "holding"
  | "proceeding"
  /** The CANCEL has gone on. */
  | "cancelled"
  /** A 2xx went back; more of them may follow. */
  | "accepted"
  /** A final answer other than 2xx went back; its ACK is to come. */
  | "completed";

export type InviteEvent =
  /** 100 */
  | "hundred"
  /** 101-199 */
  | "provisional"
  | "success"
  | "failure"
  | "cancel"
  | "timeout"
  /** The connection it went out on is closed. */
  | "lost";

export type InviteAct =
  | "nothing"
  | "relay"
  | "relay-and-ack"
  | "relay-and-cancel"
  | "ack"
  | "cancel"
  | "answer-408"
  | "answer-487"
  | "answer-504"
  | "forget";

export interface Step {
  readonly act: InviteAct;
  readonly to: InviteState;
}

const stay = (to: InviteState): Step => ({ act: "nothing", to });

export const INVITE_TABLE = {
  waiting: {
    hundred: stay("waiting"),
    provisional: stay("waiting"),
    success: stay("waiting"),
    failure: stay("waiting"),
    cancel: { act: "answer-487", to: "completed" },
    timeout: { act: "answer-504", to: "completed" },
    lost: stay("waiting"),
  },
  trying: {
    hundred: stay("proceeding"),
    provisional: { act: "relay", to: "proceeding" },
    success: { act: "relay", to: "accepted" },
    failure: { act: "relay-and-ack", to: "completed" },
    cancel: stay("holding"),
    timeout: { act: "answer-408", to: "completed" },
    lost: { act: "answer-504", to: "completed" },
  },
  holding: {
    hundred: { act: "cancel", to: "cancelled" },
    provisional: { act: "relay-and-cancel", to: "cancelled" },
    success: { act: "relay", to: "accepted" },
    failure: { act: "relay-and-ack", to: "completed" },
    cancel: stay("holding"),
    timeout: { act: "answer-487", to: "completed" },
    lost: { act: "answer-487", to: "completed" },
  },
  proceeding: {
    hundred: stay("proceeding"),
    provisional: { act: "relay", to: "proceeding" },
    success: { act: "relay", to: "accepted" },
    failure: { act: "relay-and-ack", to: "completed" },
    cancel: { act: "cancel", to: "cancelled" },
    // RFC 3261 16.8
    timeout: { act: "cancel", to: "cancelled" },
    // The final answer may come over another connection (RFC 3261 18.1.1).
    lost: stay("proceeding"),
  },
  cancelled: {
    hundred: stay("cancelled"),
    provisional: stay("cancelled"),
    success: { act: "relay", to: "accepted" },
    failure: { act: "relay-and-ack", to: "completed" },
    cancel: stay("cancelled"),
    timeout: { act: "answer-408", to: "completed" },
    lost: { act: "answer-487", to: "completed" },
  },
  accepted: {
    hundred: stay("accepted"),
    provisional: stay("accepted"),
    // Retransmissions by the UAS, and forks (RFC 6026 7.2)
    success: { act: "relay", to: "accepted" },
    failure: stay("accepted"),
    cancel: stay("accepted"),
    timeout: { act: "forget", to: "accepted" },
    lost: stay("accepted"),
  },
  completed: {
    hundred: stay("completed"),
    provisional: stay("completed"),
    success: stay("completed"),
    failure: { act: "ack", to: "completed" },
    cancel: stay("completed"),
    timeout: { act: "forget", to: "completed" },
    lost: stay("completed"),
  },
} as const satisfies Record<InviteState, Record<InviteEvent, Step>>;

/** How long a state lasts: 64*T1, timer C where the called user may take its time, 64*T1 as one that is answered. */
export type Life = "short" | "ringing" | "answered";

/** RFC 3261 16.6 step 11, 17.2.1; RFC 6026 7.1 */
export const INVITE_LIFE = {
  waiting: "short",
  trying: "short",
  holding: "short",
  proceeding: "ringing",
  cancelled: "short",
  accepted: "answered",
  completed: "answered",
} as const satisfies Record<InviteState, Life>;
