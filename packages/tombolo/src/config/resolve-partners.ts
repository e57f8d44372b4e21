/** The partners, each with its defaults and, where a gateway is in the file, its own link to the XMPP server. */
import { PROFILES, type ProfileName } from "@tombolo/translator";
import type { HostPort } from "./addresses.ts";
import type { Partner, SipPartner, XmppLinkConfig } from "./config.ts";
import type { Context } from "./context.ts";
import type { Path } from "./finding.ts";
import type { FileShape, PartnerShape } from "./schema.ts";
import { readSecret } from "./secrets.ts";
import { readPartnerRoots, readRevocations } from "./trust-files.ts";

/** The parts of a link that were found; both are needed. */
interface LinkParts {
  readonly server: HostPort | undefined;
  readonly secret: string | undefined;
  /** True when a secret was asked for, also one that could not be read. */
  readonly secretGiven: boolean;
}

export function resolvePartners(shape: FileShape, context: Context): readonly Partner[] | undefined {
  const { report } = context;
  const partners = shape.partners ?? [];
  if (partners.length === 0) {
    const cure = "write partners: [{ domain: contoso.example, profile: lync }]";
    report("warning", ["partners"], "no partner is configured, so nobody is let in", cure, "key");
  }
  const shared = shape.gateway && linkParts(shape.gateway.xmpp ?? {}, ["gateway", "xmpp"], context);
  const missing = { server: false, secret: false };
  const resolved = partners.map((partner, at): Partner => {
    const path = ["partners", at];
    const profile = partner.profile ?? (partner.protocol === "xmpp" ? "xmpp" : "simple");
    if (partner.protocol === "xmpp") {
      judgeXmppPartner(partner, profile, path, context);
      return { protocol: "xmpp", domain: partner.domain, profile };
    }
    if (PROFILES[profile].speaks === "xmpp") {
      const cure = "write protocol: xmpp if it does, or keep it for its availability table";
      report(
        "warning",
        [...path, "profile"],
        `${profile} systems federate by XMPP, but ${partner.domain} is sip`,
        cure,
      );
    }
    const own = linkParts(partner.xmpp ?? {}, [...path, "xmpp"], context);
    const server = own.server ?? shared?.server;
    const given = own.secretGiven ? own : shared;
    missing.server ||= server === undefined;
    missing.secret ||= !given?.secretGiven;
    const link = server && given?.secret ? { server, secret: given.secret } : undefined;
    const trust = {
      ca: readPartnerRoots(partner.ca, path, context),
      crl: readRevocations(partner.crl, path, context),
    };
    judgeAolKeys(partner, profile, path, context);
    judgePublish(partner, profile, path, context);
    const routing = routingDomain(partner, profile, partners);
    return sipPartner(partner, profile, routing, shared === undefined ? undefined : link, trust);
  });
  if (shared !== undefined) reportMissing(missing, shape, context);
  return resolved;
}

function linkParts(
  shape: { server?: HostPort | undefined; secret?: string | undefined; secretFile?: string | undefined },
  path: Path,
  context: Context,
): LinkParts {
  return {
    server: shape.server,
    secret: readSecret(shape.secret, shape.secretFile, path, "secret", context),
    secretGiven: shape.secret !== undefined || shape.secretFile !== undefined,
  };
}

/** Where AOL's gateway is found for domains that AOL hosts or clears for. */
const AOL_ROUTING_DOMAIN = "aol.com";

/** The partner that leads to this one, as far as it is known; undefined where it has a route or leads to itself. */
function routingDomain(
  { domain, route, routingDomain }: PartnerShape,
  profile: ProfileName,
  partners: readonly PartnerShape[],
): { readonly domain: string; readonly shape: PartnerShape | undefined } | undefined {
  const other = routingDomain ?? (profile === "aol" ? AOL_ROUTING_DOMAIN : undefined);
  if (other === undefined || other === domain || route !== undefined) return undefined;
  return { domain: other, shape: partners.find((partner) => partner.domain === other) };
}

