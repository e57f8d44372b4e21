/** Hosts, ports, domain names and route URLs as an administrator writes them. */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

export interface HostPort {
  /** An IP address without brackets, or a host name in small letters. */
  readonly host: string;
  readonly port: number;
}

export interface Endpoint extends HostPort {
  readonly transport: "tls" | "tcp";
}

/** What became of a text: its value, or what is wrong with it and what to write instead. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly wrong: string; readonly cure: string };

function good<T>(value: T): Parsed<T> {
  return { ok: true, value };
}
function bad(wrong: string, cure: string): { ok: false; wrong: string; cure: string } {
  return { ok: false, wrong, cure };
}

/** Longest domain name, in characters (RFC 1035 2.3.4, without the root's dot). */
const MAX_DOMAIN_LENGTH = 253;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const DEFAULT_SIPS_PORT = 5061;
const DEFAULT_SIP_PORT = 5060;
const DEFAULT_DNS_PORT = 53;
const DEFAULT_COMPONENT_PORT = 5347;

/** A domain name: letters, digits and hyphens in labels (RFC 1123 2.1), given back in small letters. */
export function parseDomain(text: string): Parsed<string> {
  const name = text.toLowerCase();
  if (name.endsWith(".") && name.length > 1) {
    return bad(`'${text}' ends with a dot`, `write ${name.slice(0, -1)}`);
  }
  if (/[^\u0000-\u007f]/.test(name)) {
    const ascii = domainToASCII(name);
    const cure = ascii === "" ? "write its ASCII form (xn--...)" : `write its ASCII form: ${ascii}`;
    return bad(`'${text}' is not in ASCII`, cure);
  }
  if (isIP(name) !== 0)
    return bad(`'${text}' is an address, not a domain`, "write a domain like example.com");
  const labels = name.split(".");
  if (
    name.length > MAX_DOMAIN_LENGTH ||
    !labels.every((label) => LABEL.test(label)) ||
    /^\d+$/.test(labels.at(-1)!)
  ) {
    return bad(
      `'${text}' is not a domain name`,
      "write letters, digits and hyphens in labels joined by dots, like example.com",
    );
  }
  return good(name);
}

/** `example.com`, or `*.example.com` for it and everything below. */
export function parseDomainPattern(text: string): Parsed<string> {
  if (!text.startsWith("*.")) return parseDomain(text);
  const below = parseDomain(text.slice(2));
  return below.ok ? good(`*.${below.value}`) : below;
}

/** A host: an IP address (brackets around IPv6 allowed) or a host name. */
export function parseHost(text: string): Parsed<string> {
  const bare = /^\[(.*)\]$/.exec(text)?.[1];
  if (bare !== undefined) {
    return isIP(bare) === 6
      ? good(bare.toLowerCase())
      : bad(`'${text}' is not an IPv6 address`, "write [::1]");
  }
  if (isIP(text) !== 0) return good(text.toLowerCase());
  const name = parseDomain(text);
  return name.ok
    ? name
    : bad(`'${text}' is neither an IP address nor a host name`, "write one, like 127.0.0.1");
}

/** An IP address. */
export function parseIp(text: string): Parsed<string> {
  if (isIP(text) !== 0) return good(text.toLowerCase());
  return bad(`'${text}' is not an IP address`, "write one, like 127.0.0.9");
}

/** A DNS server: an IP address, with a port where it is not 53. */
export function parseDnsServer(text: string): Parsed<string> {
  const place = parseHostPort(text, { least: 1, defaultPort: DEFAULT_DNS_PORT, example: "10.0.0.2:53" });
  if (place.ok && isIP(place.value.host) !== 0) return good(formatHostPort(place.value));
  return bad(`'${text}' is not the address of a DNS server`, "write its IP address, like 10.0.0.2");
}

function parsePort(text: string, least: 0 | 1): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= least && port <= 65_535 ? port : undefined;
}

/** Splits `host:port`, `[v6]:port`, `host`; the port text is undefined where there is none. */
function splitHostPort(text: string): { host: string; port: string | undefined } {
  const bracketed = /^(\[[^\]]*\])(?::(.*))?$/.exec(text);
  if (bracketed) return { host: bracketed[1]!, port: bracketed[2] };
  if (isIP(text) === 6) return { host: text, port: undefined };
  const colon = text.lastIndexOf(":");
  if (colon < 0) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

