import type { IdSource } from "@tombolo/sip";
import type { EmailScreenNames } from "./address/index.ts";
import type { ConversationSettings } from "./im/context.ts";
import type { PeerProfile } from "./peers/profile.ts";
import type { DomainPolicy } from "./policy/domains.ts";
import type { PublicationSettings } from "./presence/publication-settings.ts";
import type { SipWatcherSettings } from "./presence/sip-watcher-context.ts";
import type { XmppWatcherSettings } from "./presence/xmpp-watcher-context.ts";
import type { AvailabilityOverrides } from "./tables/availability.ts";
import type { SystemKey } from "./tables/system.ts";

export interface Partner {
  /** SIP domain as configured, in either form (RFC 5890 2.3.2.1): also the component's domain and the metrics' label. */
  readonly domain: string;
  readonly profile: PeerProfile;
  /** Where the profile has users named by an e-mail address (AOL-06, AOL-07); default `refuse`. */
  readonly emailScreenNames?: "refuse" | "translate";
  /** Whether XMPP users may have their presence published at its presence server (RFC 3903); default false. */
  readonly publish?: boolean;
}

/** How the addresses of a partner's users are mapped. */
export function screenNamesOf({ profile, emailScreenNames }: Partner): EmailScreenNames {
  return profile.sip.hasEmailScreenNames ? (emailScreenNames ?? "refuse") : "plain";
}

export interface TranslatorSettings {
  /** Our XMPP domains, shown to SIP partners. */
  readonly xmppDomains: readonly string[];
  readonly partners: readonly Partner[];
  readonly xmppPolicy: DomainPolicy;
  /** What clients the users of an XMPP domain have, by domain as JIDs have it; default: any XMPP client. */
  readonly xmppSystems?: ReadonlyMap<string, SystemKey>;
  /** Cells of the availability tables that are other than printed, by a style or an administrator; default none. */
  readonly overrides?: AvailabilityOverrides;
  /** Whether activities such as "On the phone" go into status texts, as the table style says; default false. */
  readonly tellsActivities?: boolean;
  /** A SIP watcher without a rule: ask the XMPP user, let their server decide without a gate of ours, or deny politely. */
  readonly unknownWatcher: "ask" | "allow" | "deny";
  /** Pairs of users in memory at once; default `MAX_PAIRS`. */
  readonly maxPairs?: number;
  /** Longest subscription granted to SIP watchers, s. */
  readonly maxExpiresSeconds: number;
  /** Host named in our session descriptions: the advertised one. */
  readonly address: string;
  readonly ids: IdSource;
  readonly random: () => number;
  /** The wall clock, ms since 1970: by it a text is old. Without one none is. */
  readonly wall?: () => number;
  readonly conversation: ConversationSettings;
  readonly sipWatcher: SipWatcherSettings;
  readonly xmppWatcher: XmppWatcherSettings;
  /** Default `DEFAULT_PUBLICATION_SETTINGS`. */
  readonly publications?: PublicationSettings;
}
