import type { Element } from "ltx";
import { Link, type LinkSources } from "../link.ts";
import type { LinkCounters, LinkInput, LinkOutput, LossReason } from "../link-events.ts";
import type { Millis } from "../machine.ts";
import type { LinkSettings } from "../settings.ts";
import { ComponentStream } from "./component-stream.ts";

/** Characters of serialised stanzas that go into one socket write. */
const BATCH_CHARS = 64 * 1024;

/** Why and for how long a link is down. */
export interface LinkDown {
  readonly reason: string;
  /** Failures in a row. */
  readonly tries: number;
  /** Milliseconds to the next try; undefined when the link was stopped. */
  readonly retryInMs: Millis | undefined;
}

export interface LinkDriverOptions extends LinkSources {
  readonly settings: LinkSettings;
  /** The server's component port. */
  readonly server: { readonly host: string; readonly port: number };
  /** Never appears in errors or callbacks. */
  readonly secret: string;
  /** Milliseconds on a monotonic clock. */
  readonly now: () => Millis;
  /** A stanza for the translator. */
  readonly onStanza: (stanza: Element) => void;
  /** The server has taken the stanza; an error it made for it has come through `onStanza` before. */
  readonly onTaken: (track: string) => void;
  readonly onLost: (track: string, why: LossReason) => void;
  readonly onUp: () => void;
  /** After every failed try, and after `stop`. */
  readonly onDown: (down: LinkDown) => void;
}

/**
 * Runs one `Link` on a socket and one timer. The stanzas of one turn of the event loop leave in one write with one
 * ping behind them. Callbacks may call `send`.
 */
export class LinkDriver {
  readonly #options: LinkDriverOptions;
  readonly #link: Link;
  #stream: ComponentStream | undefined;
  #ending: Promise<void> = Promise.resolve();
  #batch = "";
  #draining = false;
  #drainPlanned = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt: Millis = 0;

  constructor(options: LinkDriverOptions) {
    this.#options = options;
    this.#link = new Link(options.settings, options);
  }

  /** True while stanzas flow. */
  get isUp(): boolean {
    return this.#link.state === "up";
  }

  get counters(): LinkCounters {
    return this.#link.counters;
  }

  /** Connects, and keeps connecting until `stop`. */
  start(): void {
    this.#feed({ kind: "start" });
  }

  /**
   * Sends a stanza, or lets it wait for the link within the bounds of the settings. The caller must not change it any
   * more. With `track`, exactly one of `onTaken` and `onLost` follows.
   * @throws Error when the stanza is not from the component's domain or has no `to`
   */
  send(stanza: Element, track?: string): void {
    this.#link.handle({ kind: "send", stanza, track }, this.#options.now());
    if (this.#drainPlanned || this.#draining) return;
    this.#drainPlanned = true;
    setImmediate(this.#plannedDrain);
  }

  /** Closes the stream. What is queued or in flight is reported lost before; resolves when the socket is closed. */
  async stop(): Promise<void> {
    this.#feed({ kind: "stop" });
    await this.#ending;
  }

  readonly #plannedDrain = (): void => {
    this.#drainPlanned = false;
    this.#drain();
  };

  #feed(input: LinkInput): void {
    this.#link.handle(input, this.#options.now());
    this.#drain();
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let output = this.#link.poll(); output !== undefined; output = this.#link.poll())
        this.#perform(output);
    } finally {
      this.#flush();
      this.#draining = false;
      this.#armTimer();
    }
  }

  #perform(output: LinkOutput): void {
    const { onStanza, onTaken, onLost, onUp, onDown } = this.#options;
    switch (output.kind) {
      case "write":
        this.#batch += output.stanza.toString();
        if (this.#batch.length >= BATCH_CHARS) this.#flush();
        break;
      case "stanza":
        onStanza(output.stanza);
        break;
      case "taken":
        onTaken(output.track);
        break;
      case "lost":
        onLost(output.track, output.why);
        break;
      case "dial":
        this.#dial();
        break;
      case "hangup":
        this.#flush();
        if (output.wedged) this.#stream?.leave();
        else if (this.#stream !== undefined) this.#ending = this.#stream.close(output.abrupt);
        this.#stream = undefined;
        break;
      case "up":
        onUp();
        break;
      case "down":
        onDown({ reason: output.reason, tries: output.tries, retryInMs: output.retryInMs });
        break;
      default:
        output satisfies never;
    }
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = "";
    if (batch !== "") this.#stream?.write(batch);
  }

  #dial(): void {
    const { server, settings, secret } = this.#options;
    this.#stream = new ComponentStream(
      { ...server, domain: settings.domain, secret },
      {
        onOpened: () => this.#feed({ kind: "opened" }),
        onReceived: (stanzas) => {
          const now = this.#options.now();
          for (const stanza of stanzas) this.#link.handle({ kind: "received", stanza }, now);
          this.#drain();
        },
        onClosed: (reason, condition) => {
          this.#stream = undefined;
          this.#feed({ kind: "closed", reason, condition });
        },
        onCongested: () => this.#link.handle({ kind: "congested" }, this.#options.now()),
        onDrained: () => this.#feed({ kind: "drained" }),
      },
    );
    this.#stream.dial();
  }

  /** One timer, moved only when the deadline comes nearer: firing early is harmless, moving it for every stanza is not. */
  #armTimer(): void {
    const deadline = this.#link.nextDeadline();
    if (deadline === undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return;
    }
    if (this.#timer !== undefined && this.#timerAt <= deadline.at) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline.at;
    this.#timer = setTimeout(this.#onTimer, Math.max(0, Math.ceil(deadline.at - this.#options.now())));
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#link.timeout(this.#options.now());
    this.#drain();
  };
}
