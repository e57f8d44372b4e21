import { type EdgeSettings, pacingOf } from "@tombolo/sip-edge";
import type { EdgeTls } from "@tombolo/sip-edge/io";
import {
  DEFAULT_CONVERSATION_SETTINGS,
  DEFAULT_SIP_WATCHER_SETTINGS,
  DEFAULT_XMPP_WATCHER_SETTINGS,
  parseDomain,
  profileByName,
  type TranslatorSettings,
} from "@tombolo/translator";
import { STYLES } from "@tombolo/translator/tables";
import type { Config, EdgeConfig, GatewayConfig, SipPartner } from "../config/config.ts";

/** Partners that refresh every 1 h 45 min ask for two hours; longer would only lengthen what a lost watcher costs. */
const MAX_EXPIRES_SECONDS = 7200;

/** The partners that are reached by SIP. */
export function sipPartners(config: Config): readonly SipPartner[] {
  return config.partners.filter((partner) => partner.protocol === "sip");
}

export function edgeSettings(config: Config, edge: EdgeConfig): EdgeSettings {
  return {
    advertise: edge.outside.advertise,
    ourDomains: edge.domains,
    partners: sipPartners(config).map(
      ({ domain, profile, names, namesGiven, purpose, publish, route, routedBy, tlsMin, limits }) => ({
        domain,
        names,
        namesFromDns: !namesGiven,
        purpose,
        mayPublish: profileByName(profile).presence.takesPublications,
        takesPublications: publish,
        route,
        routedBy,
        tlsMin,
        legacy: edge.legacy?.partners.includes(domain) ?? false,
        pacing: pacingOf(limits),
      }),
    ),
    nodes: edge.nodes,
    inside: edge.inside && { ...edge.inside.advertise, transport: edge.inside.listen.transport },
    newDialogs: edge.newDialogs,
    limits: { healthMs: edge.health.everySeconds * 1000, healthMisses: edge.health.misses },
  };
}

/** Our certificates, and what those of partners are judged by. */
export function edgeTls(config: Config, edge: EdgeConfig): EdgeTls {
  const { cert, key, ca } = edge.outside.tls;
  const partners = sipPartners(config).map(({ domain, ca, crl }) => [domain, { ca, crl }] as const);
  return {
    cert,
    key,
    ca,
    crl: edge.outside.crl,
    partners: Object.fromEntries(partners),
    legacy: edge.legacy?.tls,
  };
}

export function translatorSettings(
  config: Config,
  gateway: GatewayConfig,
  address: string,
  sources: Pick<TranslatorSettings, "ids" | "random">,
): TranslatorSettings {
  return {
    xmppDomains: gateway.domains,
    partners: sipPartners(config).map(({ domain, profile, publish, emailScreenNames }) => ({
      domain,
      publish,
      profile: profileByName(profile),
      ...(emailScreenNames && { emailScreenNames }),
    })),
    xmppPolicy: gateway.xmppPolicy,
    xmppSystems: new Map(
      config.partners
        .filter(({ protocol }) => protocol === "xmpp")
        .map(({ domain, profile }) => [
          parseDomain(domain)?.unicode ?? domain,
          profileByName(profile).system,
        ]),
    ),
    overrides: config.tables.overrides,
    tellsActivities: STYLES[config.tables.style].tellsActivities,
    unknownWatcher: config.policy.unknownWatcher,
    maxExpiresSeconds: MAX_EXPIRES_SECONDS,
    address,
    wall: Date.now,
    ...sources,
    conversation: DEFAULT_CONVERSATION_SETTINGS,
    sipWatcher: DEFAULT_SIP_WATCHER_SETTINGS,
    xmppWatcher: DEFAULT_XMPP_WATCHER_SETTINGS,
  };
}
