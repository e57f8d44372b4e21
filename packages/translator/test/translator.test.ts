import { describe, expect, it } from "vitest";
import { profileByName } from "../src/index.ts";
import { ALICE, Bed, BOB } from "./bed.ts";
import { headerOf } from "./lines.ts";
import { offer, plain, rest } from "./talk.ts";

const NO_RULES = { default: "deny", exceptions: [] } as const;
const decisions = (bed: Bed) =>
  bed.observations.flatMap((seen) => (seen.what === "decision" ? [`${seen.decision} ${seen.reason}`] : []));

describe("requests outside dialogs", () => {
  it.each(["PUBLISH", "REFER", "REGISTER", "OPTIONS", "SERVICE"])(
    "%s: 405 with what is allowed",
    (method) => {
      const bed = new Bed();
      const ref = bed.request(method);
      expect(bed.answerTo(ref)?.status).toBe(405);
      expect(headerOf(bed.answerTo(ref)?.headers, "Allow")).toContain("INVITE");
    },
  );

  it.each(["BYE", "INFO", "UPDATE", "NOTIFY"])("%s: 481, with a dialog that nobody knows, too", (method) => {
    const bed = new Bed();
    expect(bed.answerTo(bed.request(method))?.status).toBe(481);
    expect(bed.answerTo(bed.request(method, { dialog: "unknown" }))?.status).toBe(481);
  });

  it.each([
    ["sip:alice@elsewhere.example", 404],
    ["sip:example.com", 404],
    ["sip:%00@example.com", 404],
    ["sip:a%2@example.com", 400],
    ["tel:+123", 416],
    ["sips:alice@example.com", 480],
  ])("to %s: %d, and nothing reaches inside", (to, status) => {
    for (const method of ["INVITE", "MESSAGE", "SUBSCRIBE"]) {
      const bed = new Bed();
      const ref = bed.request(method, { to, body: plain("x"), headers: [["Event", "presence"]] });
      expect(bed.answerTo(ref)?.status).toBe(status);
      expect(bed.out()).toHaveLength(1);
      expect(rest(bed)).toEqual([0, 0, 0]);
    }
  });

  it("says why it does not take sips", () => {
    const bed = new Bed();
    const ref = bed.request("MESSAGE", { to: "sips:alice@example.com" });
    expect(headerOf(bed.answerTo(ref)?.headers, "Warning")).toMatch(/^380 /);
  });

  it("from whom the certificate does not speak for: 403, counted", () => {
    const bed = new Bed();
    const ref = bed.request("INVITE", { from: "sip:bob@ocs.example", body: offer() });
    expect(bed.answerTo(ref)?.status).toBe(403);
    expect(decisions(bed)).toEqual(["deny partner"]);
  });

  it("over the limit of pairs: 480 with a time to try again, and an error to the XMPP user", () => {
    const bed = new Bed({ maxPairs: 2 });
    bed.presence("subscribe");
    bed.chat("hi", { to: "carol@contoso.example" });
    bed.out();
    const ref = bed.request("SUBSCRIBE", {
      from: "sip:dave@contoso.example",
      headers: [["Event", "presence"]],
    });
    expect(bed.answerTo(ref)?.status).toBe(480);
    expect(headerOf(bed.answerTo(ref)?.headers, "Retry-After")).toBe("60");
    bed.chat("hi", { id: "m", to: "dave@contoso.example" });
    bed.presence("subscribe", "", ALICE, "dave@contoso.example", "s");
    bed.presence("probe", "", ALICE, "dave@contoso.example", "p");
    expect(bed.out().slice(1)).toEqual([
      "xmpp dave>alice/desk error m wait resource-constraint",
      "xmpp dave>alice error s wait resource-constraint",
    ]);
    bed.outcome("INVITE", 486);
    bed.out();
    bed.chat("hi", { to: "dave@contoso.example" });
    expect(bed.out()).toHaveLength(1);
  });
});

