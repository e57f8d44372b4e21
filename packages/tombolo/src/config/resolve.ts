/** Turns a well-formed file into the configuration the program uses: defaults, secrets, and what keys ask of each other. */

import { hostname } from "node:os";
import { resolve } from "node:path";
import { isLoopback, parseListen } from "./addresses.ts";
import type { AdminConfig, Config, StoreConfig } from "./config.ts";
import type { Context } from "./context.ts";
import type { Report } from "./finding.ts";
import { resolveEdge } from "./resolve-edge.ts";
import { resolveGateway } from "./resolve-gateway.ts";
import { resolvePartners } from "./resolve-partners.ts";
import { resolveTables } from "./resolve-tables.ts";
import type { FileShape } from "./schema.ts";
import { readSecret } from "./secrets.ts";

const DEFAULT_ADMIN_LISTEN = "127.0.0.1:8280";
const DEFAULT_STORE_PATH = "var/tombolo.db";

/**
 * The finished configuration. Findings go to `context.report`; when one of them is an error the result must not be
 * used, and is undefined where a part could not be made at all.
 */
export function resolveConfig(shape: FileShape, context: Context): Config | undefined {
  const { report } = context;
  if (shape.edge === undefined && shape.gateway === undefined) {
    report(
      "error",
      [],
      "neither edge nor gateway is configured",
      "write an edge: part, a gateway: part or both",
    );
  }
  const node = shape.node ?? defaultNodeName();
  judgeDomains(shape, report);
  const edge = shape.edge && resolveEdge(shape.edge, shape, node, context);
  const gateway = shape.gateway && resolveGateway(shape.gateway, shape, context);
  const partners = resolvePartners(shape, context);
  const tables = resolveTables(shape, context);
  const store = resolveStore(shape, context);
  const admin = resolveAdmin(shape, context);
  const broken =
    (shape.edge !== undefined && edge === undefined) ||
    (shape.gateway !== undefined && gateway === undefined);
  if (broken || partners === undefined || store === undefined || admin === undefined) return undefined;
  return {
    file: context.file,
    node,
    edge,
    gateway,
    partners,
    policy: { unknownWatcher: shape.policy?.unknownWatcher ?? "ask" },
    tables,
    store,
    admin,
    log: { level: shape.log?.level ?? "info" },
  };
}

/** The first label of this machine's name. */
function defaultNodeName(): string {
  return (
    hostname()
      .split(".")[0]!
      .replace(/[^A-Za-z0-9-]/g, "") || "tombolo"
  );
}

/**
 * Every domain belongs to one side and one protocol (SYS-01). A domain that is both ours and a partner's would send
 * messages round in a circle.
 */
function judgeDomains(shape: FileShape, report: Report): void {
  const ours = new Map<string, string>();
  for (const [key, domains] of [
    ["gateway", shape.gateway?.domains],
    ["edge", shape.edge?.domains],
  ] as const) {
    const seen = new Set<string>();
    for (const [at, domain] of (domains ?? []).entries()) {
      if (seen.has(domain)) {
        report("error", [key, "domains", at], `the domain ${domain} is given twice`, "keep one of them");
      }
      seen.add(domain);
      if (!ours.has(domain)) ours.set(domain, `${key}.domains`);
    }
  }
  const partners = new Map<string, number>();
  for (const [at, { domain }] of (shape.partners ?? []).entries()) {
    const path = ["partners", at, "domain"];
    const first = partners.get(domain);
    const own = ours.get(domain);
    if (own !== undefined) {
      const cure = "keep it in one of the two places; a domain is ours or a partner's";
      report("error", path, `the partner domain ${domain} is also in ${own}`, cure);
    }
    if (first !== undefined) {
      report(
        "error",
        path,
        `the domain ${domain} is given twice (also in partners[${first}])`,
        "keep one of them",
      );
    } else partners.set(domain, at);
  }
}

function resolveStore(shape: FileShape, context: Context): StoreConfig | undefined {
  const { report } = context;
  const store = shape.store ?? { kind: "sqlite" as const };
  if (store.kind === "sqlite") {
    if (store.url !== undefined)
      report("error", ["store", "url"], "a sqlite store has no url", "write path: instead");
    return { kind: "sqlite", path: resolve(context.folder, store.path ?? DEFAULT_STORE_PATH) };
  }
  if (store.path !== undefined)
    report("error", ["store", "path"], "a redis store has no path", "write url: instead");
  if (store.url === undefined) {
    report("error", ["store"], "store.url is missing", "write url: redis://127.0.0.1:6379");
    return undefined;
  }
  return { kind: "redis", url: store.url };
}

function resolveAdmin(shape: FileShape, context: Context): AdminConfig | undefined {
  const admin = shape.admin ?? {};
  const fallback = parseListen(DEFAULT_ADMIN_LISTEN);
  const listen = admin.listen ?? (fallback.ok ? fallback.value : undefined);
  if (listen === undefined) return undefined;
  const token = readSecret(admin.token, admin.tokenFile, ["admin"], "token", context);
  const asked = admin.token !== undefined || admin.tokenFile !== undefined;
  if (!isLoopback(listen.host) && !asked) {
    const cure = "write tokenFile: secrets/admin-token (or token:), or listen on 127.0.0.1";
    context.report("error", ["admin", "listen"], `admin listens on ${listen.host} without a token`, cure);
  }
  return { listen, token };
}
