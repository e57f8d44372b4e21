/** Finds the route for a path. */
import type { Route } from "./reply.ts";

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route whose path fits, with its decoded `{name}` parts; undefined when none does or the path is not decodable. */
export function findRoute(routes: readonly Route[], path: string): Match | undefined {
  const parts = path.split("/");
  for (const route of routes) {
    const params = matchParts(route.path.split("/"), parts);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function matchParts(
  pattern: readonly string[],
  parts: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, expected] of pattern.entries()) {
    const part = parts[at]!;
    const name = /^\{(.+)\}$/.exec(expected)?.[1];
    if (name === undefined) {
      if (expected !== part) return undefined;
      continue;
    }
    try {
      params[name] = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    if (params[name] === "") return undefined;
  }
  return params;
}
