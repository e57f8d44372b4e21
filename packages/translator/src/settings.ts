import type { IdSource } from "@tombolo/sip";
import type { ConversationSettings } from "./im/conversation.ts";
import type { PeerProfile } from "./peers/profile.ts";
import type { DomainPolicy } from "./policy/domains.ts";
import type { SipWatcherSettings } from "./presence/sip-watcher.ts";
import type { XmppWatcherSettings } from "./presence/xmpp-watcher.ts";

export interface Partner {
  /** SIP domain, lower-case: also the component's domain. */
  readonly domain: string;
  readonly profile: PeerProfile;
}

export interface TranslatorSettings {
  /** Our XMPP domains, shown to SIP partners. */
  readonly xmppDomains: readonly string[];
  readonly partners: readonly Partner[];
  readonly xmppPolicy: DomainPolicy;
  /** A SIP watcher without a rule: ask the XMPP user, let their server decide without a gate of ours, or deny politely. */
  readonly unknownWatcher: "ask" | "allow" | "deny";
  /** Longest subscription granted to SIP watchers, s. */
  readonly maxExpiresSeconds: number;
  /** Host named in our session descriptions: the advertised one. */
  readonly address: string;
  readonly ids: IdSource;
  readonly random: () => number;
  readonly conversation: ConversationSettings;
  readonly sipWatcher: SipWatcherSettings;
  readonly xmppWatcher: XmppWatcherSettings;
}
