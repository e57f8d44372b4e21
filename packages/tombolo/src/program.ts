/** The running program: everything a configuration asks for, started, changed and stopped as one. */

import type { Config } from "./config/config.ts";
import { consoleRoutes } from "./console/routes.ts";
import { Federation } from "./federation/federation.ts";
import { openGatewayStore } from "./federation/gateway-store.ts";
import { type Readiness, startAdminServer } from "./http/admin-server.ts";
import { edgeRoutes } from "./http/edge-routes.ts";
import { gatewayRoutes } from "./http/gateway-routes.ts";
import type { Log } from "./log/log.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { StartError } from "./start-error.ts";
import { StoreError } from "./store/store-error.ts";

export interface RunningProgram {
  /** Settles when all listeners are up and every XMPP link has been tried once. Rejects when that cannot be. */
  readonly ready: Promise<void>;
  /** Takes over partners, secrets and certificates without dropping a connection. */
  reload(config: Config): Promise<void>;
  /** Takes nothing new, finishes what is under way for at most `graceMs`, and closes everything. */
  stop(graceMs: number): Promise<void>;
}

/** Our certificates by the names they have in metrics and messages. */
function certificatesOf(config: Config): readonly (readonly [string, number])[] {
  const found = {
    outside: config.edge?.outside.tls,
    inside: config.edge?.inside?.tls,
    gateway: config.gateway?.remoteEdge?.tls,
  };
  return Object.entries(found).flatMap(([name, tls]) =>
    tls === undefined ? [] : [[name, tls.notAfter] as const],
  );
}

/**
 * Starts all that `config` names. Rejects with a `ListenError` when a listener cannot be opened, after closing those
 * that were, and with a `StartError` when the store cannot be used.
 */
export async function startProgram(config: Config, log: Log, metrics: Metrics): Promise<RunningProgram> {
  for (const [name, at] of certificatesOf(config)) metrics.setCertificateExpiry(name, at);
  const opened = config.gateway && (await openGatewayStore(config.store, log));
  const federation = new Federation(config, log, metrics, opened);
  const readiness = (): Readiness => federation.readiness;
  const { listen, token } = config.admin;
  const routes = [
    ...consoleRoutes(() => federation.status),
    ...edgeRoutes({
      partners: () => federation.partners,
      connections: () => federation.connections,
      decisions: () => federation.decisions,
    }),
    ...gatewayRoutes({ desk: federation.desk, links: () => federation.links }),
  ];
  const admin = await startAdminServer({
    listen,
    token,
    registry: metrics.registry,
    readiness,
    log,
    routes,
  }).catch(async (error: unknown) => {
    await opened?.store.close();
    throw error;
  });
  log.info("listening", { what: "admin", host: admin.address.host, port: admin.address.port });
  try {
    await federation.start();
  } catch (error) {
    await opened?.store.close();
    await admin.close();
    if (error instanceof StoreError) throw new StartError(error.message);
    throw error;
  }
  return {
    ready: federation.allTried,
    reload: async (next) => {
      await metrics.setPartners(next.partners.map((partner) => partner.domain));
      for (const [name, at] of certificatesOf(next)) metrics.setCertificateExpiry(name, at);
      admin.setToken(next.admin.token);
      federation.reload(next);
    },
    stop: async (graceMs) => {
      await federation.stop(graceMs);
      await admin.close();
    },
  };
}
