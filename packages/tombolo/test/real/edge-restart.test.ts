/** The edge of a gateway in another process is killed: what partners could not say meanwhile is asked for. */
import { once } from "node:events";
import { join } from "node:path";
import { BOB, type Lab, startTombolo } from "@tombolo/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, startRealLab } from "./real-lab.ts";

let lab: Lab;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  lab = await startRealLab({ layout: "split" });
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await lab?.stop();
});

test("bob is busy while there is no edge: alice sees it within seconds of its return", async () => {
  lab.alice.subscribe(BOB);
  await lab.alice.waitForPresence({ from: BOB, type: "available", show: "" });
  const ended = once(lab.tombolo, "exit");
  lab.tombolo.kill("SIGKILL");
  await ended;
  await expect(lab.edge.setPresence("Busy")).rejects.toThrow();
  await startTombolo(ROOT, lab.config, join(lab.dir, "again.log"), (stop) => stops.push(stop));
  await lab.alice.waitForPresence({ from: BOB, show: "away" }, 20_000);
}, 60_000);
