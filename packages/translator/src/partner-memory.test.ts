import { describe, expect, it } from "vitest";
import {
  ASK_ALL_INTERVAL,
  ASK_SOME_INTERVAL,
  AWAY,
  DEAD_FOR_AWAY,
  DOUBT,
  LOST_FOR_ALL,
  PartnerMemory,
} from "./partner-memory.ts";

const P = "contoso.example";

function due(memory: PartnerMemory, now: number): string | undefined {
  return memory.takeDue(now)?.ask;
}

describe("a partner that may have lost its memory", () => {
  it("is asked for all its dialogs when it was out of reach, once in ten minutes", () => {
    const memory = new PartnerMemory();
    memory.broken(P, 0);
    expect([due(memory, 0), due(memory, 0)]).toEqual(["all", undefined]);
    memory.broken(P, 1000);
    memory.broken(P, 2000);
    expect(memory.nextDeadline()?.at).toBe(ASK_ALL_INTERVAL);
    expect([due(memory, ASK_ALL_INTERVAL - 1), due(memory, ASK_ALL_INTERVAL)]).toEqual([undefined, "all"]);
    expect(memory.nextDeadline()).toBeUndefined();
  });

  it("is asked for a few when it hung up, and for all where one of them is lost", () => {
    const memory = new PartnerMemory();
    memory.hungUp(P, 0);
    expect(due(memory, 0)).toBe("some");
    memory.answered(P, "known", 100);
    expect(due(memory, 100)).toBeUndefined();
    memory.answered(P, "lost", 200);
    expect(due(memory, 200)).toBe("all");
    memory.answered(P, "lost", 300);
    memory.answered(P, "lost", 400);
    expect(memory.nextDeadline()).toBeUndefined();
  });

  it("that hangs up all the time is asked for a few once a minute", () => {
    const memory = new PartnerMemory();
    const asked: number[] = [];
    for (let now = 0; now <= 2 * ASK_SOME_INTERVAL; now += 10_000) {
      memory.hungUp(P, now);
      if (due(memory, now)) asked.push(now);
      memory.answered(P, "known", now);
    }
    expect(asked).toEqual([0, ASK_SOME_INTERVAL, 2 * ASK_SOME_INTERVAL]);
  });

  it.each([
    ["so many lost dialogs", LOST_FOR_ALL, 0, "all"],
    ["one fewer", LOST_FOR_ALL - 1, 0, undefined],
    ["as many that are known", LOST_FOR_ALL, LOST_FOR_ALL, "all"],
    ["one more that is known", LOST_FOR_ALL, LOST_FOR_ALL + 1, undefined],
  ] as const)("shows it by %s within a minute", (_, lost, known, ask) => {
    const memory = new PartnerMemory();
    for (let n = 0; n < known; n++) memory.answered(P, "known", n);
    for (let n = 0; n < lost; n++) memory.answered(P, "lost", DOUBT - n);
    expect(due(memory, DOUBT)).toBe(ask);
    expect(due(new PartnerMemory(), DOUBT)).toBeUndefined();
  });

  it("is not suspected for lost dialogs that are further apart", () => {
    const memory = new PartnerMemory();
    for (let n = 0; n < 20; n++) memory.answered(P, "lost", n * (DOUBT / 2 + 1));
    expect(due(memory, 20 * DOUBT)).toBeUndefined();
  });

  it.each([
    ["and long enough", DEAD_FOR_AWAY, AWAY, "all"],
    ["but not for long", DEAD_FOR_AWAY, AWAY - 1, undefined],
    ["but too few", DEAD_FOR_AWAY - 1, AWAY, undefined],
  ] as const)("was away when requests went unanswered %s, and then one was answered", (_, dead, ms, ask) => {
    const memory = new PartnerMemory();
    for (let n = 0; n < dead; n++) memory.answered(P, "dead", 0);
    expect(due(memory, ms)).toBeUndefined();
    memory.answered(P, "known", ms);
    expect(due(memory, ms)).toBe(ask);
  });

  it("does not concern another partner", () => {
    const memory = new PartnerMemory();
    memory.hungUp(P, 0);
    due(memory, 0);
    memory.answered("fabrikam.example", "lost", 1);
    expect(due(memory, 1)).toBeUndefined();
  });
});
