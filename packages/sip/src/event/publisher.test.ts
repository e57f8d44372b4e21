import { describe, expect, it } from "vitest";
import { PUBLISHER_REFUSAL_MS, Publisher } from "./publisher.ts";
import type { PublishAnswered, PublisherSettings } from "./publisher-port.ts";
import { publishAnswerEvent } from "./tables/publisher.ts";

const PACE = 5_000;
const RETRY = 30_000;

/** A publisher with half jitter, and what it has sent since it was asked last: `create 3600`, `modify e1 3600`. */
class Bed {
  readonly publisher: Publisher;
  now = 0;

  constructor(settings: Partial<PublisherSettings> = {}) {
    const retries = { retryBase: RETRY, retryCap: 3_600_000 };
    this.publisher = new Publisher({ expires: 3600, pace: PACE, ...retries, random: () => 0.5, ...settings });
  }

  say(kind: "publish" | "remove" | "refresh" | "no-response"): string[] {
    this.publisher.handle({ kind }, this.now);
    return this.sent();
  }

  answer(status: number, fields: Omit<PublishAnswered, "kind" | "status"> = {}): string[] {
    this.publisher.handle({ kind: "response", status, ...fields }, this.now);
    return this.sent();
  }

  wait(ms: number): string[] {
    const end = this.now + ms;
    for (let due = this.publisher.nextDeadline(); due && due.at <= end; due = this.publisher.nextDeadline()) {
      this.now = Math.max(this.now, due.at);
      this.publisher.timeout(this.now);
    }
    this.now = end;
    return this.sent();
  }

  private sent(): string[] {
    const sent: string[] = [];
    for (let out = this.publisher.poll(); out; out = this.publisher.poll())
      sent.push([out.operation, out.ifMatch, out.expires].filter((part) => part !== undefined).join(" "));
    return sent;
  }
}

function published(settings: Partial<PublisherSettings> = {}): Bed {
  const bed = new Bed(settings);
  expect(bed.say("publish")).toEqual(["create 3600"]);
  expect(bed.answer(200, { etag: "e1", expires: 3600 })).toEqual([]);
  return bed;
}

describe("the four operations", () => {
  it("creates, refreshes in time, modifies and removes, each with the last tag", () => {
    const bed = published();
    expect(bed.wait(2_880_000 - 1)).toEqual([]);
    expect(bed.wait(1)).toEqual(["refresh e1 3600"]);
    bed.answer(200, { etag: "e2", expires: 3600 });
    expect(bed.wait(60_000)).toEqual([]);
    expect(bed.say("publish")).toEqual(["modify e2 3600"]);
    bed.answer(200, { etag: "e3", expires: 3600 });
    expect(bed.say("remove")).toEqual(["remove e3 0"]);
    expect(bed.answer(200, { etag: "e4", expires: 0 })).toEqual([]);
    expect(bed.publisher.isIdle).toBe(true);
    expect(bed.wait(86_400_000)).toEqual([]);
  });

  it("has one PUBLISH under way, and sends the newest state after it, paced", () => {
    const bed = new Bed();
    bed.say("publish");
    expect(bed.say("publish")).toEqual([]);
    expect(bed.say("publish")).toEqual([]);
    expect(bed.answer(200, { etag: "e1", expires: 3600 })).toEqual([]);
    expect(bed.wait(PACE - 1)).toEqual([]);
    expect(bed.wait(1)).toEqual(["modify e1 3600"]);
  });

  it("removes at once what was taken back while its creation was under way", () => {
    const bed = new Bed();
    bed.say("publish");
    expect(bed.say("remove")).toEqual([]);
    expect(bed.answer(200, { etag: "e1", expires: 3600 })).toEqual(["remove e1 0"]);
  });

  it("creates anew what was wanted again while its removal was under way", () => {
    const bed = published();
    bed.say("remove");
    expect(bed.say("publish")).toEqual([]);
    expect(bed.answer(200, { etag: "x" })).toEqual(["create 3600"]);
  });

  it("refreshes by the lifetime that was granted", () => {
    const bed = new Bed();
    bed.say("publish");
    bed.answer(200, { etag: "e1", expires: 100 });
    expect(bed.wait(67_999)).toEqual([]);
    expect(bed.wait(1)).toEqual(["refresh e1 3600"]);
  });
});

