export { type CSeq, parseCSeq } from "./header/cseq.ts";
export { splitList } from "./header/list.ts";
export { formatParams, hasParam, type Params, param, parseParams, quote, unquote } from "./header/params.ts";
export { MAGIC_COOKIE, parseVia, type Via } from "./header/via.ts";
export type { Deadline, IdSource, Machine, Millis } from "./machine.ts";
export { type Body, buildRequest, buildResponse, type HeaderFields } from "./message/build.ts";
export { MessageDraft } from "./message/draft.ts";
export { type Frame, type Latin1, StreamFramer } from "./message/framing.ts";
export {
  canonicalHeader,
  type HeaderName,
  isToken,
  type KnownHeader,
  sameHeader,
} from "./message/header-names.ts";
export { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from "./message/limits.ts";
export { NO_BODY, SipMessage, type StartLine } from "./message/message.ts";
export { type ParsedHead, parseHead } from "./message/parse.ts";
export { reasonPhrase } from "./message/reason-phrase.ts";
export { serialize, serializeBytes, type WireMessage } from "./message/serialize.ts";
export { formatNameAddr, type NameAddr, parseNameAddr, tagOf } from "./uri/name-addr.ts";
export { addressOfRecord, isLooseRoute, parseSipUri, type SipUri, uriScheme } from "./uri/sip-uri.ts";
export type {
  CommandRef,
  DialogId,
  EngineCommand,
  EngineEvent,
  EngineTraits,
  Outcome,
  Party,
  RequestRef,
  VerifiedPeer,
} from "./user-agent/port.ts";
