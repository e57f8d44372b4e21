/** An edge with a gateway that answers everything 200, as a process whose memory can be looked at. Run with --expose-gc. */
import { buildResponse } from "@tombolo/sip";
import { EdgeDriver } from "../../src/io/index.ts";
import type { EdgeFigures, EdgeOrder, EdgeQuestion } from "./rig.ts";

const collect = (globalThis as { gc?: () => void }).gc!;

async function serve({ credentials, ca, partners, handshakeMs, partialMs }: EdgeOrder): Promise<void> {
  let ids = 0;
  const closed: Record<string, number> = {};
  const handshakes: Record<string, number> = {};
  const driver: EdgeDriver = new EdgeDriver({
    settings: {
      advertise: { host: "sip.example.com", port: 5061 },
      ourDomains: ["example.com"],
      partners: partners.map((domain) => ({ domain, names: [`sip.${domain}`], purpose: "strict" })),
    },
    tls: { ...credentials, ca },
    listen: { host: "127.0.0.1", port: 0 },
    now: () => performance.now(),
    ids: () => `id${(++ids).toString(36)}`,
    onToNode: (message) => driver.fromNode(buildResponse(message, 200, { toTag: "t" })),
    onObserve: (one) => {
      if (one.kind === "handshake") handshakes[one.outcome] = (handshakes[one.outcome] ?? 0) + 1;
      if (one.kind === "connection" && one.state === "closed") closed[one.why] = (closed[one.why] ?? 0) + 1;
    },
    // All of them come from one address here.
    listenerLimits: { maxPending: 256, maxPendingPerAddress: 256, maxConnections: 4096, handshakeMs },
    connectionLimits: { partialMs },
    tickMs: 100,
  });
  await driver.start();
  const figures = async (): Promise<EdgeFigures> => {
    // Sockets give back their memory some turns after they are closed.
    for (let turn = 0; turn < 4; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      collect();
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const resources = process.getActiveResourcesInfo().length;
    const cpuMs = (user + system) / 1000;
    return {
      rss,
      heapUsed,
      external,
      resources,
      connections: driver.connections.length,
      closed,
      handshakes,
      cpuMs,
    };
  };
  process.on("message", (question: EdgeQuestion) => {
    if (question === "figures") void figures().then((answer) => process.send!(answer));
  });
  process.send!({ port: driver.address.port });
}

process.once("message", (order: EdgeOrder) => void serve(order));
process.once("disconnect", () => process.exit(0));
