import { describe, expect, it } from "vitest";
import { keptStories } from "./kept-stories.ts";
import { plannedRuns, run } from "./runs.ts";
import { tell } from "./story.ts";

/** For one run, ms: it takes a tenth of that where nothing else runs. */
const TIMEOUT = 4 * 3_600_000;

describe("the whole gateway", () => {
  it.each(plannedRuns())(
    "keeps its promises in $stories stories of seed $seed",
    { timeout: TIMEOUT },
    (plan) => {
      const { stories, failure, cpuMs } = run(plan);
      process.stdout.write(`whole gateway: seed ${plan.seed}, ${stories} stories, ${cpuMs} ms CPU\n`);
      if (failure) expect.fail(failure);
    },
  );

  it("tells a story the same way each time", () => {
    const { story } = keptStories().at(-1)!;
    expect(tell(story).lines.length).toBeGreaterThan(20);
    expect(tell(story)).toEqual(tell(story));
  });

  it.each(keptStories())("keeps its promises where once $found", ({ story }) => {
    expect(tell(story).broken).toBeUndefined();
  });
});
