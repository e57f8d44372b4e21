export { ACTIVITY_WORDS, activityWords } from "./activity-words.ts";
export {
  type AvailabilityAnswer,
  type AvailabilityOverrides,
  type AvailabilityQuestion,
  checkOverrides,
  joinStatusText,
  KEEP_AWAY_IN_A_MEETING,
  mapAvailability,
  type NoAvailabilityTable,
} from "./availability.ts";
export {
  AVAILABILITY_FALLBACKS,
  type AvailabilityFallback,
  type AvailabilityFallbackId,
  SHOWN_STATES,
} from "./availability-fallback.ts";
export {
  type AvailabilityRoute,
  availabilityRoute,
  BORROWED_COLUMNS,
} from "./availability-routes.ts";
export type { AvailabilityRow, AvailabilityTable, SourceCell, TargetCell } from "./availability-table.ts";
export {
  AVAILABILITY_TABLES,
  type AvailabilityRowId,
  type ListedCell,
  type ListedRow,
  type ListedTable,
  listTables,
} from "./availability-tables.ts";
export { mapAcross, TRANSIT_SYSTEM, type TransitAnswer } from "./availability-transit.ts";
export { AVAILABILITY_NAMES, availabilityNamed } from "./availability-words.ts";
export {
  ACTIVITY_CLASSES,
  AVAILABILITY_BANDS,
  type BandVariants,
  type ReadNumber,
  readActivityClass,
  readAvailabilityNumber,
  TOKEN_REFINEMENTS,
} from "./numeric-availability.ts";
export {
  ACTIVITY_PRECEDENCE,
  PIDF_READING,
  PIDF_WRITING,
  type PidfDialect,
  type ReadPidf,
  readPidf,
  type WrittenPidf,
  writePidf,
} from "./pidf-activity.ts";
export { type PresenceReadingRules, type ReadPresence, readPresence } from "./presence-reading.ts";
export { NOBODY_TUPLE_ID, type ResourceState, resourceTuples, type TupleRules } from "./resource-tuples.ts";
export { isStyleName, STYLES, type StyleName, styledOverrides, type TableStyle } from "./styles.ts";
export {
  AVAILABILITIES,
  type Availability,
  isAvailability,
  isSystemKey,
  SYSTEMS,
  type SystemKey,
  type TableId,
} from "./system.ts";
export { MAX_TUPLE_ID_LENGTH, tupleId, tupleResource } from "./tuple-id.ts";
export {
  isShow,
  type ReadXmppPresence,
  readXmppPresence,
  readXmppText,
  type Show,
  writeXmppPresence,
  XMPP_READING,
  XMPP_TEXTS,
  XMPP_WRITING,
  type XmppPresence,
} from "./xmpp-presence.ts";
export { contactPriority, MAX_XMPP_PRIORITY, xmppPriority } from "./xmpp-priority.ts";
