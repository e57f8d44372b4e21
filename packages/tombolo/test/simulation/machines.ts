import { UserAgent } from "@tombolo/sip";
import { Edge } from "@tombolo/sip-edge";
import {
  DEFAULT_CONVERSATION_SETTINGS,
  DEFAULT_SIP_WATCHER_SETTINGS,
  DEFAULT_XMPP_WATCHER_SETTINGS,
  type ProfileName,
  profileByName,
  Translator,
} from "@tombolo/translator";
import { Link } from "@tombolo/xmpp-edge";
import type { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import { OUR_DOMAIN, OUR_HOST, PARTNER, PARTNER_NAME, WALL_MS } from "./names.ts";

export interface MachineSettings {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly profile: ProfileName;
  readonly unknownWatcher: "ask" | "allow" | "deny";
  /** Silence on the component link after which a ping is sent; default that of the link, ms. */
  readonly keepaliveMs?: number;
  /** How many programs ran before: names made by two runs are never the same. */
  readonly run: number;
}

/** The pure machines of one run of the program, set up as the program sets them up. */
export function machinesOf({ agenda, chance, profile, unknownWatcher, keepaliveMs, run }: MachineSettings) {
  const { next: random } = chance;
  const edge = new Edge({ settings: edgeSettings(profile), ids: ids(`e${run}x`), random });
  const engine = new UserAgent({
    sentBy: "gw1.gateway.invalid",
    transport: "TLS",
    contact: `sip:${OUR_HOST}:5061;transport=tls`,
    userAgent: "Tombolo/0",
    ids: ids(`u${run}x`),
    random,
  });
  const translator = new Translator({
    xmppDomains: [OUR_DOMAIN],
    partners: [{ domain: PARTNER, profile: profileByName(profile) }],
    xmppPolicy: { default: "deny", exceptions: [] },
    unknownWatcher,
    maxExpiresSeconds: 7200,
    address: OUR_HOST,
    ids: ids(`x${run}x`),
    random,
    wall: () => WALL_MS + agenda.now,
    conversation: DEFAULT_CONVERSATION_SETTINGS,
    sipWatcher: DEFAULT_SIP_WATCHER_SETTINGS,
    xmppWatcher: DEFAULT_XMPP_WATCHER_SETTINGS,
  });
  const link = new Link(
    {
      domain: PARTNER,
      pingTarget: OUR_DOMAIN,
      software: { name: "Tombolo", version: "0" },
      ...(keepaliveMs !== undefined && { keepaliveMs }),
    },
    { ids: ids(`p${run}x`), random },
  );
  return { edge, engine, translator, link };
}

function edgeSettings(profile: ProfileName) {
  const partner = {
    domain: PARTNER,
    names: [PARTNER_NAME],
    purpose: "strict" as const,
    route: { host: PARTNER_NAME, port: 5061 },
    mayPublish: profileByName(profile).presence.takesPublications,
  };
  return { advertise: { host: OUR_HOST, port: 5061 }, ourDomains: [OUR_DOMAIN], partners: [partner] };
}

/** Short names that count, unlike those of other runs. */
function ids(prefix: string): () => string {
  let count = 0;
  return () => prefix + (++count).toString(36);
}
