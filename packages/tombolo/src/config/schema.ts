/** Every key of the configuration file and what may stand there. What depends on other keys is judged in resolve.ts. */
import { PROFILES, type ProfileName } from "@tombolo/translator";
import { z } from "zod";
import {
  type Parsed,
  parseAdvertise,
  parseDnsServer,
  parseDomain,
  parseDomainPattern,
  parseEndpoint,
  parseHost,
  parseIp,
  parseListen,
  parseListenWithTransport,
  parseRoute,
  parseTarget,
  parseXmppServer,
} from "./addresses.ts";
import { LOG_LEVELS } from "./config.ts";

/** A text that `parse` turns into a value; `example` is what an error tells people to write. */
function text<T>(parse: (text: string) => Parsed<T>, example: string) {
  return z
    .string()
    .transform((value, context): T => {
      const parsed = parse(value);
      if (parsed.ok) return parsed.value;
      context.addIssue({ code: "custom", message: parsed.wrong, params: { cure: parsed.cure } });
      return z.NEVER;
    })
    .meta({ example });
}

/** A number; a text of digits counts too, because that is what `${ENV}` gives. */
function number(least: number, most: number, example: string) {
  const digits = (value: unknown) =>
    typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return z.preprocess(digits, z.number().min(least).max(most)).meta({ example });
}

function port(example: string) {
  return number(1, 65_535, example)
    .refine(Number.isInteger, { message: "a port is a whole number" })
    .meta({ example });
}

function choice<const T extends readonly [string, ...string[]]>(words: T, example: T[number]) {
  return z.enum(words).meta({ example });
}

/** `true` or `false`, as YAML or as a text. */
function flag(example: string) {
  const words = (value: unknown) => (value === "true" ? true : value === "false" ? false : value);
  return z.preprocess(words, z.boolean()).meta({ example });
}

function parseTlsVersion(value: string): Parsed<"1.2" | "1.3"> {
  if (value === "1.2" || value === "1.3") return { ok: true, value };
  const wrong = `'${value}' is no version of TLS that may be a floor`;
  return { ok: false, wrong, cure: "write 1.2 or 1.3; partners that need older ones go to edge.legacy" };
}

/** YAML reads a bare 1.3 as a number. */
const tlsVersion = z
  .preprocess((value) => (typeof value === "number" ? value.toFixed(1) : value), text(parseTlsVersion, "1.3"))
  .meta({ example: "1.3" });

const MAX_NODE_NAME_LENGTH = 63;

function parseNodeName(value: string): Parsed<string> {
  const fits =
    /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(value) && value.length <= MAX_NODE_NAME_LENGTH;
  return fits
    ? { ok: true, value }
    : {
        ok: false,
        wrong: `'${value}' is not a node name`,
        cure: "write letters, digits, '-', '_' and '.', like gw1",
      };
}

function parseRedisUrl(value: string): Parsed<string> {
  return /^rediss?:\/\/[^\s]+$/.test(value) && URL.canParse(value)
    ? { ok: true, value }
    : { ok: false, wrong: "that is not the address of a Redis server", cure: "write redis://127.0.0.1:6379" };
}

const nodeName = text(parseNodeName, "gw1");
const domain = text(parseDomain, "example.com");
const path = (example: string) => z.string().min(1).meta({ example });
const secret = (example: string) => z.string().min(1).meta({ example });

const xmppLink = {
  server: text(parseXmppServer, "xmpp://127.0.0.1:5347").optional(),
  secret: secret("a-long-random-text").optional(),
  secretFile: path("secrets/xmpp").optional(),
};

const node = z.strictObject({
  name: nodeName,
  target: text(parseTarget, "tls://10.0.0.6:5062"),
  publicPort: port("45061").optional(),
  routing: flag("true").optional(),
  names: z
    .array(text(parseDomain, "cup2.example.com"))
    .min(1)
    .meta({ example: "[cup2.example.com]" })
    .optional(),
  from: z.array(text(parseIp, "127.0.0.9")).min(1).meta({ example: "[127.0.0.9]" }).optional(),
  partners: z.array(domain).min(1).meta({ example: "[contoso.example]" }).optional(),
});

