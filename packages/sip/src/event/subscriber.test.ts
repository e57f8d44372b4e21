import { describe, expect, it } from "vitest";
import { MAX_EXPIRES_S, MIN_DIALOG_LIFE_MS, Subscriber, TIMER_N_MS } from "./subscriber.ts";
import type { SubscriberInput, SubscriberOutput, SubscriberSettings } from "./subscriber-port.ts";
import { MAX_RETRY_AFTER_MS, TERMINATION_REASONS } from "./tables/subscription-end.ts";

/** A subscriber in virtual time: inputs in, outputs as short words out. */
class Rig {
  now = 0;
  readonly machine: Subscriber;
  readonly log: string[] = [];
  last: SubscriberOutput | undefined;

  constructor(settings: Partial<SubscriberSettings> = {}) {
    this.machine = new Subscriber({ expires: 3600, random: () => 0, ...settings });
  }

  /** Outputs of one input. */
  do(input: SubscriberInput): string[] {
    this.machine.handle(input, this.now);
    return this.#drain();
  }

  subscribe = () => this.do({ kind: "subscribe" });
  unsubscribe = () => this.do({ kind: "unsubscribe" });
  answer = (status: number, more: { expires?: number; minExpires?: number; retryAfter?: number } = {}) =>
    this.do({ kind: "response", status, ...more });
  silence = () => this.do({ kind: "no-response", why: "no route" });
  notify = (
    state: "active" | "pending" | "terminated",
    more: { expires?: number; reason?: string; retryAfter?: number; hasBody?: boolean } = {},
  ) => this.do({ kind: "notify", state, hasBody: true, ...more });

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

  /** Subscribed, accepted, notified. */
  active(expires = 3600): this {
    this.subscribe();
    this.answer(200, { expires });
    this.notify("active", { expires });
    return this;
  }

  #drain(): string[] {
    const words: string[] = [];
    for (let output = this.machine.poll(); output; output = this.machine.poll()) {
      this.last = output;
      words.push(word(output));
    }
    this.log.push(...words);
    return words;
  }
}

function word(output: SubscriberOutput): string {
  if (output.kind === "send") return `${output.request} ${output.expires}`;
  if (output.kind !== "ended") return output.kind;
  return `ended ${output.reason} ${output.retry}${output.afterMs === undefined ? "" : ` ${output.afterMs}`}`;
}

