export { MAX_REMEMBERED } from "./admission/private-headers.ts";
export { Edge, type EdgeOptions } from "./edge.ts";
export type {
  DialFailure,
  Direction,
  DropReason,
  EdgeInput,
  EdgeObservation,
  EdgeOutput,
  Found,
  NodeHealth,
  NodeView,
} from "./edge-events.ts";
export { LANES, type Lane } from "./pacing/lane.ts";
export { DISCOVERED, MAX_LANE, MAX_PACED_MS, type PacingLimits, pacingOf } from "./pacing/limits.ts";
export { PACING_REPORT_MS } from "./pacing/pacer.ts";
export type { PacingRefusal } from "./pacing/shaper.ts";
export { TARGET_MEMORY_MS } from "./pacing/target-guard.ts";
export { UNSENT_HEADER } from "./routing/answers.ts";
export {
  DIALOG_ENDING_MS,
  DIALOG_SETUP_MS,
  MAX_SUBSCRIPTION_MS,
  SUBSCRIPTION_GRACE_MS,
} from "./routing/dialog-notes.ts";
export { DIALOG_SLOT_MS } from "./routing/dialog-table.ts";
export { PARTNER_BACK_HEADER, type PartnerBack, parsePartnerBack } from "./routing/partner-back.ts";
export { VERIFIED_HEADER } from "./routing/rewrite.ts";
export { STILLBORN_MS } from "./routing/stillborn.ts";
export { RINGING_LIFE_MS, SHORT_LIFE_MS } from "./routing/transaction.ts";
export { parseVerified, verifiedText } from "./routing/verified.ts";
export {
  DEFAULT_EDGE_LIMITS,
  type EdgeLimits,
  type EdgeNode,
  type EdgePartner,
  type EdgeSettings,
  type InsideFace,
  LOCAL_NODE,
  type NewDialogs,
  type NodeTarget,
} from "./settings.ts";
export { cureFor } from "./trust/cures.ts";
export { type ClientVerdict, judgeClient, nameOf, type PeerCertificate } from "./trust/judgement.ts";
