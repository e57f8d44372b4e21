import { DEFAULT_MESSAGE_LIMITS, parseHead, type SipMessage, wireText } from "@tombolo/sip";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeadText } from "./head-text.ts";
import { HeadList, type HeadWriter } from "./head-writer.ts";

const START = fc.constantFrom(
  "MESSAGE sip:a@b.example SIP/2.0",
  "MESSAGE sip:a@b.example sip/2.0",
  "SIP/2.0 200 OK",
  "SIP/2.0 200",
  "sip/2.0 404 Not Found",
);
/** As they come: tidy and not. */
const LINE = fc.constantFrom(
  "Via: SIP/2.0/TLS a;branch=z9hG4bK1",
  "v:SIP/2.0/TLS b",
  "FROM: <sip:a@b>;tag=1",
  "To:  <sip:c@d> ",
  "Call-ID: 1",
  "CSeq: 1 MESSAGE",
  "x-odd : y",
  "Subject: a\r\n b",
  "Empty:",
  "Empty-Too: ",
  "Content-Length: 3",
);
const STEP = fc.constantFrom("keep", "leave out", "keep", "same", "other", "add before");

type Step = "keep" | "leave out" | "same" | "other" | "add before";

function write(head: HeadWriter, message: SipMessage, steps: readonly Step[], body: string): SipMessage {
  const { headerNames, headerValues } = message;
  for (const [i, name] of headerNames.entries()) {
    const value = headerValues[i]!;
    const step = steps[i % steps.length]!;
    if (step === "add before") head.add("X-New", "1");
    if (step === "other") head.replace(i, name, `${value}!`, value);
    else if (step === "same") head.replace(i, name, value, value);
    else if (step === "leave out") head.replace(i, name, undefined, value);
    else head.keep(i, name, value);
  }
  return head.message(message.start, body);
}

describe("a head that is written at once", () => {
  it("is the one that its headers would give, and is read as them", () => {
    fc.assert(
      fc.property(
        START,
        fc.array(LINE, { minLength: 1, maxLength: 12 }),
        fc.array(STEP, { minLength: 1 }),
        fc.constantFrom("", "abc"),
        (start, lines, steps, body) => {
          const message = parseHead([start, ...lines].join("\r\n"), DEFAULT_MESSAGE_LIMITS)!.message;
          const text = write(new HeadText(message), message, steps as Step[], body);
          const list = write(new HeadList(message), message, steps as Step[], body);
          expect(wireText(text)).toBe(wireText(list));
          expect(text.headerNames).toEqual(list.headerNames);
          expect(text.headerValues).toEqual(list.headerValues);
          expect(text.get("Call-ID")).toBe(list.get("Call-ID"));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
