import type { BackoffSettings } from "./backoff.ts";
import type { Millis } from "./machine.ts";

/** The contact addresses that XEP-0157 knows; each value is a list of URIs (mailto:, xmpp:, https:). */
export type ContactKind = "abuse" | "admin" | "feedback" | "sales" | "security" | "status" | "support";
export type Contacts = Partial<Record<ContactKind, readonly string[]>>;

/** What one component link needs to know; left-out values take those of `LINK_DEFAULTS`. */
export interface LinkSettings {
  /** The component's domain, which is the SIP partner's domain, such as contoso.example. */
  readonly domain: string;
  /** The XMPP domain that barrier and keepalive pings go to, such as example.com. */
  readonly pingTarget: string;
  /** What disco#info and jabber:iq:version say. The operating system is not told. */
  readonly software: { readonly name: string; readonly version: string };
  readonly contacts?: Contacts;
  /** What clients may expect of the domain's users, each at this resource; left out, nothing is said of users. */
  readonly users?: { readonly resource: string; readonly features: readonly string[] };
  /** Stanzas that may wait for the link. */
  readonly queueLimit?: number;
  /** How long a stanza may wait for the link, in ms. */
  readonly holdMs?: Millis;
  /**
   * Octets of the largest stanza that is sent. Servers end the stream of a component that sends more than they take,
   * for all users of the domain: usual limits are 256 KiB and up (RFC 6120 13.12).
   */
  readonly maxStanzaBytes?: number;
  /** Tracked stanzas that may be written without an answered ping behind them; more wait in the queue. */
  readonly inFlightLimit?: number;
  /** How long a ping may stay unanswered, in ms, until the link counts as wedged. */
  readonly barrierTimeoutMs?: Millis;
  /** Silence from the server, in ms, after which a ping is sent. */
  readonly keepaliveMs?: Millis;
  /** How long connecting and the handshake may take together, in ms. */
  readonly dialTimeoutMs?: Millis;
  /** How long the link must have been up, in ms, for the backoff to start over. */
  readonly stableMs?: Millis;
  readonly backoff?: BackoffSettings;
}

export const LINK_DEFAULTS = {
  queueLimit: 1000,
  holdMs: 3_000,
  maxStanzaBytes: 256 * 1024,
  inFlightLimit: 5_000,
  barrierTimeoutMs: 10_000,
  keepaliveMs: 30_000,
  dialTimeoutMs: 10_000,
  stableMs: 10_000,
  backoff: { baseMs: 1_000, capMs: 60_000 },
} as const satisfies Partial<LinkSettings>;

/** Settings with every value present. */
export type CompleteLinkSettings = LinkSettings & Required<Omit<LinkSettings, "contacts" | "users">>;

/** Fills in the defaults. */
export function completeSettings(settings: LinkSettings): CompleteLinkSettings {
  return { ...LINK_DEFAULTS, ...settings };
}
