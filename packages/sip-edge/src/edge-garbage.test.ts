import { parseSipUri, StreamFramer, serializeBytes } from "@tombolo/sip";
import fc from "fast-check";
import { describe, it } from "vitest";
import { EdgeRig, fromBob, type Taken } from "../test/edge-rig.ts";

/** What the edge lets in may only be of the partner on that connection, and for our domains. */
function checkNothingForeign(taken: Taken): void {
  for (const { message, verified } of taken.toNode) {
    if (!message.isRequest) continue;
    const from = message.from && parseSipUri(message.from.uri);
    if (from?.host !== "contoso.example") throw new Error(`${message.from?.uri} was let in`);
    if (verified?.partner !== "contoso.example")
      throw new Error("a request without a verified sender was let in");
    if (message.fault !== undefined) throw new Error("a message with a fault was let in");
  }
  if (taken.dialled.length > 0) throw new Error("a request from outside led outside");
}

function play(chunks: readonly Uint8Array[]): void {
  const rig = new EdgeRig();
  rig.open("contoso.example");
  const framer = new StreamFramer();
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
      if (frame.kind === "message") checkNothingForeign(rig.outside(frame.message));
      else if (frame.kind === "broken") {
        const { why, status, message } = frame;
        checkNothingForeign(
          rig.feed({ kind: "broken", connection: "in-contoso.example", why, status, message }),
        );
      }
    }
  }
  rig.pass(400_000);
}

const methods = fc.constantFrom("INVITE", "MESSAGE", "ACK", "CANCEL", "NOTIFY", "BENOTIFY", "OPTIONS", "FOO");
const froms = fc.constantFrom(
  "<sip:bob@contoso.example>;tag=1",
  "<sip:eve@fabrikam.example>;tag=1",
  "<sip:eve@example.com>;tag=1",
  "sip:eve@evil.example;tag=1",
  '"<sip:bob@contoso.example>" <sip:eve@evil.example>',
  "<sip:bob@contoso.example@evil.example>",
  "<sip:bob%40contoso.example@evil.example>",
  "<sip:eve@evil.example>, <sip:bob@contoso.example>",
  "<sip:bob@contoso.example.>;tag=1",
  "<tel:+4930>;tag=1",
);
const splice = fc.record({
  at: fc.nat(600),
  drop: fc.nat(8),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(
      ...["\r\n", "\n", "\r", "\0", ",", ";", "<", '"'].map((s) => new TextEncoder().encode(s)),
    ),
  ),
});

describe("whatever comes in", () => {
  it("random bytes never throw", () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), play), {
      numRuns: 200,
    });
  });

  it("a mutated request never throws and never gets in with a foreign From", () => {
    fc.assert(
      fc.property(methods, froms, fc.array(splice, { maxLength: 4 }), (method, from, splices) => {
        let bytes = serializeBytes(fromBob(method, { From: from }));
        for (const { at, drop, bytes: put } of splices) {
          const cut = Math.min(at, bytes.length);
          bytes = Uint8Array.from([...bytes.subarray(0, cut), ...put, ...bytes.subarray(cut + drop)]);
        }
        play([bytes, serializeBytes(fromBob("MESSAGE"))]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("a mutated response never throws and brings nothing inside", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 699 }),
        fc.array(splice, { maxLength: 3 }),
        (status, splices) => {
          const head = `SIP/2.0 ${status} X\r\nVia: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK0.id1\r\nFrom: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@contoso.example>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`;
          let bytes: Uint8Array = new TextEncoder().encode(head);
          for (const { at, drop, bytes: put } of splices) {
            const cut = Math.min(at, bytes.length);
            bytes = Uint8Array.from([...bytes.subarray(0, cut), ...put, ...bytes.subarray(cut + drop)]);
          }
          play([bytes]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
