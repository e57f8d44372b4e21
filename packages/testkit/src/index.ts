export {
  type Clocked,
  countingIds,
  MAX_WAKEUPS_PER_INSTANT,
  seededRandom,
  VirtualClock,
  type WakeUp,
} from "./clock.ts";
export { freePorts } from "./free-ports.ts";
export { DEFAULT_WAIT_MS, Journal, type WaitOptions } from "./journal.ts";
export {
  type Authority,
  type CertificateRequest,
  type Credentials,
  createAuthority,
  type ExtendedKeyUsage,
  type PkiFiles,
  writePki,
} from "./pki.ts";
export { type Prosody, type ProsodyOptions, startProsody } from "./prosody.ts";
export { ALL_MODES, type ReplayMode, runTranscript, TranscriptMismatch, type World } from "./transcript.ts";
export { parseTranscript, type Step, type Transcript } from "./transcript-parse.ts";
export { type Show, XmppClient, type XmppClientOptions } from "./xmpp-client.ts";