/** Other products answer 405, or show it to nobody. */
function judgePublish(shape: PartnerShape, profile: ProfileName, path: Path, { report }: Context): void {
  if (!shape.publish || PROFILES[profile].presence.takesPublications) return;
  const message = `publish does not apply to ${shape.domain}, whose profile is ${profile}`;
  report("error", [...path, "publish"], message, "leave it out, or write profile: simple", "key");
}

function judgeAolKeys(shape: PartnerShape, profile: ProfileName, path: Path, { report }: Context): void {
  if (shape.aolEmailScreenNames !== undefined && !PROFILES[profile].sip.hasEmailScreenNames) {
    const message = `aolEmailScreenNames does not apply to ${shape.domain}, whose profile is ${profile}`;
    report("error", [...path, "aolEmailScreenNames"], message, "leave it out, or write profile: aol", "key");
  }
  if (shape.routingDomain !== undefined && shape.route !== undefined) {
    const message = `routingDomain is not used, because ${shape.domain} has a route`;
    report("warning", [...path, "routingDomain"], message, "leave one of the two out", "key");
  }
}

function sipPartner(
  shape: PartnerShape,
  profile: ProfileName,
  routing: ReturnType<typeof routingDomain>,
  link: XmppLinkConfig | undefined,
  trust: Pick<SipPartner, "ca" | "crl">,
): SipPartner {
  const route = shape.route;
  const ownNames = [...(route ? [route.host] : []), shape.domain];
  const { names: theirNames, route: theirRoute } = routing?.shape ?? {};
  return {
    protocol: "sip",
    domain: shape.domain,
    profile,
    route,
    routedBy: routing && { domain: routing.domain, route: theirRoute },
    emailScreenNames: PROFILES[profile].sip.hasEmailScreenNames
      ? (shape.aolEmailScreenNames ?? "refuse")
      : undefined,
    // Who leads to a domain speaks for it, too.
    names: shape.names ?? [
      ...new Set([...ownNames, ...(theirNames ?? (theirRoute ? [theirRoute.host] : []))]),
    ],
    namesGiven: shape.names !== undefined,
    purpose: shape.purpose ?? "strict",
    publish: shape.publish ?? false,
    ...trust,
    tlsMin: shape.tls?.min ?? "1.2",
    limits: {
      messagesPerSecond: shape.limits?.messagesPerSecond ?? 0,
      discovered: shape.limits?.discovered ?? false,
    },
    link,
  };
}

/** The XMPP server finds such a domain by itself, so nothing about SIP applies to it. */
function judgeXmppPartner(shape: PartnerShape, profile: ProfileName, path: Path, { report }: Context): void {
  for (const key of [
    "route",
    "routingDomain",
    "aolEmailScreenNames",
    "names",
    "purpose",
    "publish",
    "ca",
    "crl",
    "tls",
    "limits",
    "xmpp",
  ] as const) {
    if (shape[key] === undefined) continue;
    const message = `${key} does not apply to ${shape.domain}, whose protocol is xmpp`;
    report(
      "error",
      [...path, key],
      message,
      "leave it out: the XMPP server reaches this domain by itself",
      "key",
    );
  }
  if (PROFILES[profile].speaks === "sip") {
    const fitting = Object.values(PROFILES).filter(({ speaks }) => speaks === "xmpp");
    const cure = `write protocol: sip, or one of the profiles ${fitting.map(({ name }) => name).join(", ")}`;
    report("error", [...path, "profile"], `${profile} systems do not federate by XMPP`, cure);
  }
}

function reportMissing(
  missing: { server: boolean; secret: boolean },
  shape: FileShape,
  { report }: Context,
): void {
  const path = shape.gateway?.xmpp === undefined ? ["gateway"] : ["gateway", "xmpp"];
  if (missing.server) {
    const cure = "write server: xmpp://127.0.0.1:5347 there, the component port of the XMPP server";
    report("error", path, "gateway.xmpp.server is missing", cure, "key");
  }
  if (missing.secret) {
    const cure = "write secretFile: secrets/xmpp there (or secret:), the component secret of the XMPP server";
    report("error", path, "gateway.xmpp.secretFile is missing", cure, "key");
  }
}
