import { buildRequest, type HeaderFields, type Millis, type SipMessage } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import type { Dispatch } from "./dispatch.ts";
import type { NodeState } from "./node-state.ts";
import { PARTNER_BACK_HEADER, type PartnerBack, partnerBackText } from "./partner-back.ts";

/** Of what nobody waits for an answer to. */
const TOLD_BRANCH = "z9hG4bKtold";

/**
 * Asks the inside nodes with OPTIONS whether they live (HA-03): any final answer says yes, so many misses in a row
 * say no. A check that finds no connection asks for one, also where requests have to wait for the breaker.
 */
export class Health {
  private readonly context: EdgeContext;
  private readonly dispatch: Dispatch;
  private readonly onDown: (node: NodeState, now: Millis) => void;

  /** @param onDown called when a node has become down. */
  constructor(context: EdgeContext, dispatch: Dispatch, onDown: (node: NodeState, now: Millis) => void) {
    this.context = context;
    this.dispatch = dispatch;
    this.onDown = onDown;
  }

  /** When the next check is due. */
  get nextAt(): Millis | undefined {
    const { nodes, limits, onlyNode } = this.context;
    if (onlyNode || limits.healthMs === 0) return undefined;
    let at: Millis | undefined;
    for (const node of nodes.values()) {
      if (node.target !== undefined && (at === undefined || node.checkAt < at)) at = node.checkAt;
    }
    return at;
  }

  timeout(now: Millis): void {
    const { nodes, limits } = this.context;
    if (limits.healthMs === 0) return;
    for (const node of nodes.values()) if (node.target && node.checkAt <= now) this.check(node, now);
  }

  /** Tells the nodes that a partner may have lost its memory. Who is not connected has other ways to notice. */
  partnerBack(back: PartnerBack): void {
    for (const node of this.context.nodes.values()) {
      const link = node.best;
      if (!node.isHidden || !link || !node.serves(back.partner)) continue;
      node.told++;
      const branch = TOLD_BRANCH + this.context.ids();
      const message = this.options(node, branch, [[PARTNER_BACK_HEADER, partnerBackText(back)]]);
      this.context.put({ kind: "send", connection: link.id, message });
    }
  }

  /** Has the node checked as soon as may be: its connection was opened or lost. */
  hurry(node: NodeState, now: Millis): void {
    if (node.probe === "" && node.checkAt > now) node.checkAt = now;
  }

  /** Whether a response is the answer to a check; then the node is up. */
  answered(node: NodeState, response: SipMessage): boolean {
    if (node.told > 0 && response.topVia?.branch?.startsWith(TOLD_BRANCH) === true) {
      if (response.status >= 200) node.told--;
      return true;
    }
    if (node.probe === "" || response.topVia?.branch !== node.probe) return false;
    if (response.status < 200) return true;
    node.probe = "";
    node.misses = 0;
    node.breaker.succeed();
    if (node.health === "up") return true;
    node.health = "up";
    this.observe(node, "up", "");
    return true;
  }

  /** A check had no answer. */
  missed(node: NodeState, why: string, now: Millis): void {
    if (node.target === undefined) return;
    node.probe = "";
    node.misses++;
    if (node.misses < this.context.limits.healthMisses || node.health === "down") return;
    node.health = "down";
    node.downSince = now;
    this.observe(node, "down", why);
    this.onDown(node, now);
  }

  private check(node: NodeState, now: Millis): void {
    const { context } = this;
    if (node.probe !== "") this.missed(node, "no answer to OPTIONS", now);
    node.checkAt = now + context.limits.healthMs;
    node.probe = `z9hG4bK${context.ids()}`;
    const waiting = { message: this.options(node, node.probe), transaction: undefined, partner: undefined };
    const link = node.best;
    if (link) this.dispatch.request(node, waiting, now);
    else {
      // Not through the dispatcher, which keeps quiet while the breaker is open. One check waits at most.
      node.waiting = node.waiting.filter(({ partner, message }) => partner || message.method !== "OPTIONS");
      node.waiting.push(waiting);
      this.dispatch.dial(node);
    }
  }

  private options(node: NodeState, branch: string, more: HeaderFields = []): SipMessage {
    const { host, port, transport } = node.target!;
    const uri = `sip:${host.includes(":") ? `[${host}]` : host}:${port};transport=${transport}`;
    const { inner } = node;
    return buildRequest("OPTIONS", uri, [
      ["Via", inner.viaHead + branch],
      ["Max-Forwards", "70"],
      ["From", `<sip:${inner.host}:${inner.port}>;tag=${this.context.ids()}`],
      ["To", `<${uri}>`],
      ["Call-ID", this.context.ids()],
      ["CSeq", "1 OPTIONS"],
      ["Contact", `<sip:${inner.host}:${inner.port}>`],
      ["Accept", "application/sdp"],
      ...more,
    ]);
  }

  private observe(node: NodeState, state: "up" | "down", why: string): void {
    this.context.put({ kind: "observe", observation: { kind: "node", node: node.name, state, why } });
  }
}