describe("the first SUBSCRIBE", () => {
  it("is answered, then notified", () => {
    const rig = new Rig();
    expect(rig.subscribe()).toEqual(["initial 3600"]);
    expect(rig.answer(200, { expires: 3600 })).toEqual([]);
    expect(rig.machine.expiresAt).toBeUndefined();
    expect(rig.notify("pending", { expires: 3599 })).toEqual(["pending"]);
    expect(rig.notify("active", { expires: 3590 })).toEqual(["active", "document"]);
    expect(rig.notify("active", { expires: 3590, hasBody: false })).toEqual([]);
    expect(rig.notify("pending", { expires: 3590 })).toEqual(["pending"]);
  });

  it("may be notified before it is answered, and the NOTIFY's expiry holds", () => {
    const rig = new Rig();
    rig.subscribe();
    expect(rig.notify("active", { expires: 600 })).toEqual(["active", "document"]);
    expect(rig.answer(200, { expires: 3600 })).toEqual([]);
    expect(rig.machine.expiresAt).toBe(600_000);
    expect(rig.wait(509_999)).toEqual([]);
    expect(rig.wait(1)).toEqual(["refresh 3600"]);
  });

  it("needs its NOTIFY within timer N, with or without an answer", () => {
    const silent = new Rig();
    silent.subscribe();
    silent.answer(200);
    expect(silent.wait(TIMER_N_MS - 1)).toEqual([]);
    expect(silent.wait(1)).toEqual(["ended no-notify after"]);
    expect(silent.last).toMatchObject({ permanent: false, presence: "grace", wasActive: false });
  });

  it.each([
    [403, "ended forbidden never"],
    [489, "ended forbidden never"],
    [603, "ended forbidden never"],
    [404, "ended nowhere after 86400000"],
    [604, "ended nowhere after 86400000"],
    [406, "ended misfit after 86400000"],
    [420, "ended misfit after 86400000"],
    [480, "ended unavailable after"],
    [481, "ended unavailable after"],
    [302, "ended unavailable after"],
    [407, "ended unavailable after"],
    [503, "ended unavailable after"],
    [423, "ended unavailable after"],
  ])("answered %i: %s", (status, expected) => {
    const rig = new Rig();
    rig.subscribe();
    expect(rig.answer(status)).toEqual([expected]);
    expect(rig.last).toMatchObject({ permanent: expected.includes("forbidden"), status });
    expect([rig.wait(1e9), rig.notify("active"), rig.subscribe(), rig.answer(200)]).toEqual([[], [], [], []]);
  });

  it("tells why nobody answered", () => {
    const rig = new Rig();
    rig.subscribe();
    expect(rig.silence()).toEqual(["ended unavailable after"]);
    expect(rig.last).toMatchObject({ why: "no route" });
    expect(rig.last).not.toHaveProperty("status");
  });

  it("obeys Retry-After within bounds", () => {
    const pause = (retryAfter: number) => {
      const rig = new Rig();
      rig.subscribe();
      rig.answer(503, { retryAfter });
      return rig.last?.kind === "ended" && rig.last.afterMs;
    };
    expect([1, 120, 86_400, 86_401].map(pause)).toEqual([
      MIN_DIALOG_LIFE_MS,
      120_000,
      MAX_RETRY_AFTER_MS,
      MAX_RETRY_AFTER_MS,
    ]);
  });

  it("lasts longer after a 423, once", () => {
    const rig = new Rig({ expires: 600 });
    rig.subscribe();
    expect(rig.answer(423, { minExpires: 1200 })).toEqual(["initial 1200"]);
    expect(rig.machine.expires).toBe(1200);
    expect(rig.answer(423, { minExpires: 7200 })).toEqual(["ended unavailable after"]);
    const useless = new Rig({ expires: 600 });
    useless.subscribe();
    expect(useless.answer(423, { minExpires: 600 })).toEqual(["ended unavailable after"]);
    const greedy = new Rig();
    greedy.subscribe();
    expect(greedy.answer(423, { minExpires: MAX_EXPIRES_S + 1 })).toEqual([`initial ${MAX_EXPIRES_S}`]);
  });
});

