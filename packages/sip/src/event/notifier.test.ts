import { describe, expect, it } from "vitest";
import {
  DEFAULT_EXPIRES_S,
  DEFAULT_NOTIFY_INTERVAL_MS,
  MAX_RETRY_INTERVAL_MS,
  Notifier,
} from "./notifier.ts";
import type { NotifierInput, NotifierOutput, NotifierSettings } from "./notifier-port.ts";
import { NOTIFY_GONE } from "./tables/subscription-end.ts";

/** A notifier in virtual time: inputs in, outputs as short words out. */
class Rig {
  now = 0;
  readonly machine: Notifier;
  last: NotifierOutput | undefined;

  constructor(settings: Partial<NotifierSettings> = {}) {
    this.machine = new Notifier({ maxExpires: 7200, ...settings });
  }

  do(input: NotifierInput): string[] {
    this.machine.handle(input, this.now);
    return this.#drain();
  }

  subscribe = (expires?: number) => this.do({ kind: "subscribe", ...(expires !== undefined && { expires }) });
  authorise = (state: "active" | "pending" = "active") => this.do({ kind: "authorise", state });
  change = () => this.do({ kind: "state-changed" });
  answer = (status = 200) => this.do({ kind: "notify-answered", status });
  silence = () => this.do({ kind: "notify-unanswered" });

  /** Outputs of every deadline up to and at `ms` from now. */
  wait(ms: number): string[] {
    const end = this.now + ms;
    const seen: string[] = [];
    for (let due = this.machine.nextDeadline(); due && due.at <= end; due = this.machine.nextDeadline()) {
      this.now = Math.max(this.now, due.at);
      this.machine.timeout(this.now);
      seen.push(...this.#drain());
    }
    this.now = end;
    return seen;
  }

  /** Subscribed for `expires`, authorised, the first NOTIFY answered. */
  active(expires = 3600): this {
    this.authorise();
    this.subscribe(expires);
    this.answer();
    return this;
  }

  #drain(): string[] {
    const words: string[] = [];
    for (let output = this.machine.poll(); output; output = this.machine.poll()) {
      this.last = output;
      words.push(word(output));
    }
    return words;
  }
}

function word(output: NotifierOutput): string {
  switch (output.kind) {
    case "accept":
      return `200 ${output.expires}`;
    case "refuse":
      return output.status === 423 ? `423 ${output.minExpires}` : "481";
    case "notify":
      return `${output.subscriptionState}${output.withBody ? " +body" : ""}`;
    case "ended":
      return `ended ${output.reason}`;
  }
}

