import type { Deadline, Machine, Millis } from "@tombolo/sip";
import type { LinkInput, LinkOutput } from "@tombolo/xmpp-edge";
import { Element } from "ltx";

/** How long the server takes to answer a ping, ms: an error for a stanza that was written before it can still come first. */
const SERVER_ANSWERS_AFTER_MS: Millis = 10;

interface Around {
  readonly toLink: (input: LinkInput) => void;
  /** A stanza that the server has got; the link's pings are not shown. */
  readonly shown: (stanza: string) => void;
}

/** The XMPP server's end of a component link: takes stanzas, answers pings, can fall silent or go away. */
export class SimulatedServer implements Machine<never, never> {
  readonly #around: Around;
  readonly #pings: { readonly answer: Element; readonly at: Millis }[] = [];
  #isUp = true;
  #isSilent = false;

  constructor(around: Around) {
    this.#around = around;
  }

  /** `link down`, `link up`, `server silent`, `server answers`. Throws for another event. */
  happen(event: string): void {
    switch (event) {
      case "link down":
        this.#isUp = false;
        this.#pings.length = 0;
        this.#around.toLink({ kind: "closed", reason: "connection reset" });
        break;
      case "link up":
        this.#isUp = true;
        break;
      case "server silent":
        this.#isSilent = true;
        break;
      case "server answers":
        this.#isSilent = false;
        break;
      default:
        throw new Error(`nothing here knows how "${event}" happens`);
    }
  }

  /** A stanza from the server. */
  send(stanza: Element): void {
    this.#around.toLink({ kind: "received", stanza });
  }

  fromLink(output: Extract<LinkOutput, { kind: "dial" | "write" | "hangup" }>, now: Millis): void {
    if (output.kind === "dial") {
      this.#around.toLink(this.#isUp ? { kind: "opened" } : { kind: "closed", reason: "connection refused" });
    } else if (output.kind === "write") {
      const answer = pingAnswer(output.stanza);
      if (answer) this.#pings.push({ answer, at: now + SERVER_ANSWERS_AFTER_MS });
      else this.#around.shown(output.stanza.toString());
    }
  }

  handle(): void {}

  timeout(now: Millis): void {
    while (!this.#isSilent && this.#pings[0] && this.#pings[0].at <= now) {
      this.#around.toLink({ kind: "received", stanza: this.#pings.shift()!.answer });
    }
  }

  nextDeadline(): Deadline | undefined {
    const next = this.#pings[0];
    return next && !this.#isSilent ? { at: next.at, reason: "the server answers a ping" } : undefined;
  }

  poll(): undefined {
    return undefined;
  }
}

function pingAnswer({ name, attrs, children }: Element): Element | undefined {
  const isPing =
    name === "iq" && attrs.type === "get" && (children[0] as Element | undefined)?.name === "ping";
  return isPing
    ? new Element("iq", { from: attrs.to, to: attrs.from, id: attrs.id, type: "result" })
    : undefined;
}
