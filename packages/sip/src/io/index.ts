export { leadsToRoot, MAX_CHAIN, readCertificates } from "./certificate-chain.ts";
export { certificateNames, type NamedCertificate } from "./certificate-names.ts";
export {
  type BrokenFrame,
  type CloseReason,
  type ConnectionLimits,
  type ConnectionOptions,
  type ConnectionOwner,
  DEFAULT_CONNECTION_LIMITS,
  SipConnection,
} from "./connection.ts";
export {
  Connector,
  DEFAULT_DIAL_MS,
  type DialFailure,
  type DialResult,
  type DialTarget,
} from "./connector.ts";
export {
  errorCode,
  type HandshakeOutcome,
  handshakeOutcome,
  TLS_OPTIONS,
  type TlsCredentials,
} from "./handshake.ts";
export { latin1 } from "./latin1.ts";
export {
  DEFAULT_LISTENER_LIMITS,
  type ListenerLimits,
  type ListenerOptions,
  type ListenerOwner,
  refuse,
  SipListener,
} from "./listener.ts";
export { type CertificateProblem, type PeerJudgement, readTlsPeer, type TlsPeer } from "./tls-peer.ts";
