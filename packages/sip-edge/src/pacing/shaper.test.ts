import type { SipMessage } from "@tombolo/sip";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromAlice, sip, text } from "../../test/edge-rig.ts";
import { DISCOVERED, laneBound, MAX_LANE, MAX_PACED_MS, pacingOf, typingBound } from "./limits.ts";
import { Shaper } from "./shaper.ts";

interface Request {
  readonly message: SipMessage;
  readonly name: string;
}

/** A shaper in virtual time, and what came out of it with the time. */
class Rig {
  readonly shaper: Shaper<Request>;
  readonly sent: [name: string, at: number][] = [];
  readonly refused: [name: string, reason: string, at: number][] = [];
  readonly dead = new Set<string>();
  now = 0;

  constructor(messagesPerSecond: number, targets?: number, isStrict?: boolean) {
    this.shaper = new Shaper({ messagesPerSecond, targets, isStrict }, ({ name }) => !this.dead.has(name));
  }

  offer(name: string, message: SipMessage): void {
    if (this.shaper.offer({ name, message }, this.now)) this.sent.push([name, this.now]);
    this.run();
  }

  run(): void {
    this.shaper.expire(this.now);
    for (let one = this.shaper.due(this.now); one; one = this.shaper.due(this.now)) {
      this.sent.push([one.name, this.now]);
    }
    for (const { request, reason } of this.shaper.takeRefused()) {
      this.refused.push([request.name, reason, this.now]);
    }
  }

  pass(ms: number): void {
    const until = this.now + ms;
    for (let at = this.shaper.nextAt(); at !== undefined && at <= until; at = this.shaper.nextAt()) {
      this.now = Math.max(this.now, at);
      this.run();
    }
    this.now = until;
  }

  get names(): string[] {
    return this.sent.map(([name]) => name);
  }
}

const inDialog = (method: string, callId: string, changes: Record<string, string> = {}) =>
  fromAlice(method, { "Call-ID": callId, To: "<sip:bob@contoso.example>;tag=b", ...changes });

const im = (callId: string) => inDialog("MESSAGE", callId, { "Content-Type": "text/plain" });

const composing = (callId: string) =>
  inDialog("MESSAGE", callId, { "Content-Type": "application/im-iscomposing+xml; charset=utf-8" });

const keyboard = (callId: string) =>
  sip(
    `${text(inDialog("INFO", callId, { "Content-Type": "application/xml" })).replace(/\nContent-Length.*/, "")}

    <KeyboardActivity><status status="type"/></KeyboardActivity>`,
  );

const notify = (callId: string, changes: Record<string, string> = {}) =>
  inDialog("NOTIFY", callId, {
    Event: "presence",
    "Subscription-State": "active;expires=3600",
    "Content-Type": "application/pidf+xml",
    ...changes,
  });

/** Takes all tokens, so that what comes next has to wait. */
function busy(rate: number): Rig {
  const rig = new Rig(rate);
  for (let i = 0; i < rate; i++) rig.offer("filler", im(`filler${i}`));
  rig.sent.length = 0;
  return rig;
}