const edge = z.strictObject({
  outside: z.strictObject({
    listen: text(parseListen, "0.0.0.0:5061"),
    advertise: text(parseAdvertise, "sip.example.com:5061"),
    cert: path("pki/edge.crt"),
    key: path("pki/edge.key"),
    ca: path("pki/ca.crt"),
    crl: path("pki/revoked.crl").optional(),
  }),
  legacy: z
    .strictObject({
      listen: text(parseListen, "0.0.0.0:5063"),
      partners: z.array(domain).min(1).meta({ example: "[contoso.example]" }),
      cert: path("pki/legacy.crt").optional(),
      key: path("pki/legacy.key").optional(),
    })
    .optional(),
  dns: z.array(text(parseDnsServer, "10.0.0.2")).min(1).meta({ example: "[10.0.0.2]" }).optional(),
  inside: z
    .strictObject({
      listen: text(parseListenWithTransport, "127.0.0.1:5062"),
      advertise: text(parseAdvertise, "edge.inside.example.com:5062").optional(),
      cert: path("pki/inside.crt").optional(),
      key: path("pki/inside.key").optional(),
      ca: path("pki/inside-ca.crt").optional(),
    })
    .optional(),
  nodes: z.array(node).min(1).meta({ example: "[{ name: gw1, target: local, routing: true }]" }).optional(),
  newDialogs: choice(["spread", "standby"], "spread").optional(),
  health: z
    .strictObject({
      everySeconds: number(0, 3600, "10").optional(),
      misses: number(1, 100, "3").optional(),
    })
    .optional(),
  domains: z.array(domain).min(1).meta({ example: "[example.com]" }).optional(),
});

const xmppPolicy = z.strictObject({
  default: choice(["allow", "deny"], "deny").optional(),
  exceptions: z
    .array(
      z.strictObject({
        domain: text(parseDomainPattern, "partner.example"),
        direction: choice(["both", "in", "out"], "both").optional(),
      }),
    )
    .meta({ example: "[{ domain: partner.example, direction: both }]" })
    .optional(),
});

const gateway = z.strictObject({
  domains: z.array(domain).min(1).meta({ example: "[example.com]" }),
  edge: text(parseEndpoint, "tls://10.0.0.5:5062").optional(),
  edgeNames: z
    .array(text(parseHost, "edge.inside.example.com"))
    .min(1)
    .meta({ example: "[edge.inside.example.com]" })
    .optional(),
  listen: text(parseListenWithTransport, "10.0.0.6:5062").optional(),
  cert: path("pki/gateway.crt").optional(),
  key: path("pki/gateway.key").optional(),
  ca: path("pki/inside-ca.crt").optional(),
  xmpp: z.strictObject({ ...xmppLink, policy: xmppPolicy.optional() }).optional(),
});

const PROFILE_NAMES = Object.keys(PROFILES) as [ProfileName, ...ProfileName[]];
const MAX_MESSAGES_PER_SECOND = 100_000;

const partner = z.strictObject({
  domain,
  protocol: choice(["sip", "xmpp"], "sip").optional(),
  profile: choice(PROFILE_NAMES, "lync").optional(),
  route: text(parseRoute, "tls://sip.contoso.example:5061").optional(),
  names: z
    .array(text(parseHost, "sip.contoso.example"))
    .min(1)
    .meta({ example: "[sip.contoso.example]" })
    .optional(),
  purpose: choice(["strict", "server-auth-as-client"], "strict").optional(),
  ca: path("pki/contoso-ca.crt").optional(),
  crl: path("pki/contoso.crl").optional(),
  tls: z.strictObject({ min: tlsVersion.optional() }).optional(),
  publish: flag("true").optional(),
  limits: z
    .strictObject({
      messagesPerSecond: number(0, MAX_MESSAGES_PER_SECOND, "10").optional(),
      discovered: flag("true").optional(),
    })
    .optional(),
  routingDomain: text(parseDomain, "aol.com").optional(),
  aolEmailScreenNames: choice(["refuse", "translate"], "translate").optional(),
  xmpp: z.strictObject(xmppLink).optional(),
});

/** The whole file. Keys that are not here are errors. */
export const fileSchema = z.strictObject({
  node: nodeName.optional(),
  edge: edge.optional(),
  gateway: gateway.optional(),
  partners: z.array(partner).meta({ example: "[{ domain: contoso.example, profile: lync }]" }).optional(),
  policy: z.strictObject({ unknownWatcher: choice(["ask", "allow", "deny"], "ask").optional() }).optional(),
  tables: z.record(z.string(), z.unknown()).meta({ example: "{ style: cup }" }).optional(),
  store: z
    .strictObject({
      kind: choice(["sqlite", "redis"], "sqlite"),
      path: path("var/tombolo.db").optional(),
      url: text(parseRedisUrl, "redis://127.0.0.1:6379").optional(),
    })
    .optional(),
  admin: z
    .strictObject({
      listen: text(parseListen, "127.0.0.1:8280").optional(),
      token: secret("a-long-random-text").optional(),
      tokenFile: path("secrets/admin-token").optional(),
    })
    .optional(),
  log: z.strictObject({ level: choice(LOG_LEVELS, "info").optional() }).optional(),
});

/** A file whose every key has the right form; not yet judged as a whole. */
export type FileShape = z.output<typeof fileSchema>;
export type EdgeShape = NonNullable<FileShape["edge"]>;
export type GatewayShape = NonNullable<FileShape["gateway"]>;
export type PartnerShape = NonNullable<FileShape["partners"]>[number];
