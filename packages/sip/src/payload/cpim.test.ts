import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_CPIM_HEADERS, readCpim, writeCpim } from "./cpim.ts";
import { readFirstText } from "./first-text.ts";
import { readImdn, writeImdn } from "./imdn.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("message/cpim", () => {
  it.each(["\r\n", "\n"])("is read with lines that end in %j", (end) => {
    const lines = [
      "From: Bob <im:bob@contoso.example>",
      "NS: note <urn:ietf:params:imdn>",
      "note.Message-ID: 34jk324j",
      "note.Disposition-Notification: positive-delivery, display, x",
      "DateTime: 2006-04-04T12:16:49-05:00",
      "",
      "Content-type: text/plain",
      "",
      "Hello World",
    ];
    const { content, ...head } = readCpim(utf8(lines.join(end)))!;
    expect(head).toEqual({
      from: "Bob <im:bob@contoso.example>",
      to: undefined,
      dateTime: "2006-04-04T12:16:49-05:00",
      subject: undefined,
      messageId: "34jk324j",
      dispositions: ["positive-delivery", "display"],
      contentType: "text/plain",
    });
    expect(textOf(content)).toBe("Hello World");
  });

  it("is read back as written, without a line break that would be a header", () => {
    const written = writeCpim({
      from: "sip:a@x",
      to: "sip:b@y\r\nSubject: forged",
      dateTime: "2020-01-01T00:00:00Z",
      messageId: "m1",
      dispositions: ["positive-delivery"],
      contentType: "text/plain",
      content: utf8("h\u00e9"),
    });
    const read = readCpim(written)!;
    expect([read.from, read.messageId, read.dispositions, read.subject, textOf(read.content)]).toEqual([
      "<sip:a@x>",
      "m1",
      ["positive-delivery"],
      undefined,
      "h\u00e9",
    ]);
  });

  it("bounds its headers", () => {
    const message = (count: number) => utf8(`${"A: b\r\n".repeat(count)}\r\n\r\nx`);
    expect(readCpim(message(MAX_CPIM_HEADERS))).toBeDefined();
    expect(readCpim(message(MAX_CPIM_HEADERS + 1))).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readCpim(bytes)));
  });
});

describe("message/imdn+xml", () => {
  it("is read back as written", () => {
    const imdn = { messageId: "<m&1>", kind: "delivery", status: "failed" } as const;
    expect(readImdn(utf8(writeImdn(imdn, "2020-01-01T00:00:00Z")))).toEqual(imdn);
  });

  it.each([
    ["<imdn/>", undefined],
    ['<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>1</message-id></imdn>', undefined],
    [
      '<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id> 1 </message-id><display-notification><status><displayed/></status></display-notification></imdn>',
      { messageId: "1", kind: "display", status: "displayed" },
    ],
  ])("%s", (xml, imdn) => {
    expect(readImdn(utf8(xml))).toEqual(imdn);
  });
});

describe("the text in an INVITE's header", () => {
  it.each([
    ["text/plain; charset=UTF-8; ms-body=SGkgQm9iLCBnb3QgYSBtaW51dGU/", "Hi Bob, got a minute?"],
    ["text/plain; charset=UTF-8;msgr=WAAtAE0A;ms-body=aMOp", "h\u00e9"],
    ['text/plain; ms-body="aGk="', "hi"],
    ["text/html; charset=UTF-8; ms-body=PGI+aGk8L2I+", "hi"],
    ["text/plain; charset=UTF-8", undefined],
    ["text/plain; ms-body=!", undefined],
    ["text/plain; charset=klingon; ms-body=aGk=", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s", (header, text) => {
    expect(readFirstText(header)).toBe(text);
  });
});
