import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readOne } from "../../test/frames.ts";
import { buildRequest, buildResponse, type HeaderFields } from "./build.ts";
import { MessageDraft } from "./draft.ts";
import { SipMessage } from "./message.ts";
import { serialize, serializeBytes } from "./serialize.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const headers = (m: SipMessage) => m.headerNames.map((name, i) => `${name}: ${m.headerValues[i]}`);
const request = (fields: HeaderFields) => buildRequest("INVITE", "sip:b@y.example", fields);

const INVITE = request([
  ["Via", "SIP/2.0/TLS a;branch=z9hG4bK1, SIP/2.0/TLS b;branch=z9hG4bK2"],
  ["Record-Route", "<sip:p1;lr>"],
  ["v", "SIP/2.0/TLS c"],
  ["RECORD-ROUTE", "<sip:p2;lr>"],
  ["from", '"A, \\"B\\"" <sip:a@x.example>;tag=1'],
  ["To", "<sip:b@y.example>"],
  ["Call-ID", "c1"],
  ["CSeq", "1 INVITE"],
  ["X-Trace", "no"],
]);

describe("a draft", () => {
  const draft = () => new MessageDraft(INVITE);

  test("does what a proxy does on the way out", () => {
    const out = draft()
      .prepend("Via", "SIP/2.0/TLS us;branch=z9hG4bK0")
      .prepend("Record-Route", "<sip:us;lr>")
      .set("Max-Forwards", "69")
      .requestUri("sip:b@10.0.0.1")
      .build();
    expect(serialize(out).head.split("\r\n").slice(0, 6)).toEqual([
      "INVITE sip:b@10.0.0.1 SIP/2.0",
      "Via: SIP/2.0/TLS us;branch=z9hG4bK0",
      "Via: SIP/2.0/TLS a;branch=z9hG4bK1, SIP/2.0/TLS b;branch=z9hG4bK2",
      "Record-Route: <sip:us;lr>",
      "Record-Route: <sip:p1;lr>",
      "Via: SIP/2.0/TLS c",
    ]);
    expect(out.number("Max-Forwards")).toBe(69);
    expect(INVITE.topVia?.host).toBe("a");
  });

  test("takes list elements away one by one, over lines, to the end", () => {
    const tops: (string | undefined)[] = [];
    let message = INVITE;
    for (let i = 0; i < 4; i++) {
      tops.push(message.topVia?.host);
      message = new MessageDraft(message).removeFirst("Via").build();
    }
    expect(tops).toEqual(["a", "b", "c", undefined]);
    expect(message.count("Via")).toBe(0);
    expect(headers(message)).toEqual(headers(draft().remove("Via").build()));
  });

  test.each([
    [", <sip:a>, <sip:b>", ["<sip:b>"], ["<sip:new>", "<sip:b>"]],
    ["<sip:a>,", [], ["<sip:new>"]],
    ["<sip:a>, ,", [], ["<sip:new>"]],
    ['"x, y" <sip:a;p=1,2>;q="a,b",<sip:b>', ["<sip:b>"], ["<sip:new>", "<sip:b>"]],
    [" , ", [], []],
    ["", [], []],
  ])("agrees with list() on what the first element of %j is", (value, without, replaced) => {
    const message = new MessageDraft(INVITE).append("Route", value).build();
    expect(new MessageDraft(message).removeFirst("route").build().list("Route")).toEqual(without);
    expect(new MessageDraft(message).replaceFirst("Route", "<sip:new>").build().list("Route")).toEqual(
      replaced,
    );
  });

  test("writes lines taken over as it writes lines made anew", () => {
    const step = fc.tuple(
      fc.constantFrom("prepend", "append", "set", "remove", "removeFirst", "replaceFirst"),
      fc.constantFrom("Via", "Record-Route", "From", "X-Trace", "x-trace", "New"),
    );
    const lines = serialize(INVITE).head.split("\r\n").slice(1, -3);
    const spelled = fc.constantFrom<(line: string) => string>(
      (line) => line,
      (line) => line.toUpperCase(),
      (line) => line.replace(": ", ":"),
      (line) => line.replace(": ", " : "),
      (line) => line.replace(": ", ":\t"),
      (line) => line.replace(": ", ": \r\n "),
      (line) => `${line} `,
    );
    fc.assert(
      fc.property(
        fc.array(spelled, { minLength: 9, maxLength: 9 }),
        fc.array(step, { maxLength: 4 }),
        (spell, steps) => {
          const text = [
            "INVITE sip:b@y.example SIP/2.0",
            ...lines.map((line, i) => spell[i]!(line)),
            "l: 0\r\n\r\n",
          ];
          const read = readOne(text.join("\r\n"));
          const made = new SipMessage(read.start, read.headerNames, read.headerValues);
          const [one, other] = [read, made].map((message) => {
            const draft = new MessageDraft(message);
            for (const [what, name] of steps) draft[what as "set"](name, "v");
            return serialize(draft.build()).head;
          });
          expect(one).toBe(other);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("the first element is the head of the list, whatever is in it", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "<", ">", '"', "\\", ",", " ", ";"), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (lines) => {
        const message = request(lines.map((line) => ["Route", line] as const));
        const list = message.list("Route");
        expect(message.first("Route")).toBe(list[0]);
        expect(new MessageDraft(message).removeFirst("Route").build().list("Route")).toEqual(list.slice(1));
        const swapped = new MessageDraft(message).replaceFirst("Route", "<sip:n>").build().list("Route");
        expect(swapped).toEqual(list.length > 0 ? ["<sip:n>", ...list.slice(1)] : []);
      }),
    );
  });

  test("sets one, drops the others, whatever their spelling", () => {
    const out = draft().append("x-trace", "again").append("X-TRACE", "more").set("x-Trace", "yes").build();
    expect([out.lines("X-Trace"), out.count("x-trace")]).toEqual([["yes"], 1]);
    expect(headers(draft().remove("x-trace").build()).join()).not.toContain("race");
  });

  test("leaves Content-Length to the wire and gives a new body", () => {
    const { head, body } = serialize(
      draft().append("content-length", "7").set("l", "8").withBody(bytes("hi")).build(),
    );
    expect([head.match(/Content-Length: .*/g), body.length]).toEqual([["Content-Length: 2"], 2]);
  });

  test.each([
    (d: MessageDraft) => d.prepend("Via", "a\r\nX: y"),
    (d: MessageDraft) => d.append("X", "a\ny"),
    (d: MessageDraft) => d.set("From", "a\ry"),
    (d: MessageDraft) => d.replaceFirst("Via", "a\r\n"),
    (d: MessageDraft) => d.append("X: y\r\nZ", "a"),
    (d: MessageDraft) => d.append("", "a"),
    (d: MessageDraft) => d.requestUri("sip:a SIP/2.0\r\n"),
    (d: MessageDraft) => d.requestUri("sip:a b"),
    (d: MessageDraft) => d.requestUri(""),
  ])("throws for what would be another header: %s", (change) => {
    expect(() => change(draft())).toThrow(RangeError);
  });
});

describe("an answer", () => {
  test("has what RFC 3261 8.2.6.2 copies, our tag and nothing else", () => {
    const answer = buildResponse(INVITE, 200, {
      toTag: "9",
      recordRoute: true,
      headers: [["Contact", "<sip:us>"]],
      body: { type: "text/plain", bytes: bytes("hi") },
    });
    expect(new TextDecoder().decode(serializeBytes(answer))).toBe(
      [
        "SIP/2.0 200 OK",
        "Via: SIP/2.0/TLS a;branch=z9hG4bK1, SIP/2.0/TLS b;branch=z9hG4bK2",
        "Via: SIP/2.0/TLS c",
        "Record-Route: <sip:p1;lr>",
        "Record-Route: <sip:p2;lr>",
        'From: "A, \\"B\\"" <sip:a@x.example>;tag=1',
        "To: <sip:b@y.example>;tag=9",
        "Call-ID: c1",
        "CSeq: 1 INVITE",
        "Contact: <sip:us>",
        "Content-Type: text/plain",
        "Content-Length: 2",
        "",
        "hi",
      ].join("\r\n"),
    );
  });

  test("keeps a To tag that is there, and needs none for 100", () => {
    const inDialog = new MessageDraft(INVITE).set("To", "<sip:b@y.example>;tag=old").build();
    expect(buildResponse(inDialog, 200, { toTag: "new" }).get("To")).toBe("<sip:b@y.example>;tag=old");
    expect(buildResponse(INVITE, 100).get("To")).toBe("<sip:b@y.example>");
  });

  test.each([
    ["line end in a header", "Subject: a\x00\r\n"],
    ["quoted NUL in the display name", 'Reply-To: "\\\0" <sip:a@b>\r\n'],
  ])("is made of any request without throwing: %s", (_, extra) => {
    const text = serialize(INVITE).head.replace("Content-Length", `${extra}Content-Length`);
    expect(buildResponse(readOne(text), 400).status).toBe(400);
  });

  test.each([
    () => buildResponse(INVITE, 200, { reason: "a\r\nX: y" }),
    () => buildResponse(INVITE, 200, { toTag: "a\r\nX: y" }),
    () => buildResponse(INVITE, 200, { body: { type: "a\r\nX: y", bytes: bytes("") } }),
    () => buildResponse(INVITE, 99),
    () => buildResponse(INVITE, 700),
    () => buildRequest("IN VITE", "sip:a", []),
    () => buildRequest("INVITE", "sip:a\r\n", []),
  ])("throws for what would be another header: %s", (make) => {
    expect(make).toThrow(RangeError);
  });
});

test("what is built is what is read", () => {
  const name = fc.constantFrom("Subject", "Via", "X-Some", "EVENT", "ms-thing", "k");
  const value = fc.string({
    unit: fc.constantFrom("a", "\xe9", "\xa0", '"', ",", ":", "<", ";", " ", "\t", "\0"),
    maxLength: 20,
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 6 }),
      fc.uint8Array({ maxLength: 40 }),
      (extra, body) => {
        const fields: HeaderFields = [
          ["Via", "SIP/2.0/TLS a"],
          ["From", "<sip:a@x>;tag=1"],
          ["To", "<sip:b@y>"],
          ["Call-ID", "c"],
          ["CSeq", "1 MESSAGE"],
          ...extra.map(([n, v]) => [n, v.replace(/^[ \t]+|[ \t]+$/g, "").replaceAll("\0", "\\\0")] as const),
        ];
        const built = buildRequest("MESSAGE", "sip:b@y", fields, { type: "text/plain", bytes: body });
        const read = readOne(serializeBytes(built));
        expect([read.start, read.headerNames, read.headerValues, [...read.body]]).toEqual([
          built.start,
          built.headerNames,
          built.headerValues,
          [...body],
        ]);
      },
    ),
  );
});
