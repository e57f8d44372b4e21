/** A whole federation in virtual time: the program's pure machines, joined as `Federation` joins them, without sockets. */
import { type SipMessage, StreamFramer, serializeBytes, UserAgent } from "@tombolo/sip";
import { type DialFailure, Edge, type EdgeOutput } from "@tombolo/sip-edge";
import { countingIds, VirtualClock, type World } from "@tombolo/testkit";
import {
  DEFAULT_CONVERSATION_SETTINGS,
  DEFAULT_SIP_WATCHER_SETTINGS,
  DEFAULT_XMPP_WATCHER_SETTINGS,
  type Observation,
  type ProfileName,
  profileByName,
  Translator,
} from "@tombolo/translator";
import {
  type AvailabilityOverrides,
  STYLES,
  type StyleName,
  type SystemKey,
  styledOverrides,
} from "@tombolo/translator/tables";
import { Link, type LinkOutput } from "@tombolo/xmpp-edge";
import { type Element, parse } from "ltx";
import { Gateway, type GatewayOutput } from "../src/gateway.ts";
import { SimulatedServer } from "./simulated-server.ts";

export interface WorldSettings {
  /** Of contoso.example; lync where left out. */
  readonly profile?: ProfileName | undefined;
  readonly unknownWatcher?: "ask" | "allow" | "deny" | undefined;
  /** XMPP users' presence is published to the partners. */
  readonly publish?: boolean | undefined;
  /** The partner at the other end; contoso.example where left out. */
  readonly partner?: string | undefined;
  /** A partner that its certificate may not speak for; fabrikam.example where left out. */
  readonly otherPartner?: string | undefined;
  /** Our XMPP domain; example.com where left out. */
  readonly domain?: string | undefined;
  /** What clients our users have; any XMPP client where left out. */
  readonly xmppSystem?: SystemKey | undefined;
  /** E-mail addresses as screen names at the partner; refused where left out. */
  readonly emailScreenNames?: "refuse" | "translate" | undefined;
  /** Style and cells of the availability tables, as a configuration has them. */
  readonly tables?: { readonly style: StyleName; readonly overrides?: AvailabilityOverrides } | undefined;
}

const REMOTE = { host: "192.0.2.10", port: 53211 };
/** Jitter is always half of what it may be: a refresh comes at 80 % of a lifetime, a pause has its plain length. */
const HALF = () => 0.5;
/** No time is special: machines must not mind where the clock starts. */
const START_MS = 1_000_000;
/** The calendar stands still: 2020-09-13 12:26:40 UTC. */
const WALL_MS = 1_600_000_000_000;

/** One connection between us and the partner's edge. */
interface Connection {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly framer: StreamFramer;
}

/**
 * The partner's bytes go through framer, edge, user agent, translator and link, and come back as stanzas; and the other
 * way round. A connection of the partner is opened by its first byte; what it answers is taken as coming on the
 * connection where we asked. The XMPP server is a `SimulatedServer`.
 *
 * Events (`world > ...`): `link down`, `link up`, `server silent`, `server answers`, `partner unreachable [why]` (open
 * connections end, dials fail), `partner reachable`, `partner hangs up` (the connections end, new ones work), `drain`.
 */
export class FederationWorld implements World {
  /** What was observed, oldest first: the books of instant messages are checked from it. */
  readonly observations: Observation[] = [];
  readonly #clock: VirtualClock;
  readonly #edge: Edge;
  readonly #gateway: Gateway;
  readonly #server: SimulatedServer;
  readonly #link: Link;
  readonly #sip: string[] = [];
  readonly #xmpp: string[] = [];
  readonly #partner: string;
  #connections = 0;
  #inbound: Connection | undefined;
  #outbound: Connection | undefined;
  #unreachable: DialFailure | undefined;