describe("stanzas", () => {
  it("of a domain that may not reach partners: not-allowed, where an answer is due", () => {
    const bed = new Bed();
    const from = "eve@elsewhere.example";
    bed.presence("subscribe", "", from, BOB, "s");
    bed.chat("hi", { from, id: "m" });
    expect(bed.out()).toEqual([
      "xmpp bob>eve@elsewhere.example error s cancel not-allowed",
      "xmpp bob>eve@elsewhere.example error m cancel not-allowed",
    ]);
    expect(bed.lastStanza?.getName()).toBe("message");
    for (const type of [undefined, "unavailable", "probe", "unsubscribe", "subscribed"])
      bed.presence(type, "", from);
    expect(bed.out()).toEqual([]);
    expect(decisions(bed)).toEqual(Array(7).fill("deny xmpp-domain"));
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("for an address that no SIP user can have: jid-malformed", () => {
    const bed = new Bed();
    bed.chat("hi", { id: "m", to: "x\\5cy@contoso.example" });
    bed.presence("subscribe", "", ALICE, "x\\5cy@contoso.example", "s");
    expect(bed.out()).toEqual([
      "xmpp x\\5cy>alice/desk error m modify jid-malformed",
      "xmpp x\\5cy>alice error s modify jid-malformed",
    ]);
  });

  it("of no known type: bad-request, for presence", () => {
    const bed = new Bed();
    bed.presence("invisible", "", ALICE, BOB, "x");
    expect(bed.out()).toEqual(["xmpp bob>alice error x modify bad-request"]);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });

  it("that join a room which a SIP user is not: an error, and no presence", () => {
    const bed = new Bed();
    bed.presence(
      undefined,
      '<x xmlns="http://jabber.org/protocol/muc"/>',
      `${ALICE}/desk`,
      `${BOB}/nick`,
      "j",
    );
    expect(bed.out()).toEqual(["xmpp bob/nick>alice/desk error j cancel service-unavailable"]);
  });

  it("to nobody we know, or from nobody: nothing", () => {
    const bed = new Bed();
    bed.chat("hi", { to: "bob@nowhere.example" });
    bed.stanza(`<message to="${BOB}"><body>hi</body></message>`);
    bed.stanza(`<iq from="${ALICE}" to="${BOB}" type="get"/>`);
    expect(bed.out()).toEqual([]);
  });

  it("presence that nobody waits for leaves nothing behind", () => {
    const bed = new Bed();
    for (const type of [undefined, "unavailable", "subscribed", "unsubscribed", "unsubscribe", "error"])
      bed.presence(type);
    expect(bed.out()).toEqual([]);
    expect(rest(bed)).toEqual([0, 0, 0]);
  });
});

describe("policy of XMPP domains", () => {
  it.each([
    [NO_RULES, "a@example.com", true],
    [NO_RULES, "a@sub.example.com", false],
    [{ default: "allow", exceptions: [] }, "a@any.example", true],
    [
      { default: "allow", exceptions: [{ domain: "bad.example", direction: "both" }] },
      "a@bad.example",
      false,
    ],
    [{ default: "deny", exceptions: [{ domain: "x.example", direction: "both" }] }, "a@x.example", true],
    [{ default: "deny", exceptions: [{ domain: "x.example", direction: "both" }] }, "a@y.x.example", false],
    [{ default: "deny", exceptions: [{ domain: "*.x.example", direction: "both" }] }, "a@x.example", true],
    [{ default: "deny", exceptions: [{ domain: "*.x.example", direction: "both" }] }, "a@y.x.example", true],
    [{ default: "deny", exceptions: [{ domain: "*.x.example", direction: "both" }] }, "a@yx.example", false],
    [{ default: "deny", exceptions: [{ domain: "X.Example", direction: "out" }] }, "a@x.example", true],
    [{ default: "deny", exceptions: [{ domain: "x.example", direction: "in" }] }, "a@x.example", false],
    [
      { default: "deny", exceptions: [{ domain: "xn--bcher-kva.example", direction: "both" }] },
      "a@b\u00fccher.example",
      true,
    ],
  ] as const)("%o lets %s out: %s", (xmppPolicy, from, allowed) => {
    const bed = new Bed({ xmppPolicy });
    bed.chat("hi", { from });
    expect(bed.out()[0]?.startsWith("INVITE")).toBe(allowed);
  });

  it.each([
    ["in", 200],
    ["out", 404],
    ["both", 200],
  ] as const)("an exception for %s: a SIP user's SUBSCRIBE gets %d", (direction, status) => {
    const bed = new Bed({
      xmppPolicy: { default: "deny", exceptions: [{ domain: "x.example", direction }] },
    });
    const ref = bed.request("SUBSCRIBE", { to: "sip:a@x.example", headers: [["Event", "presence"]] });
    expect(bed.answerTo(ref)?.status).toBe(status);
  });
});

describe("a partner's domain beyond ASCII, and ours in capitals", () => {
  const ascii = "xn--bcher-kva.example";
  const partners = [{ domain: ascii, profile: profileByName("lync") }];

  it("is one in both forms: requests are admitted, stanzas leave under the component's own name", () => {
    const bed = new Bed({ partners, xmppDomains: ["Example.COM"] });
    const ref = bed.request("MESSAGE", { from: `sip:bob@${ascii}`, partner: ascii, body: plain("hi") });
    expect(bed.lastStanza?.attrs.from).toBe(`bob@${ascii}/sip`);
    bed.taken();
    expect(bed.answerTo(ref)?.status).toBe(202);
    bed.out();
    bed.presence("subscribe", "", ALICE, `bob@${ascii}`);
    expect(bed.out()).toEqual([`SUBSCRIBE sip:alice@example.com > sip:bob@${ascii} expires=7200`]);
    const dialog = bed.outcome("SUBSCRIBE", 200)!;
    const entity = `sip:bob@${ascii}`;
    const xml = `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}"><tuple id="t"><status><basic>open</basic></status></tuple></presence>`;
    bed.request("NOTIFY", {
      dialog,
      partner: ascii,
      headers: [["Subscription-State", "active"]],
      body: { type: "application/pidf+xml", bytes: new TextEncoder().encode(xml) },
    });
    expect(bed.out().slice(1)).toEqual([
      `xmpp bob@${ascii}>alice subscribed`,
      `xmpp bob@${ascii}/sip>alice available`,
    ]);
  });
});

it("one user under several spellings is one pair", () => {
  const bed = new Bed();
  bed.presence("subscribe", "", "Alice@Example.COM/desk");
  bed.presence("subscribe", "", ALICE, "BOB@contoso.example");
  expect(bed.out()).toHaveLength(1);
  expect(bed.translator.size).toBe(1);
});
