import {
  type Deadline,
  type DialogSnapshot,
  type Machine,
  type Millis,
  Outbox,
  type SipMessage,
  type UserAgent,
  type VerifiedPeer,
} from "@tombolo/sip";
import type { Kept, Observation, Translator, TranslatorInput } from "@tombolo/translator";
import type { Element } from "ltx";

export type GatewayInput =
  /** A SIP message from the edge, which has proved who sent it. */
  | { readonly kind: "sip"; readonly message: SipMessage; readonly verified: VerifiedPeer }
  | { readonly kind: "stanza"; readonly partner: string; readonly stanza: Element }
  | { readonly kind: "taken"; readonly track: string }
  | { readonly kind: "lost"; readonly track: string; readonly why: string }
  | Extract<
      TranslatorInput,
      {
        kind:
          | "link-up"
          | "link-down"
          | "partner-back"
          | "rule"
          | "settings"
          | "recover"
          | "keep-all"
          | "store"
          | "not-kept";
      }
    >
  /** Something that an earlier run kept. */
  | {
      readonly kind: "restore";
      readonly kept: Kept;
      /** Where it is a dialog. */
      readonly snapshot?: DialogSnapshot | undefined;
    }
  /** Take nothing new and close sessions politely. */
  | { readonly kind: "drain" };

export type GatewayOutput =
  | { readonly kind: "sip"; readonly message: SipMessage }
  | {
      readonly kind: "stanza";
      readonly partner: string;
      readonly stanza: Element;
      readonly track?: string | undefined;
    }
  /** Has to outlive the process. */
  | {
      readonly kind: "keep";
      readonly kept: Kept;
      /** Where it is a dialog that lives. */
      readonly snapshot?: DialogSnapshot | undefined;
    }
  | { readonly kind: "observe"; readonly observation: Observation };

/**
 * The inside role as one pure machine: the embedded SIP engine and the translator, joined. SIP messages and stanzas go
 * in and come out; the edge and the component links are around it.
 */
export class Gateway implements Machine<GatewayInput, GatewayOutput> {
  private readonly engine: UserAgent;
  /** For questions; inputs go through `handle`. */
  readonly translator: Translator;
  private readonly outputs = new Outbox<GatewayOutput>();

  constructor(engine: UserAgent, translator: Translator) {
    this.engine = engine;
    this.translator = translator;
  }

  handle(input: GatewayInput, now: Millis): void {
    if (input.kind === "sip") {
      this.engine.handle({ kind: "message", message: input.message, verified: input.verified }, now);
    } else if (input.kind === "restore") {
      if (input.snapshot && this.engine.restore(input.snapshot) === undefined) return;
      this.translator.handle({ kind: "restore", kept: input.kept }, now);
    } else {
      this.translator.handle(input, now);
    }
    this.settle(now);
  }

  timeout(now: Millis): void {
    this.engine.timeout(now);
    this.settle(now);
    this.translator.timeout(now);
    this.settle(now);
  }

  nextDeadline(): Deadline | undefined {
    const engine = this.engine.nextDeadline();
    const translator = this.translator.nextDeadline();
    if (!engine || !translator) return engine ?? translator;
    return engine.at <= translator.at ? engine : translator;
  }

  poll(): GatewayOutput | undefined {
    return this.outputs.take();
  }

  /** A dialog that is gone by now will be reported as such in a moment. */
  private withSnapshot(kept: Kept): GatewayOutput {
    if (kept.what !== "dialog" || !kept.value) return { kind: "keep", kept };
    const snapshot = this.engine.snapshot(kept.dialog);
    return { kind: "keep", kept: snapshot ? kept : { ...kept, value: undefined }, snapshot };
  }

  /** Events go up and commands down until both are quiet. */
  private settle(now: Millis): void {
    for (;;) {
      const up = this.engine.poll();
      if (up) {
        if (up.kind === "transmit") this.outputs.put({ kind: "sip", message: up.message });
        else this.translator.handle({ kind: "sip", event: up.event }, now);
        continue;
      }
      const down = this.translator.poll();
      if (!down) return;
      if (down.kind === "sip") this.engine.handle({ kind: "command", command: down.command }, now);
      else if (down.kind === "keep") this.outputs.put(this.withSnapshot(down.kept));
      else this.outputs.put(down);
    }
  }
}
