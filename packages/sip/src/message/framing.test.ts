import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutAt, dribble, picture, readChunks, readOne, wire } from "../../test/frames.ts";
import { StreamFramer } from "./framing.ts";
import { DEFAULT_MESSAGE_LIMITS, type MessageLimits } from "./limits.ts";
import { SipMessage } from "./message.ts";
import { serialize, serializeBytes } from "./serialize.ts";

const KEYS = `Via: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1
From: <sip:a@x.example>;tag=1
To: <sip:b@y.example>
Call-ID: c1
CSeq: 1 MESSAGE
`;
const message = (extra: string, body = "") => `MESSAGE sip:b@y.example SIP/2.0\n${KEYS}${extra}\n${body}`;
const HELLO = message("Content-Length: 5\n", "hello");
const EMPTY = message("Content-Length: 0\n");

function kinds(text: string | Uint8Array, limits?: MessageLimits): string[] {
  const bytes = typeof text === "string" ? wire(text) : text;
  return readChunks([bytes], limits).frames.map((f) =>
    f.kind === "message"
      ? `${f.message.method}+${f.message.body.length}`
      : f.kind === "broken"
        ? `${f.status} ${f.why}`
        : f.kind,
  );
}

describe("one stream", () => {
  test("is messages one behind the other, bodies as they came", () => {
    const { frames, framer } = readChunks([wire(HELLO + EMPTY + HELLO)]);
    expect(frames.map((f) => f.kind === "message" && new TextDecoder().decode(f.message.body))).toEqual([
      "hello",
      "",
      "hello",
    ]);
    expect([framer.held, framer.isPartial]).toEqual([0, false]);
  });

  test("may have CRLFs before, between and behind messages; two are a keep-alive", () => {
    expect(kinds(`\n${HELLO}\n\n${EMPTY}\n\n\n${EMPTY}\n\n\n\n`)).toEqual([
      "MESSAGE+5",
      "keepalive",
      "MESSAGE+0",
      "keepalive",
      "MESSAGE+0",
      "keepalive",
      "keepalive",
    ]);
  });

  test("gives the same frames wherever it is cut", () => {
    const bytes = wire(`\n\n${HELLO}\n${EMPTY}\n\n${HELLO}INVITE nonsense\n\n`);
    const whole = picture(readChunks([bytes]).frames);
    expect(picture(readChunks(dribble(bytes)).frames)).toEqual(whole);
    for (let at = 0; at <= bytes.length; at++)
      expect(picture(readChunks(cutAt(bytes, at)).frames)).toEqual(whole);
  });

  test("gives the same frames in any chunks, also when several are pushed before any is taken", () => {
    const bytes = wire(`${HELLO}\n\n${EMPTY}${message("l: 3000\n", "x".repeat(3000))}${HELLO}`);
    const whole = picture(readChunks([bytes]).frames);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        (sizes, late) => {
          const chunks: Uint8Array[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length]!;
            chunks.push(bytes.slice(at, at + size));
            at += size;
          }
          if (!late) expect(picture(readChunks(chunks).frames)).toEqual(whole);
          const framer = new StreamFramer();
          for (const chunk of chunks) framer.push(chunk);
          const frames = [];
          for (let frame = framer.next(); frame; frame = framer.next()) frames.push(frame);
          expect(picture(frames)).toEqual(whole);
        },
      ),
    );
  });

  test("is partial from the first byte of a message to its last, so that a reader can bound the time", () => {
    const framer = new StreamFramer();
    const bytes = wire(HELLO);
    expect(framer.isPartial).toBe(false);
    bytes.forEach((byte, i) => {
      framer.push(Uint8Array.of(byte));
      const frame = framer.next();
      expect([frame?.kind, framer.isPartial]).toEqual(
        i === bytes.length - 1 ? ["message", false] : [undefined, true],
      );
    });
  });

  test("a body outlives its chunk", () => {
    const chunk = wire(HELLO);
    const { frames } = readChunks([chunk]);
    chunk.fill(0);
    expect(frames.map((f) => f.kind === "message" && new TextDecoder().decode(f.message.body))).toEqual([
      "hello",
    ]);
  });
});