describe("a dialog", () => {
  it("is refreshed at 85 % and takes the new lifetime from the answer, then from the NOTIFY", () => {
    const rig = new Rig().active(1000);
    expect(rig.wait(850_000)).toEqual(["refresh 3600"]);
    rig.answer(200, { expires: 2000 });
    expect(rig.machine.expiresAt).toBe(850_000 + 2_000_000);
    rig.notify("active", { expires: 60 });
    expect(rig.machine.expiresAt).toBe(910_000);
    expect(rig.wait(30_000)).toEqual(["refresh 3600"]);
  });

  it("does not put off the refresh because a NOTIFY counts down", () => {
    const rig = new Rig().active(1000);
    for (let left = 900; left > 150; left -= 100) {
      expect(rig.wait(100_000)).toEqual([]);
      rig.notify("active", { expires: left });
    }
    expect(rig.wait(50_000)).toEqual(["refresh 3600"]);
  });

  it("counts on no more than a day, and asks for no more", () => {
    const rig = new Rig({ expires: 1e9 });
    expect(rig.subscribe()).toEqual([`initial ${MAX_EXPIRES_S}`]);
    rig.answer(200, { expires: 4_294_967_295 });
    rig.notify("active");
    expect(rig.machine.expiresAt).toBe(MAX_EXPIRES_S * 1000);
  });

  it.each([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 501, 604])(
    "is over after a refresh got %i",
    (status) => {
      const rig = new Rig().active();
      rig.wait(3_060_000);
      expect(rig.answer(status)).toEqual(["ended dialog-gone now"]);
      expect(rig.last).toMatchObject({ presence: "grace", permanent: false, wasActive: true });
    },
  );

  it.each([403, 489, 603])("is over for good after a refresh got %i", (status) => {
    const rig = new Rig().active();
    rig.wait(3_060_000);
    expect(rig.answer(status)).toEqual(["ended forbidden never"]);
    expect(rig.last).toMatchObject({ presence: "lost", permanent: true });
  });

  it("stays through other refresh errors, trying again until it lapses", () => {
    const rig = new Rig().active();
    expect(rig.wait(3_060_000)).toEqual(["refresh 3600"]);
    rig.answer(500);
    expect(rig.wait(30_000)).toEqual(["refresh 3600"]);
    rig.silence();
    expect(rig.wait(60_000)).toEqual(["refresh 3600"]);
    rig.answer(503, { retryAfter: 200 });
    expect(rig.wait(200_000)).toEqual(["refresh 3600"]);
    rig.answer(500, { retryAfter: 3600 });
    expect(rig.wait(3_600_000)).toEqual(["ended expired after"]);
    expect(rig.now).toBe(3_060_000 + 290_000 + 3_600_000);
    expect(rig.last).toMatchObject({ presence: "lost" });
  });

  it("lengthens a refresh that got 423", () => {
    const rig = new Rig().active();
    rig.wait(3_060_000);
    expect(rig.answer(423, { minExpires: 7200 })).toEqual(["refresh 7200"]);
    expect(rig.answer(423, { minExpires: 9000 })).toEqual([]);
    expect(rig.wait(30_000)).toEqual(["refresh 7200"]);
    rig.answer(200);
    expect(rig.machine.expiresAt).toBe(rig.now + 7_200_000);
  });

  it("without a NOTIFY after a refresh goes on, and counts; held to the rule, it ends", () => {
    const lenient = new Rig().active();
    lenient.wait(3_060_000);
    lenient.answer(200, { expires: 3600 });
    expect(lenient.wait(TIMER_N_MS)).toEqual(["unconfirmed"]);
    expect(lenient.machine.state).toBe("active");
    const strict = new Rig({ strictTimerN: true }).active();
    strict.wait(3_060_000);
    strict.answer(200, { expires: 3600 });
    expect(strict.wait(TIMER_N_MS - 1)).toEqual([]);
    expect(strict.wait(1)).toEqual(["ended unrefreshed now"]);
  });

  it("needs no NOTIFY after a 204", () => {
    const rig = new Rig({ strictTimerN: true }).active();
    rig.wait(3_060_000);
    rig.answer(204, { expires: 3600 });
    expect(rig.wait(TIMER_N_MS)).toEqual([]);
  });

  it("does not end twice when the refresh crosses its end", () => {
    const rig = new Rig().active();
    rig.wait(3_060_000);
    expect(rig.notify("terminated", { reason: "deactivated" })).toEqual([
      "document",
      "ended deactivated now",
    ]);
    expect(rig.answer(481)).toEqual([]);
  });

  it("survives a restart", () => {
    const resume = { state: "active", expiresAt: 100_000, refreshAt: 2_000 } as const;
    const rig = new Rig({ resume });
    expect(rig.wait(2_000)).toEqual(["refresh 3600"]);
    expect(rig.answer(481)).toEqual(["ended dialog-gone now"]);
    expect(new Rig({ resume: { ...resume, expiresAt: -1 } }).wait(0)).toEqual(["ended expired after"]);
  });
});