function parseHostPort(
  text: string,
  rule: { defaultPort?: number; least: 0 | 1; example: string },
): Parsed<HostPort> {
  const { host, port } = splitHostPort(text);
  if (host === "" || host === "*") {
    return bad(`'${text}' names no host`, `write 0.0.0.0:${port ?? DEFAULT_SIPS_PORT} for all addresses`);
  }
  const parsedHost = parseHost(host);
  if (!parsedHost.ok) return parsedHost;
  if (port === undefined) {
    if (rule.defaultPort !== undefined) return good({ host: parsedHost.value, port: rule.defaultPort });
    return bad(`'${text}' names no port`, `write host:port, like ${rule.example}`);
  }
  const number = parsePort(port, rule.least);
  if (number === undefined) {
    return bad(`'${port}' is not a port`, `write a number from ${rule.least} to 65535, like ${rule.example}`);
  }
  return good({ host: parsedHost.value, port: number });
}

/** Where to listen: `127.0.0.1:5061`, `[::]:5061`; port 0 lets the system choose. */
export function parseListen(text: string): Parsed<HostPort> {
  const url = /^([a-z]+):\/\//i.exec(text);
  if (url) return bad(`'${text}' has the prefix ${url[0]}`, `write ${text.slice(url[0].length)}`);
  return parseHostPort(text, { least: 0, example: "127.0.0.1:5061" });
}

/** A name or address and port that others are told: `sip.example.com:5061`; the port is 5061 where left out. */
export function parseAdvertise(text: string): Parsed<HostPort> {
  return parseHostPort(text, { least: 1, defaultPort: DEFAULT_SIPS_PORT, example: "sip.example.com:5061" });
}

/** An address to listen on, and the transport where the text names it (`tls://`, `tcp://`). */
export interface ListenWithTransport extends HostPort {
  readonly transport: "tls" | "tcp" | undefined;
}

/** `127.0.0.1:5062`, `tls://127.0.0.1:5062` or `tcp://127.0.0.1:5062`. */
export function parseListenWithTransport(text: string): Parsed<ListenWithTransport> {
  const [prefix = "", name] = /^([a-z]+):\/\//i.exec(text) ?? [];
  const scheme = name?.toLowerCase();
  if (scheme !== undefined && scheme !== "tls" && scheme !== "tcp") {
    return bad(`'${text}' has the prefix ${prefix}`, "write tls:// or tcp://");
  }
  const place = parseHostPort(text.slice(prefix.length), { least: 0, example: "127.0.0.1:5062" });
  return place.ok ? good({ transport: scheme, ...place.value }) : place;
}

/** `tls://host:port` or `tcp://host:port`; the port is 5061 (tls) or 5060 (tcp) where left out. */
export function parseEndpoint(text: string): Parsed<Endpoint> {
  const match = /^(tls|tcp):\/\/(.*)$/i.exec(text);
  if (!match) return bad(`'${text}' names no transport`, `write tls://host:port or tcp://host:port`);
  const transport = match[1]!.toLowerCase() === "tls" ? "tls" : "tcp";
  const place = parseHostPort(match[2]!, {
    least: 1,
    defaultPort: transport === "tls" ? DEFAULT_SIPS_PORT : DEFAULT_SIP_PORT,
    example: `${transport}://10.0.0.5:5062`,
  });
  return place.ok ? good({ transport, ...place.value }) : place;
}

/** Where a partner's edge is: `tls://host:port`, 5061 where the port is left out. Nothing but TLS goes outside. */
export function parseRoute(text: string): Parsed<HostPort> {
  const endpoint = /^(tls|tcp):\/\//i.test(text) ? parseEndpoint(text) : undefined;
  if (endpoint === undefined) return bad(`'${text}' is not a route`, "write tls://host:port");
  if (!endpoint.ok) return endpoint;
  if (endpoint.value.transport === "tcp") {
    return bad("partners are reached by TLS only", `write tls://${text.slice("tcp://".length)}`);
  }
  return good({ host: endpoint.value.host, port: endpoint.value.port });
}

/** Where component links connect: `xmpp://host:port`, 5347 where the port is left out (XEP-0114). */
export function parseXmppServer(text: string): Parsed<HostPort> {
  const match = /^xmpp:\/\/(.*)$/i.exec(text);
  if (!match) return bad(`'${text}' is not the address of an XMPP server`, "write xmpp://127.0.0.1:5347");
  return parseHostPort(match[1]!, {
    least: 1,
    defaultPort: DEFAULT_COMPONENT_PORT,
    example: "xmpp://127.0.0.1:5347",
  });
}

/** `local` (the gateway of this process) or an endpoint. */
export function parseTarget(text: string): Parsed<"local" | Endpoint> {
  if (text.toLowerCase() === "local") return good("local");
  const endpoint = parseEndpoint(text);
  if (endpoint.ok || /^(tls|tcp):\/\//i.test(text)) return endpoint;
  return bad(`'${text}' is not a target`, "write local, tls://host:port or tcp://host:port");
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** `host:port`, brackets around IPv6. */
export function formatHostPort(place: HostPort): string {
  return isIP(place.host) === 6 ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`;
}
