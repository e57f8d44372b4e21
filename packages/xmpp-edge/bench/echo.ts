/** A component that sends every message back, with nothing but @xmpp/component: the least a gateway could cost. */
import { component } from "@xmpp/component";
import { createElement, type Element } from "ltx";

process.once("message", (order: { port: number; domain: string; secret: string }) => {
  const { port, domain, secret } = order;
  const link = component({ service: `xmpp://127.0.0.1:${port}`, domain, password: secret });
  link.on("connect", () => link.socket?.setNoDelay(true));
  link.on("stanza", (stanza: Element) => {
    if (!stanza.is("message") || stanza.attrs.type === "error") return;
    const { from, to, id } = stanza.attrs;
    const body = createElement("body", null, stanza.getChildText("body") ?? "");
    void link.send(createElement("message", { from: to, to: from, id, type: "chat" }, body));
  });
  link.on("error", () => {});
  void link.start().then(() => process.send?.({ kind: "up" }));
});
process.once("disconnect", () => process.exit(0));
