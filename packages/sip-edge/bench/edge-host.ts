/**
 * The edge alone, between partners on mutual TLS and one SIP connection inside. A process to be measured from outside:
 * it takes one message from its parent and answers with its port.
 */
import type { SipMessage } from "@tombolo/sip";
import { Connector, DEFAULT_CONNECTION_LIMITS, SipConnection } from "@tombolo/sip/io";
import { EdgeDriver } from "../src/io/index.ts";

interface Order {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly target: { readonly port: number; readonly transport: "tcp" | "tls" };
  readonly allowed: readonly { readonly domain: string; readonly name: string }[];
}

async function serve({ cert, key, ca, target, allowed }: Order): Promise<number> {
  const tls = { cert, key, ca };
  const now = () => performance.now();
  const dialled = await new Connector(tls).dial({ host: "127.0.0.1", ...target }, ["sip.example.com"]);
  if (!dialled.ok) throw new Error(`${dialled.why} ${dialled.detail}`);
  const owner = {
    onMessage: (_: SipConnection, message: SipMessage) => driver.fromNode(message),
    onBroken: () => process.exit(1),
    onClosed: () => process.exit(1),
  };
  const inside = new SipConnection(dialled.socket, owner, {
    id: "inside",
    limits: DEFAULT_CONNECTION_LIMITS,
    now,
  });
  const counts = new Map<string, number>();
  let ids = 0;
  const driver: EdgeDriver = new EdgeDriver({
    settings: {
      advertise: { host: "sip.example.com", port: 5061 },
      ourDomains: ["example.com"],
      partners: allowed.map(({ domain, name }) => ({ domain, names: [name], purpose: "strict" as const })),
    },
    tls,
    listen: { host: "127.0.0.1", port: 0 },
    now,
    ids: () => `${(ids++).toString(36)}abcdefghij`,
    onToNode: (message) => inside.send(message),
    onObserve: ({ kind }) => counts.set(kind, (counts.get(kind) ?? 0) + 1),
  });
  await driver.start();
  setInterval(() => inside.check(now()), 1_000);
  return driver.address.port;
}

process.once("message", (order: Order) => {
  void serve(order).then((port) => process.send?.({ port }));
});
process.once("disconnect", () => process.exit(0));
