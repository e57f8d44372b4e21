export {
  AccessEdge,
  type AccessEdgeOptions,
  startAccessEdge,
} from "./access-edge/access-edge.ts";
export type { InvitePolicy, ScriptedAnswer } from "./access-edge/answers.ts";
export { Refused } from "./access-edge/exchange.ts";
export { describeViolation, FAULTS, type FaultId, type Violation } from "./access-edge/faults.ts";
export type { Conversation, SeenIm } from "./access-edge/im.ts";
export type { PartnerAddress } from "./access-edge/network.ts";
export type { SeenNotify, Watcher, Watching } from "./access-edge/presence.ts";
export type { LyncState, SeenPresence, ShownState } from "./access-edge/presence-body.ts";
export { openRaw, type RawConnection, type RawOptions } from "./access-edge/raw-connection.ts";
export type { Seen } from "./access-edge/seen.ts";
export type { Style } from "./access-edge/stamps.ts";
export {
  headerOf,
  headersOf,
  listOf,
  methodOf,
  statusOf,
  type WireMessage,
  WireReader,
} from "./access-edge/wire.ts";
export {
  type Clocked,
  countingIds,
  MAX_WAKEUPS_PER_INSTANT,
  seededRandom,
  VirtualClock,
  type WakeUp,
} from "./clock.ts";
export { startEjabberd } from "./ejabberd.ts";
export { type FaultReport, type FaultRunOptions, faultTable, runFaults } from "./faults/fault-run.ts";
export { type Finch, type FinchOptions, startFinch } from "./finch.ts";
export { freePorts } from "./free-ports.ts";
export { DEFAULT_WAIT_MS, Journal, type WaitOptions } from "./journal.ts";
export { type KamailioPresence, type KamailioPresenceOptions, startKamailioPresence } from "./kamailio.ts";
export { type KamailioHomeOptions, startKamailioHome } from "./kamailio-home.ts";
export { type KamailioPartnerOptions, startKamailioPartner } from "./kamailio-partner.ts";
export {
  ALICE,
  BOB,
  type ExtraPartner,
  type Lab,
  type LabOptions,
  type LogLine,
  PASSWORD,
  SIP_DOMAIN,
  startLab,
  startTombolo,
  XMPP_DOMAIN,
  type XmppServerName,
} from "./lab.ts";
export { type DnsAnswer, type DnsRecord, NameServer } from "./name-server.ts";
export { type OcsHome, type OcsHomeOptions, startOcsHome } from "./ocs-home.ts";
export {
  type Authority,
  type CertificateRequest,
  type Credentials,
  createAuthority,
  type ExtendedKeyUsage,
  issueSelfSigned,
  type PkiFiles,
  type SignatureHash,
  writePki,
} from "./pki.ts";
export { type Prosody, type ProsodyOptions, startProsody } from "./prosody.ts";
export { type RealProcess, type ServerCommand, startServer } from "./real-process.ts";
export { createRevocationList, type RevocationListOptions } from "./revocation-list.ts";
export { type Sipp, type SippOptions, type SippResult, startSipp } from "./sipp.ts";
export { type Stunnel, type StunnelOptions, startStunnel } from "./stunnel.ts";
export {
  ALL_MODES,
  type ReplayMode,
  type ReplayOptions,
  runTranscript,
  TranscriptMismatch,
  type World,
} from "./transcript.ts";
export { parseTranscript, type SipStep, type Step, type Transcript } from "./transcript-parse.ts";
export { type Show, XmppClient, type XmppClientOptions } from "./xmpp-client.ts";
export type { XmppServer, XmppServerOptions } from "./xmpp-server.ts";
