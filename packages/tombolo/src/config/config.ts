/** The configuration as the program uses it: every default applied, every path absolute, every secret read. */
import type { ProfileName } from "@tombolo/translator";
import type { AvailabilityOverrides, StyleName } from "@tombolo/translator/tables";
import type { Endpoint, HostPort } from "./addresses.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  /** Absolute path of the file. */
  readonly file: string;
  readonly node: string;
  /** The DMZ role; undefined on an inside-only node. */
  readonly edge: EdgeConfig | undefined;
  /** The inside role; undefined on an edge-only node. */
  readonly gateway: GatewayConfig | undefined;
  readonly partners: readonly Partner[];
  readonly policy: { readonly unknownWatcher: "ask" | "allow" | "deny" };
  readonly tables: TablesConfig;
  readonly store: StoreConfig;
  readonly admin: AdminConfig;
  readonly log: { readonly level: LogLevel };
}

export interface EdgeConfig {
  readonly outside: {
    readonly listen: HostPort;
    /** What Via, Contact and Record-Route show outside. */
    readonly advertise: HostPort;
    readonly tls: TlsIdentity;
    /** Revocation lists, PEM or DER. */
    readonly crl: Uint8Array | undefined;
  };
  /** The listener for versions of TLS before 1.2; undefined = none. */
  readonly legacy: LegacyListener | undefined;
  /** DNS servers as `address:port`; empty = the system's. */
  readonly dns: readonly string[];
  readonly inside: InsideLeg | undefined;
  /** At least one; at least one of them has `routing`. */
  readonly nodes: readonly EdgeNode[];
  /** How new dialogs are given to several routing nodes: to all by Call-ID, or to the first that is alive. */
  readonly newDialogs: "spread" | "standby";
  /** How nodes are asked whether they live; 0 seconds = not at all. */
  readonly health: { readonly everySeconds: number; readonly misses: number };
  /** The domains whose requests the edge lets in. */
  readonly domains: readonly string[];
}

export interface LegacyListener {
  readonly listen: HostPort;
  /** Domains of those who may use it. */
  readonly partners: readonly string[];
  /** Undefined = that of `outside`. */
  readonly tls: TlsIdentity | undefined;
}

export interface InsideLeg {
  readonly listen: Endpoint;
  /** What the inside nodes are shown; the address of `listen` where the file says nothing. */
  readonly advertise: HostPort;
  /** Undefined only where `listen` and all targets are TCP. */
  readonly tls: TlsIdentity | undefined;
}

export interface EdgeNode {
  readonly name: string;
  readonly target: "local" | Endpoint;
  /** The node's own port on the address of `outside.listen` (static PAT). */
  readonly publicPort: number | undefined;
  /** New dialogs from outside go to routing nodes. */
  readonly routing: boolean;
  /** Certificate names by which a TLS node is known on connections it opens; the target's host by default. */
  readonly names: readonly string[];
  /** Source addresses by which a TCP node is known on connections it opens; the target's host by default. */
  readonly from: readonly string[];
  /** The partners that it has to do with; undefined = all. */
  readonly partners: readonly string[] | undefined;
}

export interface GatewayConfig {
  readonly domains: readonly string[];
  /** The edge in another process and where this gateway listens for it; undefined when the edge is in this one. */
  readonly remoteEdge: RemoteEdge | undefined;
  readonly xmppPolicy: XmppPolicy;
}

export interface RemoteEdge {
  readonly edge: Endpoint;
  /** Certificate names by which the edge is known; the host of `edge` by default. */
  readonly names: readonly string[];
  readonly listen: Endpoint;
  /** Undefined only where both are TCP. */
  readonly tls: TlsIdentity | undefined;
}

/** Which XMPP domains, besides `gateway.domains`, may reach SIP partners. */
export interface XmppPolicy {
  readonly default: "allow" | "deny";
  /** `domain` is exact, or `*.x` for x and everything below. */
  readonly exceptions: readonly { readonly domain: string; readonly direction: "both" | "in" | "out" }[];
}

/** One XEP-0114 link: where it connects and the secret it proves. */
export interface XmppLinkConfig {
  readonly server: HostPort;
  readonly secret: string;
}

export type Partner = SipPartner | XmppPartner;

export interface SipPartner {
  readonly protocol: "sip";
  readonly domain: string;
  readonly profile: ProfileName;
  /** Where its edge is; undefined = found by DNS. */
  readonly route: HostPort | undefined;
  /** The domain that leads to it where it has neither a route nor service records, and that one's route. */
  readonly routedBy: { readonly domain: string; readonly route: HostPort | undefined } | undefined;
  /** What becomes of users whose screen name is an e-mail address; undefined where the profile has no such users. */
  readonly emailScreenNames: "refuse" | "translate" | undefined;
  /** Certificate names that may speak for this domain. */
  readonly names: readonly string[];
  /** False when `names` is the default (route host and domain), to which the targets of SRV records are added. */
  readonly namesGiven: boolean;
  readonly purpose: "strict" | "server-auth-as-client";
  /** XMPP users who show their presence to the domain itself have it published at its presence server (RFC 3903). */
  readonly publish: boolean;
  /** The only roots its certificates may chain to, PEM; undefined = those of the edge. */
  readonly ca: string | undefined;
  /** Revocation lists besides those of the edge, PEM or DER. */
  readonly crl: Uint8Array | undefined;
  readonly tlsMin: "1.2" | "1.3";
  readonly limits: {
    /** 0 = no pacing. */
    readonly messagesPerSecond: number;
    /** True applies the limits an Access Edge keeps for partners it discovered by itself. */
    readonly discovered: boolean;
  };
  /** This domain's own link; undefined on an edge-only node. */
  readonly link: XmppLinkConfig | undefined;
}

/** A domain reached through the XMPP server; the profile picks its availability table. */
interface XmppPartner {
  readonly protocol: "xmpp";
  readonly domain: string;
  readonly profile: ProfileName;
}

/** How presence states are mapped, where it is not as the tables are printed. */
export interface TablesConfig {
  readonly style: StyleName;
  /** Every cell that differs: the style's, and the file's own over them. */
  readonly overrides: AvailabilityOverrides;
}

export type StoreConfig =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "redis"; readonly url: string };

export interface AdminConfig {
  readonly listen: HostPort;
  /** Demanded of every request where set; always set where `listen` is not loopback. */
  readonly token: string | undefined;
}

/** A certificate with its key and the roots that the other side must chain to, as PEM texts and judged to be fit. */
export interface TlsIdentity {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** Leaf first, then intermediates. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** The leaf's DNS names in small letters. */
  readonly names: readonly string[];
  /** When the leaf expires, in ms since 1970. */
  readonly notAfter: number;
}
