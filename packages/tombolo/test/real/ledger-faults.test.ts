/** Design law 1 against real processes that are killed: a short one of `scripts/bench faults`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultTable, runFaults } from "@tombolo/testkit";
import { expect, onTestFinished, test } from "vitest";
import { ROOT } from "./real-lab.ts";

const MESSAGES = 240;

test("each text arrives or its sender knows, whatever is killed or cut meanwhile", async () => {
  const dir = mkdtempSync(join(tmpdir(), "tombolo-faults-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const seed = Math.floor(Math.random() * 1e6);
  const report = await runFaults({
    dir,
    root: ROOT,
    messages: MESSAGES,
    users: 8,
    faults: 2,
    seed,
    paceMs: 120,
    patienceMs: 30_000,
  });
  const { toSip, toXmpp, imbalances, leftInStore, sipFaults, faults, scrapes } = report;
  const found = {
    unaccounted: [...toSip.unaccounted, ...toXmpp.unaccounted],
    doubled: toSip.duplicatesUnmarked + toXmpp.duplicates,
    ...{ imbalances, leftInStore, sipFaults, faults },
  };
  expect(found, `seed ${seed}\n${faultTable(report)}`).toEqual({
    unaccounted: [],
    doubled: 0,
    imbalances: [],
    leftInStore: 0,
    sipFaults: [],
    faults: { tombolo: 2, prosody: 2, tls: 2 },
  });
  // The run has shown something: most texts went through.
  expect(toSip.arrived).toBeGreaterThan(MESSAGES / 10);
  expect(toXmpp.arrived).toBeGreaterThan(MESSAGES / 10);
  expect(scrapes).toBeGreaterThan(2);
}, 120_000);
