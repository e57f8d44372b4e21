/** Connections that lead nowhere cost the edge nothing that stays. */
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { AdversityRig, GOOD, GoodPartner, MIB, shown } from "./rig.ts";

const HALF_OPEN = 1_000;
const ABORTED = 10_000;
const WARM_UP = 2_000;
/** Connections at the same time while they are opened and aborted. */
const AT_ONCE = 50;
/** What may stay after all is closed: allocators keep some pages, leaks of this many connections are far more. */
const KEPT_RSS = 16 * MIB;
const KEPT_HEAP = 3 * MIB;
/** The beginning of a TLS record with a ClientHello that does not come. */
const HELLO_BEGINS = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]);

/** On a machine whose cores are busy. */
const TEST_MS = 60_000;
/** Sockets that the loop has not let go of yet when it is looked at; a leak would show as thousands. */
const STILL_CLOSING = 16;

let rig: AdversityRig;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await rig.end();
});

function open(port: number): Promise<Socket | undefined> {
  const socket = connect({ host: "127.0.0.1", port });
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(socket));
    socket.on("error", () => resolve(undefined));
  });
}

/** Opens and aborts `count` connections, every other one within the handshake. */
async function abortMany(port: number, count: number): Promise<void> {
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      const at = begun++;
      const socket = await open(port);
      if (!socket) continue;
      if (at % 2 === 0) socket.write(HELLO_BEGINS);
      socket.resetAndDestroy();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

describe("connections without a partner", () => {
  it(
    `${HALF_OPEN} half-open ones end by themselves; who is connected goes on, and nothing stays`,
    async () => {
      rig = await new AdversityRig().start({ handshakeMs: 1_500 });
      const good = new GoodPartner(await rig.connect(GOOD));
      await good.times(200, 0);
      const unloaded = await good.times(200, 0);
      const before = await rig.figures();

      const half: Promise<Socket | undefined>[] = [];
      for (let i = 0; i < HALF_OPEN; i++) half.push(open(rig.port));
      const opened = await Promise.all(half);
      for (const [at, socket] of opened.entries()) if (at % 2 === 0) socket?.write(HELLO_BEGINS);
      const loaded = await good.times(200, 2);
      const during = await rig.figures();
      await Promise.all(
        opened.map((socket) =>
          socket === undefined || socket.destroyed
            ? undefined
            : new Promise((resolve) => socket.resume().once("close", resolve)),
        ),
      );
      const newcomer = new GoodPartner(await rig.connect(GOOD));
      await newcomer.times(1, 0);
      const after = await rig.figures();

      console.log(
        `half-open: partner ${shown(unloaded)}, while they stand ${shown(loaded)}; RSS ${mib(before.rss)} -> ` +
          `${mib(during.rss)} -> ${mib(after.rss)}, heap ${mib(before.heapUsed)} -> ${mib(after.heapUsed)} MiB; ` +
          `handshakes ${JSON.stringify(after.handshakes)}`,
      );
      expect(after.handshakes.ok).toBe(2);
      expect(after.handshakes["too-many"]! + after.handshakes.timeout!).toBe(HALF_OPEN);
      expect(after.rss - before.rss).toBeLessThan(KEPT_RSS);
      expect(after.heapUsed - before.heapUsed).toBeLessThan(KEPT_HEAP);
      expect(after.resources).toBeLessThanOrEqual(before.resources + STILL_CLOSING);
    },
    TEST_MS,
  );

  it(
    `${ABORTED} opened and aborted ones leave nothing behind`,
    async () => {
      rig = await new AdversityRig().start();
      const good = new GoodPartner(await rig.connect(GOOD));
      await good.times(200, 0);
      await abortMany(rig.port, WARM_UP);
      const before = await rig.figures();
      await abortMany(rig.port, ABORTED);
      const after = await rig.figures();
      await good.times(1, 0);
      console.log(
        `aborted: RSS ${mib(before.rss)} -> ${mib(after.rss)}, heap ${mib(before.heapUsed)} -> ${mib(after.heapUsed)}, ` +
          `external ${mib(before.external)} -> ${mib(after.external)} MiB, CPU ${((after.cpuMs - before.cpuMs) / ABORTED).toFixed(2)} ms each; ` +
          `handshakes ${JSON.stringify(after.handshakes)}`,
      );
      expect(after.connections).toBe(1);
      expect(after.resources).toBeLessThanOrEqual(before.resources + STILL_CLOSING);
      expect(after.rss - before.rss).toBeLessThan(KEPT_RSS);
      expect(after.heapUsed - before.heapUsed).toBeLessThan(KEPT_HEAP);
    },
    TEST_MS,
  );
});

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
