import fc from "fast-check";
import { expect, it } from "vitest";
import { AgedMap } from "./aged-map.ts";

const key = fc.integer({ min: 0, max: 6 });
const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), key }),
  fc.record({ kind: fc.constant("delete" as const), key }),
  fc.record({ kind: fc.constant("deleteFirst" as const), key }),
);

it("does what a Map does whose entries move to the end when they are set again", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const aged = new AgedMap<number>();
      const plain = new Map<number, number>();
      for (const [at, { kind, key }] of steps.entries()) {
        if (kind === "deleteFirst") {
          plain.delete(plain.keys().next().value ?? -1);
          aged.deleteFirst();
        } else {
          plain.delete(key);
          aged[kind](`${key}`, at);
          if (kind === "set") plain.set(key, at);
        }
        expect([aged.size, aged.first]).toEqual([plain.size, plain.values().next().value]);
        for (let one = 0; one <= 6; one++) expect(aged.get(`${one}`)).toBe(plain.get(one));
      }
    }),
  );
});
