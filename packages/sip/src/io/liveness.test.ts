import { describe, expect, it } from "vitest";
import { DEFAULT_LIVENESS_LIMITS, Liveness, type LivenessVerdict } from "./liveness.ts";

const { silenceMs, probeMs, pongMs } = DEFAULT_LIVENESS_LIMITS;

/** The first verdict that is not fine while a look is taken each `stepMs`, and when. */
function watch(liveness: Liveness, from: number, until: number, stepMs = 500): [LivenessVerdict, number] {
  for (let now = from; now <= until; now += stepMs) {
    const verdict = liveness.judge(now);
    if (verdict !== "fine") return [verdict, now];
  }
  return ["fine", until];
}

describe("a connection", () => {
  it("that is quiet and owes nothing is fine for ever", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS_LIMITS);
    liveness.pinged(0);
    expect(watch(liveness, 0, 3_600_000)).toEqual(["fine", 3_600_000]);
  });

  it("is probed when a request meets silence for the whole time, and given up when the probe does", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS_LIMITS);
    liveness.asked(0);
    liveness.asked(3_000);
    expect(watch(liveness, 0, silenceMs - 1, 1)).toEqual(["fine", silenceMs - 1]);
    expect(liveness.judge(silenceMs)).toBe("probe");
    liveness.probed(silenceMs);
    liveness.asked(silenceMs);
    const end = silenceMs + probeMs;
    expect(watch(liveness, silenceMs, end - 1, 1)).toEqual(["fine", end - 1]);
    expect(liveness.judge(end)).toBe("no-answer");
    expect(end).toBeLessThan(8_000);
  });

  it("that says anything, be it late, begins anew", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS_LIMITS);
    liveness.asked(0);
    expect(watch(liveness, 0, 10_000)).toEqual(["probe", silenceMs]);
    liveness.probed(silenceMs);
    liveness.heard(false);
    expect(watch(liveness, silenceMs, 60_000)).toEqual(["fine", 60_000]);
    liveness.asked(60_000);
    expect(watch(liveness, 60_000, 90_000)).toEqual(["probe", 60_000 + silenceMs]);
  });

  it("that has once answered a ping must answer each", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS_LIMITS);
    liveness.heard(true);
    expect(liveness.answersPings).toBe(false);
    liveness.pinged(0);
    liveness.heard(true);
    expect(liveness.answersPings).toBe(true);
    liveness.judge(59_000);
    liveness.pinged(60_000);
    expect(watch(liveness, 60_000, 60_000 + pongMs - 1, 1)[0]).toBe("fine");
    expect(liveness.judge(60_000 + pongMs)).toBe("no-pong");
  });

  it("that answers a ping with something else is not taken for one that pongs", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS_LIMITS);
    liveness.pinged(0);
    liveness.heard(false);
    expect(liveness.answersPings).toBe(false);
  });

  it("is not given up for what this process has slept through", () => {
    const liveness = new Liveness(DEFAULT_LIVENESS_LIMITS);
    liveness.asked(0);
    liveness.judge(silenceMs);
    liveness.probed(silenceMs);
    expect(liveness.judge(100_000)).toBe("fine");
    expect(watch(liveness, 100_000, 200_000)).toEqual(["no-answer", 100_000 + probeMs]);
  });

  it("is never probed where that is switched off", () => {
    const liveness = new Liveness({ ...DEFAULT_LIVENESS_LIMITS, silenceMs: 0 });
    liveness.asked(0);
    expect(watch(liveness, 0, 60_000)[0]).toBe("fine");
  });
});
