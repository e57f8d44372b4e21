import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALICE, BOB, CONTOSO, makeAgent, NOTHING_HELD, wire } from "../../test/user-agent-rig.ts";
import type { SipMessage } from "../message/message.ts";
import { serializeBytes } from "../message/serialize.ts";
import type { DialogId, EngineCommand, EngineEvent } from "./port.ts";
import type { UserAgent } from "./user-agent.ts";

type Fate = "lost" | "once" | "twice" | "late" | "undeliverable";

interface Flight {
  readonly at: number;
  readonly to: number;
  readonly message: SipMessage;
}

const ACTIONS = [
  "INVITE",
  "SUBSCRIBE",
  "MESSAGE",
  "cancel",
  "in-dialog",
  "re-invite",
  "bye",
  "wait",
] as const;
type Action = { kind: (typeof ACTIONS)[number]; side: 0 | 1; pick: number };

/** Two user agents and a wire that loses, doubles and delays. Each side's translator does what `choose` says. */
class World {
  readonly agents: readonly [UserAgent, UserAgent] = [makeAgent("aa"), makeAgent("bb")];
  readonly dialogs: [Set<DialogId>, Set<DialogId>] = [new Set(), new Set()];
  readonly pendingInvites: [Set<string>, Set<string>] = [new Set(), new Set()];
  readonly outcomes = new Map<string, number>();
  private readonly flights: Flight[] = [];
  private readonly fates: Iterator<Fate>;
  private readonly choose: () => number;
  now = 0;
  private refs = 0;

  constructor(fates: Iterator<Fate>, choose: () => number) {
    this.fates = fates;
    this.choose = choose;
  }

  act({ kind, side, pick }: Action): void {
    const dialogs = [...this.dialogs[side]];
    const dialog = dialogs.length > 0 ? dialogs[pick % dialogs.length] : undefined;
    const parties = side === 0 ? { from: ALICE, to: BOB } : { from: BOB, to: ALICE };
    if (kind === "wait") this.advance(pick);
    else if (kind === "cancel") {
      for (const ref of this.pendingInvites[side]) this.command(side, { kind: "cancel", ref });
    } else if (kind === "MESSAGE") {
      this.command(side, { kind: "request", ref: this.ref(), method: kind, ...parties });
    } else if (kind === "INVITE" || kind === "SUBSCRIBE") {
      const ref = this.ref();
      if (kind === "INVITE") this.pendingInvites[side].add(ref);
      this.command(side, { kind: "open", ref, method: kind, ...parties, headers: [["Event", "presence"]] });
    } else if (dialog !== undefined) {
      const method = kind === "in-dialog" ? "MESSAGE" : kind === "bye" ? "BYE" : "INVITE";
      const ref = this.ref();
      if (method === "INVITE") this.pendingInvites[side].add(ref);
      this.command(side, { kind: "dialog-request", ref, dialog, method });
      if (kind === "bye") this.drop(side, dialog);
    }
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const flight = this.flights.reduce<Flight | undefined>(
        (a, b) => (a && a.at <= b.at ? a : b),
        undefined,
      );
      const deadlines = this.agents.map((agent) => agent.nextDeadline()?.at ?? Number.POSITIVE_INFINITY);
      const next = Math.min(flight?.at ?? Number.POSITIVE_INFINITY, ...deadlines);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      if (flight && flight.at <= this.now) {
        this.flights.splice(this.flights.indexOf(flight), 1);
        this.agents[flight.to]!.handle(
          { kind: "message", message: flight.message, verified: CONTOSO },
          this.now,
        );
        this.drain(flight.to as 0 | 1);
        continue;
      }
      for (const side of [0, 1] as const) {
        this.agents[side].timeout(this.now);
        expect(this.agents[side].nextDeadline()?.at ?? Number.POSITIVE_INFINITY).toBeGreaterThan(this.now);
        this.drain(side);
      }
    }
    this.now = end;
  }

  drop(side: 0 | 1, dialog: DialogId): void {
    this.dialogs[side].delete(dialog);
    this.command(side, { kind: "drop", dialog });
  }

  command(side: 0 | 1, command: EngineCommand): void {
    this.agents[side].handle({ kind: "command", command }, this.now);
    this.drain(side);
  }

  private ref(): string {
    this.refs += 1;
    const ref = `c${this.refs}`;
    this.outcomes.set(ref, 0);
    return ref;
  }

  private drain(side: 0 | 1): void {
    const agent = this.agents[side];
    for (let output = agent.poll(); output; output = agent.poll()) {
      if (output.kind === "transmit") this.carry(side, output.message);
      else this.hear(side, output.event);
    }
  }

  private carry(side: 0 | 1, message: SipMessage): void {
    const to = side === 0 ? 1 : 0;
    const fate = this.fates.next().value as Fate;
    if (message.isRequest && message.topVia?.branch === undefined) throw new Error("no branch");
    const copy = () => wire(Buffer.from(serializeBytes(message)).toString("latin1").replaceAll("\r\n", "\n"));
    if (fate === "once" || fate === "twice") this.flights.push({ at: this.now + 1, to, message: copy() });
    if (fate === "twice") this.flights.push({ at: this.now + 40, to, message: copy() });
    if (fate === "late") this.flights.push({ at: this.now + 7_000, to, message: copy() });
    if (fate === "undeliverable") {
      this.agents[side].handle(
        { kind: "undeliverable", message, why: "reset", mayHaveBeenSent: true },
        this.now,
      );
    }
  }

  private hear(side: 0 | 1, event: EngineEvent): void {
    switch (event.kind) {
      case "request":
        if (event.dialog !== undefined) this.dialogs[side].add(event.dialog);
        if (event.message.method === "BYE" && event.dialog) this.dialogs[side].delete(event.dialog);
        this.reply(side, event.request, event.message.method);
        if (event.message.method === "BYE" && event.dialog) this.drop(side, event.dialog);
        break;
      case "dialog-made":
        this.dialogs[side].add(event.dialog);
        break;
      case "unconfirmed":
        this.dialogs[side].delete(event.dialog);
        break;
      case "outcome":
        this.outcomes.set(event.ref, (this.outcomes.get(event.ref) ?? 0) + 1);
        this.pendingInvites[side].delete(event.ref);
        if (event.outcome.kind === "final" && event.outcome.dialog)
          this.dialogs[side].add(event.outcome.dialog);
        break;
    }
  }

  /** Answers at once, provisionally first, or leaves an INVITE to its CANCEL for a while. */
  private reply(side: 0 | 1, request: string, method: string): void {
    const choice = this.choose();
    const status = choice % 3 === 0 ? 486 : 200;
    const answer: EngineCommand = { kind: "answer", request, status: method === "BYE" ? 200 : status };
    if (method === "INVITE" && choice % 2 === 0) {
      this.agents[side].handle({ kind: "command", command: { ...answer, status: 180 } }, this.now);
      this.unanswered.push({ side, answer });
    } else this.agents[side].handle({ kind: "command", command: answer }, this.now);
  }

  private readonly unanswered: { side: 0 | 1; answer: EngineCommand }[] = [];

  answerAll(): void {
    for (const { side, answer } of this.unanswered.splice(0)) this.command(side, answer);
  }
}

