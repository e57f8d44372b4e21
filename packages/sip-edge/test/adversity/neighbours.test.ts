/** What one partner does to the edge, another hardly feels. */
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { AdversityRig, BAD, CROWD, GOOD, GoodPartner, MIB, shown, type Times } from "./rig.ts";

const SLOW_SENDERS = 200;
const SLOW_PAUSE_MS = 100;
const PARTIAL_MS = 3_000;
const FLOOD_CONNECTIONS = 4;
/** Of the edge's process under a flood. */
const MAX_RSS = 240 * MIB;
/** Half of the neighbours of a flood wait less, ms: a few turns of the loop, each with a share of the flood. */
const FLOOD_P50 = 75;

/** On a machine whose cores are busy. */
const TEST_MS = 60_000;

let rig: AdversityRig;
afterEach(() => rig.end());

/** Generous, because the machine's cores are shared; who waits behind all that a neighbour has sent is far above. */
function boundFor(unloaded: Times): number {
  return 1_000 + 20 * unloaded.p99;
}

async function goodPartner(): Promise<{ good: GoodPartner; unloaded: Times }> {
  const good = new GoodPartner(await rig.connect(GOOD));
  await good.times(500, 0);
  return { good, unloaded: await good.times(300, 2) };
}

describe("a partner's neighbour", () => {
  it(
    `with ${SLOW_SENDERS} connections that send a byte now and then loses them, and delays nobody`,
    async () => {
      rig = await new AdversityRig().start({ partialMs: PARTIAL_MS });
      const { good, unloaded } = await goodPartner();
      const slow: TLSSocket[] = [];
      for (let i = 0; i < SLOW_SENDERS; i++) slow.push(await rig.connect(CROWD[i % CROWD.length]!));
      const gone = Promise.all(
        slow.map((socket) => new Promise((resolve) => socket.resume().once("close", resolve))),
      );
      const head =
        "MESSAGE sip:alice@example.com SIP/2.0\r\nVia: SIP/2.0/TLS sip.crowd0.example;branch=z9hG4bKslow\r\n";
      let at = 0;
      const dribble = setInterval(() => {
        const letter = head[at++ % head.length]!;
        for (const socket of slow) if (!socket.destroyed) socket.write(letter);
      }, SLOW_PAUSE_MS);
      const loaded = await good.times(200, 5);
      const began = performance.now();
      await gone;
      clearInterval(dribble);
      const figures = await rig.figures();
      console.log(
        `slow senders: partner alone ${shown(unloaded)}, with ${SLOW_SENDERS} of them ${shown(loaded)}; ` +
          `${JSON.stringify(figures.closed)}`,
      );
      expect(performance.now() - began).toBeLessThan(PARTIAL_MS + 2_000);
      expect(figures.closed).toEqual({ partial: SLOW_SENDERS });
      expect(figures.connections).toBe(1);
      expect(loaded.p99).toBeLessThan(boundFor(unloaded));
    },
    TEST_MS,
  );

  it(
    "that floods gets its answers, and delays nobody for long",
    async () => {
      rig = await new AdversityRig().start();
      const { good, unloaded } = await goodPartner();
      const passed = rig.flood(BAD, FLOOD_CONNECTIONS);
      while ((await passed()).answers === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      const [first, began] = [await passed(), performance.now()];
      const loaded = await good.times(40, 5);
      const last = await passed();
      const perSecond = ((last.answers - first.answers) / (performance.now() - began)) * 1000;
      const figures = await rig.figures();
      console.log(
        `flood: partner alone ${shown(unloaded)}, beside ${perSecond.toFixed(0)} messages/s ${shown(loaded)}; ` +
          `RSS ${(figures.rss / MIB).toFixed(0)} MiB`,
      );
      expect(perSecond).toBeGreaterThan(500);
      expect(loaded.p50).toBeLessThan(FLOOD_P50);
      expect(loaded.p99).toBeLessThan(boundFor(unloaded) - 500);
      expect(figures.rss).toBeLessThan(MAX_RSS);
    },
    TEST_MS,
  );
});