  constructor(settings: WorldSettings = {}) {
    const names = namesOf(settings);
    this.#partner = names.partner;
    this.#clock = new VirtualClock(START_MS, () => this.#drain());
    this.#edge = new Edge({
      settings: {
        advertise: names.advertised,
        ourDomains: [names.domain],
        partners: [names.partner, names.otherPartner].map((domain) => ({
          domain,
          names: [`sip.${domain}`],
          purpose: "strict",
          mayPublish: profileByName(settings.profile ?? "lync").presence.takesPublications,
          takesPublications: settings.publish,
          route: { host: `sip.${domain}`, port: 5061 },
        })),
      },
      ids: countingIds("edge"),
      random: HALF,
    });
    this.#gateway = makeGateway(settings);
    this.#link = new Link(
      {
        domain: names.partner,
        pingTarget: names.domain,
        software: { name: "Tombolo", version: "0" },
      },
      { ids: countingIds("ping"), random: HALF },
    );
    this.#server = new SimulatedServer({
      toLink: (input) => this.#link.handle(input, this.#clock.now),
      shown: (stanza) => this.#xmpp.push(stanza),
    });
    for (const machine of [this.#edge, this.#gateway, this.#link, this.#server]) this.#clock.add(machine);
    this.#link.handle({ kind: "start" }, this.#clock.now);
    this.#drain();
  }

  sipIn(bytes: Uint8Array): void {
    this.#inbound ??= this.#open("in");
    const { framer } = this.#inbound;
    framer.push(bytes);
    for (let frame = framer.next(); frame && this.#inbound; frame = framer.next()) {
      if (frame.kind === "message") this.#fromPartner(frame.message);
      else if (frame.kind === "broken") {
        const { status, why, message } = frame;
        const { id } = this.#inbound;
        this.#edge.handle({ kind: "broken", connection: id, status, why, message }, this.#clock.now);
      }
      this.#drain();
    }
  }

  xmppIn(stanza: string): void {
    this.#server.send(parse(stanza) as Element);
    this.#drain();
  }

  happen(event: string): void {
    const now = this.#clock.now;
    const [what, detail] = [event.split(" ").slice(0, 2).join(" "), event.split(" ")[2]];
    if (event === "drain") this.#gateway.handle({ kind: "drain" }, now);
    else if (what === "partner hangs") this.#hangUp();
    else if (what === "partner unreachable") {
      this.#unreachable = (detail as DialFailure | undefined) ?? "refused";
      this.#hangUp();
    } else if (event === "partner reachable") this.#unreachable = undefined;
    else this.#server.happen(event);
    this.#drain();
  }

  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  takeSip(): string[] {
    return this.#sip.splice(0);
  }

  takeXmpp(): string[] {
    return this.#xmpp.splice(0);
  }

  /** Requests come on the connection that the partner opened, answers where we asked. */
  #fromPartner(message: SipMessage): void {
    const connection = message.isRequest ? this.#inbound : (this.#outbound ?? this.#inbound);
    this.#edge.handle({ kind: "message", connection: connection!.id, message }, this.#clock.now);
  }

  #open(direction: "in" | "out"): Connection {
    this.#connections += 1;
    const id = `c${this.#connections}`;
    const now = this.#clock.now;
    const partners = [this.#partner];
    const name = `sip.${this.#partner}`;
    const opened = { kind: "opened", connection: id, direction, partners, name } as const;
    const connection = { id, direction, framer: new StreamFramer() };
    if (direction === "in") this.#inbound = connection;
    else this.#outbound = connection;
    this.#edge.handle({ ...opened, remote: REMOTE }, now);
    return connection;
  }

  #hangUp(): void {
    const now = this.#clock.now;
    for (const connection of [this.#inbound, this.#outbound]) {
      if (connection) this.#edge.handle({ kind: "closed", connection: connection.id, why: "gone" }, now);
    }
    this.#inbound = undefined;
    this.#outbound = undefined;
  }

  /** Until no machine has anything to say. */
  #drain(): void {
    for (;;) {
      const fromEdge = this.#edge.poll();
      if (fromEdge) {
        this.#carryOutOfEdge(fromEdge);
        continue;
      }
      const fromGateway = this.#gateway.poll();
      if (fromGateway) {
        this.#carryOutOfGateway(fromGateway);
        continue;
      }
      const fromLink = this.#link.poll();
      if (!fromLink) return;
      this.#carryOutOfLink(fromLink);
    }
  }

  #carryOutOfEdge(output: EdgeOutput): void {
    const now = this.#clock.now;
    switch (output.kind) {
      case "send":
        this.#sip.push(new TextDecoder().decode(serializeBytes(output.message)));
        break;
      case "to-node": {
        const verified = output.verified ?? { partner: "", name: "edge" };
        this.#gateway.handle({ kind: "sip", message: output.message, verified }, now);
        break;
      }
      case "dial":
        this.#dial(output.partner);
        break;
      case "close":
        // The transcript sees it as a line of its own.
        this.#sip.push(`(connection closed: ${output.why})\r\n\r\n`);
        this.#edge.handle({ kind: "closed", connection: output.connection, why: output.why }, now);
        break;
      case "observe":
        break;
    }
  }

  #dial(partner: string): void {
    if (this.#unreachable === undefined && partner === this.#partner) {
      this.#open("out");
      return;
    }
    const why = this.#unreachable ?? "dns";
    this.#edge.handle({ kind: "dial-failed", partner, why, detail: "" }, this.#clock.now);
  }

  #carryOutOfGateway(output: GatewayOutput): void {
    const now = this.#clock.now;
    if (output.kind === "sip")
      this.#edge.handle({ kind: "from-node", node: "local", message: output.message }, now);
    else if (output.kind === "stanza") {
      const { stanza, track } = output;
      this.#link.handle({ kind: "send", stanza, track }, now);
    } else if (output.kind === "observe") this.observations.push(output.observation);
  }

  #carryOutOfLink(output: LinkOutput): void {
    const now = this.#clock.now;
    switch (output.kind) {
      case "stanza":
        this.#gateway.handle({ kind: "stanza", partner: this.#partner, stanza: output.stanza }, now);
        break;
      case "taken":
        this.#gateway.handle({ kind: "taken", track: output.track }, now);
        break;
      case "lost":
        this.#gateway.handle({ kind: "lost", track: output.track, why: output.why }, now);
        break;
      case "up":
        this.#gateway.handle({ kind: "link-up", partner: this.#partner }, now);
        break;
      case "down":
        this.#gateway.handle({ kind: "link-down", partner: this.#partner }, now);
        break;
      default:
        this.#server.fromLink(output, now);
    }
  }
}

