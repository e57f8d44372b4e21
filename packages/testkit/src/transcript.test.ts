import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillHoles, matchHoles } from "./holes.ts";
import { type ReplayMode, runTranscript, type World } from "./transcript.ts";
import { matchXml, readSipText } from "./transcript-compare.ts";
import { parseTranscript } from "./transcript-parse.ts";

interface Faults {
  /** Treats every read as a whole message. */
  readonly wholeReads?: boolean;
  /** Answers a copy as if it were new. */
  readonly forgetful?: boolean;
}

/** Answers MESSAGE with 200, hands its text to XMPP, and tells XMPP 30 s later that it was read. */
class Toy implements World {
  readonly #faults: Faults;
  #buffer = "";
  #sip: string[] = [];
  #xmpp: string[] = [];
  #now = 0;
  #readAt = Number.POSITIVE_INFINITY;
  #tags = 0;
  readonly #answered = new Map<string, string>();

  constructor(faults: Faults = {}) {
    this.#faults = faults;
  }

  sipIn(bytes: Uint8Array): void {
    this.#buffer = (this.#faults.wholeReads ? "" : this.#buffer) + Buffer.from(bytes).toString("latin1");
    const end = this.#buffer.indexOf("\r\n\r\n");
    const length = Number(/Content-Length: (\d+)/.exec(this.#buffer)?.[1]);
    if (end < 0 || this.#buffer.length < end + 4 + length) return;
    const message = this.#buffer.slice(0, end + 4 + length);
    this.#buffer = this.#buffer.slice(message.length);
    this.#message(message);
  }

  #message(text: string): void {
    const { startLine, headers, body } = readSipText(text);
    if (startLine.startsWith("SIP/2.0")) return;
    const header = (name: string) => headers.find(([key]) => key === name)?.[1] ?? "";
    const key = header("Call-ID") + header("CSeq");
    const known = this.#answered.get(key);
    if (known !== undefined && !this.#faults.forgetful) {
      this.#sip.push(known);
      return;
    }
    this.#tags += 1;
    const answer = `SIP/2.0 200 OK\r\nCall-ID: ${header("Call-ID")}\r\nTo: ${header("To")};tag=t${this.#tags}\r\nContent-Length: 0\r\n\r\n`;
    this.#answered.set(key, answer);
    this.#sip.push(answer);
    this.#xmpp.push(`<message to="alice@example.com"  id='m${this.#tags}'><body>${body}</body></message>`);
    this.#readAt = this.#now + 30_000;
  }

  xmppIn(stanza: string): void {
    const body = /<body>(.*)<\/body>/.exec(stanza)?.[1] ?? "";
    this.#sip.push(`MESSAGE sip:bob@contoso.example SIP/2.0\r\nX: ${body}\r\n\r\n<a y="2" x="1"><b/></a>`);
  }

  advance(ms: number): void {
    this.#now += ms;
    if (this.#now >= this.#readAt) this.#xmpp.push("<read/>");
  }

  takeSip(): string[] {
    return this.#sip.splice(0);
  }

  takeXmpp(): string[] {
    return this.#xmpp.splice(0);
  }
}

const GOOD = `# A message comes in.
# Its reader is told.
sip  > MESSAGE sip:alice@example.com SIP/2.0
     | Call-ID: c1
     | CSeq: 1 MESSAGE
     | To: <sip:alice@example.com>
     |
     | hello

sip  < SIP/2.0 200 OK
     | to: <sip:alice@example.com>;tag={tag}
     | !Contact
xmpp < <message id="{id}" to="alice@example.com">
     |   <body>hello</body>
     | </message>
clock +29.999s
# nothing yet
clock +1ms
xmpp < <read/>
xmpp > <message><body>{id} {tag}</body></message>
sip  < MESSAGE sip:bob@contoso.example SIP/2.0
     | X: {id} {tag}
     |
     | <a x="1" y="{*}">
     |   <b/>
     | </a>
`;

function failureOf(text: string, faults?: Faults, modes?: readonly ReplayMode[]): string {
  try {
    runTranscript(parseTranscript(text, "toy"), () => new Toy(faults), { modes });
  } catch (error) {
    return (error as Error).message;
  }
  return "it passed";
}

describe("transcript", () => {
  it("reads the header comment and every step with its line", () => {
    const { about, steps } = parseTranscript(GOOD);
    expect(about).toEqual(["A message comes in.", "Its reader is told."]);
    expect(steps.map(({ kind, line }) => `${line} ${kind}`)).toEqual([
      "3 sip>",
      "10 sip<",
      "13 xmpp<",
      "16 clock",
      "18 clock",
      "19 xmpp<",
      "20 xmpp>",
      "21 sip<",
    ]);
  });

  it.each([
    ["     | Call-ID: c1", "toy:1: nothing to continue"],
    ["# x\nsyp > MESSAGE", "toy:2: neither a step"],
    ["world < link down", "toy:1: neither a step"],
    ["clock 30s", 'toy:1: write "clock +30s"'],
    ["sip  < SIP/2.0 200 OK\n     | no header", "toy:2: not a header: no header"],
  ])("says which line it cannot read: %s", (text, message) => {
    expect(() => parseTranscript(text, "toy")).toThrow(message);
  });

  it("passes in every mode against a world that does what it says", () => {
    runTranscript(parseTranscript(GOOD), () => new Toy());
  });

  it("shows both sides of a difference, with its line", () => {
    expect(failureOf(GOOD.replace("SIP/2.0 200 OK", "SIP/2.0 202 Accepted"))).toBe(
      [
        "toy:10: sip < differs (plain)",
        `  expected                              | got`,
        `! SIP/2.0 202 Accepted                  | SIP/2.0 200 OK`,
        `  to: <sip:alice@example.com>;tag={tag} | To: <sip:alice@example.com>;tag=t1`,
        `  !Contact                              | `,
        `                                        | Call-ID: c1`,
        `                                        | Content-Length: 0`,
        `!                                       | <message to="alice@example.com"  id='m1'><body>hello</body></message>`,
      ].join("\n"),
    );
  });

  it.each([
    ["a hole that catches something else later", GOOD.replace("X: {id} {tag}", "X: {tag} {id}"), "toy:21"],
    ["a header that must be absent", GOOD.replace("!Contact", "!Call-ID"), "!Call-ID"],
    ["a missing header", GOOD.replace("!Contact", "Contact: <{c}>"), "(missing)"],
    ["a missing output", GOOD.replace("# nothing yet", "xmpp < <read/>"), "toy:17: xmpp < differs"],
    ["an output too many", GOOD.replace("xmpp < <read/>\n", ""), "toy:18: we sent more"],
    ["another text", GOOD.replace("<body>hello", "<body>hullo"), "toy:13"],
    ["an empty hole in an input", GOOD.replace("Call-ID: c1", "Call-ID: {never}"), "{never} is sent before"],
  ])("fails for %s", (_name, text, message) => {
    expect(failureOf(text, {}, ["plain"])).toContain(message);
  });

  it("lets things happen in worlds that know how", () => {
    const text = "world > rain\nsip  < RAINED sip:a@b SIP/2.0\n";
    expect(failureOf(text)).toContain("toy:1: this world knows no events");
    const events: string[] = [];
    const makeWorld = () =>
      Object.assign(new Toy(), {
        happen: (event: string) => events.push(event),
        takeSip: () => (events.length > 0 ? ["RAINED sip:a@b SIP/2.0\r\n\r\n"] : []),
      });
    runTranscript(parseTranscript(text), makeWorld, { modes: ["plain"] });
    expect(events).toEqual(["rain"]);
  });

  it("sends folded headers as they stand, and no length where it must be absent", () => {
    const sent: string[] = [];
    const makeWorld = () =>
      Object.assign(new Toy(), {
        sipIn: (bytes: Uint8Array) => sent.push(Buffer.from(bytes).toString()),
      });
    const text = "sip > X sip:a SIP/2.0\n | Route: <a;\n |  b>\n | !Content-Length\n";
    runTranscript(parseTranscript(text), makeWorld, { modes: ["plain"] });
    expect(sent).toEqual(["X sip:a SIP/2.0\r\nRoute: <a;\r\n b>\r\n\r\n"]);
  });

  it("finds a world that takes every read for a message", () => {
    expect(failureOf(GOOD, { wholeReads: true }, ["plain", "doubled"])).toBe("it passed");
    expect(failureOf(GOOD, { wholeReads: true }, ["bytes"])).toContain("(bytes)");
    expect(failureOf(GOOD, { wholeReads: true }, ["cuts"])).toContain("message of line 3 cut at byte");
  });

  it("finds a world that takes a copy for a new request", () => {
    expect(failureOf(GOOD, { forgetful: true }, ["plain", "bytes", "cuts"])).toBe("it passed");
    expect(failureOf(GOOD, { forgetful: true }, ["doubled"])).toContain(
      "toy:3: the copy of this request had an effect (doubled)",
    );
  });
});

describe("holes and XML", () => {
  const value = fc.stringMatching(/^[!-z]{1,12}$/).filter((text) => !/[-{}]/.test(text));
  it("catches what was filled in", () => {
    fc.assert(
      fc.property(value, value, (first, second) => {
        const pattern = "<{a}--{b}>;{a}";
        const text = fillHoles(
          pattern,
          new Map([
            ["a", first],
            ["b", second],
          ]),
        );
        const caught = new Map<string, string>();
        expect(matchHoles(pattern, text, caught)).toBe(true);
        expect([...caught]).toEqual([
          ["a", first],
          ["b", second],
        ]);
        expect(matchHoles("{a}", `${first}x`, caught)).toBe(false);
      }),
    );
  });

  it("catches another value where it must be another", () => {
    const caught = new Map([["call", "c1"]]);
    expect(matchHoles("Call-ID: {call2!=call}", "Call-ID: c1", caught)).toBe(false);
    expect(matchHoles("Call-ID: {call2!=call}", "Call-ID: c2", caught)).toBe(true);
    expect(caught.get("call2")).toBe("c2");
  });

  it.each([
    [`<a x="1" y="2"/>`, `<a y='2' x='1'></a>`, true],
    [`<a><b/> <c/></a>`, `<a>\n<b/><c/></a>`, true],
    [`<a><b/><c/></a>`, `<a><c/><b/></a>`, false],
    [`<a x="1"/>`, `<a x="1" y="2"/>`, false],
    [`<a>x</a>`, `<a>y</a>`, false],
    [`<a>1 &lt; 2</a>`, `<a>1 &#60; 2</a>`, true],
    [`<a/>`, "no xml", false],
  ])("%s and %s", (left, right, same) => {
    expect(matchXml(left, right, new Map())).toBe(same);
  });
});