describe("Content-Length", () => {
  const lost = "400 Content-Length is malformed";
  test.each([
    [
      "early, before the routing headers",
      `MESSAGE sip:b@y.example SIP/2.0\nContent-Length: 2\n${KEYS}\nhi`,
      ["MESSAGE+2"],
    ],
    ["blank before the colon", message("Content-Length : 2\n", "hi"), ["MESSAGE+2"]],
    ["compact", message("L: 2\n", "hi"), ["MESSAGE+2"]],
    ["folded", message("Content-Length:\n 2\n", "hi"), ["MESSAGE+2"]],
    ["leading zeros", message("Content-Length: 000000000002\n", "hi"), ["MESSAGE+2"]],
    ["twice the same", message("Content-Length: 2\nl: 2\n", "hi"), ["MESSAGE+2"]],
    ["twice different", message("Content-Length: 2\nContent-Length: 3\n", "hi!"), [lost]],
    ["as a list", message("Content-Length: 2, 2\n", "hi"), [lost]],
    ["continued in the next line", message("Content-Length: 2\n 0\n", "hi"), [lost]],
    ["signed", message("Content-Length: +2\n", "hi"), [lost]],
    ["negative", message("Content-Length: -2\n", "hi"), [lost]],
    ["hexadecimal", message("Content-Length: 0x2\n", "hi"), [lost]],
    ["with a parameter", message("Content-Length: 2;x\n", "hi"), [lost]],
    ["empty", message("Content-Length:\n", "hi"), [lost]],
    ["missing", message("Content-Type: text/plain\n", "hi"), ["400 Content-Length is missing"]],
    ["in a line without colon", message("Content-Length 2\n", "hi"), ["400 Content-Length is missing"]],
    ["huge", message(`Content-Length: ${"9".repeat(400)}\n`, "hi"), ["513 body over 1048576 bytes"]],
    [
      "too short for the body",
      message("Content-Length: 1\n", "hi\n\n"),
      ["MESSAGE+1", "400 not a SIP start line"],
    ],
  ])("%s", (_, text, expected) => {
    expect(kinds(text)).toEqual(expected);
  });

  test("too long for the body: the message stays partial", () => {
    const { frames, framer } = readChunks([wire(message("Content-Length: 3\n", "hi"))]);
    expect([frames, framer.isPartial]).toEqual([[], true]);
  });

  test("after a broken frame nothing comes out and nothing is held", () => {
    const { frames, framer } = readChunks([wire(message("")), wire(HELLO), wire(HELLO)]);
    expect(frames.map((f) => f.kind)).toEqual(["broken"]);
    expect([framer.held, framer.isPartial]).toEqual([0, false]);
  });
});

describe("line ends", () => {
  const bare = "400 line end is not CRLF";
  test.each([
    ["a bare LF hides a header", "Subject: a\rContent-Length: 2\r\n", [bare]],
    ["a bare CR hides a header", "Subject: a\nX: y\r\nContent-Length: 2\r\n", [bare]],
    ["CR CR LF", "Subject: a\r\r\nContent-Length: 2\r\n", [bare]],
    ["CR CR LF behind the last header", "Content-Length: 2\r\r\n", [bare]],
    ["LF CR", "Subject: a\n\rContent-Length: 2\r\n", [bare]],
  ])("%s: no two readers may see two messages", (_, extra, expected) => {
    const head = message("").replace(/\n/g, "\r\n");
    const bytes = Uint8Array.from(head.replace(/\r\n$/, `${extra}\r\nhi`), (c) => c.charCodeAt(0));
    expect(kinds(bytes)).toEqual(expected);
    const [frame] = readChunks([bytes]).frames;
    const values = frame?.kind === "broken" ? frame.message!.headerValues.join("") : "\n";
    expect(values).not.toMatch(/[\r\n]/);
  });

  test.each([
    ["HTTP", "GET / HTTP/1.1\nHost: x\n\n"],
    ["bare CR first", "\r\r\n\r\n"],
    ["rubbish", "\x16\x03\x01\n\n"],
    ["two words", "INVITE SIP/2.0\n\n"],
  ])("%s is not SIP", (_, text) => {
    expect(kinds(Uint8Array.from(text.replace(/(?<!\r)\n/g, "\r\n"), (c) => c.charCodeAt(0)))).toEqual([
      "400 not a SIP start line",
    ]);
  });
});

