import type { DriverObservation } from "@tombolo/sip-edge/io";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ASK_AFTER_MS, PartnerWatch } from "./partner-watch.ts";

const PARTNER = "contoso.example";

function connection(state: "opened" | "closed", why = "", partner = PARTNER): DriverObservation {
  return {
    kind: "connection",
    side: "outside",
    direction: "in",
    remote: "192.0.2.1",
    protocol: "TLSv1.3",
    legacy: false,
    ...{ state, partner, why },
  } as DriverObservation;
}

function breaker(state: "open" | "closed"): DriverObservation {
  return { kind: "breaker", partner: PARTNER, state } as DriverObservation;
}

describe("partner watch", () => {
  const back: string[] = [];
  const seen = () => back.splice(0);
  let watch: PartnerWatch;

  beforeEach(() => {
    vi.useFakeTimers();
    watch = new PartnerWatch((partner, hungUp) => back.push(`${partner} ${hungUp ? "hung up" : "broke"}`));
  });
  afterEach(() => {
    watch.stop();
    seen();
    vi.useRealTimers();
  });

  it.each([
    ["reset", ["contoso.example broke"]],
    ["error ECONNRESET", ["contoso.example broke"]],
    ["no-answer", ["contoso.example broke"]],
    ["closed-there", ["contoso.example hung up"]],
    ["closed-here", []],
    ["idle", []],
    ["stopped", []],
  ])("the last connection ends: %s", (why, expected) => {
    watch.note(connection("opened"));
    watch.note(connection("closed", why));
    vi.advanceTimersByTime(ASK_AFTER_MS - 1);
    expect(seen()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen()).toEqual(expected);
    vi.advanceTimersByTime(3_600_000);
    expect(seen()).toEqual([]);
  });

  it("a new connection says it sooner, once", () => {
    watch.note(connection("opened"));
    watch.note(connection("closed", "reset"));
    watch.note(connection("opened"));
    expect(seen()).toEqual(["contoso.example broke"]);
    watch.note(connection("opened"));
    vi.advanceTimersByTime(ASK_AFTER_MS);
    expect(seen()).toEqual([]);
  });

  it("nothing is suspected while another connection stands, nor of another partner", () => {
    watch.note(connection("opened"));
    watch.note(connection("opened"));
    watch.note(connection("closed", "reset"));
    watch.note(connection("opened", "", "fabrikam.example"));
    vi.advanceTimersByTime(ASK_AFTER_MS);
    expect(seen()).toEqual([]);
  });

  it("who could not be reached is back when it can be, not before, whatever its connections did", () => {
    watch.note(connection("opened"));
    watch.note(connection("closed", "closed-there"));
    watch.note(breaker("open"));
    vi.advanceTimersByTime(3_600_000);
    expect(seen()).toEqual([]);
    watch.note(breaker("closed"));
    expect(seen()).toEqual(["contoso.example broke"]);
  });

  it("stops", () => {
    watch.note(connection("opened"));
    watch.note(connection("closed", "reset"));
    watch.stop();
    vi.advanceTimersByTime(ASK_AFTER_MS);
    expect(seen()).toEqual([]);
  });
});