const FATE = fc.constantFrom<Fate>("once", "once", "once", "once", "twice", "late", "lost", "undeliverable");
const ACTION: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom(...ACTIONS),
  side: fc.constantFrom<0 | 1>(0, 1),
  pick: fc.nat(3_000),
});

function* cycle<T>(items: readonly T[]): Generator<T> {
  for (;;) yield* items;
}

describe("two user agents over a wire that loses, doubles and delays", () => {
  const inputs = [
    fc.array(ACTION, { minLength: 1, maxLength: 25 }),
    fc.array(FATE, { minLength: 1, maxLength: 60 }),
    fc.array(fc.nat(11), { minLength: 1, maxLength: 10 }),
  ] as const;

  it("give every command one outcome and hold nothing in the end", () => {
    let made = 0;
    fc.assert(
      fc.property(...inputs, (actions, fates, choices) => {
        const chosen = cycle(choices);
        const world = new World(cycle(fates), () => chosen.next().value ?? 0);
        for (const action of actions) {
          world.act(action);
          world.advance(10);
        }
        // All that waits is answered or cancelled, all dialogs are left, and every timer runs out.
        for (let round = 0; round < 3; round++) {
          world.answerAll();
          world.advance(40_000);
          for (const side of [0, 1] as const) {
            for (const ref of world.pendingInvites[side]) world.command(side, { kind: "cancel", ref });
            made += world.dialogs[side].size;
            for (const dialog of [...world.dialogs[side]]) world.drop(side, dialog);
          }
          world.advance(80_000);
        }
        for (const [ref, count] of world.outcomes) expect(`${ref} ${count}`).toBe(`${ref} 1`);
        for (const agent of world.agents) {
          expect(agent.counts).toEqual(NOTHING_HELD);
          expect(agent.nextDeadline()).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
    expect(made).toBeGreaterThan(50);
  });

  it("give every command one outcome also when they are stopped in the middle", () => {
    fc.assert(
      fc.property(...inputs, (actions, fates, choices) => {
        const chosen = cycle(choices);
        const world = new World(cycle(fates), () => chosen.next().value ?? 0);
        for (const action of actions) world.act(action);
        for (const side of [0, 1] as const) {
          world.agents[side].handle({ kind: "stop" }, world.now);
        }
        world.advance(100_000);
        for (const side of [0, 1] as const) world.command(side, { kind: "cancel", ref: "none" });
        for (const [ref, count] of world.outcomes) expect(`${ref} ${count}`).toBe(`${ref} 1`);
        for (const agent of world.agents) {
          expect(agent.counts).toEqual(NOTHING_HELD);
          expect(agent.nextDeadline()).toBeUndefined();
        }
      }),
      { numRuns: 150 },
    );
  });
});
