/**
 * Texts both ways through real Prosody, real Tombolo and a simulated Access Edge, while both processes are killed and
 * started again and the partner's TLS is cut; then each text is accounted for. Exit 1 where one is not.
 * Arguments: texts each way (10000), times of each fault (5), seed (random).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultTable, runFaults } from "../src/faults/fault-run.ts";

const [messages = 10_000, faults = 5, seed = Math.floor(Math.random() * 1e6)] = process.argv
  .slice(2)
  .map(Number);
const dir = mkdtempSync(join(tmpdir(), "tombolo-faults-"));
console.log(`${messages} texts each way, ${faults} of each fault, seed ${seed}`);
const report = await runFaults({
  dir,
  root: join(import.meta.dirname, "../../.."),
  messages,
  users: 20,
  faults,
  seed,
  paceMs: 200,
  patienceMs: 150_000,
  say: (text) => console.log(text),
});
console.log(`\n${faultTable(report)}`);
const { toSip, toXmpp, imbalances, leftInStore, sipFaults } = report;
const wrong = [...toSip.unaccounted, ...toXmpp.unaccounted, ...imbalances, ...sipFaults];
for (const line of wrong.slice(0, 20)) console.log(line);
const isGood = wrong.length + toSip.duplicatesUnmarked + toXmpp.duplicates + leftInStore === 0;
if (isGood) rmSync(dir, { recursive: true, force: true });
else console.log(`kept: ${dir}`);
process.exit(isGood ? 0 : 1);
