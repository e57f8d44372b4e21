/** Bob (SIP) and Alice (XMPP) at the two ends of a `FederationWorld`: they watch each other and show states. */
import { parse } from "ltx";
import type { FederationWorld } from "./world.ts";

/** A document as it stands in a NOTIFY. */
export interface WireDocument {
  readonly type: string;
  readonly text: string;
}

/** More than the pause between two documents to one watcher, ms. */
const PAUSE_MS = 6_000;

export interface Ends {
  readonly sipUser: string;
  readonly xmppUser: string;
  /** Our edge's public host. */
  readonly edge: string;
}

/** The conversation of one pair on the wire, with the answers that any partner would give. */
export class WireTalk {
  readonly #world: FederationWorld;
  readonly #ends: Ends;
  #branch = 0;
  /** Our subscription to bob, from its SUBSCRIBE. */
  #watch: { readonly callId: string; readonly from: string } | undefined;
  #cseq = 0;

  constructor(world: FederationWorld, ends: Ends) {
    this.#world = world;
    this.#ends = ends;
  }

  /** Bob subscribes, and Alice lets him. */
  bobWatches(): void {
    const { sipUser, xmppUser } = this.#ends;
    this.#send([
      `SUBSCRIBE sip:${xmppUser} SIP/2.0`,
      this.#via(),
      "Max-Forwards: 68",
      `From: <sip:${sipUser}>;tag=b1`,
      `To: <sip:${xmppUser}>`,
      "Call-ID: bob-watches",
      "CSeq: 1 SUBSCRIBE",
      `Contact: <sip:${sipUser};gruu>`,
      "Event: presence",
      "Accept: application/pidf+xml",
      "Expires: 7200",
    ]);
    this.takeSip();
    this.aliceSends(`<presence from="${xmppUser}" to="${sipUser}" type="subscribed"/>`);
    // Once for the presence that does not follow, once for the pause after that document.
    this.pause();
    this.pause();
  }

  /** Alice subscribes, and Bob's side lets her. */
  aliceWatches(document: WireDocument): void {
    const { sipUser, xmppUser } = this.#ends;
    this.aliceSends(`<presence from="${xmppUser}" to="${sipUser}" type="subscribe" id="s"/>`);
    const [subscribe] = this.takeSip().filter((text) => text.startsWith("SUBSCRIBE "));
    this.#watch = { callId: header(subscribe!, "Call-ID"), from: header(subscribe!, "From") };
    this.#send([
      "SIP/2.0 200 OK",
      ...headers(subscribe!, "Via"),
      `From: ${this.#watch.from}`,
      `To: ${header(subscribe!, "To")};tag=b2`,
      `Call-ID: ${this.#watch.callId}`,
      `CSeq: ${header(subscribe!, "CSeq")}`,
      `Contact: <sip:${sipUser};gruu>`,
      "Expires: 7200",
    ]);
    this.bobShows(document);
  }

  /** A NOTIFY of Bob's; gives the presence that Alice is sent, the last of it where there is more. */
  bobShows(document: WireDocument): string | undefined {
    const { edge, sipUser } = this.#ends;
    this.#cseq += 1;
    this.#send(
      [
        `NOTIFY sip:${edge}:5061;transport=tls SIP/2.0`,
        this.#via(),
        "Max-Forwards: 69",
        `Route: <sip:${edge}:5061;transport=tls;lr>`,
        `From: <sip:${sipUser}>;tag=b2`,
        `To: ${this.#watch!.from}`,
        `Call-ID: ${this.#watch!.callId}`,
        `CSeq: ${this.#cseq} NOTIFY`,
        "Event: presence",
        "Subscription-State: active;expires=7000",
        `Content-Type: ${document.type}`,
      ],
      document.text,
    );
    this.takeSip();
    return this.takeXmpp().findLast((stanza) => !/type="subscribed"/.test(stanza));
  }

  /** A presence of Alice's resource; gives the document that Bob is sent, the last of it where there is more. */
  aliceShows(inside: string, type?: string, resource = "desk"): string | undefined {
    const { sipUser, xmppUser } = this.#ends;
    const attribute = type === undefined ? "" : ` type="${type}"`;
    this.aliceSends(
      `<presence from="${xmppUser}/${resource}" to="${sipUser}"${attribute}>${inside}</presence>`,
    );
    const [last] = this.takeSip()
      .filter((text) => text.startsWith("NOTIFY "))
      .slice(-1);
    this.pause();
    return last?.slice(last.indexOf("\r\n\r\n") + 4);
  }

  aliceSends(stanza: string): void {
    this.#world.xmppIn(stanza);
  }

  /** A request of Bob's side, header by header; gives its final answer. */
  bobRequests(lines: readonly string[], body = ""): string | undefined {
    this.#send([lines[0]!, this.#via(), "Max-Forwards: 68", ...lines.slice(1)], body);
    this.#world.advance(20);
    return this.takeSip().find((text) => /^SIP\/2\.0 [2-6]/.test(text));
  }

  /** What has gone to Bob's side; each request is answered with 200. */
  takeSip(): string[] {
    const all: string[] = [];
    for (let some = this.#world.takeSip(); some.length > 0; some = this.#world.takeSip()) {
      all.push(...some);
      for (const text of some) {
        if (text.startsWith("NOTIFY ")) this.#answer(text);
      }
    }
    return all;
  }

  takeXmpp(): string[] {
    return this.#world.takeXmpp();
  }

  pause(): void {
    this.#world.advance(PAUSE_MS);
    this.takeSip();
  }

  #answer(request: string): void {
    this.#send([
      "SIP/2.0 200 OK",
      ...headers(request, "Via"),
      ...["From", "To", "Call-ID", "CSeq"].map((name) => `${name}: ${header(request, name)}`),
    ]);
  }

  #via(): string {
    this.#branch += 1;
    return `Via: SIP/2.0/TLS 192.0.2.10:53211;branch=z9hG4bKw${this.#branch}`;
  }

  #send(lines: readonly string[], body = ""): void {
    const bytes = new TextEncoder().encode(body);
    const head = [...lines, `Content-Length: ${bytes.length}`, "", ""].join("\r\n");
    this.#world.sipIn(new TextEncoder().encode(head + body));
  }
}

/** The first header of that name. */
export function header(message: string, name: string): string {
  const [first] = headers(message, name);
  if (first === undefined) throw new Error(`no ${name} in ${message}`);
  return first.slice(name.length + 2);
}

function headers(message: string, name: string): string[] {
  const head = message.slice(0, message.indexOf("\r\n\r\n"));
  return head.split("\r\n").filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `));
}

/** A presence stanza as `type show "status"`, what is absent left out; `available` where there is no type. */
export function stanzaLine(stanza: string | undefined): string {
  if (stanza === undefined) return "nothing";
  const presence = parse(stanza);
  const status = presence.getChildText("status");
  return [
    presence.attrs.type ?? "available",
    presence.getChildText("show"),
    status === null ? undefined : JSON.stringify(status),
  ]
    .filter(Boolean)
    .join(" ");
}
