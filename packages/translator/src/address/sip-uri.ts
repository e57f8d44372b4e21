/** A SIP URI in the parts that address mapping needs, as written except for the scheme. */
export interface SipUriParts {
  readonly scheme: string;
  /** Percent-encoded; undefined when the URI names a host only. May hold `;` and `?`, which belong to the user. */
  readonly user: string | undefined;
  readonly hasPassword: boolean;
  readonly host: string;
  /** URI parameters by lower-case name, percent-encoded; empty for those without a value. */
  readonly params: ReadonlyMap<string, string>;
}

/** Longest URI that is looked at, in characters. */
export const MAX_URI_LENGTH = 8_192;

/**
 * Splits `scheme:user@host:port;params?headers` (RFC 3261 19.1.1); port and headers are dropped. A text without scheme
 * gets `scheme` "". Undefined when it is no URI: no host, a second `@`, white space, quotes or angle brackets.
 */
export function splitSipUri(text: string): SipUriParts | undefined {
  if (text.length > MAX_URI_LENGTH || /[\s\p{Cc}\p{Cs}"<>]/u.test(text)) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1] ?? "";
  const rest = scheme === "" ? text : text.slice(scheme.length + 1);
  const at = rest.indexOf("@");
  const userinfo = at < 0 ? undefined : rest.slice(0, at);
  const tail = rest.slice(at + 1);
  if (tail.includes("@")) return undefined;
  const hostport = /^[^;?]*/.exec(tail)?.[0] ?? "";
  const host = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(hostport)?.[1];
  if (host === undefined || host === "") return undefined;
  const colon = userinfo?.indexOf(":") ?? -1;
  return {
    scheme: scheme.toLowerCase(),
    user: colon < 0 ? userinfo : userinfo?.slice(0, colon),
    hasPassword: colon >= 0,
    host,
    params: readParams(tail.slice(hostport.length)),
  };
}

function readParams(tail: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const param of tail.split("?", 1)[0]?.split(";") ?? []) {
    const [name = "", value = ""] = param.split(/=(.*)/s, 2);
    if (name !== "") params.set(name.toLowerCase(), value);
  }
  return params;
}

/** The octets of a percent-encoded text as UTF-8; `bad-percent` and `not-utf8` say why there are none. */
export function percentDecode(
  text: string,
): { readonly text: string } | { readonly fault: "bad-percent" | "not-utf8" } {
  if (!/[%\p{Cs}]/u.test(text)) return { text };
  if (/%(?![0-9a-f]{2})/i.test(text)) return { fault: "bad-percent" };
  const octets: number[] = [];
  for (let at = 0; at < text.length; ) {
    if (text[at] === "%") {
      octets.push(Number.parseInt(text.slice(at + 1, at + 3), 16));
      at += 3;
    } else {
      const character = String.fromCodePoint(text.codePointAt(at) as number);
      octets.push(...new TextEncoder().encode(character));
      at += character.length;
    }
  }
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(Uint8Array.from(octets)) };
  } catch {
    return { fault: "not-utf8" };
  }
}

/** Percent-encodes all but what the user part of a SIP URI may hold raw (RFC 3261 25.1: unreserved, user-unreserved). */
export function percentEncodeUser(text: string): string {
  return text.replace(/[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu, (character) =>
    Array.from(
      new TextEncoder().encode(character),
      (octet) => `%${octet.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""),
  );
}
