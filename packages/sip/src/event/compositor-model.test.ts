import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Compositor } from "./compositor.ts";
import {
  COMPOSITOR_TABLE,
  NO_SUCH_PUBLICATION_EVENT,
  PUBLICATION_EVENTS,
  PUBLICATION_STATES,
} from "./tables/compositor.ts";

const MIN = 60;
const MAX = 3_600;
const ROOM = 3;

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant("publish" as const),
      /** Which of the tags that were ever given out; beyond them: one that never was, or none. */
      tag: fc.option(fc.nat(6), { nil: undefined }),
      expires: fc.constantFrom(undefined, 0, 1, MIN - 1, MIN, 600, MAX, MAX + 1, 1e9),
      body: fc.constantFrom("none" as const, "unreadable" as const, "state" as const, "state" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("wait" as const), ms: fc.nat(1_000_000) }) },
);

interface Live {
  readonly state: number;
  readonly expiresAt: number;
}

describe("the compositor against a model", () => {
  it("holds what a map of tags with lifetimes holds, and answers as its four operations say", () => {
    const cells = new Set<string>();
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        let tags = 0;
        const machine = new Compositor<number>({
          ids: () => `e${tags++}`,
          minExpires: MIN,
          maxExpires: MAX,
          maxPublications: ROOM,
          trace: (state, event) => cells.add(`${state} ${event}`),
        });
        const model = new Map<string, Live>();
        let now = 0;
        let serial = 0;
        for (const next of commands) {
          if (next.what === "wait") {
            now += next.ms;
            machine.timeout(now);
          } else {
            serial += 1;
            const given = next.tag === undefined ? undefined : `e${tags - 1 - next.tag}`;
            const body = next.body === "state" ? { kind: next.body, state: serial } : { kind: next.body };
            const { expires } = next;
            machine.handle({ kind: "publish", request: `r${serial}`, body, ifMatch: given, expires }, now);
            for (const [tag, { expiresAt }] of model) if (expiresAt <= now) model.delete(tag);
            const status = expected(next, given, model);
            const answers = drain(machine).filter(({ kind }) => kind === "answer");
            expect(answers).toMatchObject([{ request: `r${serial}`, status }]);
            if (status === 200) {
              const etag = `e${tags - 1}`;
              const granted = Math.min(expires ?? MAX, MAX);
              expect(answers[0]).toMatchObject({ etag, expires: granted });
              const old = given === undefined ? undefined : model.get(given);
              if (given !== undefined) model.delete(given);
              if (granted > 0) {
                if (!old && model.size === ROOM) model.delete(model.keys().next().value!);
                const state = next.body === "state" ? serial : old!.state;
                model.set(etag, { state, expiresAt: now + granted * 1000 });
              }
            }
          }
          for (const [tag, { expiresAt }] of model) if (expiresAt <= now) model.delete(tag);
          const held = [...machine.publications()].map(({ etag, state, expiresAt }) => [
            etag,
            { state, expiresAt },
          ]);
          expect(held).toEqual([...model]);
          expect(machine.nextDeadline() === undefined).toBe(model.size === 0);
        }
      }),
      // So many that no cell is missed by chance: the rarest comes about once in 150 runs.
      { numRuns: 2_000 },
    );
    const reachable = PUBLICATION_STATES.flatMap((state) =>
      PUBLICATION_EVENTS.filter(
        (event) => COMPOSITOR_TABLE[state][event].row !== NO_SUCH_PUBLICATION_EVENT,
      ).map((event) => `${state} ${event}`),
    );
    expect([...cells].sort()).toEqual(reachable.sort());
  });
});

function expected(
  { expires, body }: { expires: number | undefined; body: "none" | "unreadable" | "state" },
  tag: string | undefined,
  model: ReadonlyMap<string, Live>,
): number {
  if (tag !== undefined && !model.has(tag)) return 412;
  if (expires === 0) return tag === undefined ? 400 : 200;
  if (expires !== undefined && expires < MIN) return 423;
  if (body === "unreadable") return 415;
  return body === "none" && tag === undefined ? 400 : 200;
}

function drain(machine: Compositor<number>) {
  const outputs = [];
  for (let out = machine.poll(); out; out = machine.poll()) outputs.push(out);
  return outputs;
}
