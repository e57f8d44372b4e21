export { detach } from "./dialog/detach.ts";
export { Dialog, type DialogSnapshot, dialogId, resumed, SNAPSHOT_CSEQ_STEP } from "./dialog/dialog.ts";
export { Compositor, MAX_PUBLICATION_S, MAX_PUBLICATIONS, MIN_PUBLICATION_S } from "./event/compositor.ts";
export type {
  CompositorOutput,
  CompositorSettings,
  Publication,
  Publish,
  PublishedBody,
} from "./event/compositor-port.ts";
export { formatDeltaSeconds, MAX_DELTA_SECONDS, parseDeltaSeconds } from "./event/expires.ts";
export {
  DEFAULT_EXPIRES_S,
  DEFAULT_NOTIFY_INTERVAL_MS,
  MAX_RETRY_INTERVAL_MS,
  Notifier,
} from "./event/notifier.ts";
export type {
  EndReason,
  NotificationEnded,
  NotifierInput,
  NotifierOutput,
  NotifierSettings,
} from "./event/notifier-port.ts";
export { PUBLISHER_REFUSAL_MS, Publisher } from "./event/publisher.ts";
export type {
  PublishAnswered,
  PublisherInput,
  PublisherOutput,
  PublisherSettings,
  PublishOperation,
} from "./event/publisher-port.ts";
export { MAX_EXPIRES_S, MIN_DIALOG_LIFE_MS, Subscriber, TIMER_N_MS } from "./event/subscriber.ts";
export type {
  Notified,
  SubscribeAnswered,
  SubscriberInput,
  SubscriberOutput,
  SubscriberSettings,
  SubscribeUnanswered,
  SubscriptionEnded,
} from "./event/subscriber-port.ts";
export {
  formatSubscriptionState,
  parseSubscriptionState,
  type SubscriptionState,
} from "./event/subscription-state.ts";
export type { PublicationStatus } from "./event/tables/compositor.ts";
export type { NotifierEvent, NotifierState } from "./event/tables/notifier.ts";
export type { PublisherState } from "./event/tables/publisher.ts";
export type { SubscriberEvent, SubscriberState } from "./event/tables/subscriber.ts";
export {
  DEFAULT_RETRY_AFTER_MS,
  MAX_RETRY_AFTER_MS,
  type TerminationReason,
} from "./event/tables/subscription-end.ts";
export { type CSeq, parseCSeq } from "./header/cseq.ts";
export { splitFirst, splitList } from "./header/list.ts";
export { formatParams, hasParam, type Params, param, parseParams, quote, unquote } from "./header/params.ts";
export { formatSipDate, parseSipDate } from "./header/sip-date.ts";
export { isSentBy, MAGIC_COOKIE, parseVia, type Via } from "./header/via.ts";
export type { Deadline, IdSource, Machine, Millis } from "./machine.ts";
export { type Body, buildRequest, buildResponse, type HeaderFields } from "./message/build.ts";
export { type Defect, findDefect, MAX_MAX_FORWARDS } from "./message/defect.ts";
export { MessageDraft } from "./message/draft.ts";
export { type Frame, StreamFramer } from "./message/framing.ts";
export {
  canonicalHeader,
  type HeaderName,
  isToken,
  type KnownHeader,
  sameHeader,
} from "./message/header-names.ts";
export { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from "./message/limits.ts";
export { NO_BODY, SipMessage } from "./message/message.ts";
export type { Latin1 } from "./message/octets.ts";
export { type ParsedHead, parseHead } from "./message/parse.ts";
export { reasonPhrase } from "./message/reason-phrase.ts";
export {
  headEnd,
  serialize,
  serializeBytes,
  startText,
  type WireMessage,
  wireText,
} from "./message/serialize.ts";
export { parseStartLine, type StartLine, WRONG_VERSION } from "./message/start-line.ts";
export { fromWireText, toWireText } from "./message/wire-text.ts";
export { WrittenMessage } from "./message/written.ts";
export { Outbox } from "./outbox.ts";
export {
  type Composing,
  DEFAULT_COMPOSING_REFRESH_S,
  IS_COMPOSING_TYPE,
  KEYBOARD_ACTIVITY_TYPE,
  MAX_COMPOSING_REFRESH_S,
  readComposing,
  writeIsComposing,
  writeKeyboardActivity,
} from "./payload/composing.ts";
export {
  CPIM_TYPE,
  type CpimMessage,
  type CpimToWrite,
  type Disposition,
  readCpim,
  writeCpim,
} from "./payload/cpim.ts";
export { readFirstText } from "./payload/first-text.ts";
export { htmlToText, MAX_HTML_CHARS } from "./payload/html-text.ts";
export { IMDN_TYPE, type Imdn, readImdn, writeImdn } from "./payload/imdn.ts";
export { type MediaType, parseMediaType } from "./payload/media-type.ts";
export { type PidfReading, readPidf } from "./payload/pidf-read.ts";
export {
  type PidfDialect,
  type PidfToWrite,
  type PidfTuple,
  RPID_ACTIVITIES,
  writePidf,
} from "./payload/pidf-write.ts";
export { PRESENCE_MEDIA_TYPES, readPresenceBody } from "./payload/presence-body.ts";
export {
  type Basic,
  entityAddress,
  type PresenceDocument,
  type PresenceNote,
  type PresenceSummary,
  type PresenceTuple,
  summarise,
  type UserInput,
} from "./payload/presence-document.ts";
export type {
  PresenceBodyReading,
  PresenceBodySummary,
  PresenceForm,
} from "./payload/presence-statement.ts";
export { formatRfc3339, nextTimestamp, parseRfc3339 } from "./payload/rfc3339.ts";
export {
  acceptsType,
  type MessageDescription,
  type MessageSide,
  readMessageDescription,
  type SdpMedia,
  writeMessageAnswer,
  writeMessageOffer,
} from "./payload/sdp-message.ts";
export {
  cleanText,
  decodeTextBody,
  encodeTextBody,
  READABLE_TYPES,
  TEXT_CONTENT_TYPE,
  type TextReading,
  textBody,
} from "./payload/text-body.ts";
export { decodeTransfer } from "./payload/transfer-encoding.ts";
export { writtenBody } from "./payload/written-body.ts";
export {
  childrenNamed,
  readXml,
  type XmlFault,
  type XmlOptions,
  type XmlReading,
} from "./payload/xml.ts";
export type { XmlElement } from "./payload/xml-element.ts";
export { dropIllegalXml, escapeXmlAttribute, escapeXmlText } from "./payload/xml-text.ts";
export { PlaceMap } from "./place-map.ts";
export { formatNameAddr, type NameAddr, parseNameAddr, tagOf } from "./uri/name-addr.ts";
export { addressOfRecord, isLooseRoute, parseSipUri, type SipUri, uriScheme } from "./uri/sip-uri.ts";
export {
  type CallPosition,
  type CommandRef,
  type DialogId,
  type EngineCommand,
  type EngineEvent,
  type EngineTraits,
  type Outcome,
  type Party,
  type RequestRef,
  TOO_LARGE,
  type VerifiedPeer,
} from "./user-agent/port.ts";
export {
  ALLOW,
  ALLOWED_METHODS,
  DEFAULT_USER_AGENT_LIMITS,
  USER_AGENT_TRAITS,
  type UserAgentLimits,
  type UserAgentSettings,
} from "./user-agent/settings.ts";
export {
  UserAgent,
  type UserAgentCounts,
  type UserAgentInput,
  type UserAgentOutput,
} from "./user-agent/user-agent.ts";