describe("rate", () => {
  it("lets a second's worth go at once, then keeps the rate exactly for a minute", () => {
    const rig = new Rig(7);
    for (let i = 0; i < 107; i++) rig.offer("x", im(`first ${i}`));
    expect(rig.sent.length).toBe(7);
    for (let second = 1; second <= 60; second++) {
      rig.pass(1_000);
      expect(rig.sent.length).toBe(7 + 7 * second);
      for (let i = 0; i < 7; i++) rig.offer("x", im(`${second}/${i}`));
    }
    for (const [at, [, time]] of rig.sent.slice(7).entries())
      expect(time).toBeCloseTo(((at + 1) * 1_000) / 7);
    expect(rig.refused).toEqual([]);
  });

  it.each([1, 3, 20, 333])("never lets more than a burst and %i a second go", (rate) => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 120 }), (pauses) => {
        const rig = new Rig(rate);
        for (const [at, pause] of pauses.entries()) {
          rig.offer("x", im(`d${at}`));
          rig.pass(pause);
        }
        rig.pass(MAX_PACED_MS);
        const times = rig.sent.map(([, at]) => at);
        for (const [first, from] of times.entries()) {
          for (let last = first; last < times.length; last++) {
            const allowed = rate + ((times[last]! - from) * rate) / 1_000;
            expect(last - first + 1).toBeLessThanOrEqual(allowed + 1e-6);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("of a stranger's edge holds for any one second", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(120), { maxLength: 120 }), (pauses) => {
        const rig = new Rig(20, undefined, true);
        for (const [at, pause] of pauses.entries()) {
          rig.offer("x", im(`d${at}`));
          rig.pass(pause);
        }
        rig.pass(MAX_PACED_MS);
        const times = rig.sent.map(([, at]) => at);
        expect(times).toHaveLength(pauses.length);
        for (const [at, from] of times.entries())
          expect((times[at + 20] ?? Number.POSITIVE_INFINITY) - from).toBeGreaterThanOrEqual(1_000);
      }),
      { numRuns: 60 },
    );
  });

  it("says what is left, and is full again after a second", () => {
    const { shaper } = busy(4);
    expect([shaper.budget(0), shaper.budget(250), shaper.budget(999), shaper.budget(1_000)]).toEqual([
      0, 1, 3, 4,
    ]);
    expect(shaper.budget(1e9)).toBe(4);
  });
});

describe("what never waits", () => {
  it("ACK and CANCEL go at once, and later requests make room for them", () => {
    const rig = busy(2);
    rig.offer("text", im("d"));
    rig.offer("ack", inDialog("ACK", "d"));
    rig.offer("cancel", inDialog("CANCEL", "d"));
    rig.offer("ack", inDialog("ACK", "e"));
    expect(rig.names).toEqual(["ack", "cancel", "ack"]);
    expect(rig.shaper.budget(0)).toBe(-2);
    rig.pass(1_499);
    expect(rig.names).not.toContain("text");
    rig.pass(1);
    expect(rig.names).toContain("text");
  });

  it("BYE goes at once, except behind requests of its dialog", () => {
    const rig = busy(2);
    rig.offer("text", im("d"));
    rig.offer("bye d", inDialog("BYE", "d"));
    rig.offer("bye e", inDialog("BYE", "e"));
    rig.pass(5_000);
    expect(rig.names).toEqual(["bye e", "text", "bye d"]);
  });
});

describe("order", () => {
  it("sends texts and session control before presence before typing", () => {
    const rig = busy(6);
    rig.offer("info", keyboard("1"));
    rig.offer("composing", composing("2"));
    rig.offer("subscribe", fromAlice("SUBSCRIBE", { "Call-ID": "3" }));
    rig.offer("options", fromAlice("OPTIONS", { "Call-ID": "4" }));
    rig.offer("invite", fromAlice("INVITE", { "Call-ID": "5" }));
    rig.offer("text", im("6"));
    rig.pass(2_000);
    expect(rig.names).toEqual(["invite", "text", "subscribe", "options", "info", "composing"]);
  });

  it("gives dialogs turns: a talkative one does not hold up the others", () => {
    const rig = busy(10);
    for (let i = 0; i < 100; i++) rig.offer(`a${i}`, im("a"));
    rig.offer("b0", im("b"));
    rig.offer("c0", im("c"));
    rig.offer("b1", im("b"));
    rig.pass(600);
    expect(rig.names).toEqual(["a0", "b0", "c0", "a1", "b1", "a2"]);
  });

  it("does not reorder a dialog: what stands before an urgent request goes with it", () => {
    const rig = busy(5);
    rig.offer("other", fromAlice("SUBSCRIBE", { "Call-ID": "x" }));
    rig.offer("refresh", inDialog("SUBSCRIBE", "d"));
    rig.offer("text", im("d"));
    rig.pass(1_000);
    expect(rig.names).toEqual(["refresh", "text", "other"]);
  });

  it("drops what was cancelled meanwhile, at no cost", () => {
    const rig = busy(1);
    rig.offer("gone", im("a"));
    rig.offer("text", im("b"));
    rig.dead.add("gone");
    rig.pass(1_000);
    expect(rig.sent).toEqual([["text", 1_000]]);
    expect(rig.refused).toEqual([]);
  });
});

