import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerTo, fromAlice, fromBob, sip, type Taken, text } from "../test/edge-rig.ts";
import { INSIDE, NodeRig } from "../test/node-rig.ts";

/** Everything that has left for outside. */
function outsideOf(taken: Taken): string {
  return taken.sent
    .filter((one) => one.connection.includes("contoso"))
    .map((one) => text(one.message))
    .join("\n");
}

const host = fc.constantFrom(
  "10.0.0.5",
  "10.0.0.7",
  "10.0.0.8:5060",
  "GW1.INSIDE.TEST",
  "gw1.inside.test:5062",
  "proxy.gw1.inside.test",
  "a.b.gw1.inside.test:80",
);
const anyHost = fc.oneof(host, fc.constantFrom("10.0.0.9", "other.inside.test:5080"));

/** Header lines that a node may write with its own address in them. Contacts and routes may have unknown ones. */
const line = fc.oneof(
  anyHost.map((h) => `Contact: <sip:alice@${h};transport=tcp;maddr=10.0.0.9>;q=0.5`),
  anyHost.map((h) => `Contact: sip:alice@${h}`),
  anyHost.map((h) => `Contact: "Alice at gw1.inside.test" <sip:${h}>, <sip:${h};lr>`),
  anyHost.map((h) => `Record-Route: <sip:${h};lr>, <sip:${h};lr>`),
  anyHost.map((h) => `Via: SIP/2.0/TCP ${h};branch=z9hG4bKdeep;received=10.0.0.9`),
  host.map((h) => `Route: <sip:${h};lr>`),
  host.map((h) => `Warning: 399 ${h} "seen at ${h}, ${h}"`),
  host.map((h) => `Refer-To: <sip:alice@${h}?Replaces=1%40x>`),
  host.map((h) => `P-Asserted-Identity: <sip:alice@${h}>`),
  host.map((h) => `X-Origin:${h}`),
  host.map((h) => `Contact: <tel:+1;phone-context=${h}>`),
  host.map((h) => `Contact: <sip:alice@example.com;opaque=${h}>`),
);
const lines = fc.array(line, { maxLength: 6 });
const callId = fc.constantFrom("c1", "c1@10.0.0.7", "c1@gw1.inside.test", "c1@GW1.INSIDE.TEST");
const body = fc.oneof(
  fc.constant(""),
  host.map((h) => `v=0\no=- 1 1 IN IP4 10.0.0.9\ns=-\nc=IN IP4 10.0.0.9\nm=message 1 sip null\na=x:${h}`),
);
const node = fc.constantFrom("gw1", "cup2", "cup3");

describe("no address of the inside leaves", () => {
  it("in a node's request, whatever headers it has", () => {
    const request = fc.record({
      node,
      lines,
      callId,
      body,
      method: fc.constantFrom("INVITE", "SUBSCRIBE", "MESSAGE", "NOTIFY", "FOO"),
      inDialog: fc.boolean(),
    });
    fc.assert(
      fc.property(request, (one) => {
        const rig = new NodeRig().linked();
        const base = fromAlice(one.method, {
          "Call-ID": one.callId,
          To: `<sip:bob@contoso.example>${one.inDialog ? ";tag=b1" : ""}`,
        });
        const type = one.body === "" ? [] : ["Content-Type: application/sdp"];
        const head = text(base)
          .split("\n")
          .filter((l) => l !== "" && !l.startsWith("Content-Length"));
        const taken = rig.outside(sip([...head, ...one.lines, ...type, "", one.body].join("\n")), one.node);
        const seen = outsideOf(taken);
        expect(seen).toContain(`${one.method} sip:bob@contoso.example SIP/2.0`);
        expect(seen).not.toMatch(INSIDE);
      }),
    );
  });

  it("in a node's response, whatever headers it has", () => {
    const response = fc.record({
      lines,
      body,
      method: fc.constantFrom("INVITE", "SUBSCRIBE", "MESSAGE"),
      status: fc.constantFrom(180, 200, 302, 404, 503),
      reason: fc.oneof(fc.constant("OK"), host),
    });
    fc.assert(
      fc.property(response, (one) => {
        const rig = new NodeRig().linked();
        const { message } = rig.outside(fromBob(one.method)).sent.at(-1)!;
        const type = one.body === "" ? [] : ["Content-Type: application/sdp"];
        const routes = message.lines("Record-Route").map((route) => `Record-Route: ${route}`);
        const plain = text(answerTo(message, one.status, [...one.lines, ...routes, ...type]));
        const [start, ...rest] = plain.split("\n").filter((l) => !l.startsWith("Content-Length"));
        const first = start!.replace("Some Reason", one.reason);
        const seen = outsideOf(rig.outside(sip([first, ...rest, "", one.body].join("\n")), "gw1"));
        if (one.status >= 200) expect(seen).toMatch(/^SIP\/2.0 [2345]\d\d /);
        expect(seen).not.toMatch(INSIDE);
      }),
    );
  });

  it("and a Call-ID that was hidden leads back, also over a restart of the edge", () => {
    fc.assert(
      fc.property(callId, node, (id, name) => {
        const before = new NodeRig().linked();
        const [sent] = before.outside(fromAlice("SUBSCRIBE", { "Call-ID": id }), name).sent;
        const after = new NodeRig().linked();
        after.openThrough(name);
        const { uri } = { uri: "sip:sip.example.com:5061;transport=tls" };
        const notify = fromBob("NOTIFY", {
          "Request-URI": uri,
          To: "<sip:alice@example.com>;tag=a1",
          "Call-ID": sent!.message.callId,
        });
        const back = after.outside(notify, `in-${name}`).sent[0]!;
        expect([back.connection, back.message.callId]).toEqual([name, id]);
      }),
    );
  });
});
