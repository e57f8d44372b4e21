export type {
  Compat,
  ImDialect,
  PeerProfile,
  PresenceProfile,
  ProfileName,
  ServerLink,
  SipDialect,
} from "./profile.ts";
export { PROFILES, profileByName } from "./profiles.ts";