describe("newer for older", () => {
  it.each([
    ["a whole document", {}, {}, true],
    ["the last one", { "Subscription-State": "terminated" }, {}, true],
    ["another subscription", { Event: "presence;id=2" }, {}, false],
    ["another fork", { To: "<sip:bob@contoso.example>;tag=c" }, {}, false],
    ["a partial document", { "Content-Type": "application/pidf-diff+xml" }, {}, false],
    ["another package", { Event: "presence.winfo" }, { Event: "presence.winfo" }, false],
    ["after the last one", {}, { "Subscription-State": "terminated;reason=timeout" }, false],
  ])("%s", (_, newer, older, replaces) => {
    const rig = busy(5);
    rig.offer("old", notify("d", older));
    rig.offer("new", notify("d", newer));
    expect(rig.refused).toEqual(replaces ? [["old", "superseded", 0]] : []);
    rig.pass(1_000);
    expect(rig.names).toEqual(replaces ? ["new"] : ["old", "new"]);
  });

  it("does not cost a subscription its turn", () => {
    const rig = busy(2);
    rig.offer("a1", notify("a"));
    rig.offer("b1", notify("b"));
    rig.offer("a2", notify("a"));
    rig.pass(500);
    expect(rig.names).toEqual(["a2"]);
  });

  it("of typing only the newest is sent, and none once the text is there", () => {
    const rig = busy(10);
    rig.offer("typing 1", keyboard("d"));
    rig.offer("typing 2", keyboard("d"));
    rig.offer("typing e", composing("e"));
    rig.offer("text", im("d"));
    expect(rig.refused).toEqual([
      ["typing 1", "typing", 0],
      ["typing 2", "typing", 0],
    ]);
    rig.pass(1_000);
    expect(rig.names).toEqual(["text", "typing e"]);
  });
});

describe("bounds", () => {
  it.each([
    [1, 20, 1],
    [20, 400, 20],
    [100, MAX_LANE, 100],
    [100_000, MAX_LANE, MAX_LANE],
  ])("%i a second: %i of a lane wait, %i with typing among them", (messagesPerSecond, lane, typing) => {
    const limits = { messagesPerSecond, targets: undefined };
    expect([laneBound(limits), typingBound(limits)]).toEqual([lane, typing]);
  });

  it("refuses one past the bound of a lane, and has room in the others", () => {
    const rig = busy(2);
    for (let i = 0; i < 40; i++) rig.offer(`text ${i}`, im(`d${i}`));
    expect([rig.shaper.size, rig.refused]).toEqual([40, []]);
    rig.offer("too much", im("d40"));
    expect(rig.refused).toEqual([["too much", "full", 0]]);
    for (let i = 0; i < 40; i++) rig.offer(`notify ${i}`, notify(`n${i}`));
    expect(rig.refused).toHaveLength(1);
    rig.offer("newer", notify("n39"));
    rig.offer("too much", notify("n40"));
    expect(rig.refused.slice(1)).toEqual([
      ["notify 39", "superseded", 0],
      ["too much", "full", 0],
    ]);
    expect(rig.shaper.waiting).toEqual({ session: 40, presence: 40, typing: 0 });
  });

  it("gives up typing, the oldest first, when more than a second's worth waits", () => {
    const rig = busy(3);
    for (const name of ["1", "2", "3"]) rig.offer(name, keyboard(name));
    expect(rig.refused).toEqual([]);
    rig.offer("text", im("d"));
    expect(rig.refused).toEqual([["1", "typing", 0]]);
    rig.offer("4", composing("4"));
    expect(rig.refused.slice(1)).toEqual([["2", "typing", 0]]);
    expect(rig.shaper.waiting).toEqual({ session: 1, presence: 0, typing: 2 });
  });

  it("refuses what has waited 20 s, also while nothing can be sent", () => {
    const rig = busy(1);
    rig.shaper.offer({ name: "held", message: im("d") }, 0, true);
    expect(rig.shaper.nextAt(true)).toBe(MAX_PACED_MS);
    rig.now = MAX_PACED_MS - 1;
    rig.shaper.expire(rig.now);
    expect(rig.shaper.takeRefused()).toEqual([]);
    rig.now = MAX_PACED_MS;
    rig.run();
    expect([rig.sent, rig.refused]).toEqual([[], [["held", "late", MAX_PACED_MS]]]);
  });

  it("lets 1,000 users be addressed; those go on, and dialogs with others, the next one is refused", () => {
    const rig = new Rig(100_000, DISCOVERED.targets);
    const to = (user: number) => fromAlice("MESSAGE", { "Request-URI": `sip:u${user}@contoso.example` });
    for (let user = 1; user < 1_000; user++) rig.offer("x", to(user));
    expect(rig.shaper.targetsLeft).toBe(1);
    rig.offer("1000th", to(1_000));
    rig.offer("1001st", to(1_001));
    rig.offer("again", fromAlice("MESSAGE", { "Request-URI": "sip:U1@Contoso.example;transport=tls" }));
    rig.offer("dialog", inDialog("MESSAGE", "d"));
    expect(rig.names.slice(999)).toEqual(["1000th", "again", "dialog"]);
    expect(rig.refused).toEqual([["1001st", "targets", 0]]);
    rig.now = 24 * 3_600_000;
    rig.offer("a day later", to(1_001));
    expect(rig.names).toContain("a day later");
  });
});

