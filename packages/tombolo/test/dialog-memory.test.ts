import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, expect, it } from "vitest";
import { measureDialogMemory } from "../bench/dialog-memory.ts";

/** Of so few a part is what is remembered of addresses, up to a bound. `scripts/bench memory` measures 100,000. */
const DIALOGS = 3_000;
/** A watch takes 2.8 to 3.1 kB then; one that holds the message that it began with takes a kilobyte more, and two messages two. */
const BOUND = 3_400;

beforeAll(() => {
  setFlagsFromString("--expose-gc");
  globalThis.gc ??= runInNewContext("gc") as NonNullable<typeof globalThis.gc>;
});

it.each(["ours", "theirs"] as const)("a live watch takes little memory: %s", { timeout: 60_000 }, (side) => {
  expect(measureDialogMemory(side, DIALOGS).bytesPerDialog).toBeLessThan(BOUND);
});
