/** Both ends of the presence dialogs in one process, so that one clock sees changes go and come. */
import { ComponentServer } from "../ends/component-server.ts";
import { SipEnd, type SipPorts, type Transport } from "../ends/sip-end.ts";
import { answerTo } from "../ends/sip-text.ts";
import type { WatchFigures, WatchOrder, WatchReport, WatchRun } from "./protocol.ts";
import { Watches } from "./watches.ts";

const CONNECTIONS = 4;

/** By domain: each has watchers of one kind. */
const all = new Map<string, Watches>();
let sip: SipEnd;
let xmpp: ComponentServer;
let ports: SipPorts;
let transport: Transport = "tls";

/** The dialogs of a partner's domain; the domain stands in the From, the To or the entity of all that belongs to them. */
function watchesIn(text: string): Watches | undefined {
  for (const watches of all.values()) if (text.includes(watches.domain)) return watches;
  return undefined;
}

function watchesOf(run: WatchRun): Watches {
  const known = all.get(run.domain);
  if (known) return known;
  const made = new Watches(run, { sip, xmpp, ports, transport });
  all.set(run.domain, made);
  return made;
}

/** How long nothing is asked before no more is expected, ms. */
const STALLED_MS = 20_000;

async function questions(count: number): Promise<WatchFigures> {
  const started = performance.now();
  const asked = () => [...all.values()].reduce((sum, watches) => sum + watches.questions, 0);
  for (const watches of all.values()) watches.forgetQuestions();
  let [seen, last] = [0, started];
  while (seen < count && performance.now() - last < STALLED_MS) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (asked() === seen) continue;
    seen = asked();
    last = performance.now();
  }
  const seconds = (last - started) / 1000;
  return { done: seen, failures: count - seen, seconds, p50: 0, p99: 0, example: "" };
}

async function obey(order: WatchOrder): Promise<WatchReport> {
  switch (order.kind) {
    case "open":
      sip = new SipEnd(order.identity, {
        onRequest: (message) => {
          const watches = watchesIn(message.head);
          if (watches) watches.onRequest(message);
          else message.line.write(answerTo(message.head, "200 OK", "t"));
        },
        onAnswer: (message) => watchesIn(message.head)?.onAnswer(message),
      });
      xmpp = new ComponentServer((name, stanza) => watchesIn(stanza)?.onStanza(name, stanza));
      ports = await sip.listen();
      return { kind: "open", sip: ports, component: await xmpp.listen() };
    case "connect":
      transport = order.transport;
      await sip.connect(order.transport, order.port, CONNECTIONS);
      return { kind: "done" };
    case "watch":
      return { kind: "figures", ...(await watchesOf(order).open(order)) };
    case "change":
      return { kind: "figures", ...(await watchesOf(order).change(order)) };
    case "await-questions":
      return { kind: "figures", ...(await questions(order.count)) };
    default:
      return order satisfies never;
  }
}

process.on("message", (order: WatchOrder) => {
  const failed = (error: Error): WatchReport => ({ kind: "failed", why: error.stack ?? error.message });
  void obey(order)
    .catch(failed)
    .then((report) => process.send?.(report));
});
process.once("disconnect", () => process.exit(0));
