import { describe, expect, it } from "vitest";
import { InsideNames } from "./inside-names.ts";
import { publicBody } from "./session-address.ts";

const names = new InsideNames(["10.0.0.7"], "sip.example.com");
const lines = (...all: string[]) => all.join("\r\n");
const SDP = lines("v=0", "o=- 1 1 IN IP4 10.0.0.7", "s=-", "c=IN IP4 10.0.0.7", "a=path:10.0.0.7:5061", "");
const SHOWN = lines(
  "v=0",
  "o=- 1 1 IN IP4 sip.example.com",
  "s=-",
  "c=IN IP4 sip.example.com",
  "a=path:sip.example.com",
  "",
);

const parts = (sdp: string) =>
  lines(
    "--b1",
    "Content-Type: application/sdp; charset=utf-8",
    `Content-Length: ${sdp.length}`,
    "",
    `${sdp}`,
    "--b1",
    "Content-Type: text/plain",
    "",
    "o=10.0.0.7",
    "--b1--",
    "",
  );

describe("a body of an inside node", () => {
  it.each([
    ["application/sdp", SDP, SHOWN],
    ["multipart/mixed;boundary=b1", parts(SDP), parts(SHOWN)],
    ['Multipart/Alternative; x=y; boundary="b1"', parts(SDP), parts(SHOWN)],
  ])("%s has our public host in its session description", (type, body, shown) => {
    expect(publicBody(body, type, "sip.example.com", names)).toBe(shown);
  });

  it("has it in parts of parts", () => {
    const nested = (sdp: string) =>
      lines("--a", "content-type: multipart/related;", " boundary=b1", "", parts(sdp), "--a--", "");
    const type = "multipart/mixed; boundary=a";
    expect(publicBody(nested(SDP), type, "sip.example.com", names)).toBe(nested(SHOWN));
  });

  it.each([
    ["text/plain", SDP],
    [undefined, SDP],
    ["multipart/mixed", parts(SDP)],
    ["multipart/mixed;boundary=other", parts(SDP)],
    ["multipart/mixed;boundary=b1", "--b1\r\nno empty line"],
  ])("of type %s is left as it is: %#", (type, body) => {
    expect(publicBody(body, type, "sip.example.com", names)).toBe(body);
  });
});
