/** Run: scripts/bench presence --gateway [--quick] [--rounds N] */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { besideGateway } from "./beside-gateway.ts";

const { values: flags } = parseArgs({
  options: { quick: { type: "boolean", default: false }, rounds: { type: "string" } },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 5));
const dir = mkdtempSync(join(tmpdir(), "tombolo-presence-gateway-"));
try {
  console.log(
    `${rounds} rounds; median (lowest-highest); load of the machine before ${loadavg()[0]!.toFixed(1)}`,
  );
  await besideGateway(join(dir, "tombolo.db"), rounds);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
