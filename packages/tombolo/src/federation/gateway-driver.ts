import type { DialogSnapshot, Millis, SipMessage, VerifiedPeer } from "@tombolo/sip";
import type { Kept, Observation } from "@tombolo/translator";
import type { Element } from "ltx";
import type { Gateway, GatewayInput } from "../gateway.ts";

/** Longest sleep of one OS timer, ms: setTimeout takes no more than 2^31 - 1. */
const MAX_SLEEP = 2 ** 31 - 1;

export interface GatewayAround {
  readonly now: () => Millis;
  toEdge(message: SipMessage): void;
  toLink(partner: string, stanza: Element, track: string | undefined): void;
  keep(kept: Kept, snapshot: DialogSnapshot | undefined): void;
  observe(observation: Observation): void;
}

/** Runs the gateway machine: one input at a time, drained, and one OS timer. */
export class GatewayDriver {
  /** For questions; inputs go through `feed`. */
  readonly gateway: Gateway;
  private readonly around: GatewayAround;
  private readonly waiting: GatewayInput[] = [];
  private isRunning = false;
  private timer: NodeJS.Timeout | undefined;
  private timerAt: Millis = 0;

  constructor(gateway: Gateway, around: GatewayAround) {
    this.gateway = gateway;
    this.around = around;
  }

  fromEdge(message: SipMessage, verified: VerifiedPeer): void {
    this.feed({ kind: "sip", message, verified });
  }

  /** Outputs may lead to inputs at once (a memory hop): those wait their turn. */
  feed(input: GatewayInput): void {
    if (this.isRunning) {
      this.waiting.push(input);
      return;
    }
    this.isRunning = true;
    this.handle(input);
    if (this.waiting.length > 0) {
      for (let i = 0; i < this.waiting.length; i++) this.handle(this.waiting[i]!);
      this.waiting.length = 0;
    }
    this.isRunning = false;
    this.arm();
  }

  private handle(input: GatewayInput): void {
    this.gateway.handle(input, this.around.now());
    this.drain();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private drain(): void {
    for (let out = this.gateway.poll(); out; out = this.gateway.poll()) {
      if (out.kind === "sip") this.around.toEdge(out.message);
      else if (out.kind === "stanza") this.around.toLink(out.partner, out.stanza, out.track);
      else if (out.kind === "keep") this.around.keep(out.kept, out.snapshot);
      else this.around.observe(out.observation);
    }
  }

  private arm(): void {
    const deadline = this.gateway.nextDeadline();
    if (this.timer && deadline && this.timerAt <= deadline.at) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!deadline) return;
    this.timerAt = deadline.at;
    const sleep = Math.min(MAX_SLEEP, Math.max(0, Math.ceil(deadline.at - this.around.now())));
    this.timer = setTimeout(() => this.wake(), sleep);
  }

  private wake(): void {
    this.timer = undefined;
    this.isRunning = true;
    this.gateway.timeout(this.around.now());
    this.drain();
    this.isRunning = false;
    if (this.waiting.length > 0) {
      const inputs = this.waiting.splice(0);
      for (const input of inputs) this.feed(input);
    }
    this.arm();
  }
}
