export { cureForInside } from "../trust/inside-cures.ts";
export { DIAL_BUDGET_MS, Dialler, type DiallerOptions, type FailedDial } from "./dialler.ts";
export type { DriverObservation } from "./driver-observation.ts";
export { DEFAULT_TICK_MS, EdgeDriver, type EdgeDriverOptions } from "./edge-driver.ts";
export {
  INSIDE_HANDSHAKE_MS,
  InsideLegs,
  type InsideOptions,
  isFrom,
  isNamed,
  MAX_INSIDE_CONNECTIONS,
  plainAddress,
} from "./inside-legs.ts";
export {
  DEFAULT_SIP_TLS_PORT,
  type Locate,
  type Location,
  Locator,
  type LocatorOptions,
  MAX_TARGETS,
} from "./locate.ts";
export { type NameService, type NaptrRecord, systemNames } from "./name-service.ts";
export { type ConnectionView, DEFAULT_PARTNER_LIMITS, EDGE_IDLE_MS, type PartnerLimits } from "./roster.ts";
export { type EdgeTls, type PartnerTrust, TrustStore } from "./trust-store.ts";