function namesOf({ partner, otherPartner, domain = "example.com" }: WorldSettings) {
  return {
    partner: partner ?? "contoso.example",
    otherPartner: otherPartner ?? "fabrikam.example",
    domain,
    advertised: { host: `sip.${domain}`, port: 5061 },
  };
}

function makeGateway(settings: WorldSettings): Gateway {
  const names = namesOf(settings);
  const { emailScreenNames, xmppSystem, tables } = settings;
  const engine = new UserAgent({
    sentBy: "gw1.gateway.invalid",
    transport: "TLS",
    contact: `sip:${names.advertised.host}:${names.advertised.port};transport=tls`,
    userAgent: "Tombolo/0",
    ids: countingIds("ua"),
    random: HALF,
  });
  const translator = new Translator({
    xmppDomains: [names.domain],
    ...(xmppSystem && { xmppSystems: new Map([[names.domain, xmppSystem]]) }),
    ...(tables && {
      overrides: styledOverrides(tables.style, tables.overrides),
      tellsActivities: STYLES[tables.style].tellsActivities,
    }),
    partners: [names.partner, names.otherPartner].map((domain) => ({
      domain,
      profile: profileByName(settings.profile ?? "lync"),
      publish: settings.publish ?? false,
      ...(emailScreenNames && { emailScreenNames }),
    })),
    xmppPolicy: { default: "deny", exceptions: [] },
    unknownWatcher: settings.unknownWatcher ?? "ask",
    maxExpiresSeconds: 7200,
    address: names.advertised.host,
    ids: countingIds("xl"),
    random: HALF,
    wall: () => WALL_MS,
    conversation: DEFAULT_CONVERSATION_SETTINGS,
    sipWatcher: DEFAULT_SIP_WATCHER_SETTINGS,
    xmppWatcher: DEFAULT_XMPP_WATCHER_SETTINGS,
  });
  return new Gateway(engine, translator);
}
