import fc from "fast-check";
import { expect, it } from "vitest";
import { PlaceMap } from "./place-map.ts";

const key = fc.constantFrom("a", "b", "c", "d", "e");
const step = fc.record({ kind: fc.constantFrom("set", "delete"), key });

it("does what a Map does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const places = new PlaceMap<number>();
      const plain = new Map<string, number>();
      for (const [at, { kind, key }] of steps.entries()) {
        if (kind === "set") {
          places.set(key, at);
          plain.set(key, at);
        } else expect(places.delete(key)).toBe(plain.delete(key));
        expect([...places.values()]).toEqual([...plain.values()]);
        expect(places.size).toBe(plain.size);
        for (const one of ["a", "b", "c", "d", "e"]) {
          expect(places.get(one)).toBe(plain.get(one));
          expect(places.has(one)).toBe(plain.has(one));
        }
      }
    }),
  );
});

it("may lose what is being looked at", () => {
  const places = new PlaceMap<string>();
  for (const name of ["a", "b", "c"]) places.set(name, name);
  const seen: string[] = [];
  for (const name of places.values()) {
    seen.push(name);
    places.delete(name);
    places.delete("b");
  }
  expect(seen).toEqual(["a", "c"]);
  expect(places.size).toBe(0);
});
