import { afterAll, beforeAll, expect, it } from "vitest";
import { lineAbout } from "./report.ts";
import { SeedRunner } from "./seed-runner.ts";
import { keptSeeds, newSeeds, replayed, type Seed, SHARES } from "./seeds.ts";

/** Longest time for one seed, ms: it takes one or two seconds where nothing else runs. */
const TIMEOUT = 120_000;

/** The tests of one of the files that share the seeds of a run. @param share from 0. */
export function testShare(share: number): void {
  const asked = replayed();
  const old = keptSeeds().filter((_, i) => i % SHARES === share);
  const seeds = asked ? [asked] : [...old, ...newSeeds(share)];
  let runner: SeedRunner;
  beforeAll(() => {
    runner = new SeedRunner();
  });
  afterAll(() => runner.stop());
  for (const seed of seeds) {
    it.skipIf(asked !== undefined && share > 0)(titleOf(seed), { timeout: TIMEOUT, retry: 0 }, async () => {
      const { result, cpuMs } = await runner.run(seed.seed, seed.texts, asked !== undefined);
      process.stdout.write(`${lineAbout(result)}, ${cpuMs} ms CPU\n`);
      const replay = `replay it with TOMBOLO_SIMULATION_SEED=${seed.seed}:${seed.texts}`;
      expect(result.complaints, replay).toEqual([]);
    });
  }
}

function titleOf({ seed, texts, found }: Seed): string {
  return `keeps its promises in seed ${seed}:${texts}${found ? `, which once found: ${found}` : ""}`;
}
