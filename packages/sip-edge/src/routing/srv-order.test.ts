import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orderRecords, saysNoService } from "./srv-order.ts";

const record = (name: string, priority: number, weight: number) => ({ name, port: 5061, priority, weight });

describe("the order of service records", () => {
  it("is that of the priorities, whatever the weights", () => {
    const records = [record("c", 30, 100), record("a", 10, 0), record("b", 20, 65_535)];
    expect(orderRecords(records, Math.random).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  it("follows the weights within a priority", () => {
    const records = [record("heavy", 1, 30), record("light", 1, 10), record("never", 1, 0)];
    let seed = 0;
    const random = () => (seed++ % 1000) / 1000;
    const first = { heavy: 0, light: 0, never: 0 } as Record<string, number>;
    for (let i = 0; i < 3000; i++) first[orderRecords(records, random)[0]!.name]!++;
    expect(first.heavy! / first.light!).toBeGreaterThan(2.5);
    expect(first.heavy! / first.light!).toBeLessThan(3.5);
    expect(first.never! / 3000).toBeLessThan(0.05);
  });

  it("has every target once and never the root", () => {
    const some = fc.array(
      fc.record({
        name: fc.constantFrom("a", "b", "c", "", "."),
        port: fc.nat(65_535),
        priority: fc.nat(3),
        weight: fc.nat(65_535),
      }),
    );
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(some, random, (records, value) => {
        const ordered = orderRecords(records, () => value);
        const wanted = records.filter(({ name }) => name !== "" && name !== ".");
        expect(new Set(ordered)).toEqual(new Set(wanted));
        expect(ordered).toHaveLength(wanted.length);
        const priorities = ordered.map(({ priority }) => priority);
        expect(priorities).toEqual([...priorities].sort((one, other) => one - other));
      }),
    );
  });

  it("of a domain that declines the service is empty", () => {
    expect(saysNoService([record("", 0, 0)])).toBe(true);
    expect(saysNoService([record(".", 0, 0)])).toBe(true);
    expect(saysNoService([record("", 0, 0), record("a", 0, 0)])).toBe(false);
    expect(saysNoService([])).toBe(false);
  });
});
