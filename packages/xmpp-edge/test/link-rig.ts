import { type Element, parse } from "ltx";
import { Link, type LinkInput, type LinkSettings } from "../src/index.ts";

export const SETTINGS: LinkSettings = {
  domain: "contoso.example",
  pingTarget: "example.com",
  software: { name: "Tombolo", version: "0.1.0" },
};

/** A link in virtual time whose outputs come out as short texts; ids count up from p1, `random` gives 0.5. */
export class LinkRig {
  readonly link: Link;
  now = 1_000;
  #ids = 0;

  constructor(settings: Partial<LinkSettings> = {}, random: () => number = () => 0.5) {
    this.link = new Link({ ...SETTINGS, ...settings }, { ids: () => `p${++this.#ids}`, random });
  }

  /** Feeds one input and gives what came out. */
  feed(input: LinkInput): string[] {
    this.link.handle(input, this.now);
    return this.drain();
  }

  /** Feeds without draining, as a driver does with the stanzas of one turn. */
  push(input: LinkInput): void {
    this.link.handle(input, this.now);
  }

  receive(xml: string): string[] {
    return this.feed({ kind: "received", stanza: parse(xml) });
  }

  up(): this {
    this.feed({ kind: "start" });
    this.feed({ kind: "opened" });
    return this;
  }

  /** Lets time pass, waking the link at each of its deadlines, as a driver's timer would. */
  pass(ms: number): string[] {
    const end = this.now + ms;
    const seen: string[] = [];
    for (
      let due = this.link.nextDeadline();
      due !== undefined && due.at <= end;
      due = this.link.nextDeadline()
    ) {
      this.now = Math.max(this.now, due.at);
      this.link.timeout(this.now);
      seen.push(...this.drain());
    }
    this.now = end;
    return seen;
  }

  drain(): string[] {
    const seen: string[] = [];
    for (let output = this.link.poll(); output !== undefined; output = this.link.poll()) {
      switch (output.kind) {
        case "write":
          seen.push(`> ${output.stanza}`);
          break;
        case "stanza":
          seen.push(`< ${output.stanza}`);
          break;
        case "taken":
          seen.push(`taken ${output.track}`);
          break;
        case "lost":
          seen.push(`lost ${output.track} ${output.why}`);
          break;
        case "hangup":
          seen.push(output.abrupt ? "hangup abruptly" : "hangup");
          break;
        case "down":
          seen.push(`down after ${output.tries}, again in ${output.retryInMs}: ${output.reason}`);
          break;
        default:
          seen.push(output.kind);
      }
    }
    return seen;
  }
}

/** A chat message of the user bob of the component's domain. */
export function message(id: string): Element {
  return parse(
    `<message from="bob@contoso.example" to="alice@example.com" id="${id}" type="chat"><body>${id}</body></message>`,
  );
}

export const wrote = (id: string): string => `> ${message(id)}`;
export const pinged = (id: string): string =>
  `> <iq from="contoso.example" to="example.com" id="${id}" type="get"><ping xmlns="urn:xmpp:ping"/></iq>`;
/** The server's answer to a ping. */
export const pong = (id: string, type = "result"): string =>
  `<iq from="example.com" to="contoso.example" id="${id}" type="${type}"/>`;