describe("what the server refuses", () => {
  it("a tag that it does not know is never sent again: the state is published anew", () => {
    const bed = published();
    bed.wait(PACE);
    expect(bed.say("publish")).toEqual(["modify e1 3600"]);
    expect(bed.answer(412)).toEqual(["create 3600"]);
    expect(bed.answer(200, { etag: "e9", expires: 3600 })).toEqual([]);
    expect(bed.say("refresh")).toEqual(["refresh e9 3600"]);
  });

  it("a lifetime too brief is made longer, once", () => {
    const bed = new Bed();
    bed.say("publish");
    expect(bed.answer(423, { minExpires: 7_200 })).toEqual(["create 7200"]);
    expect(bed.answer(423, { minExpires: 9_000 })).toEqual([]);
    expect(bed.publisher.state).toBe("waiting");
  });

  it("a 423 that names nothing longer is a failure and not a loop", () => {
    const bed = new Bed();
    bed.say("publish");
    expect(bed.answer(423, { minExpires: 60 })).toEqual([]);
    expect(bed.publisher.state).toBe("waiting");
  });

  it.each([403, 404, 405, 489, 501])("a %i is left alone for a day", (status) => {
    const bed = new Bed();
    bed.say("publish");
    expect(bed.answer(status)).toEqual([]);
    expect(bed.wait(PUBLISHER_REFUSAL_MS - 1)).toEqual([]);
    expect(bed.wait(1)).toEqual(["create 3600"]);
  });

  it("a 200 without an entity tag can't be kept up", () => {
    const bed = new Bed();
    bed.say("publish");
    expect(bed.answer(200, { expires: 3600 })).toEqual([]);
    expect(bed.publisher.state).toBe("refused");
  });

  it("every status is sorted, and what no row names is tried again", () => {
    expect([200, 299, 412, 423, 480, 500, 503, 600].map(publishAnswerEvent)).toEqual([
      "accepted",
      "accepted",
      "unmatched",
      "too-brief",
      "failed",
      "failed",
      "failed",
      "failed",
    ]);
  });
});

describe("a server out of order", () => {
  it("is asked again after pauses that double, with jitter, and a Retry-After counts", () => {
    const bed = new Bed();
    bed.say("publish");
    expect(bed.say("no-response")).toEqual([]);
    expect(bed.wait(RETRY - 1)).toEqual([]);
    expect(bed.wait(1)).toEqual(["create 3600"]);
    bed.answer(503);
    expect(bed.wait(2 * RETRY - 1)).toEqual([]);
    expect(bed.wait(1)).toEqual(["create 3600"]);
    bed.answer(480, { retryAfter: 600 });
    expect(bed.wait(599_999)).toEqual([]);
    expect(bed.wait(1)).toEqual(["create 3600"]);
  });

  it("is tried within a refresh's time, and published to anew when that has run out", () => {
    const bed = published();
    const sent: string[] = [];
    for (let minute = 0; minute < 70; minute++) {
      const now = bed.wait(60_000);
      sent.push(...now);
      if (now.length > 0) bed.answer(500);
    }
    expect(sent.slice(0, 2)).toEqual(["refresh e1 3600", "refresh e1 3600"]);
    expect(sent.at(-1)).toBe("create 3600");
    expect(sent.length).toBeLessThan(16);
  });

  it("hears of a removal again until the publication would have lapsed anyway", () => {
    const bed = published();
    expect(bed.say("remove")).toEqual(["remove e1 0"]);
    bed.answer(500);
    expect(bed.wait(RETRY)).toEqual(["remove e1 0"]);
    bed.answer(500);
    bed.wait(3_600_000);
    bed.answer(500);
    expect(bed.wait(3_600_000)).toEqual([]);
    expect(bed.publisher.isIdle).toBe(true);
  });

  it("is tried at once when it is known to be back", () => {
    const bed = new Bed();
    bed.say("publish");
    bed.say("no-response");
    expect(bed.say("refresh")).toEqual(["create 3600"]);
  });
});

describe("a publication of an earlier run", () => {
  it("is modified under its tag", () => {
    const bed = new Bed({ resume: { etag: "old", expiresAt: 100_000 } });
    expect(bed.say("publish")).toEqual(["modify old 3600"]);
  });

  it("that has lapsed meanwhile is published anew", () => {
    const bed = new Bed({ resume: { etag: "old", expiresAt: 100_000 } });
    expect(bed.wait(100_000)).toEqual(["create 3600"]);
  });

  it("is removed where nothing is to be shown any more", () => {
    const bed = new Bed({ resume: { etag: "old", expiresAt: 100_000 } });
    expect(bed.say("remove")).toEqual(["remove old 0"]);
  });
});
