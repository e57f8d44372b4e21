import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  acceptsType,
  MAX_ACCEPT_TYPES,
  MAX_SDP_BYTES,
  MAX_SDP_MEDIA,
  readMessageDescription,
  writeMessageAnswer,
  writeMessageOffer,
} from "./sdp-message.ts";

const read = (text: string) => readMessageDescription(new TextEncoder().encode(text));
const crlf = (...lines: string[]) => lines.map((line) => `${line}\r\n`).join("");
const SIDE = { address: "198.51.100.20", acceptTypes: ["text/plain"] };

const OFFER = crlf(
  "v=0",
  "o=- 0 0 IN IP4 10.1.4.77",
  "s=session",
  "c=IN IP4 10.1.4.77",
  "t=0 0",
  "m=message 5060 sip null",
  "a=accept-types:text/plain multipart/alternative Text/HTML ",
);

describe("readMessageDescription", () => {
  it("reads an offer", () => {
    expect(read(OFFER)).toEqual({
      media: "message",
      index: 0,
      target: "null",
      acceptTypes: ["text/plain", "multipart/alternative", "text/html"],
      mediaLines: [{ media: "message", port: 5060, proto: "sip", formats: ["null"] }],
      timing: "0 0",
      origin: "0 0",
    });
  });

  it.each([
    ["x-ms-message", "m=x-ms-message 5060 sip null", { media: "x-ms-message" }],
    [
      "bare LF and blanks",
      "m=message 5060 sip null  \na=accept-types:text/plain \t\n",
      { target: "null", acceptTypes: ["text/plain"] },
    ],
    ["an answer", "m=message 5060 sip sip:a@b.example", { target: "sip:a@b.example" }],
    ["after audio", "m=audio 4000 RTP/AVP 0\nm=message 5060 sip null", { index: 1 }],
    [
      "types of other lines left out",
      "m=message 5060 sip null\nm=message 7 TCP/MSRP *\na=accept-types:*",
      { acceptTypes: [] },
    ],
    ["a refused message line passed over", "m=message 0 sip null\nm=message 5060 sip null", { index: 1 }],
    ["nonsense in t=", "t=now\nm=message 5060 sip null", { timing: "0 0" }],
    ["capitals", "m=MESSAGE 5060 SIP null", { media: "message" }],
  ])("reads %s", (_, text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  it.each([
    ["nothing", ""],
    ["audio only", "m=audio 4000 RTP/AVP 0"],
    ["MSRP", "m=message 7394 TCP/MSRP *"],
    ["refused", "m=message 0 sip null"],
    ["no port", "m=message x sip null"],
    ["half a line", "m=message"],
  ])("finds none in %s", (_, text) => {
    expect(read(text)).toBeUndefined();
  });

  it("bounds bytes, media lines and types", () => {
    const line = "m=message 5060 sip null\n";
    expect(read(line.padEnd(MAX_SDP_BYTES, "\n"))).toBeDefined();
    expect(read(line.padEnd(MAX_SDP_BYTES + 1, "\n"))).toBeUndefined();
    expect(read(line + "m=audio 1 x 0\n".repeat(MAX_SDP_MEDIA - 1))).toBeDefined();
    expect(read(line + "m=audio 1 x 0\n".repeat(MAX_SDP_MEDIA))).toBeUndefined();
    const types = (n: number) => read(`${line}a=accept-types:${"a/b ".repeat(n)}`)?.acceptTypes.length;
    expect([types(MAX_ACCEPT_TYPES), types(MAX_ACCEPT_TYPES + 1)]).toEqual([
      MAX_ACCEPT_TYPES,
      MAX_ACCEPT_TYPES,
    ]);
  });

  it("never throws", () => {
    const words = [
      "m=",
      "message",
      " ",
      "5060",
      "sip",
      "\r\n",
      "\n",
      "a=accept-types:",
      "t=",
      "o=",
      "0",
      "/",
    ];
    fc.assert(fc.property(fc.array(fc.constantFrom(...words)), (soup) => void read(soup.join(""))));
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readMessageDescription(bytes)));
  });
});

describe("acceptsType", () => {
  it.each([
    ["", "text/plain", true],
    ["", "text/html", false],
    ["text/html", "text/plain", false],
    ["text/*", "text/plain", true],
    ["*", "application/im-iscomposing+xml", true],
    ["application/im-isComposing+xml", "application/im-iscomposing+xml", true],
  ])("%j takes %s: %s", (types, type, expected) => {
    expect(acceptsType(read(`m=message 5060 sip null\na=accept-types:${types}`)!, type)).toBe(expected);
  });
});

describe("writing", () => {
  it("offers one message line", () => {
    const offer = writeMessageOffer(SIDE);
    expect(offer).toBe(
      crlf(
        "v=0",
        "o=- 0 0 IN IP4 198.51.100.20",
        "s=session",
        "c=IN IP4 198.51.100.20",
        "t=0 0",
        "m=message 5060 sip null",
        "a=accept-types:text/plain",
      ),
    );
    expect(writeMessageOffer({ ...SIDE, media: "x-ms-message", address: "2001:db8::1", version: 3 })).toBe(
      crlf(
        "v=0",
        "o=- 0 3 IN IP6 2001:db8::1",
        "s=session",
        "c=IN IP6 2001:db8::1",
        "t=0 0",
        "m=x-ms-message 5060 sip null",
        "a=accept-types:text/plain",
      ),
    );
  });

  it("answers m-lines in order, others with port 0", () => {
    const offer = read(
      crlf(
        "v=0",
        "t=5 9",
        "m=audio 4000 RTP/AVP 0 8",
        "m=x-ms-message 5060 sip null",
        "m=message 5060 sip null",
        "m=x 1 y",
      ),
    )!;
    expect(writeMessageAnswer(offer, SIDE, "sip:bob@northwind.example")).toBe(
      crlf(
        "v=0",
        "o=- 0 0 IN IP4 198.51.100.20",
        "s=session",
        "c=IN IP4 198.51.100.20",
        "t=5 9",
        "m=audio 0 RTP/AVP 0 8",
        "m=x-ms-message 5060 sip sip:bob@northwind.example",
        "a=accept-types:text/plain",
        "m=message 0 sip null",
        "m=x 0 y",
      ),
    );
  });

  it("keeps every word on its line", () => {
    const answer = writeMessageAnswer(read(OFFER)!, SIDE, "sip:a@b\r\na=evil:1");
    expect(answer.split("\r\n").filter((line) => line.startsWith("a="))).toEqual([
      "a=accept-types:text/plain",
    ]);
  });
});
