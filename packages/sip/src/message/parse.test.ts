import { describe, expect, test } from "vitest";
import { readOne, wire } from "../../test/frames.ts";
import { findDefect } from "./defect.ts";
import { serialize, serializeBytes } from "./serialize.ts";

/** What a partner's edge sends: the same request in its own hand and in the RFC's. */
const DIALECT = `SUBSCRIBE SIP:bob@Northwind.example SIP/2.0
VIA: SIP/2.0/tls 192.0.2.10:53211;branch=z9hG4bK6E1C.5B2F;branched=FALSE;ms-internal-info="bc;Xo,3l"
CONTENT-LENGTH: 0
RECORD-ROUTE: <sip:sip.fabrikam.example:5061;transport=tls;lr;ms-key-info=AAEA,b;ms-route-sig=gx7L>;ms-rrsig=abW;
\ttag=0F3C5A1B
MAX-FORWARDS: 68
Via: SIP/2.0/TLS 10.1.2.20:49822;branch=z9hG4bK2DA3;ms-received-port=49822
record-route: <sip:pool01.fabrikam.example:5061;transport="tls";lr>;tag=7AA9
Via: SIP/2.0/TLS 10.1.4.77:50122;ms-received-port=50122;ms-received-cid=3E8A00
FROM: "\xc3\x85ngstr\xc3\xb6m, Alice \xc3\xa0"<sip:alice@fabrikam.example>;epid=01ab23cd45;tag=6c1b0e9c3f
TO: <sip:bob@northwind.example>
CALL-ID: 2f0f3f6f9d5f4c0c8d1b7f2f64b7d3aa
CSEQ: 1 SUBSCRIBE
CONTACT: <sip:alice@fabrikam.example;opaque=user:epid:Vm9k;gruu>;text;audio;video
ms-user-data: ms-publiccloud=true;ms-federation=true
Event: presence
Supported: com.microsoft.autoextend
Supported: ms-benotify, ms-piggyback-first-notify
Expires: 7200

`;

const START = "OPTIONS sip:b@y.example SIP/2.0\n";
const REST = `Via: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1
From: <sip:a@x.example>;tag=1
To: <sip:b@y.example>
Call-ID: c1
CSeq: 1 OPTIONS
Content-Length: 0

`;

describe("a partner's hand", () => {
  const message = readOne(DIALECT);

  test("reads as the RFC's would", () => {
    expect(findDefect(message)).toBeUndefined();
    expect([message.method, message.cseq?.number, message.number("max-forwards")]).toEqual([
      "SUBSCRIBE",
      1,
      68,
    ]);
    expect(message.topVia).toMatchObject({
      transport: "TLS",
      host: "192.0.2.10",
      port: 53211,
      branch: "z9hG4bK6E1C.5B2F",
    });
    expect([message.fromTag, message.toTag]).toEqual(["6c1b0e9c3f", undefined]);
    expect(message.from?.display).toBe("\xc3\x85ngstr\xc3\xb6m, Alice \xc3\xa0");
    expect(message.contact?.params).toEqual([
      ["text", undefined],
      ["audio", undefined],
      ["video", undefined],
    ]);
    expect(message.list("Supported")).toEqual([
      "com.microsoft.autoextend",
      "ms-benotify",
      "ms-piggyback-first-notify",
    ]);
    expect(message.get("MS-User-Data")).toBe("ms-publiccloud=true;ms-federation=true");
  });

  test("keeps each Via and Record-Route whole and in its order", () => {
    expect(message.list("Via")).toEqual([
      'SIP/2.0/tls 192.0.2.10:53211;branch=z9hG4bK6E1C.5B2F;branched=FALSE;ms-internal-info="bc;Xo,3l"',
      "SIP/2.0/TLS 10.1.2.20:49822;branch=z9hG4bK2DA3;ms-received-port=49822",
      "SIP/2.0/TLS 10.1.4.77:50122;ms-received-port=50122;ms-received-cid=3E8A00",
    ]);
    expect(message.list("Record-Route")).toEqual([
      "<sip:sip.fabrikam.example:5061;transport=tls;lr;ms-key-info=AAEA,b;ms-route-sig=gx7L>;ms-rrsig=abW; tag=0F3C5A1B",
      '<sip:pool01.fabrikam.example:5061;transport="tls";lr>;tag=7AA9',
    ]);
  });

  test("goes on in one hand, values untouched", () => {
    const { head } = serialize(message);
    expect(head.split("\r\n").slice(0, 4)).toEqual([
      "SUBSCRIBE SIP:bob@Northwind.example SIP/2.0",
      'Via: SIP/2.0/tls 192.0.2.10:53211;branch=z9hG4bK6E1C.5B2F;branched=FALSE;ms-internal-info="bc;Xo,3l"',
      "Record-Route: <sip:sip.fabrikam.example:5061;transport=tls;lr;ms-key-info=AAEA,b;ms-route-sig=gx7L>;ms-rrsig=abW; tag=0F3C5A1B",
      "Max-Forwards: 68",
    ]);
    expect(head.endsWith("Expires: 7200\r\nContent-Length: 0\r\n\r\n")).toBe(true);
    expect(serializeBytes(readOne(serializeBytes(message)))).toEqual(serializeBytes(message));
  });
});

