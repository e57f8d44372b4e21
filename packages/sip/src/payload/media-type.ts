/** Parameters read from one media type; a value with more is not read at all. */
export const MAX_MEDIA_PARAMS = 32;

export interface MediaType {
  /** `type/subtype`, lower case. */
  readonly type: string;
  /** Names in lower case, values unquoted. The first of two equal names counts. */
  readonly params: ReadonlyMap<string, string>;
}

const TYPE = /^\s*([^\s/;,"]+)\s*\/\s*([^\s/;,"]+)\s*/;
const PARAM = /;\s*(?:([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*)))?)?\s*/sy;

/**
 * A Content-Type, Content-Disposition-like parameter syntax included (RFC 3261 20.15). Unquoted values may hold anything
 * up to the next semicolon, because base64 with `=` and `/` is seen unquoted. Undefined when it is no media type.
 */
export function parseMediaType(value: string): MediaType | undefined {
  const head = TYPE.exec(value);
  if (head === null) return undefined;
  const params = parseParams(value, head[0].length);
  return params && { type: `${head[1]}/${head[2]}`.toLowerCase(), params };
}

/** `;name=value` pairs from `from` to the end of `value`; undefined when malformed or too many. */
export function parseParams(value: string, from: number): ReadonlyMap<string, string> | undefined {
  const params = new Map<string, string>();
  let at = from;
  while (at < value.length) {
    PARAM.lastIndex = at;
    const match = PARAM.exec(value);
    if (match === null) return undefined;
    at = PARAM.lastIndex;
    const name = match[1]?.toLowerCase();
    if (name === undefined || params.has(name)) continue;
    if (params.size === MAX_MEDIA_PARAMS) return undefined;
    params.set(name, match[2]?.replace(/\\(.)/gs, "$1") ?? match[3]?.trim() ?? "");
  }
  return params;
}