it.each([
  [{ messagesPerSecond: 0, discovered: false }, undefined],
  [
    { messagesPerSecond: 5, discovered: false },
    { messagesPerSecond: 5, targets: undefined },
  ],
  [
    { messagesPerSecond: 0, discovered: true },
    { messagesPerSecond: 20, targets: 1_000, isStrict: true },
  ],
  [
    { messagesPerSecond: 5, discovered: true },
    { messagesPerSecond: 5, targets: 1_000, isStrict: true },
  ],
  [
    { messagesPerSecond: 50, discovered: true },
    { messagesPerSecond: 20, targets: 1_000, isStrict: true },
  ],
])("limits %j pace as %j", (limits, paced) => {
  expect(pacingOf(limits)).toEqual(paced);
});

it("nothing is lost or doubled, none waits too long, and no dialog is reordered", () => {
  const kinds = [im, composing, keyboard, notify, (id: string) => inDialog("BYE", id)] as const;
  const step = fc.record({
    kind: fc.nat(kinds.length - 1),
    dialog: fc.nat(6),
    pause: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3_000) }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 150 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 8 }),
      (steps, rate, targets) => {
        const rig = new Rig(rate, targets);
        const offeredAt = new Map<string, number>();
        for (const [at, { kind, dialog, pause }] of steps.entries()) {
          const name = `${dialog} ${at}`;
          offeredAt.set(name, rig.now);
          rig.offer(name, kinds[kind]!(`d${dialog}`));
          rig.pass(pause);
        }
        rig.pass(2 * MAX_PACED_MS);
        const outcomes = [...rig.names, ...rig.refused.map(([name]) => name)];
        expect(outcomes.toSorted()).toEqual([...offeredAt.keys()].toSorted());
        for (const [name, at] of rig.sent) expect(at - offeredAt.get(name)!).toBeLessThan(MAX_PACED_MS);
        for (let dialog = 0; dialog <= 6; dialog++) {
          const serials = rig.names.filter((name) => name.startsWith(`${dialog} `)).map((n) => +n.slice(2));
          expect(serials).toEqual(serials.toSorted((a, b) => a - b));
        }
        expect(rig.shaper.size).toBe(0);
        expect(rig.shaper.nextAt()).toBeUndefined();
      },
    ),
    { numRuns: 200 },
  );
});
