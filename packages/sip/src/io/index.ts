export { isWeak, leadsToRoot, MAX_CHAIN, pathToRoot, readCertificates } from "./certificate-chain.ts";
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
  type DialOptions,
  type DialResult,
  type DialTarget,
} from "./connector.ts";
export {
  errorCode,
  type HandshakeOutcome,
  handshakeOutcome,
  isLegacyVersion,
  type TlsCredentials,
  type TlsFloor,
  tlsOptions,
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
export {
  DEFAULT_LIVENESS_LIMITS,
  Liveness,
  type LivenessLimits,
  type LivenessVerdict,
  STALL_MS,
} from "./liveness.ts";
export {
  isRevoked,
  MAX_LISTS,
  type RevocationList,
  RevocationListError,
  readRevocationLists,
} from "./revocation-list.ts";
export { type CertificateProblem, type PeerJudgement, readTlsPeer, type TlsPeer } from "./tls-peer.ts";
