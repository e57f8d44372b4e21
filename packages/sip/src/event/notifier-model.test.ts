import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Notifier } from "./notifier.ts";
import type { NotifierInput, NotifierOutput } from "./notifier-port.ts";
import { parseSubscriptionState } from "./subscription-state.ts";
import {
  NOTIFIER_EVENTS,
  NOTIFIER_NEVER,
  NOTIFIER_STATES,
  NOTIFIER_TABLE,
  type NotifierStep,
} from "./tables/notifier.ts";

type Command = NotifierInput | { kind: "wait"; ms: number } | { kind: "deadline" };

const MAX_EXPIRES = 7200;
const MIN_EXPIRES = 60;
const INTERVAL = 5000;

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(undefined, 0, 1, 60, 600, 1e9)
      .map((expires): Command => ({ kind: "subscribe", ...(expires !== undefined && { expires }) })),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom("active", "pending").map((state): Command => ({ kind: "authorise", state })),
  },
  { weight: 5, arbitrary: fc.constant<Command>({ kind: "state-changed" }) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(200, 200, 200, 200, 481, 503)
      .map((status): Command => ({ kind: "notify-answered", status })),
  },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: "notify-unanswered" }) },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: "end", reason: "rejected" }) },
  { weight: 3, arbitrary: fc.constant<Command>({ kind: "deadline" }) },
  { weight: 2, arbitrary: fc.nat(6_000).map((ms): Command => ({ kind: "wait", ms })) },
);

const run = fc.record({
  unanswered: fc.constantFrom("end" as const, "keep" as const),
  commands: fc.array(command, { maxLength: 30, size: "max" }),
});

/** What a watcher may rely on, whatever happens in whatever order. */
class Model {
  readonly cells = new Set<string>();
  readonly machine: Notifier;
  now = 1;
  #inFlight = false;
  #ended = false;
  #final = false;
  #authorised = false;
  /** A 2xx whose NOTIFY has not left yet. */
  #acceptOwed = false;
  /** A change, while active, whose NOTIFY has not left yet. */
  #changeOwed = false;
  /** NOTIFYs that followed neither a 2xx nor a new authorisation. */
  #lastNotify = Number.NEGATIVE_INFINITY;
  #immediate = false;

  constructor(unanswered: "end" | "keep") {
    const trace = (state: string, event: string, row: string) => {
      expect(row).not.toBe(NOTIFIER_NEVER);
      this.cells.add(`${state}/${event}`);
    };
    this.machine = new Notifier({
      maxExpires: MAX_EXPIRES,
      minExpires: MIN_EXPIRES,
      notifyInterval: INTERVAL,
      unanswered,
      trace,
    });
  }

  perform(command: Command): void {
    const before = this.machine.state;
    if (command.kind === "wait" || command.kind === "deadline") {
      this.now =
        command.kind === "wait"
          ? this.now + command.ms
          : Math.max(this.now, this.machine.nextDeadline()?.at ?? 0);
      this.machine.timeout(this.now);
      expect(this.machine.nextDeadline()?.at ?? Number.POSITIVE_INFINITY).toBeGreaterThan(this.now);
    } else {
      if (command.kind.startsWith("notify-")) this.#inFlight = false;
      if (command.kind === "authorise") this.#authorised = this.#authorisation(command.state, before);
      if (command.kind === "state-changed" && before === "active") this.#changeOwed = true;
      this.machine.handle(command, this.now);
    }
    const outputs: NotifierOutput[] = [];
    for (let output = this.machine.poll(); output; output = this.machine.poll()) outputs.push(output);
    for (const output of outputs) this.#check(output);
    if (command.kind === "subscribe") expect(outputs[0]?.kind).toMatch(/^(accept|refuse)$/);
    this.#checkNothingForgotten();
  }

  #authorisation(state: "active" | "pending", before: string): boolean {
    const took = before === "closing" ? this.#authorised && state === "active" : state === "active";
    if ((before === "pending" || before === "active") && took !== this.#authorised) this.#immediate = true;
    return took;
  }

