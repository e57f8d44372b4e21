import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ChangeQueue,
  DEFAULT_QUEUE_LIMITS,
  MAX_SLICE,
  MAX_SLICE_CHARS,
  MAX_UNWRITTEN,
  type QueueLimits,
} from "./change-queue.ts";
import { DEFAULT_KIND_LIMITS, KIND_NAMES } from "./kinds.ts";
import type { RecordKind } from "./records.ts";

function loaded(limits: Partial<QueueLimits> = {}): ChangeQueue {
  const queue = new ChangeQueue({ ...DEFAULT_QUEUE_LIMITS, ...limits });
  queue.noteLoaded();
  return queue;
}

/** Takes what waits and gives it as `+key` and `-key`, committed. */
function commit(queue: ChangeQueue): string[] {
  const changes: string[] = [];
  for (const slice of queue.take()?.slices ?? []) {
    for (let at = 0; at < slice.length; at += 3)
      changes.push(`${slice[at + 2] === null ? "-" : "+"}${slice[at + 1]}`);
  }
  queue.settle();
  return changes;
}

test.each(KIND_NAMES)("as many records of kind %s as there may be, and not one more", (kind) => {
  const queue = loaded({ records: { ...DEFAULT_KIND_LIMITS, [kind]: 3 } });
  for (const key of ["a", "b", "c"]) expect(queue.put(kind, key, "1")).toBe("taken");
  expect(queue.put(kind, "d", "1")).toBe("too-many");
  expect(queue.put(kind, "c", "2")).toBe("taken");
  commit(queue);
  expect(queue.put(kind, "d", "1")).toBe("too-many");
  queue.delete(kind, "a");
  expect(queue.put(kind, "d", "1")).toBe("taken");
  expect(queue.put(kind, "a", "1")).toBe("too-many");
  expect(queue.count(kind)).toBe(3);
});

test("as many changes wait as may, those on their way to the disk included, and not one more", () => {
  const queue = loaded();
  for (let n = 0; n < MAX_UNWRITTEN - 1; n += 1) queue.put("dialog", `d${n}`, "1");
  const { slices } = queue.take()!;
  for (const _ of slices);
  expect(queue.put("dialog", "last", "1")).toBe("taken");
  expect(queue.put("dialog", "over", "1")).toBe("queue-full");
  expect(queue.put("dialog", "last", "newer")).toBe("taken");
  queue.settle();
  expect(queue.put("dialog", "over", "1")).toBe("taken");
  expect(queue.size).toBe(2);
});

test("as many characters wait as may, and not one more; a deletion is always taken", () => {
  const queue = loaded({ unwrittenChars: 10 });
  expect(queue.put("message", "a", "123456789")).toBe("taken");
  expect(queue.put("message", "b", "")).toBe("queue-full");
  expect(queue.put("message", "a", "1234567890")).toBe("queue-full");
  commit(queue);
  expect(queue.put("message", "b", "123456789")).toBe("taken");
  queue.delete("message", "a");
  expect(commit(queue)).toEqual(["-a", "+b"]);
});

test("slices hold so many changes and characters, and not one more", () => {
  const sizes = (count: number, chars: number) => {
    const queue = loaded();
    for (let n = 0; n < count; n += 1) queue.put("dialog", String(n), "x".repeat(chars - 1));
    return [...queue.take()!.slices].map((slice) => slice.length / 3);
  };
  expect(sizes(MAX_SLICE, 2)).toEqual([MAX_SLICE]);
  expect(sizes(MAX_SLICE + 1, 4)).toEqual([MAX_SLICE, 1]);
  expect(sizes(2, MAX_SLICE_CHARS / 2)).toEqual([2]);
  expect(sizes(2, MAX_SLICE_CHARS / 2 + 1)).toEqual([1, 1]);
  expect(sizes(2, MAX_SLICE_CHARS + 1)).toEqual([1, 1]);
});

