import { describe, expect, it } from "vitest";
import { DEAD_MS, DeadTargets, MAX_DEAD, MAX_DEAD_MS } from "./dead-targets.ts";

const order = (dead: DeadTargets, now: number) => dead.order(["a", "b", "c"], (one) => one, now).join("");

describe("a target that could not be reached", () => {
  it("is tried last until its time is over, for longer each time", () => {
    const dead = new DeadTargets();
    expect(order(dead, 0)).toBe("abc");
    dead.failed("a", 0);
    expect(order(dead, DEAD_MS - 1)).toBe("bca");
    expect(order(dead, DEAD_MS)).toBe("abc");
    dead.failed("a", DEAD_MS);
    expect(order(dead, DEAD_MS * 3 - 1)).toBe("bca");
    expect(order(dead, DEAD_MS * 3)).toBe("abc");
    for (let i = 0; i < 50; i++) dead.failed("a", 0);
    expect(order(dead, MAX_DEAD_MS - 1)).toBe("bca");
    expect(order(dead, MAX_DEAD_MS)).toBe("abc");
  });

  it("is still tried where all are dead, the first to rise first", () => {
    const dead = new DeadTargets();
    dead.failed("b", 0);
    dead.failed("c", 1);
    dead.failed("a", 2);
    expect(order(dead, 3)).toBe("bca");
    dead.succeeded("a");
    expect(order(dead, 3)).toBe("abc");
  });

  it("is forgotten when there are too many", () => {
    const dead = new DeadTargets();
    for (let i = 0; i < MAX_DEAD; i++) dead.failed(i === 0 ? "a" : `x${i}`, 0);
    expect([dead.size, order(dead, 1)]).toEqual([MAX_DEAD, "bca"]);
    dead.failed("one more", 0);
    expect([dead.size, order(dead, 1)]).toEqual([MAX_DEAD, "abc"]);
  });
});