describe("one header line", () => {
  const value = (line: string, name: string) => readOne(START + line + REST).get(name);

  test.each([
    ["blanks around", "X-a:  \t v \t\n", "X-A", "v"],
    ["blanks before the colon", "Subject \t: v\n", "Subject", "v"],
    ["no blank behind the colon", "Subject:v\n", "Subject", "v"],
    ["empty", "Subject:\n", "Subject", ""],
    ["one unknown letter", "Q: v\n", "q", "v"],
    ["compact", "S: v\n", "Subject", "v"],
    ["a colon in the value", "Subject: a: b\n", "Subject", "a: b"],
    ["folded with SP and HTAB", "Subject: a\n b\n\t  c\n", "Subject", "a b c"],
    ["folded before the value", "Subject:\n v\n", "Subject", "v"],
    ["folded with an empty line of blanks", "Subject: a\n  \n b\n", "Subject", "a  b"],
    ["a fold that looks like a header", "Subject: a\n Call-ID: evil\n", "Subject", "a Call-ID: evil"],
    ["bytes of UTF-8 that look like blanks", "Subject: voil\xc3\xa0\n", "Subject", "voil\xc3\xa0"],
    ["HTAB within", "Subject: a\tb\n", "Subject", "a\tb"],
  ])("%s", (_, line, name, expected) => {
    expect(value(line, name)).toBe(expected);
  });

  test.each([
    ["no colon", "Subject\n", "header line without a colon"],
    ["no name", ": v\n", "header name is not a token"],
    ["a blank in the name", "Sub ject: v\n", "header name is not a token"],
    ["a line that continues nothing", " Subject: v\n", "header name is not a token"],
    ["a name of other bytes", "Subj\xe9ct: v\n", "header name is not a token"],
    ["a NUL", "Subject: a\0b\n", "NUL in a header"],
    ["Call-ID twice", "i: c1\n", "Call-ID stands twice"],
    ["From twice", "F: <sip:evil@x.example>;tag=2\n", "From stands twice"],
    ["Content-Type twice", "c: text/plain\nContent-Type: text/html\n", "Content-Type stands twice"],
  ])("%s is a fault, and the stream goes on", (_, line, fault) => {
    const message = readOne(START + line + REST);
    expect(message.fault).toBe(fault);
    expect(findDefect(message)).toEqual({ status: 400, why: fault });
    expect(message.headerValues.join("")).not.toMatch(/[\r\n\0]/);
  });

  test.each(["Via", "From", "To", "Call-ID", "CSeq"])("%s must stand there", (name) => {
    const rest = REST.replace(new RegExp(`^${name}:.*\n`, "m"), "");
    expect(readOne(START + rest).fault).toBe(`${name} is missing`);
  });
});