test("a record that comes and goes between two transactions costs no write", () => {
  const queue = loaded();
  queue.put("message", "m1", "1");
  queue.put("message", "m2", "1");
  queue.delete("message", "m1");
  expect(commit(queue)).toEqual(["+m2"]);
  queue.delete("message", "m1");
  expect(queue.take()).toBeUndefined();
  queue.delete("message", "m2");
  expect(commit(queue)).toEqual(["-m2"]);
  queue.put("message", "m2", "1");
  queue.delete("message", "m2");
  expect(queue.take()).toBeUndefined();
});

test("only what has to survive a power loss makes a transaction wait for the disk", () => {
  const queue = loaded();
  queue.put("message", "m1", "1");
  expect(queue.take()!.survivesPowerLoss).toBe(false);
  queue.putBack();
  queue.put("rule", "r", "1");
  expect(queue.take()!.survivesPowerLoss).toBe(true);
  queue.settle();
});

interface Step {
  readonly act: "put" | "delete" | "take" | "settle" | "putBack" | "fail";
  readonly kind: RecordKind;
  readonly key: string;
}

const steps = fc.array(
  fc.record<Step>({
    act: fc.constantFrom("put", "put", "put", "delete", "delete", "take", "settle", "putBack", "fail"),
    kind: fc.constantFrom("dialog", "message"),
    key: fc.constantFrom("a", "b", "c", "d"),
  }),
  { maxLength: 60, size: "max" },
);

test("whatever fails in between, the disk gets states that memory has had, and the last one in the end", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 4 }), (all, limit) => {
      const queue = loaded({ records: { ...DEFAULT_KIND_LIMITS, dialog: limit, message: 100 } });
      const memory = new Map<string, string>();
      /** What was put and not deleted, taken or not. */
      const said = new Set<string>();
      let disk = new Map<string, string>();
      /** Memory as it was when the transaction was taken. */
      let snapshot: Map<string, string> | undefined;
      let written = disk;
      const take = () => {
        const transaction = queue.take();
        if (!transaction) return;
        snapshot = new Map(memory);
        written = new Map(disk);
        for (const slice of transaction.slices) {
          for (let at = 0; at < slice.length; at += 3) {
            const name = `${slice[at]} ${slice[at + 1]}`;
            if (slice[at + 2] === null) written.delete(name);
            else written.set(name, slice[at + 2]!);
          }
        }
      };
      const settle = () => {
        queue.settle();
        disk = written;
        expect(disk).toEqual(snapshot);
        snapshot = undefined;
      };
      for (const [n, { act, kind, key }] of all.entries()) {
        if (act === "put") {
          const dialogs = [...memory.keys()].filter((name) => name.startsWith("dialog ")).length;
          const fits = kind !== "dialog" || dialogs < limit || memory.has(`dialog ${key}`);
          const answer = queue.put(kind, key, String(n), said.has(`${kind} ${key}`));
          expect(answer).toBe(fits ? "taken" : "too-many");
          said.add(`${kind} ${key}`);
          if (fits) memory.set(`${kind} ${key}`, String(n));
        } else if (act === "delete") {
          queue.delete(kind, key);
          memory.delete(`${kind} ${key}`);
          said.delete(`${kind} ${key}`);
        } else if (act === "take" && !snapshot) take();
        else if (act === "settle" && snapshot) settle();
        else if (act === "fail" && !snapshot && queue.take()) queue.putBack();
        else if (act === "putBack" && snapshot) {
          queue.putBack();
          snapshot = undefined;
        }
        // Counting is no part of what happens: mostly nobody asks.
        if (n % 3 === 0) expect(queue.count("dialog") + queue.count("message")).toBe(memory.size);
      }
      if (snapshot) settle();
      take();
      if (snapshot) settle();
      expect(disk).toEqual(memory);
      expect(queue.size).toBe(0);
    }),
    { numRuns: 500 },
  );
});