describe("SUBSCRIBE", () => {
  it("is accepted and notified at once, pending without body", () => {
    const rig = new Rig();
    expect(rig.subscribe(3600)).toEqual(["200 3600", "pending;expires=3600"]);
    rig.answer();
    rig.now = 1_000;
    expect(rig.change()).toEqual([]);
    expect(rig.authorise("pending")).toEqual([]);
    expect(rig.authorise()).toEqual(["active;expires=3599 +body"]);
  });

  it("of a watcher known to be authorised gets one NOTIFY, active", () => {
    const rig = new Rig();
    expect(rig.authorise()).toEqual([]);
    expect(rig.subscribe(3600)).toEqual(["200 3600", "active;expires=3600 +body"]);
    expect(rig.answer()).toEqual([]);
  });

  it.each([
    [undefined, `200 ${DEFAULT_EXPIRES_S}`],
    [86_400, "200 7200"],
    [7200, "200 7200"],
    [600, "200 600"],
    [599, "423 600"],
    [1, "423 600"],
  ])("asking for %j gets %s", (expires, expected) => {
    expect(new Rig({ minExpires: 600 }).subscribe(expires)[0]).toBe(expected);
  });

  it("of 3600 is never too brief", () => {
    const rig = new Rig({ minExpires: 7200 });
    expect(rig.subscribe(3600)[0]).toBe("200 3600");
    expect(rig.subscribe(3599)).toEqual(["423 3600"]);
    expect(rig.machine.state).toBe("pending");
  });

  it("refused at first leaves nothing behind", () => {
    const rig = new Rig({ minExpires: 600 });
    expect(rig.subscribe(1)).toEqual(["423 600", "ended refused"]);
    expect(rig.subscribe(600)).toEqual(["481"]);
  });

  it("with Expires 0 fetches what there is", () => {
    expect(new Rig().subscribe(0)).toEqual(["200 0", "terminated;reason=timeout", "ended fetched"]);
    const rig = new Rig();
    rig.authorise();
    expect(rig.subscribe(0)).toEqual(["200 0", "terminated;reason=timeout +body", "ended fetched"]);
  });

  it("refreshes: a NOTIFY follows at once, changed or not", () => {
    const rig = new Rig().active();
    expect(rig.wait(1_000)).toEqual([]);
    expect(rig.subscribe(1200)).toEqual(["200 1200", "active;expires=1200 +body"]);
    rig.answer();
    expect(rig.wait(1_199_999)).toEqual([]);
    expect(rig.wait(1)).toEqual(["terminated;reason=timeout +body", "ended timeout"]);
  });

  it("in a dialog with Expires 0 ends it", () => {
    const rig = new Rig().active();
    expect(rig.subscribe(0)).toEqual(["200 0", "terminated;reason=timeout +body", "ended unsubscribed"]);
    expect([rig.answer(481), rig.change(), rig.wait(1e9)]).toEqual([[], [], []]);
    expect(rig.subscribe(3600)).toEqual(["481"]);
  });

  it("while a NOTIFY is in flight gets its NOTIFY when that is answered", () => {
    const rig = new Rig();
    rig.subscribe(3600);
    expect(rig.subscribe(1800)).toEqual(["200 1800"]);
    rig.now = 500;
    expect(rig.answer()).toEqual(["pending;expires=1799"]);
  });
});

describe("changes", () => {
  it("are told one NOTIFY at a time, the newest wins, none is lost", () => {
    const rig = new Rig().active();
    rig.wait(DEFAULT_NOTIFY_INTERVAL_MS);
    expect(rig.change()).toEqual(["active;expires=3595 +body"]);
    expect([rig.change(), rig.change(), rig.wait(10_000)]).toEqual([[], [], []]);
    expect(rig.answer()).toEqual(["active;expires=3585 +body"]);
    expect(rig.answer()).toEqual([]);
    expect(rig.wait(60_000)).toEqual([]);
  });

  it("in a burst of 20 make two NOTIFYs in five seconds, the last after the last change", () => {
    const rig = new Rig().active();
    rig.wait(60_000);
    const told: number[] = [];
    for (let i = 0; i < 20; i++) {
      if ([...rig.change(), ...rig.wait(250)].length > 0) told.push(rig.now);
      rig.answer();
    }
    if (rig.wait(DEFAULT_NOTIFY_INTERVAL_MS).length > 0) told.push(rig.now);
    expect(told).toHaveLength(2);
  });

  it.each([
    ["in time", DEFAULT_NOTIFY_INTERVAL_MS, 1],
    ["too early", DEFAULT_NOTIFY_INTERVAL_MS - 1, 0],
  ])("leave %s", (_, after, count) => {
    const rig = new Rig().active();
    rig.wait(after);
    expect(rig.change()).toHaveLength(count);
  });

  it("to a watcher whose authorisation is withdrawn say pending, without body", () => {
    const rig = new Rig().active();
    expect(rig.authorise("pending")).toEqual(["pending;expires=3600"]);
    rig.answer();
    expect([rig.change(), rig.wait(60_000)]).toEqual([[], []]);
  });
});

