/** Both ends of the instant messages in one process, so that one clock sees them go and come. */
import { ComponentServer } from "../ends/component-server.ts";
import { ServerUsers } from "../ends/server-users.ts";
import { SipEnd } from "../ends/sip-end.ts";
import { answerTo } from "../ends/sip-text.ts";
import type { XmppEnd } from "../ends/xmpp-end.ts";
import { type ImOrder, type ImReport, PAIRS } from "./protocol.ts";
import { Traffic } from "./traffic.ts";

const CONNECTIONS = 4;

let sip: SipEnd | undefined;
let xmpp: XmppEnd | undefined;
let transport = "tls";
let traffic: Traffic | undefined;

const onStanza = (name: string, stanza: string) => traffic?.onStanza(name, stanza);

async function obey(order: ImOrder): Promise<ImReport> {
  switch (order.kind) {
    case "open": {
      sip = new SipEnd(order.identity, {
        onRequest: (message) =>
          traffic
            ? traffic.onRequest(message, message.body)
            : message.line.write(answerTo(message.head, "200 OK", "t")),
        onAnswer: (message) => traffic?.onAnswer(message),
      });
      const server = new ComponentServer(onStanza);
      xmpp = server;
      return { kind: "open", sip: await sip.listen(), component: await server.listen() };
    }
    case "log-on":
      xmpp?.close();
      xmpp = await ServerUsers.login(order.port, PAIRS, order.password, onStanza);
      return { kind: "done" };
    case "connect":
      transport = order.transport;
      await sip!.connect(order.transport, order.port, CONNECTIONS);
      return { kind: "done" };
    case "run":
      return new Promise((resolve) => {
        traffic = new Traffic(order, transport, sip!, xmpp!, (figures) =>
          resolve({ kind: "figures", ...figures }),
        );
      });
    default:
      return order satisfies never;
  }
}

process.on("message", (order: ImOrder) => {
  const failed = (error: Error): ImReport => ({ kind: "failed", why: error.message });
  void obey(order)
    .catch(failed)
    .then((report) => process.send?.(report));
});
process.once("disconnect", () => process.exit(0));
