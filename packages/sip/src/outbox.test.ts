import fc from "fast-check";
import { expect, test } from "vitest";
import { KEPT_PLACES, Outbox } from "./outbox.ts";

test("outputs come out in their order, however they are put and taken", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 3 })), (moves) => {
      const outbox = new Outbox<{ readonly n: number }>();
      const waiting: number[] = [];
      let n = 0;
      for (const move of moves) {
        for (let i = 0; i < move; i++) {
          outbox.put({ n });
          waiting.push(n++);
        }
        for (let i = 0; i > move; i--) expect(outbox.take()?.n).toBe(waiting.shift());
      }
    }),
  );
});

test("a burst is taken whole, and what was taken is not held", () => {
  const outbox = new Outbox<{ readonly n: number }>();
  for (let n = 0; n < 3 * KEPT_PLACES; n++) outbox.put({ n });
  for (let n = 0; n < 3 * KEPT_PLACES; n++) expect(outbox.take()).toEqual({ n });
  expect(outbox.take()).toBeUndefined();
  const { places } = outbox as unknown as { readonly places: readonly unknown[] };
  expect(places).toHaveLength(KEPT_PLACES);
  expect(places.every((place) => place === undefined)).toBe(true);
});
