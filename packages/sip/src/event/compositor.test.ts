import { describe, expect, it } from "vitest";
import { Compositor, MAX_PUBLICATION_S, MAX_PUBLICATIONS, MIN_PUBLICATION_S } from "./compositor.ts";
import type { CompositorOutput, Publish } from "./compositor-port.ts";

const OPEN = { kind: "state", state: "open" } as const;
const AWAY = { kind: "state", state: "away" } as const;
const NONE = { kind: "none" } as const;
const UNREADABLE = { kind: "unreadable" } as const;

/** A compositor whose tags are e1, e2, ..., and what it says to each request. */
class Bed {
  readonly compositor: Compositor<string>;
  now = 1_000;
  #serial = 0;

  constructor() {
    let tags = 0;
    this.compositor = new Compositor({ ids: () => `e${++tags}` });
  }

  publish(body: Publish<string>["body"], fields: { ifMatch?: string; expires?: number } = {}) {
    this.#serial += 1;
    const request = `r${this.#serial}`;
    this.compositor.handle({ kind: "publish", request, body, ...fields }, this.now);
    const answers = this.drain().filter((output) => output.kind === "answer");
    expect(answers).toHaveLength(1);
    const { kind: _, request: answered, ...answer } = answers[0]!;
    expect(answered).toBe(request);
    return answer;
  }

  wait(seconds: number): CompositorOutput[] {
    this.now += seconds * 1000;
    this.compositor.timeout(this.now);
    return this.drain();
  }

  get states(): string[] {
    return [...this.compositor.publications()].map(({ state }) => state);
  }

  drain(): CompositorOutput[] {
    const outputs: CompositorOutput[] = [];
    for (let out = this.compositor.poll(); out; out = this.compositor.poll()) outputs.push(out);
    return outputs;
  }
}

describe("a publication", () => {
  it("is created, refreshed, modified and removed, each time under a new tag", () => {
    const bed = new Bed();
    expect(bed.publish(OPEN, { expires: 600 })).toEqual({ status: 200, etag: "e1", expires: 600 });
    bed.now += 500_000;
    expect(bed.publish(NONE, { ifMatch: "e1", expires: 600 })).toEqual({
      status: 200,
      etag: "e2",
      expires: 600,
    });
    const [refreshed] = bed.compositor.publications();
    expect(refreshed).toMatchObject({ id: "e1", changedAt: 1_000, expiresAt: 1_101_000 });
    expect(bed.publish(AWAY, { ifMatch: "e2", expires: 600 })).toMatchObject({ status: 200, etag: "e3" });
    expect(bed.states).toEqual(["away"]);
    expect(bed.publish(NONE, { ifMatch: "e3", expires: 0 })).toMatchObject({ status: 200, expires: 0 });
    expect(bed.states).toEqual([]);
  });

  it("is found under its last tag only", () => {
    const bed = new Bed();
    bed.publish(OPEN);
    bed.publish(NONE, { ifMatch: "e1" });
    expect(bed.publish(AWAY, { ifMatch: "e1" })).toEqual({ status: 412 });
    expect(bed.states).toEqual(["open"]);
  });

  it("lapses on the second, and not before", () => {
    const bed = new Bed();
    bed.publish(OPEN, { expires: 60 });
    expect(bed.compositor.nextDeadline()).toEqual({ at: 61_000, reason: "publication lapses" });
    bed.now += 59_999;
    expect(bed.wait(0)).toEqual([]);
    bed.now += 1;
    expect(bed.wait(0)).toEqual([{ kind: "gone", id: "e1" }, { kind: "changed" }]);
    expect(bed.publish(NONE, { ifMatch: "e1" })).toEqual({ status: 412 });
  });

  it("of an earlier run is refreshed under the tag that it had", () => {
    const bed = new Bed();
    bed.compositor.restore({ id: "a", etag: "old", state: "open", changedAt: 5, expiresAt: 50_000 });
    expect(bed.publish(NONE, { ifMatch: "old" })).toMatchObject({ status: 200, etag: "e1" });
    expect([...bed.compositor.publications()]).toMatchObject([{ id: "a", state: "open" }]);
  });
});

describe("a request that does not fit", () => {
  it.each([
    ["a body of another type", UNREADABLE, {}, { status: 415 }],
    ["neither body nor tag", NONE, {}, { status: 400 }],
    ["a removal of nothing", NONE, { expires: 0 }, { status: 400 }],
    ["an unknown tag", OPEN, { ifMatch: "x" }, { status: 412 }],
    [
      "an unknown tag, before anything else is looked at",
      UNREADABLE,
      { ifMatch: "x", expires: 1 },
      { status: 412 },
    ],
    ["a lifetime too short", OPEN, { expires: MIN_PUBLICATION_S - 1 }, { status: 423, minExpires: 60 }],
    ["a lifetime too short, before the body is looked at", UNREADABLE, { expires: 1 }, { status: 423 }],
  ] as const)("%s leaves everything as it is", (_, body, fields, answer) => {
    const bed = new Bed();
    bed.publish(AWAY);
    expect(bed.publish(body, fields)).toMatchObject(answer);
    expect(bed.states).toEqual(["away"]);
  });

  it.each([
    ["a lifetime too short", OPEN, { expires: 59 }, { status: 423, minExpires: 60 }],
    ["a body of another type", UNREADABLE, {}, { status: 415 }],
  ] as const)("%s leaves the publication that it names", (_, body, fields, answer) => {
    const bed = new Bed();
    bed.publish(AWAY);
    expect(bed.publish(body, { ...fields, ifMatch: "e1" })).toMatchObject(answer);
    expect(bed.publish(NONE, { ifMatch: "e1" })).toMatchObject({ status: 200 });
  });
});

describe("bounds", () => {
  it.each([
    [MIN_PUBLICATION_S, MIN_PUBLICATION_S],
    [MAX_PUBLICATION_S, MAX_PUBLICATION_S],
    [MAX_PUBLICATION_S + 1, MAX_PUBLICATION_S],
    [undefined, MAX_PUBLICATION_S],
  ])("a lifetime of %s s is granted as %s s", (expires, granted) => {
    const fields = expires === undefined ? {} : { expires };
    expect(new Bed().publish(OPEN, fields)).toMatchObject({ status: 200, expires: granted });
  });

  it("one publication too many takes the place of the one that was heard from longest ago", () => {
    const bed = new Bed();
    for (let n = 1; n <= MAX_PUBLICATIONS; n++) bed.publish({ kind: "state", state: `s${n}` });
    bed.publish(NONE, { ifMatch: "e1" });
    expect(bed.compositor.size).toBe(MAX_PUBLICATIONS);
    bed.publish(OPEN);
    expect(bed.compositor.size).toBe(MAX_PUBLICATIONS);
    expect(bed.states).toContain("s1");
    expect(bed.publish(NONE, { ifMatch: "e2" })).toEqual({ status: 412 });
  });
});