describe("limits", () => {
  const limits: MessageLimits = { startLine: 64, head: 400, headers: 8, body: 100 };
  const headOf = (length: number) => {
    const rest = message("Content-Length: 0\nX: \n").replace(/\n/g, "\r\n").length - 4;
    return message(`Content-Length: 0\nX: ${"x".repeat(length - rest)}\n`);
  };
  const startOf = (length: number) => EMPTY.replace("b@y", `${"b".repeat(length - 30)}@y`);

  test.each([
    ["head", headOf(400), ["MESSAGE+0"]],
    ["head", headOf(401), ["513 head over 400 bytes"]],
    ["start line", startOf(64), ["MESSAGE+0"]],
    ["start line", startOf(65), ["513 start line over 64 bytes"]],
    ["body", message("Content-Length: 100\n", "x".repeat(100)), ["MESSAGE+100"]],
    ["body", message("Content-Length: 101\n", "x".repeat(101)), ["513 body over 100 bytes"]],
  ])("%s at the bound and one past it, however it arrives", (_, text, expected) => {
    expect(kinds(text, limits)).toEqual(expected);
    const bytes = wire(text);
    const whole = picture(readChunks([bytes], limits).frames);
    expect(picture(readChunks(dribble(bytes), limits).frames)).toEqual(whole);
    for (let at = 1; at < bytes.length; at++)
      expect(picture(readChunks(cutAt(bytes, at), limits).frames)).toEqual(whole);
  });

  test("headers: at the bound, and one past it the message has a fault and the stream goes on", () => {
    const text = (n: number) => message(`${"X: y\n".repeat(n)}Content-Length: 0\n`);
    const faults = (n: number) =>
      readChunks([wire(text(n) + EMPTY)], limits).frames.map((f) => f.kind === "message" && f.message.fault);
    expect(faults(3)).toEqual([undefined, undefined]);
    expect(faults(4)).toEqual(["more than 8 headers", undefined]);
  });

  test("too large a head leaves enough to answer", () => {
    const [frame] = readChunks([wire(headOf(2000))], limits).frames;
    expect(frame).toMatchObject({ kind: "broken", status: 513 });
    expect(frame?.kind === "broken" && frame.message?.topVia?.branch).toBe("z9hG4bK1");
  });

  test("a head of 40 KiB is fine by default", () => {
    expect(
      kinds(message(`Record-Route: <sip:p.example;lr;sig=${"x".repeat(40 * 1024)}>\nContent-Length: 0\n`)),
    ).toEqual(["MESSAGE+0"]);
  });

  test.each([
    ["an endless head", "INVITE sip:a@b SIP/2.0\r\n", "X: y\r\n"],
    ["an endless start line", "INVITE ", "x"],
    ["an endless fold", "INVITE sip:a@b SIP/2.0\r\nX: y\r\n", " z\r\n"],
  ])("%s ends the stream soon, in bounded memory", (_, first, more) => {
    const framer = new StreamFramer();
    framer.push(wire(first));
    const chunk = wire(more.repeat(500));
    for (let sent = 0; sent < 256 * 1024; sent += chunk.length) {
      framer.push(chunk);
      framer.next();
      expect(framer.held).toBeLessThanOrEqual(DEFAULT_MESSAGE_LIMITS.head + 4);
    }
    expect(framer.held).toBe(0);
  });

  test("what is said of a body costs nothing before it comes", () => {
    const framer = new StreamFramer();
    framer.push(wire(message("Content-Length: 1000000\n", "x")));
    expect(framer.next()).toBeUndefined();
    expect(framer.held).toBe(1);
  });
});

describe("whatever comes", () => {
  const bytes = wire(HELLO);

  test("never throws, never holds more than its limits, and says nothing with a line break in it", () => {
    const limits: MessageLimits = { startLine: 200, head: 1000, headers: 20, body: 500 };
    const change = fc.record({
      at: fc.nat({ max: bytes.length }),
      drop: fc.nat({ max: 6 }),
      put: fc.oneof(
        fc.string({ maxLength: 8, unit: "binary-ascii" }),
        fc.constantFrom(
          "\r",
          "\n",
          "\r\n",
          "\r\n ",
          "\0",
          ":",
          ",",
          ";",
          '"',
          "<",
          ">",
          "\\",
          "Content-Length: 7\r\n",
          "\xff",
        ),
      ),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.integer({ min: 1, max: 60 }), (changes, size) => {
        let text = String.fromCharCode(...bytes, ...bytes, ...bytes);
        for (const { at, drop, put } of changes) text = text.slice(0, at) + put + text.slice(at + drop);
        const mutant = Uint8Array.from(text, (c) => c.charCodeAt(0));
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < mutant.length; at += size) chunks.push(mutant.slice(at, at + size));
        const { frames, framer } = readChunks(chunks, limits);
        expect(picture(frames)).toEqual(picture(readChunks([mutant], limits).frames));
        expect(framer.held).toBeLessThanOrEqual(limits.head + limits.body + 4);
        for (const frame of frames) {
          if (frame.kind === "keepalive" || !frame.message) continue;
          const { headerNames, headerValues, uri, fault } = frame.message;
          expect([...headerNames, ...headerValues, uri].join("")).not.toMatch(/[\r\n]/);
          if (fault !== undefined || frame.kind !== "message") continue;
          expect(serialize(frame.message)).toEqual(serialize(withoutSource(frame.message)));
          const again = readOne(serializeBytes(frame.message));
          expect(picture([{ kind: "message", message: again }])).toEqual(picture([frame]));
        }
      }),
      { numRuns: 1500 },
    );
  });

  test("random bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
        const whole = picture(readChunks([Uint8Array.from(chunks.flatMap((c) => [...c]))]).frames);
        expect(picture(readChunks(chunks).frames)).toEqual(whole);
      }),
    );
  });
});

/** The same message, as if it were built. */
function withoutSource({ start, headerNames, headerValues, body }: SipMessage): SipMessage {
  return new SipMessage(start, headerNames, headerValues, body);
}