  #check(output: NotifierOutput): void {
    switch (output.kind) {
      case "accept":
        expect(this.#ended).toBe(false);
        expect(output.expires).toBeLessThanOrEqual(MAX_EXPIRES);
        expect(output.expires === 0 || output.expires >= MIN_EXPIRES).toBe(true);
        this.#acceptOwed = this.#immediate = true;
        break;
      case "refuse":
        if (output.status === 481) expect(["closing", "terminated"]).toContain(this.machine.state);
        break;
      case "notify":
        this.#checkNotify(output.subscriptionState, output.withBody);
        break;
      case "ended":
        expect(this.#ended, "ends once").toBe(false);
        this.#ended = true;
        this.#acceptOwed = this.#changeOwed = this.#inFlight = false;
        break;
    }
  }

  #checkNotify(subscriptionState: string, withBody: boolean): void {
    const said = parseSubscriptionState(subscriptionState)!;
    expect(this.#ended || this.#final, "no NOTIFY after the last").toBe(false);
    expect(this.#inFlight, "one NOTIFY at a time").toBe(false);
    if (withBody) expect(this.#authorised, "nothing shown to the unauthorised").toBe(true);
    if (said.state === "active") expect(this.#authorised).toBe(true);
    expect(said.state === "terminated" ? said.reason : said.expires, "RFC 6665 4.2.2").toBeDefined();
    if (!this.#immediate) expect(this.now - this.#lastNotify, "EV-26").toBeGreaterThanOrEqual(INTERVAL);
    this.#inFlight = true;
    this.#final = said.state === "terminated";
    this.#lastNotify = this.now;
    this.#acceptOwed = this.#changeOwed = this.#immediate = false;
  }

  /** What is owed has left, or waits for an answer, or for a deadline; only withdrawn authorisation forgets a change. */
  #checkNothingForgotten(): void {
    if (this.machine.state === "pending") this.#changeOwed = false;
    if (this.#acceptOwed) expect(this.#inFlight, "the NOTIFY after a 2xx waits for no timer").toBe(true);
    if (this.#changeOwed)
      expect(
        this.#inFlight || this.machine.nextDeadline()?.reason === "NOTIFY in turn" || this.#expiresFirst(),
      ).toBe(true);
  }

  #expiresFirst(): boolean {
    return this.machine.nextDeadline()?.reason === "expiry";
  }

  /** Left alone, it lapses with one last NOTIFY. */
  lapse(): void {
    const subscribed = this.machine.state !== "init" && !this.#ended;
    for (let i = 0; i < 10 && this.machine.state !== "init" && this.machine.state !== "terminated"; i++) {
      this.perform({ kind: "notify-answered", status: 200 });
      this.perform({ kind: "deadline" });
    }
    if (subscribed) expect([this.machine.state, this.#final]).toEqual(["terminated", true]);
  }
}

describe("the notifier, whatever happens", () => {
  it("keeps its promises", () => {
    fc.assert(
      fc.property(run, ({ unanswered, commands }) => {
        const model = new Model(unanswered);
        for (const one of commands) model.perform(one);
        model.lapse();
      }),
      { numRuns: 400 },
    );
  });

  it("reaches every cell of the table that is not ruled out, and none that is", () => {
    const reached = new Set<string>();
    for (const { unanswered, commands } of fc.sample(run, { numRuns: 4000, seed: 7 })) {
      const model = new Model(unanswered);
      for (const one of commands) model.perform(one);
      for (const cell of model.cells) reached.add(cell);
    }
    expect(cells((step) => step.row !== NOTIFIER_NEVER).filter((cell) => !reached.has(cell))).toEqual([]);
    expect(cells((step) => step.row === NOTIFIER_NEVER).filter((cell) => reached.has(cell))).toEqual([]);
  });
});

describe("the table", () => {
  it("ends exactly where it says so, and changes nothing in cells ruled out", () => {
    for (const state of NOTIFIER_STATES) {
      for (const event of NOTIFIER_EVENTS) {
        const step: NotifierStep = NOTIFIER_TABLE[state][event];
        const ends = step.next === "terminated" && state !== "terminated";
        expect([state, event, step.end !== undefined]).toEqual([state, event, ends]);
        if (step.row === NOTIFIER_NEVER) expect([step.next, step.actions]).toEqual([state, []]);
        else expect(step.ref).not.toBe("");
      }
    }
  });
});

function cells(which: (step: NotifierStep) => boolean): string[] {
  return NOTIFIER_STATES.flatMap((state) =>
    NOTIFIER_EVENTS.filter((event) => which(NOTIFIER_TABLE[state][event])).map(
      (event) => `${state}/${event}`,
    ),
  );
}
