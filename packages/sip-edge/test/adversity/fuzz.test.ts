/**
 * Spoiled messages through framer, parser, admission and edge: nothing is thrown, nothing foreign gets in, nothing takes
 * long or much memory, and nothing stays. A run that fails prints its seed; FUZZ_SEED=... runs it again.
 */
import { getHeapStatistics } from "node:v8";
import { parseSipUri, StreamFramer, serializeBytes } from "@tombolo/sip";
import { latin1 } from "@tombolo/sip/io";
import { describe, expect, it } from "vitest";
import { EdgeRig, fromAlice, type Taken } from "../edge-rig.ts";
import { randomFrom, spoiled } from "./mutations.ts";

const MESSAGES = 12_000;
/** One edge sees so many of them. */
const LIFE = 500;
/** Of the thread for one message, ms: the best of `TRIES`, because the machine is shared. */
const MAX_MS = 25;
/** Allocated for one message, bytes: some for every message, and so many for each of its bytes. */
const MAX_ALLOCATED = 1024 * 1024;
const MAX_ALLOCATED_EACH = 200;
const TRIES = 3;
/** What the edge may send for one chunk, beside what it repeats of it. */
const MAX_ANSWER = 4_096;
/** Messages that one chunk may hold, because mutations join them. */
const MAX_FRAMES = 12;

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 4_294_967_296);

/** One edge with pending transactions in both directions, so that answers and CANCELs find something. */
class Target {
  readonly rig = new EdgeRig();
  #framer = new StreamFramer(latin1);

  constructor() {
    this.rig.open("contoso.example");
    this.rig.open("contoso.example", "out");
    this.rig.open("fabrikam.example");
    for (const method of ["MESSAGE", "INVITE", "SUBSCRIBE"]) this.rig.inside(fromAlice(method));
  }

  /** Takes a chunk as the driver would; gives what came out. */
  take(text: string): Taken[] {
    const all: Taken[] = [];
    this.#framer.push(Buffer.from(text, "latin1"));
    for (let frame = this.#framer.next(); frame !== undefined; frame = this.#framer.next()) {
      if (frame.kind === "message") all.push(this.rig.outside(frame.message));
      else if (frame.kind === "broken") {
        const { why, status, message } = frame;
        all.push(this.rig.feed({ kind: "broken", connection: "in-contoso.example", why, status, message }));
        this.#framer = new StreamFramer(latin1);
      }
    }
    // A chunk that ends within a message must not swallow the next one.
    if (this.#framer.isPartial) this.#framer = new StreamFramer(latin1);
    return all;
  }
}

function checkOutcome(all: readonly Taken[], text: string): void {
  expect(all.length).toBeLessThanOrEqual(MAX_FRAMES + text.split("SIP/2.0\r\n").length);
  let bytes = 0;
  for (const taken of all) {
    for (const { message, verified } of taken.toNode) {
      bytes += serializeBytes(message).length;
      if (!message.isRequest) continue;
      const from = message.from && parseSipUri(message.from.uri);
      if (from?.host !== "contoso.example" || verified?.partner !== "contoso.example") {
        throw new Error(`let in from ${message.from?.uri}, verified as ${verified?.partner}`);
      }
      if (message.fault !== undefined) throw new Error(`let in with a fault: ${message.fault}`);
      checkOneMessage(serializeBytes(message));
    }
    for (const { message } of taken.sent) bytes += serializeBytes(message).length;
    expect(taken.dialled).toEqual([]);
  }
  // Each request is passed on once and answered once, each with little more than it had.
  expect(bytes).toBeLessThanOrEqual(2 * text.length + all.length * MAX_ANSWER);
}

/** Who reads what we send sees one request where we saw one. */
function checkOneMessage(bytes: Uint8Array): void {
  const framer = new StreamFramer(latin1);
  framer.push(bytes);
  const kinds: string[] = [];
  for (let frame = framer.next(); frame !== undefined; frame = framer.next()) kinds.push(frame.kind);
  expect([kinds, framer.isPartial]).toEqual([["message"], false]);
}

/** Time and memory of a message with an edge of its own, the best of some tries. */
function costAlone(text: string): { ms: number; allocated: number } {
  let ms = Number.POSITIVE_INFINITY;
  let allocated = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const target = new Target();
    const heap = getHeapStatistics().used_heap_size;
    const began = process.cpuUsage();
    target.take(text);
    const { user, system } = process.cpuUsage(began);
    ms = Math.min(ms, (user + system) / 1000);
    allocated = Math.min(allocated, getHeapStatistics().used_heap_size - heap);
  }
  return { ms, allocated };
}

describe("spoiled messages", () => {
  it(`${MESSAGES} of them, seed ${seed}: nothing thrown, let in, slow, large or left over`, () => {
    const random = randomFrom(seed);
    let target = new Target();
    let [slowest, largest] = [0, 0];
    const outcomes: Record<string, number> = {};
    for (let at = 0; at < MESSAGES; at++) {
      if (at % LIFE === 0) {
        target.rig.pass(400_000);
        expect(target.rig.edge.unanswered).toBe(0);
        target = new Target();
      }
      const text = spoiled(random);
      const heap = getHeapStatistics().used_heap_size;
      const began = performance.now();
      let all: Taken[];
      try {
        all = target.take(text);
        const [ms, allocated] = [performance.now() - began, getHeapStatistics().used_heap_size - heap];
        const room = MAX_ALLOCATED + text.length * MAX_ALLOCATED_EACH;
        const cost = ms > MAX_MS || allocated > room ? costAlone(text) : { ms, allocated };
        expect(cost.ms).toBeLessThan(MAX_MS);
        expect(cost.allocated).toBeLessThan(room);
        [slowest, largest] = [Math.max(slowest, cost.ms), Math.max(largest, cost.allocated)];
        checkOutcome(all, text);
      } catch (error) {
        throw new Error(`seed ${seed}, message ${at}: ${JSON.stringify(text.slice(0, 2_000))}`, {
          cause: error,
        });
      }
      count(outcomes, all);
    }
    console.log(
      `fuzz: seed ${seed}, slowest ${slowest.toFixed(2)} ms, most allocated ${(largest / 1024).toFixed(0)} KiB; ` +
        JSON.stringify(outcomes),
    );
    // Mutations that spoil everything would test the first gate only.
    expect(outcomes["let in"]).toBeGreaterThan(MESSAGES / 50);
    expect(outcomes.answered).toBeGreaterThan(MESSAGES / 50);
  });
});

function count(outcomes: Record<string, number>, all: readonly Taken[]): void {
  const add = (what: string) => {
    outcomes[what] = (outcomes[what] ?? 0) + 1;
  };
  if (all.length === 0) add("not framed");
  for (const taken of all) {
    if (taken.closed.length > 0) add("closed");
    if (taken.toNode.length > 0) add("let in");
    if (taken.sent.length > 0) add("answered");
  }
}
