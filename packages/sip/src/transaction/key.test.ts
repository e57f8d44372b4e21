import { describe, expect, it } from "vitest";
import { type RequestOptions, request } from "../../test/user-agent-rig.ts";
import { mergeKey, serverKey } from "./key.ts";

const NEW = { via: "SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKone" };
const OLD = { via: "SIP/2.0/TLS sip.contoso.example:5061;branch=1" };

function same(method: string, a: RequestOptions, other: string, b: RequestOptions): boolean {
  return serverKey(request(method, a)) === serverKey(request(other, b));
}

describe("server transaction key (TX-04, RFC 3261 17.2.3)", () => {
  it.each([
    ["ACK belongs to its INVITE", true, "INVITE", NEW, "ACK", { ...NEW, to: "<sip:a@b.example>;tag=x" }],
    ["another method is another transaction", false, "INVITE", NEW, "CANCEL", NEW],
    ["another branch", false, "MESSAGE", NEW, "MESSAGE", { branch: "z9hG4bKtwo" }],
    [
      "another sent-by",
      false,
      "MESSAGE",
      NEW,
      "MESSAGE",
      { via: "SIP/2.0/TLS other:5061;branch=z9hG4bKone" },
    ],
    [
      "another port",
      false,
      "MESSAGE",
      NEW,
      "MESSAGE",
      { via: "SIP/2.0/TLS sip.contoso.example;branch=z9hG4bKone" },
    ],
    [
      "host case",
      true,
      "MESSAGE",
      NEW,
      "MESSAGE",
      { via: "SIP/2.0/TLS SIP.contoso.example:5061;branch=z9hG4bKone" },
    ],
    ["RFC 2543: copies", true, "MESSAGE", OLD, "MESSAGE", OLD],
    [
      "RFC 2543: ACK, with the tag we gave",
      true,
      "INVITE",
      OLD,
      "ACK",
      { ...OLD, to: "<sip:a@b.example>;tag=x" },
    ],
    ["RFC 2543: another CSeq", false, "MESSAGE", OLD, "MESSAGE", { ...OLD, cseq: 2 }],
    ["RFC 2543: another Call-ID", false, "MESSAGE", OLD, "MESSAGE", { ...OLD, callId: "other" }],
    ["RFC 2543: another Request-URI", false, "MESSAGE", OLD, "MESSAGE", { ...OLD, uri: "sip:x@example.com" }],
    [
      "RFC 2543: another From tag",
      false,
      "MESSAGE",
      OLD,
      "MESSAGE",
      { ...OLD, from: "<sip:bob@c.example>;tag=2" },
    ],
    [
      "RFC 2543: another Via",
      false,
      "MESSAGE",
      OLD,
      "MESSAGE",
      { via: "SIP/2.0/TLS sip.contoso.example:5061" },
    ],
  ] as const)("%s: same is %s", (_, expected, method, a, other, b) => {
    expect(same(method, a, other, b)).toBe(expected);
  });

  it("a CANCEL finds its INVITE", () => {
    expect(serverKey(request("CANCEL", NEW), "INVITE")).toBe(serverKey(request("INVITE", NEW)));
    expect(serverKey(request("CANCEL", OLD), "INVITE")).toBe(serverKey(request("INVITE", OLD)));
  });

  it("copies by two ways have one merge key (RFC 3261 8.2.2.2)", () => {
    expect(mergeKey(request("INVITE", NEW))).toBe(mergeKey(request("INVITE", OLD)));
    expect(mergeKey(request("INVITE", { cseq: 2 }))).not.toBe(mergeKey(request("INVITE")));
  });
});
