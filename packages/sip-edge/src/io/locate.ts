import { resolveSrv } from "node:dns/promises";
import { type DialTarget, errorCode } from "@tombolo/sip/io";
import type { EdgePartner } from "../settings.ts";

/** Where a partner may be found, best first; an empty list with the reason where it can't be. */
export interface Location {
  readonly targets: readonly DialTarget[];
  readonly detail: string;
}

export type Locate = (partner: EdgePartner) => Promise<Location>;

/** Targets of one look-up that are tried. */
export const MAX_TARGETS = 4;

/** The configured route, else the SRV record that federation partners publish. Never rejects. */
export async function locatePartner(partner: EdgePartner): Promise<Location> {
  const { route, domain } = partner;
  if (route) return { targets: [{ host: route.host, port: route.port, transport: "tls" }], detail: "" };
  const name = `_sipfederationtls._tcp.${domain}`;
  try {
    const records = await resolveSrv(name);
    records.sort((a, b) => a.priority - b.priority || b.weight - a.weight);
    const targets = records
      .filter((record) => record.name !== "" && record.name !== ".")
      .slice(0, MAX_TARGETS)
      .map((record) => ({ host: record.name, port: record.port, transport: "tls" as const }));
    return { targets, detail: targets.length === 0 ? `${name}: no service` : "" };
  } catch (error) {
    return { targets: [], detail: `${name}: ${errorCode(error)}` };
  }
}
