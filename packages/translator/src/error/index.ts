export {
  LOCAL_ERRORS,
  type LocalCondition,
  type LocalSipError,
  localSipStatus,
  localStanzaError,
} from "./local-condition.ts";
export {
  PRESENCE_ERROR_OUTCOMES,
  type PresenceErrorSwitches,
  presenceErrorToOutcome,
  type WatcherOutcome,
} from "./presence-error.ts";
export { MAX_REASON_PHRASE, reasonPhrase } from "./reason-phrase.ts";
export {
  BLOCKED_CONTENT_WARNING,
  SIP_STATUS_ERRORS,
  type SipErrorContext,
  type SipErrorRowId,
  type StanzaErrorFromSip,
  sipStatusToStanzaError,
} from "./sip-to-stanza.ts";
export {
  STANZA_CONDITIONS,
  type StanzaCondition,
  type StanzaError,
  type StanzaErrorType,
  stanzaCondition,
} from "./stanza-condition.ts";
export {
  type ErrorSwitches,
  type NeededHeader,
  type SipError,
  STANZA_ERROR_STATUSES,
  type StanzaErrorContext,
  type StanzaErrorRowId,
  stanzaErrorToSipStatus,
} from "./stanza-to-sip.ts";
