export { MAX_REMEMBERED } from "./admission/private-headers.ts";
export { Edge, type EdgeOptions, STILLBORN_MS } from "./edge.ts";
export type {
  DialFailure,
  Direction,
  DropReason,
  EdgeInput,
  EdgeObservation,
  EdgeOutput,
} from "./edge-events.ts";
export { RINGING_LIFE_MS, SHORT_LIFE_MS } from "./routing/transaction.ts";
export {
  DEFAULT_EDGE_LIMITS,
  type EdgeLimits,
  type EdgeNode,
  type EdgePartner,
  type EdgeSettings,
  LOCAL_NODE,
} from "./settings.ts";
export { cureFor } from "./trust/cures.ts";
export { type ClientVerdict, judgeClient, nameOf, type PeerCertificate } from "./trust/judgement.ts";
