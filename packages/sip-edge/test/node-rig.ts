/** An edge with three nodes behind it: gw1 (TLS, routing), cup2 (TLS, own port), cup3 (TCP, own port). */
import type { SipMessage } from "@tombolo/sip";
import type { EdgeNode, EdgeSettings } from "../src/index.ts";
import { EdgeRig, sip, type Taken, text } from "./edge-rig.ts";

export const GW1: EdgeNode = {
  name: "gw1",
  target: { transport: "tls", host: "gw1.inside.test", port: 5062 },
  routing: true,
};
export const CUP2: EdgeNode = {
  name: "cup2",
  target: { transport: "tls", host: "10.0.0.7", port: 5061 },
  routing: false,
  publicPort: 45061,
};
export const CUP3: EdgeNode = {
  name: "cup3",
  target: { transport: "tcp", host: "10.0.0.8", port: 5060 },
  routing: false,
  publicPort: 55061,
};
const LIMITS = { healthMs: 0 };

export class NodeRig extends EdgeRig {
  constructor(settings: Partial<EdgeSettings> = {}) {
    super({
      nodes: [GW1, CUP2, CUP3],
      inside: { host: "10.0.0.5", port: 5062, transport: "tls" },
      ...settings,
      limits: { ...LIMITS, ...settings.limits },
    });
  }

  /** With a connection of the partner (`in-contoso.example`), one to it, and one to each node, named as the node. */
  linked(): this {
    this.open("contoso.example");
    this.open("contoso.example", "out");
    for (const name of ["gw1", "cup2", "cup3"]) this.openNode(name);
    return this;
  }

  openNode(node: string, direction: "in" | "out" = "out", connection = node): Taken {
    const remote = { host: "10.0.0.99", port: 40000 };
    return this.feed({ kind: "node-opened", connection, direction, node, remote });
  }

  /** A partner's connection that came to a node's public port. */
  openThrough(node: string): Taken {
    return this.feed({
      kind: "opened",
      connection: `in-${node}`,
      direction: "in",
      partners: ["contoso.example"],
      name: "sip.contoso.example",
      remote: { host: "192.0.2.7", port: 41001 },
      through: node,
    });
  }

  closeNode(connection: string): Taken {
    return this.feed({ kind: "closed", connection, why: "reset" });
  }

  dialFails(node: string): Taken {
    return this.feed({ kind: "node-dial-failed", node, why: "refused", detail: "ECONNREFUSED" });
  }

  /** A message as lines, on a connection; gives what was sent as text, `connection: message`. */
  say(connection: string, message: string | SipMessage): string[] {
    const taken = this.outside(typeof message === "string" ? sip(message) : message, connection);
    return taken.sent.map((one) => `${one.connection}: ${text(one.message)}`);
  }
}

/** The names of the inside that must not be seen outside. */
export const INSIDE = /10\.0\.0\.\d|inside\.test/i;
