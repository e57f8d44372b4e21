import type { SipMessage } from "@tombolo/sip";
import type { PacingRefusal } from "./shaper.ts";

/** What the sender of a request that is not sent is told. */
export interface RefusalAnswer {
  readonly status: number;
  /** With Retry-After. */
  readonly isForLater: boolean;
}

const LATER: RefusalAnswer = { status: 480, isForLater: true };
/** In a dialog 480 would end the subscription or session (RFC 6665 4.2.2, RFC 5057 5.1), and all is well with it. */
const LATER_IN_DIALOG: RefusalAnswer = { status: 500, isForLater: true };
/** As where the partner does not answer in time; nothing that runs ends with it. */
const LATE: RefusalAnswer = { status: 504, isForLater: false };

/** Never 503, which would take the whole edge out of service (E4). An INVITE may be tried again by its user. */
export function refusalAnswer(reason: PacingRefusal, request: SipMessage): RefusalAnswer {
  const inDialog = request.toTag !== undefined;
  if (reason === "late" && (inDialog || request.method !== "INVITE")) return LATE;
  return inDialog ? LATER_IN_DIALOG : LATER;
}
