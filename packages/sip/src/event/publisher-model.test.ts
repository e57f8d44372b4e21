import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Publisher } from "./publisher.ts";
import type { PublisherInput } from "./publisher-port.ts";
import {
  NO_SUCH_PUBLISHER_EVENT,
  PUBLISHER_EVENTS,
  PUBLISHER_STATES,
  PUBLISHER_TABLE,
  type PublisherStep,
} from "./tables/publisher.ts";

type Command = PublisherInput | { kind: "deadline" } | { kind: "wait"; ms: number };

const seconds = fc.constantFrom(undefined, 0, 1, 30, 100, 600, 3_600, 7_200, 1e9);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Command>({ kind: "publish" }) },
  { weight: 2, arbitrary: fc.constant<Command>({ kind: "remove" }) },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: "refresh" }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("response" as const),
      status: fc.constantFrom(200, 200, 200, 200, 403, 412, 423, 423, 480, 500),
      etag: fc.option(fc.constant("tag"), { nil: undefined, freq: 9 }),
      expires: seconds,
      minExpires: seconds,
      retryAfter: seconds,
    }),
  },
  { weight: 2, arbitrary: fc.constant<Command>({ kind: "no-response" }) },
  { weight: 6, arbitrary: fc.constant<Command>({ kind: "deadline" }) },
  { weight: 1, arbitrary: fc.nat(4_000_000).map((ms): Command => ({ kind: "wait", ms })) },
);

describe("the publisher against a server in any mood", () => {
  it("has one PUBLISH under way, never repeats a tag that a 412 named, and ends when nothing is wanted", () => {
    const cells = new Set<string>();
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40, size: "max" }), (commands) => {
        const machine = new Publisher({
          expires: 3_600,
          pace: 5_000,
          retryBase: 30_000,
          retryCap: 3_600_000,
          random: () => 0.5,
          trace: (state, event) => cells.add(`${state} ${event}`),
        });
        let now = 0;
        let serial = 0;
        let isWanted = false;
        let inFlight: string | undefined;
        let sentTag: string | undefined;
        const dead = new Set<string>();
        const take = () => {
          for (let out = machine.poll(); out; out = machine.poll()) {
            expect(inFlight).toBeUndefined();
            expect(out.ifMatch === undefined).toBe(out.operation === "create");
            if (out.ifMatch !== undefined) expect(dead).not.toContain(out.ifMatch);
            expect(out.expires === 0).toBe(out.operation === "remove");
            if (out.operation === "create") expect(isWanted).toBe(true);
            inFlight = out.operation;
            sentTag = out.ifMatch;
          }
        };
        const step = (input: PublisherInput) => {
          if (input.kind === "publish" || input.kind === "remove") isWanted = input.kind === "publish";
          if (input.kind === "response" || input.kind === "no-response") {
            const isFinal = input.kind === "response" && (input.status < 300 || input.status === 412);
            if (isFinal && inFlight !== undefined && sentTag !== undefined) dead.add(sentTag);
            inFlight = undefined;
            const etag = input.kind === "response" && input.etag !== undefined ? `t${++serial}` : undefined;
            machine.handle(input.kind === "response" ? { ...input, etag } : input, now);
          } else machine.handle(input, now);
          take();
        };
        for (const next of commands) {
          if (next.kind === "deadline" || next.kind === "wait") {
            now = next.kind === "wait" ? now + next.ms : Math.max(now, machine.nextDeadline()?.at ?? now);
            machine.timeout(now);
            take();
          } else step(next);
        }
        // Answered well from here on, it holds what is wanted; told to stop, it comes to rest.
        const rest = () => {
          for (let i = 0; i < 20 && !(machine.isIdle || machine.state === "published"); i++) {
            if (inFlight !== undefined) step({ kind: "response", status: 200, etag: "x", expires: 3_600 });
            else {
              now = Math.max(now, machine.nextDeadline()!.at);
              machine.timeout(now);
              take();
            }
          }
        };
        rest();
        expect(machine.state).toBe(isWanted ? "published" : "idle");
        step({ kind: "remove" });
        rest();
        expect(machine.isIdle).toBe(true);
        expect(machine.nextDeadline()).toBeUndefined();
        expect(machine.publication).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
    const table: Record<string, Record<string, PublisherStep>> = PUBLISHER_TABLE;
    const reachable = PUBLISHER_STATES.flatMap((state) =>
      PUBLISHER_EVENTS.filter((event) => table[state]![event]!.row !== NO_SUCH_PUBLISHER_EVENT).map(
        (event) => `${state} ${event}`,
      ),
    );
    expect(reachable.filter((cell) => !cells.has(cell))).toEqual([]);
    expect([...cells].filter((cell) => !reachable.includes(cell))).toEqual([]);
  });
});
