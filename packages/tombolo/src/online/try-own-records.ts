/** What DNS tells partners about us, as far as it is there: Access Edges look for us by it (DNS-01, HA-02). */
import type { NameService } from "@tombolo/sip-edge/io";
import type { EdgeConfig } from "../config/config.ts";
import type { Trouble } from "./trouble.ts";

/** Troubles of the record of one of our domains; none where there is no record: partners may have a static route. */
export async function tryOwnRecords(
  domain: string,
  { outside }: EdgeConfig,
  names: NameService,
): Promise<Trouble[]> {
  const name = `_sipfederationtls._tcp.${domain}`;
  const records = await names.srv(name).catch(() => []);
  const targets = records.map((record) => record.name.replace(/\.$/, "").toLowerCase());
  const troubles: Trouble[] = [];
  if (new Set(targets).size > 1) {
    const message = `${name} has ${targets.length} targets (${targets.slice(0, 3).join(", ")}), of which Access Edges use one`;
    troubles.push({ message, cure: "publish one target, and make it redundant behind one address" });
  }
  for (const [at, target] of targets.entries()) {
    if (!outside.tls.names.includes(target)) {
      const message = `${name} leads to ${target}, which our certificate does not name`;
      troubles.push({
        message,
        cure: `publish ${outside.advertise.host}, or ask for a certificate with that name`,
      });
    } else if (target !== domain && !target.endsWith(`.${domain}`)) {
      const message = `${name} leads to ${target}, which is outside ${domain}: Access Edges that discover us refuse that`;
      troubles.push({ message, cure: `publish a name below ${domain}, and put it into the certificate` });
    }
    const { port } = records[at]!;
    if (port !== outside.advertise.port) {
      const message = `${name} leads to port ${port}, and edge.outside.advertise says ${outside.advertise.port}`;
      troubles.push({ message, cure: "make the two agree" });
    }
  }
  return troubles;
}