describe("terminated by the notifier", () => {
  it.each([
    ["deactivated", "deactivated now", false, "grace"],
    ["timeout", "timeout now", false, "grace"],
    ["expired", "timeout now", false, "grace"],
    ["probation", "probation after 300000", false, "grace"],
    ["giveup", "giveup after 300000", false, "grace"],
    ["rejected", "rejected never", true, "lost"],
    ["noresource", "noresource never", true, "lost"],
    ["invariant", "invariant never", false, "keep"],
    ["because", "none after", false, "grace"],
    ["constructor", "none after", false, "grace"],
    [undefined, "none after", false, "grace"],
  ])("for %s", (reason, expected, permanent, presence) => {
    const rig = new Rig().active();
    rig.wait(MIN_DIALOG_LIFE_MS);
    const words = rig.notify("terminated", { hasBody: false, ...(reason !== undefined && { reason }) });
    expect(words).toEqual([`ended ${expected}`]);
    expect(rig.last).toMatchObject({ permanent, presence, wasActive: true });
  });

  it("covers every reason of the table", () => {
    expect(Object.keys(TERMINATION_REASONS).sort()).toEqual(
      ["deactivated", "giveup", "invariant", "none", "noresource", "probation", "rejected", "timeout"].sort(),
    );
  });

  it("is not tried again at once when the dialog was short", () => {
    const end = (life: number) => {
      const rig = new Rig().active();
      rig.wait(life);
      return rig.notify("terminated", { reason: "deactivated", hasBody: false });
    };
    expect(end(MIN_DIALOG_LIFE_MS - 1)).toEqual(["ended deactivated after"]);
    expect(end(MIN_DIALOG_LIFE_MS)).toEqual(["ended deactivated now"]);
  });

  it("names its own pause", () => {
    const rig = new Rig().active();
    expect(rig.notify("terminated", { reason: "probation", retryAfter: 90 })).toContain(
      "ended probation after 90000",
    );
  });

  it("shows nothing to a watcher who was never accepted", () => {
    const rig = new Rig();
    rig.subscribe();
    rig.notify("pending");
    expect(rig.notify("terminated", { reason: "rejected" })).toEqual(["ended rejected never"]);
    expect(rig.last).toMatchObject({ wasActive: false });
  });
});

describe("unsubscribing", () => {
  it("sends Expires 0 and waits for the last NOTIFY", () => {
    const rig = new Rig().active();
    expect(rig.unsubscribe()).toEqual(["end 0"]);
    expect(rig.notify("active")).toEqual([]);
    expect(rig.answer(200, { expires: 0 })).toEqual([]);
    expect(rig.notify("terminated", { reason: "timeout" })).toEqual(["ended unsubscribed never"]);
    expect(rig.last).toMatchObject({ permanent: false, presence: "lost" });
  });

  it.each([
    ["481", (rig: Rig) => rig.answer(481)],
    ["500", (rig: Rig) => rig.answer(500)],
    ["no answer", (rig: Rig) => rig.silence()],
    ["no NOTIFY", (rig: Rig) => [...rig.answer(200), ...rig.wait(TIMER_N_MS)]],
  ])("is over with %s", (_, reply) => {
    const rig = new Rig().active();
    rig.unsubscribe();
    expect(reply(rig)).toEqual(["ended unsubscribed never"]);
  });

  it("before anything was sent, sends nothing", () => {
    expect(new Rig().unsubscribe()).toEqual(["ended unsubscribed never"]);
  });

  it("waits for the dialog to exist, and for the answer", () => {
    const rig = new Rig();
    rig.subscribe();
    expect(rig.unsubscribe()).toEqual([]);
    expect(rig.answer(200)).toEqual([]);
    expect(rig.notify("active")).toEqual(["end 0"]);
    const overtaken = new Rig();
    overtaken.subscribe();
    overtaken.unsubscribe();
    expect(overtaken.notify("active")).toEqual([]);
    expect(overtaken.answer(200)).toEqual(["end 0"]);
    const vain = new Rig();
    vain.subscribe();
    vain.unsubscribe();
    expect(vain.wait(TIMER_N_MS)).toEqual(["ended unsubscribed never"]);
  });

  it("waits for a refresh under way", () => {
    const rig = new Rig().active();
    rig.wait(3_060_000);
    expect(rig.unsubscribe()).toEqual([]);
    expect(rig.answer(500)).toEqual(["end 0"]);
  });

  it("remembers that the user has changed their mind", () => {
    const rig = new Rig().active();
    rig.unsubscribe();
    expect(rig.subscribe()).toEqual([]);
    expect(rig.answer(481)).toEqual(["ended unsubscribed now"]);
    const twice = new Rig().active();
    twice.unsubscribe();
    twice.subscribe();
    twice.unsubscribe();
    expect(twice.answer(481)).toEqual(["ended unsubscribed never"]);
  });
});
