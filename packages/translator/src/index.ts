export {
  type BareJid,
  bareJid,
  bareOf,
  type Domain,
  escapeLocalpart,
  formatJid,
  type Jid,
  type JidMapping,
  jidToSipUri,
  MAX_DOMAIN_OCTETS,
  MAX_LABEL_OCTETS,
  MAX_PART_OCTETS,
  parseDomain,
  parseJid,
  prepareResource,
  type SipUriFault,
  type SipUriMapping,
  type SipUriOptions,
  sipUriToJid,
  unescapeLocalpart,
} from "./address/index.ts";
export { DeadlineQueue, NOT_QUEUED, type Sleeper } from "./deadline-queue.ts";
export {
  BLOCKED_CONTENT_WARNING,
  type ErrorSwitches,
  LOCAL_ERRORS,
  type LocalCondition,
  type LocalSipError,
  localSipStatus,
  localStanzaError,
  MAX_REASON_PHRASE,
  type NeededHeader,
  PRESENCE_ERROR_OUTCOMES,
  type PresenceErrorSwitches,
  presenceErrorToOutcome,
  reasonPhrase,
  SIP_STATUS_ERRORS,
  type SipError,
  type SipErrorContext,
  type SipErrorRowId,
  STANZA_CONDITIONS,
  STANZA_ERROR_STATUSES,
  type StanzaCondition,
  type StanzaError,
  type StanzaErrorContext,
  type StanzaErrorFromSip,
  type StanzaErrorRowId,
  type StanzaErrorType,
  sipStatusToStanzaError,
  stanzaCondition,
  stanzaErrorToSipStatus,
  type WatcherOutcome,
} from "./error/index.ts";
export { type ConversationSettings, DEFAULT_CONVERSATION_SETTINGS } from "./im/context.ts";
export { type Books, type Fates, type Imbalance, Ledger } from "./im/ledger.ts";
export { type UserFeatures, userFeatures } from "./im/user-features.ts";
export type {
  Kept,
  KeptAuthorization,
  KeptDialog,
  KeptPresence,
  KeptResource,
  KeptText,
  PairParts,
  TextFailure,
  WatcherSide,
} from "./kept.ts";
export type { KeptPublication, KeptPublicationOf } from "./kept-publication.ts";
export { DIRECTIONS, type Direction, type Observation } from "./observation.ts";
export type { Pair } from "./pair.ts";
export { MAX_PAIRS } from "./pair-book.ts";
export type { PairLegs } from "./pair-legs.ts";
export {
  type Compat,
  type ImDialect,
  type PeerProfile,
  PROFILES,
  type PresenceProfile,
  type ProfileName,
  profileByName,
  type ServerLink,
  type SipDialect,
} from "./peers/index.ts";
export type { DomainPolicy } from "./policy/domains.ts";
export { MAX_RULES, parsePeer, type Rule, type RuleAction } from "./policy/rules.ts";
export { DEFAULT_PUBLICATION_SETTINGS, type PublicationSettings } from "./presence/publication-settings.ts";
export { DEFAULT_SIP_WATCHER_SETTINGS, type SipWatcherSettings } from "./presence/sip-watcher-context.ts";
export type { DialogView, SipWatchView, XmppWatchView } from "./presence/views.ts";
export { DEFAULT_XMPP_WATCHER_SETTINGS, type XmppWatcherSettings } from "./presence/xmpp-watcher-context.ts";
export type { Partner, TranslatorSettings } from "./settings.ts";
export {
  ACTIVITY_PRECEDENCE,
  AVAILABILITIES,
  AVAILABILITY_FALLBACKS,
  AVAILABILITY_TABLES,
  type Availability,
  type AvailabilityAnswer,
  type AvailabilityFallback,
  type AvailabilityFallbackId,
  type AvailabilityOverrides,
  type AvailabilityQuestion,
  type AvailabilityRoute,
  type AvailabilityRow,
  type AvailabilityRowId,
  type AvailabilityTable,
  availabilityRoute,
  BORROWED_COLUMNS,
  checkOverrides,
  isAvailability,
  isShow,
  isSystemKey,
  joinStatusText,
  KEEP_AWAY_IN_A_MEETING,
  type ListedCell,
  type ListedRow,
  type ListedTable,
  listTables,
  mapAvailability,
  type NoAvailabilityTable,
  PIDF_READING,
  PIDF_WRITING,
  type PidfDialect,
  type ReadPidf,
  type ReadXmppPresence,
  readPidf,
  readXmppPresence,
  SHOWN_STATES,
  type Show,
  type SourceCell,
  SYSTEMS,
  type SystemKey,
  type TableId,
  type TargetCell,
  type WrittenPidf,
  writePidf,
  writeXmppPresence,
  XMPP_READING,
  XMPP_WRITING,
  type XmppPresence,
} from "./tables/index.ts";
export { Translator } from "./translator.ts";
export type { TranslatorInput, TranslatorOutput } from "./translator-port.ts";