describe("start lines", () => {
  const start = (line: string) => {
    const message = readOne(`${line}\n${REST}`);
    return message.fault ?? message.start;
  };

  test.each([
    ["OPTIONS sip:a@b sip/2.0", { kind: "request", method: "OPTIONS", uri: "sip:a@b" }],
    [
      'OPTIONS sip:a@b;transport="tls" SIP/2.0',
      { kind: "request", method: "OPTIONS", uri: 'sip:a@b;transport="tls"' },
    ],
    ["options sip:a@b SIP/2.0", { kind: "request", method: "options", uri: "sip:a@b" }],
    [`${"M".repeat(64)} sip:a@b SIP/2.0`, { kind: "request", method: "M".repeat(64), uri: "sip:a@b" }],
    ["SIP/2.0 200", { kind: "response", status: 200, reason: "" }],
    ["SIP/2.0 200 ", { kind: "response", status: 200, reason: "" }],
    ["sip/2.0 699 a  b: c", { kind: "response", status: 699, reason: "a  b: c" }],
    ["SIP/2.0 099 x", "status code is malformed"],
    ["SIP/2.0 700 x", "status code is malformed"],
    ["SIP/2.0 2000 x", "status code is malformed"],
    ["SIP/2.0 20", "status code is malformed"],
    ["SIP/2.0  200 x", "status code is malformed"],
    ["SIP/2.1 200 x", "version is not SIP/2.0"],
    ["OPTIONS sip:a@b SIP/3.0", "version is not SIP/2.0"],
    ["OPTIONS  SIP/2.0", "Request-URI is malformed"],
    ["OPTIONS sip:a b SIP/2.0", "Request-URI is malformed"],
    ["OPTIONS sip:a\t@b SIP/2.0", "Request-URI is malformed"],
    ['OPTIONS sip:a"@b SIP/2.0', "Request-URI is malformed"],
  ])("%s", (line, expected) => {
    expect(start(line)).toEqual(expected);
  });

  test.each([
    "OPTIONS sip:a@b",
    `${"M".repeat(65)} sip:a@b SIP/2.0`,
    "OPT/IONS sip:a@b SIP/2.0",
    "SIP/2 200 OK",
    "\xffPTIONS sip:a@b SIP/2.0",
  ])("%s is not SIP", (line) => {
    expect(() => readOne(wire(`${line}\n${REST}`))).toThrow("not a SIP start line");
  });
});

describe("defects beyond syntax", () => {
  const defect = (line: string, by: string) =>
    findDefect(readOne(START + REST.replace(new RegExp(`^${line}:.*`, "m"), by)));

  test.each([
    ["From", "From: <sip:a@x.example>;tag=1;tag=2", "From tag is malformed"],
    ["From", "From: <sip:a@x.example>;tag", "From tag is malformed"],
    ["From", 'From: <sip:a@x.example>;tag="1;x"', "From tag is malformed"],
    ["From", "From: sip:victim@x.example;a=<sip:me@y.example>;tag=1", "From is malformed"],
    ["From", "From: <sip:a@x.example>;tag=1, <sip:b@x.example>", "From is malformed"],
    ["From", "From: <sip:a@x.example><sip:b@x.example>;tag=1", "From is malformed"],
    ["To", "To: <sip:a b@x.example>", "To is malformed"],
    ["To", "To:", "To is malformed"],
    ["Call-ID", "Call-ID:", "Call-ID is empty"],
    ["Via", "Via: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1, rubbish", "Via is malformed"],
    ["Via", "Via:", "Via is missing"],
    ["CSeq", "CSeq: 1 INVITE", "CSeq has another method"],
    ["CSeq", "CSeq: 2147483648 OPTIONS", "CSeq is malformed"],
    ["CSeq", "CSeq: 1 OPTIONS\nMax-Forwards: 256", "Max-Forwards is malformed"],
    ["CSeq", "CSeq: 1 OPTIONS\nMax-Forwards: -1", "Max-Forwards is malformed"],
  ])("%s: %s", (line, by, why) => {
    expect(defect(line, by)).toEqual({ status: 400, why });
  });

  test.each([
    ["CSeq", "CSeq: 2147483647 OPTIONS"],
    ["CSeq", "CSeq: 1 OPTIONS\nMax-Forwards: 255"],
  ])("%s: %s is fine", (line, by) => {
    expect(defect(line, by)).toBeUndefined();
  });
});
