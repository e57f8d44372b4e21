import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Subscriber } from "./subscriber.ts";
import type { SubscriberInput, SubscriberOutput } from "./subscriber-port.ts";
import {
  NEVER,
  SUBSCRIBER_EVENTS,
  SUBSCRIBER_STATES,
  SUBSCRIBER_TABLE,
  type SubscriberStep,
} from "./tables/subscriber.ts";

type Command = SubscriberInput | { kind: "wait"; ms: number } | { kind: "deadline" };

const seconds = fc.option(fc.constantFrom(0, 1, 10, 40, 64, 65, 600, 3600, 1e9), { nil: undefined });
const optional = <T>(value: { [K in keyof T]: T[K] | undefined }) =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Command>({ kind: "subscribe" }) },
  { weight: 2, arbitrary: fc.constant<Command>({ kind: "unsubscribe" }) },
  {
    weight: 8,
    arbitrary: fc
      .record({
        kind: fc.constant("response" as const),
        status: fc.constantFrom(200, 200, 200, 200, 204, 400, 403, 404, 423, 423, 481, 500),
        expires: seconds,
        minExpires: seconds,
        retryAfter: seconds,
      })
      .map((value) => optional<SubscriberInput>(value)),
  },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: "no-response", why: "test" }) },
  {
    weight: 8,
    arbitrary: fc
      .record({
        kind: fc.constant("notify" as const),
        state: fc.constantFrom("active", "active", "active", "pending", "pending", "terminated"),
        reason: fc.constantFrom("deactivated", "rejected", undefined),
        retryAfter: seconds,
        expires: seconds,
        hasBody: fc.boolean(),
      })
      .map((value) => optional<SubscriberInput>(value as never)),
  },
  { weight: 4, arbitrary: fc.constant<Command>({ kind: "deadline" }) },
  { weight: 1, arbitrary: fc.nat(100_000).map((ms): Command => ({ kind: "wait", ms })) },
);

/** Some runs begin where random steps alone seldom come: in a dialog whose refresh is out, or withdrawn early. */
const refreshing = (state: "active" | "pending"): readonly Command[] => [
  { kind: "subscribe" },
  { kind: "response", status: 200, expires: 3600 },
  { kind: "notify", state, expires: 3600, hasBody: true },
  { kind: "deadline" },
];

const WITHDRAWN: readonly Command[] = [{ kind: "subscribe" }, { kind: "unsubscribe" }];

const run = fc
  .record({
    strict: fc.boolean(),
    prefix: fc.constantFrom<readonly Command[]>([], refreshing("active"), refreshing("pending"), WITHDRAWN),
    random: fc.array(command, { maxLength: 25, size: "max" }),
  })
  .map(({ strict, prefix, random }) => ({ strict, commands: [...prefix, ...random] }));

/** What a partner and a user may rely on, whatever happens in whatever order. */
class Model {
  readonly cells = new Set<string>();
  readonly machine: Subscriber;
  now = 1;
  #inFlight = false;
  #dialog = false;
  #wanted = false;
  #ended = false;

  constructor(strictTimerN: boolean) {
    const trace = (state: string, event: string, row: string) => {
      expect(row).not.toBe(NEVER);
      this.cells.add(`${state}/${event}`);
    };
    this.machine = new Subscriber({ expires: 3600, strictTimerN, random: () => 0.5, trace });
  }

  perform(command: Command): void {
    if (command.kind === "wait" || command.kind === "deadline") {
      this.now =
        command.kind === "wait"
          ? this.now + command.ms
          : Math.max(this.now, this.machine.nextDeadline()?.at ?? 0);
      this.machine.timeout(this.now);
      expect(this.machine.nextDeadline()?.at ?? Number.POSITIVE_INFINITY).toBeGreaterThan(this.now);
    } else {
      if (command.kind === "response" || command.kind === "no-response") this.#inFlight = false;
      if (command.kind === "notify") this.#dialog ||= this.machine.state !== "init";
      if (command.kind === "unsubscribe") this.#wanted = false;
      if (command.kind === "subscribe" && this.machine.state === "init") this.#wanted = true;
      this.machine.handle(command, this.now);
    }
    for (let output = this.machine.poll(); output; output = this.machine.poll()) this.#check(output);
    this.#checkAlive();
  }

  #check(output: SubscriberOutput): void {
    expect(this.#ended, "nothing after the end").toBe(false);
    if (output.kind === "send") {
      expect(this.#inFlight, "one SUBSCRIBE at a time").toBe(false);
      this.#inFlight = true;
      if (output.request !== "initial") expect(this.#dialog, "no dialog, no request in it").toBe(true);
      expect(output.expires > 0).toBe(output.request !== "end");
      expect(this.#wanted, "refreshes while wanted, ends when not").toBe(output.request !== "end");
    } else if (output.kind === "ended") {
      this.#ended = true;
      expect(this.machine.state).toBe("terminated");
      if (output.permanent) expect(output.retry).toBe("never");
    } else expect(this.#wanted, "nothing to show once unsubscribed").toBe(true);
  }

  #checkAlive(): void {
    const { state } = this.machine;
    const waits = this.#inFlight || this.machine.nextDeadline() !== undefined;
    expect(waits || state === "init" || state === "terminated", "never stuck").toBe(true);
    if (state === "terminated") expect(this.machine.nextDeadline()).toBeUndefined();
  }

  /** Unsubscribed and left alone, it ends. */
  leave(): void {
    this.perform({ kind: "unsubscribe" });
    for (let i = 0; i < 10 && this.machine.state !== "terminated"; i++) {
      this.perform({ kind: "deadline" });
      this.perform({ kind: "no-response", why: "gone" });
    }
    expect(this.machine.state).toBe("terminated");
  }
}

describe("the subscriber, whatever happens", () => {
  it("keeps its promises", () => {
    fc.assert(
      fc.property(run, ({ strict, commands }) => {
        const model = new Model(strict);
        for (const one of commands) model.perform(one);
        model.leave();
      }),
      { numRuns: 400 },
    );
  });

  it("reaches every cell of the table that is not ruled out, and none that is", () => {
    const reached = new Set<string>();
    for (const { strict, commands } of fc.sample(run, { numRuns: 4000, seed: 7 })) {
      const model = new Model(strict);
      for (const one of commands) model.perform(one);
      for (const cell of model.cells) reached.add(cell);
    }
    expect(cells((step) => step.row !== NEVER).filter((cell) => !reached.has(cell))).toEqual([]);
    expect(cells((step) => step.row === NEVER).filter((cell) => reached.has(cell))).toEqual([]);
  });
});

describe("the table", () => {
  it("ends exactly where it says so, and changes nothing in cells ruled out", () => {
    for (const state of SUBSCRIBER_STATES) {
      for (const event of SUBSCRIBER_EVENTS) {
        const step: SubscriberStep = SUBSCRIBER_TABLE[state][event];
        const ends = step.next === "terminated" && state !== "terminated";
        expect([state, event, step.end !== undefined]).toEqual([state, event, ends]);
        if (step.row === NEVER) expect([step.next, step.actions]).toEqual([state, []]);
        else expect(step.ref).not.toBe("");
      }
    }
  });
});

function cells(which: (step: SubscriberStep) => boolean): string[] {
  return SUBSCRIBER_STATES.flatMap((state) =>
    SUBSCRIBER_EVENTS.filter((event) => which(SUBSCRIBER_TABLE[state][event])).map(
      (event) => `${state}/${event}`,
    ),
  );
}
