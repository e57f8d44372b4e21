import { OCS } from "./ocs.ts";
import type { PeerProfile } from "./profile.ts";

/** Microsoft Lync Server 2010 and 2013, Skype for Business Server: as their predecessor, with tables of their own. */
export const LYNC = {
  ...OCS,
  name: "lync",
  label: "Microsoft Lync Server 2010 and 2013, Skype for Business Server",
  system: "lync",
} as const satisfies PeerProfile;