describe("failing NOTIFYs", () => {
  it.each([...NOTIFY_GONE])("answered %i ends it without another", (status) => {
    const rig = new Rig().active();
    rig.wait(10_000);
    rig.change();
    rig.change();
    expect(rig.answer(status)).toEqual(["ended subscriber-gone"]);
    expect(rig.last).toMatchObject({ status });
    expect(rig.wait(1e9)).toEqual([]);
  });

  it.each([408, 500, 503, 504])(
    "answered %i keeps it, and the same news is tried again, ever later",
    (status) => {
      const rig = new Rig().active();
      rig.wait(10_000);
      rig.change();
      expect(rig.answer(status)).toEqual([]);
      for (const pause of [10_000, 20_000, 40_000, MAX_RETRY_INTERVAL_MS, MAX_RETRY_INTERVAL_MS]) {
        expect(rig.wait(pause - 1)).toEqual([]);
        expect(rig.wait(1)).toEqual([expect.stringMatching(/^active;expires=\d+ \+body$/)]);
        expect(rig.answer(status)).toEqual([]);
      }
      rig.wait(MAX_RETRY_INTERVAL_MS);
      expect(rig.answer()).toEqual([]);
      expect(rig.wait(1_000_000)).toEqual([]);
      // All is well again: the next change is told without the long pause.
      expect(rig.change()).toHaveLength(1);
    },
  );

  it("answered 504 do not hold up what must leave at once", () => {
    const rig = new Rig().active();
    rig.wait(10_000);
    rig.change();
    rig.answer(504);
    expect(rig.change()).toEqual([]);
    expect(rig.subscribe(3600)).toEqual(["200 3600", "active;expires=3600 +body"]);
  });

  it("without answer end it, or keep it where the partner is known for that", () => {
    const rule = new Rig();
    rule.subscribe(3600);
    expect(rule.silence()).toEqual(["ended unanswered"]);
    const kept = new Rig({ unanswered: "keep" });
    kept.subscribe(3600);
    expect(kept.silence()).toEqual([]);
    expect(kept.subscribe(3600)).toEqual(["200 3600", "pending;expires=3600"]);
  });
});

describe("the end", () => {
  it("by us has its reason, waits its turn, and takes no refresh meanwhile", () => {
    const rig = new Rig().active();
    expect(rig.do({ kind: "end", reason: "rejected" })).toEqual([]);
    expect(rig.subscribe(3600)).toEqual(["481"]);
    expect(rig.wait(DEFAULT_NOTIFY_INTERVAL_MS)).toEqual([
      "terminated;reason=rejected +body",
      "ended rejected",
    ]);
  });

  it("by us may be told at once", () => {
    const rig = new Rig().active();
    expect(rig.do({ kind: "end", reason: "noresource", atOnce: true })).toEqual([
      "terminated;reason=noresource +body",
      "ended noresource",
    ]);
  });

  it("waits for the NOTIFY in flight, unless the subscriber is gone", () => {
    const rig = new Rig();
    rig.subscribe(3600);
    rig.wait(10_000);
    expect(rig.do({ kind: "end", reason: "probation", retryAfter: 300 })).toEqual([]);
    expect(rig.answer(503)).toEqual(["terminated;reason=probation;retry-after=300", "ended probation"]);
    const gone = new Rig();
    gone.subscribe(3600);
    gone.do({ kind: "end", reason: "rejected" });
    expect(gone.answer(481)).toEqual(["ended subscriber-gone"]);
  });

  it("before it began needs no NOTIFY", () => {
    expect(new Rig().do({ kind: "end", reason: "rejected" })).toEqual(["ended never-subscribed"]);
  });

  it("by the watcher goes ahead of one that waits", () => {
    const rig = new Rig().active();
    rig.do({ kind: "end", reason: "rejected" });
    expect(rig.subscribe(0)).toEqual(["200 0", "terminated;reason=rejected +body", "ended rejected"]);
  });

  it("says one second at least while it lasts", () => {
    const rig = new Rig().active(10);
    rig.wait(9_500);
    expect(rig.change()).toEqual(["active;expires=1 +body"]);
  });
});

it("survives a restart: brings the watcher up to date, lapses in time", () => {
  const rig = new Rig({ resume: { state: "active", expiresAt: 600_000 } });
  expect(rig.change()).toEqual(["active;expires=600 +body"]);
  rig.answer();
  expect(rig.wait(600_000)).toEqual(["terminated;reason=timeout +body", "ended timeout"]);
  expect(new Rig({ resume: { state: "pending", expiresAt: -5 } }).wait(0)).toEqual([
    "terminated;reason=timeout",
    "ended timeout",
  ]);
});
