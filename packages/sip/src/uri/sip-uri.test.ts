import { describe, expect, test } from "vitest";
import { addressOfRecord, isLooseRoute, parseSipUri, uriScheme } from "./sip-uri.ts";

describe("a SIP URI", () => {
  test.each([
    ["sip:b@y.example", { user: "b", host: "y.example", port: undefined, headers: undefined }],
    ["SIP:B@Y.Example:5061", { scheme: "sip", user: "B", host: "y.example", port: 5061 }],
    ["sips:y.example", { scheme: "sips", user: undefined, host: "y.example" }],
    ["sip:carol(gmail.com)@y.example", { user: "carol(gmail.com)" }],
    ["sip:a:pw@y.example", { user: "a:pw" }],
    ["sip:a;b?c@y.example;lr", { user: "a;b?c", params: [["lr", undefined]] }],
    ["sip:%40%26%C3%A9@y.example", { user: "%40%26%C3%A9" }],
    [
      "sip:[2001:DB8::1]:5060;transport=TLS",
      { host: "[2001:db8::1]", port: 5060, params: [["transport", "TLS"]] },
    ],
    ['sip:y.example;transport="tls"', { params: [["transport", '"tls"']] }],
    [
      "sip:a@y.example;opaque=user:epid:Vm9k;gruu?X=y",
      {
        params: [
          ["opaque", "user:epid:Vm9k"],
          ["gruu", undefined],
        ],
        headers: "X=y",
      },
    ],
    ["sip:y.example.", { host: "y.example." }],
    ["sip:a@y.example:0", { port: 0 }],
    ["sip:a@y.example:65535", { port: 65535 }],
  ])("%s", (text, expected) => {
    expect(parseSipUri(text)).toMatchObject(expected);
  });

  test.each([
    "",
    "sip:",
    "sip:@y.example",
    "sip:a@",
    "sip:a@b@c",
    "sip:a@y.example:65536",
    "sip:a@y.example:",
    "sip:a@y.example:5x",
    "sip:a@-y.example",
    "sip:a@y,example",
    "sip:2001:db8::1",
    "sip:[2001:db8::1",
    "sip:[zz]",
    "sip:a b@y.example",
    "sip:a@y.example;x=\ty",
    "sip:a<b@y.example",
    'sip:a"b@y.example',
    'sip:a@y.example;x="y',
    'sip:a@y.example?x="y',
    "tel:+1",
    "sipx:a@y.example",
    "mailto:a@y.example",
  ])("%j is none", (text) => {
    expect(parseSipUri(text)).toBeUndefined();
  });

  test("has an address of record, a scheme, and may ask for loose routing", () => {
    const uri = parseSipUri("sip:B@Y.example:5061;lr;x=y")!;
    expect([addressOfRecord(uri), isLooseRoute(uri)]).toEqual(["sip:B@y.example", true]);
    expect(addressOfRecord(parseSipUri("sip:y.example")!)).toBeUndefined();
    expect(["TEL:+1", "soap.beep://x", "1x:y", ":x", "x"].map(uriScheme)).toEqual([
      "tel",
      "soap.beep",
      undefined,
      undefined,
      undefined,
    ]);
  });
});
