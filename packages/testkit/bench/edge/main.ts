/**
 * The edge under load beside three others that stand in the same place, in the same run and in turns: Kamailio set up
 * for the same job, HAProxy that only ends TLS, and the least proxy that Node can be. Figures are CPU seconds for 10,000
 * transactions: on a machine whose cores are shared with the load, transactions a second say little.
 *
 * `--other DIR` measures the edge of another checkout beside this one's, to see what a change is worth.
 *
 * Run: scripts/bench edge [--quick] [--only edge,kamailio] [--inside tls] [--parts session,paced,partners,dialogs] [--profile DIR]
 */
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { Bench, CONNECTIONS, type Plan } from "./bench.ts";
import { printHotSpots } from "./hot-spots.ts";
import { measureDialogs, measurePartners } from "./scaling.ts";
import { Steady } from "./steady.ts";
import type { Kind, Transport } from "./subjects.ts";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    inside: { type: "string" },
    other: { type: "string" },
    parts: { type: "string" },
    rounds: { type: "string" },
    profile: { type: "string" },
  },
});
const quick = flags.quick;
const kinds = flags.only?.split(",") ?? ["edge", "kamailio", "haproxy", "mini-proxy"];
if (flags.other !== undefined) kinds.splice(1, 0, "other-edge");
const plan: Plan = {
  rounds: Number(flags.rounds ?? (quick ? 3 : 5)),
  messages: quick ? 20_000 : 60_000,
  sessions: quick ? 800 : 2_500,
  pacedSeconds: quick ? 3 : 6,
  partners: quick ? [1, 100] : [1, 100, 1_000],
  dialogs: quick ? [1_000, 10_000] : [1_000, 10_000, 100_000],
  kinds: kinds as Kind[],
  transports: (flags.inside?.split(",") ?? ["tls", "tcp"]) as Transport[],
  profileDir: flags.profile,
  otherRoot: flags.other,
};
const parts = new Set(flags.parts?.split(",") ?? ["session", "paced", "partners", "dialogs"]);

if (flags.profile !== undefined) mkdirSync(flags.profile, { recursive: true });
const started = performance.now();
const bench = new Bench(plan);
try {
  console.log(
    `${plan.rounds} rounds in turns, ${CONNECTIONS} connections; median (lowest-highest); CPU in s per 10,000 transactions`,
  );
  await new Steady(bench).measure(parts);
  if (parts.has("partners")) await measurePartners(bench);
  if (parts.has("dialogs")) await measureDialogs(bench);
  if (flags.profile !== undefined) printHotSpots(flags.profile);
  console.log(`\ntook ${((performance.now() - started) / 1000).toFixed(0)} s`);
} finally {
  await bench.stop();
}
