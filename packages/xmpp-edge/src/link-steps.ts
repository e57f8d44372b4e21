import type { LinkInput } from "./link-events.ts";

/**
 * `idle`: not started, or stopped. `dialing`: connecting, up to the handshake's answer. `up`: stanzas flow.
 * `waiting`: for the next try.
 */
export type LinkState = "idle" | "dialing" | "up" | "waiting";

/** What a link does with an input. `refuse`, `queue` and `submit` are the fates of a stanza to be sent. */
export type LinkStep =
  | "ignore"
  | "dial"
  | "refuse"
  | "queue"
  | "submit"
  | "come-up"
  | "fail"
  | "receive"
  | "hold-back"
  | "resume"
  | "stop";

const IGNORE_ALL = {
  start: "ignore",
  send: "queue",
  opened: "ignore",
  closed: "ignore",
  received: "ignore",
  congested: "ignore",
  drained: "ignore",
  stop: "stop",
} as const;

/** The link's transitions; those of time are in `Link.timeout`. */
export const LINK_STEPS = {
  idle: { ...IGNORE_ALL, start: "dial", send: "refuse", stop: "ignore" },
  // What comes while no stream is open comes on one that was given up.
  dialing: { ...IGNORE_ALL, opened: "come-up", closed: "fail", received: "receive" },
  up: {
    start: "ignore",
    send: "submit",
    opened: "ignore",
    closed: "fail",
    received: "receive",
    congested: "hold-back",
    drained: "resume",
    stop: "stop",
  },
  waiting: { ...IGNORE_ALL, received: "receive" },
} as const satisfies Record<LinkState, Record<LinkInput["kind"], LinkStep>>;
