import { describe, expect, it } from "vitest";
import { answerTo, denials, EdgeRig, fromBob, sip, text } from "../test/edge-rig.ts";

/** A SIP request of contoso's connection, and what its sender is told. */
const REFUSALS: readonly (readonly [
  what: string,
  request: ReturnType<typeof sip>,
  status: number,
  reason: string,
])[] = [
  ["another version", sip(text(fromBob("MESSAGE")).replace("SIP/2.0\n", "SIP/7.0\n")), 505, "version"],
  ["no Call-ID", fromBob("MESSAGE", { "Call-ID": undefined }), 400, "malformed"],
  ["no CSeq", fromBob("MESSAGE", { CSeq: undefined }), 400, "malformed"],
  ["two From", sip(`${text(fromBob("MESSAGE"))}\nFrom: <sip:x@contoso.example>;tag=2`), 400, "malformed"],
  ["an unreadable Via", fromBob("MESSAGE", { Via: "SIP/2.0 nonsense" }), 400, "via"],
  ["CSeq of another method", fromBob("MESSAGE", { CSeq: "1 INVITE" }), 400, "cseq"],
  ["an unreadable To", fromBob("MESSAGE", { To: "<sip:alice" }), 400, "address"],
  [
    "our own Via",
    fromBob("MESSAGE", {
      Via: "SIP/2.0/TLS a.example;branch=z9hG4bK1, SIP/2.0/TLS SIP.example.com:5061;branch=z9hG4bK2",
    }),
    482,
    "loop",
  ],
  ["a telephone number as From", fromBob("MESSAGE", { From: "<tel:+4930123>;tag=b1" }), 403, "from-scheme"],
  [
    "From in our own domain",
    fromBob("MESSAGE", { From: "<sip:alice@example.com>;tag=b1" }),
    403,
    "from-own-domain",
  ],
  [
    "From of nobody we know",
    fromBob("MESSAGE", { From: "<sip:eve@evil.example>;tag=b1" }),
    403,
    "from-no-partner",
  ],
  [
    "From below the partner's domain",
    fromBob("MESSAGE", { From: "<sip:b@x.contoso.example>;tag=1" }),
    403,
    "from-no-partner",
  ],
  [
    "From of a longer name",
    fromBob("MESSAGE", { From: "<sip:b@evilcontoso.example>;tag=1" }),
    403,
    "from-no-partner",
  ],
  [
    "From of another partner",
    fromBob("MESSAGE", { From: "<sip:f@fabrikam.example>;tag=1" }),
    403,
    "from-other-partner",
  ],
  [
    "anonymous",
    fromBob("MESSAGE", { From: "<sip:anonymous@anonymous.invalid>;tag=1" }),
    403,
    "from-no-partner",
  ],
  [
    "another scheme",
    fromBob("MESSAGE", { "Request-URI": "soap.beep://192.0.2.103:3002" }),
    416,
    "uri-scheme",
  ],
  ["a SIP URI that is none", fromBob("MESSAGE", { "Request-URI": "sip:alice@" }), 400, "uri"],
  ["a foreign domain", fromBob("MESSAGE", { "Request-URI": "sip:x@third.example" }), 404, "target"],
  [
    "another partner's domain",
    fromBob("MESSAGE", { "Request-URI": "sip:x@fabrikam.example" }),
    404,
    "target",
  ],
  [
    "our host, outside a dialog",
    fromBob("MESSAGE", { "Request-URI": "sip:alice@sip.example.com" }),
    404,
    "target",
  ],
  ["its last hop", fromBob("MESSAGE", { "Max-Forwards": "0" }), 483, "max-forwards"],
  ["a proxy extension", fromBob("MESSAGE", { "Proxy-Require": "foo, ms-benotify" }), 420, "extension"],
];

describe("requests that stay outside", () => {
  it.each(REFUSALS)("%s", (_, request, status, reason) => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    const taken = rig.outside(request);
    expect(taken.sent.map(({ message }) => message.status)).toEqual([status]);
    expect(denials(taken)).toEqual([reason]);
    expect(taken.toNode).toEqual([]);
    expect(taken.closed).toEqual([]);
  });

  it.each(REFUSALS.filter(([what]) => !/CSeq|version/.test(what)))(
    "ACK with %s is never answered",
    (_, request) => {
      const rig = new EdgeRig();
      rig.open("contoso.example");
      const taken = rig.outside(
        sip(
          text(request)
            .replace(/^MESSAGE/, "ACK")
            .replace("1 MESSAGE", "1 ACK"),
        ),
      );
      expect(taken.sent).toEqual([]);
      expect(taken.toNode).toEqual([]);
    },
  );

  it("tells what is unsupported", () => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    const [answer] = rig.outside(fromBob("SUBSCRIBE", { "Proxy-Require": "foo, ms-benotify" })).sent;
    expect(answer!.message.get("Unsupported")).toBe("foo");
  });

  it("never answers a BENOTIFY", () => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    const taken = rig.outside(fromBob("BENOTIFY", { From: "<sip:eve@evil.example>;tag=1" }));
    expect(taken.sent).toEqual([]);
    expect(denials(taken)).toEqual(["from-no-partner"]);
  });

  it("declines compression and keeps the connection", () => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    const taken = rig.outside(
      sip(`NEGOTIATE sip:198.51.100.20:5061 SIP/2.0
        Via: SIP/2.0/TLS 192.0.2.10:49512
        CSeq: 1 NEGOTIATE
        Call-ID: 5e0d1a6c
        From: <sip:192.0.2.10:49512>;tag=8DA51E0B
        To: <sip:198.51.100.20:5061>
        Compression: LZ77-8K
        Max-Forwards: 0`),
    );
    expect(text(taken.sent[0]!.message)).toBe(
      [
        "SIP/2.0 405 Method Not Allowed",
        "Via: SIP/2.0/TLS 192.0.2.10:49512",
        "From: <sip:192.0.2.10:49512>;tag=8DA51E0B",
        "To: <sip:198.51.100.20:5061>;tag=edge-id1",
        "Call-ID: 5e0d1a6c",
        "CSeq: 1 NEGOTIATE",
        "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO, UPDATE, SUBSCRIBE, NOTIFY, BENOTIFY, PUBLISH",
        "Content-Length: 0",
      ].join("\n"),
    );
    expect(taken.closed).toEqual([]);
    expect(rig.outside(fromBob("MESSAGE")).toNode).toHaveLength(1);
  });

  it("what can't be framed is answered, then the connection is closed", () => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    const taken = rig.feed({
      kind: "broken",
      connection: "in-contoso.example",
      why: "Content-Length is missing",
      status: 400,
      message: fromBob("MESSAGE"),
    });
    expect(taken.sent.map(({ message }) => message.status)).toEqual([400]);
    expect(taken.closed).toEqual(["in-contoso.example"]);
    expect(taken.toNode).toEqual([]);
  });
});

describe("requests that the edge answers or lets in", () => {
  it.each([
    ["its own address", { "Request-URI": "sip:sip.example.com:5061" }],
    ["its last hop", { "Max-Forwards": "0" }],
  ])("answers OPTIONS for %s", (_, changes) => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    const taken = rig.outside(fromBob("OPTIONS", changes));
    expect(taken.sent[0]!.message.status).toBe(200);
    expect(taken.sent[0]!.message.get("Allow")).toContain("SUBSCRIBE");
    expect(taken.toNode).toEqual([]);
  });

  it.each(["FOO", "BENOTIFY", "SERVICE", "REFER", "OPTIONS"])("leaves %s to the node", (method) => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    expect(rig.outside(fromBob(method)).toNode.map(({ message }) => message.method)).toEqual([method]);
  });

  it("lets one certificate speak for each of its domains", () => {
    const rig = new EdgeRig();
    rig.feed({
      kind: "opened",
      connection: "c",
      direction: "in",
      partners: ["contoso.example", "fabrikam.example"],
      name: "sip.hoster.example",
      remote: { host: "192.0.2.7", port: 1 },
    });
    const [taken] = rig.outside(fromBob("MESSAGE", { From: "<sip:f@Fabrikam.Example>;tag=1" }), "c").toNode;
    expect(taken!.verified).toEqual({ partner: "fabrikam.example", name: "sip.hoster.example" });
  });

  it("takes the request at the last place of its transactions and refuses the next", () => {
    const rig = new EdgeRig({ limits: { maxTransactions: 2 } });
    rig.open("contoso.example");
    const statuses = [1, 2, 3].map(() =>
      rig.outside(fromBob("MESSAGE")).sent.map(({ message }) => message.status),
    );
    expect(statuses).toEqual([[], [], [480]]);
    rig.pass(32_000);
    expect(rig.outside(fromBob("MESSAGE")).toNode).toHaveLength(1);
  });

  it("counts answered INVITEs apart, and forgets the oldest past their last place", () => {
    const rig = new EdgeRig({ limits: { maxTransactions: 1, maxAnswered: 2 } });
    rig.open("contoso.example");
    const invites = [1, 2, 3].map((n) => {
      const Via = `SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKpeer${n}`;
      const { message } = rig.outside(fromBob("INVITE", { Via })).toNode[0]!;
      expect(rig.inside(answerTo(message, 200)).sent).toHaveLength(1);
      return message;
    });
    expect(rig.edge.unanswered).toBe(0);
    // Another 2xx finds those that are kept.
    expect(invites.map((invite) => rig.inside(answerTo(invite, 200)).sent.length)).toEqual([0, 1, 1]);
    rig.pass(32_000);
    expect(invites.map((invite) => rig.inside(answerTo(invite, 200)).sent.length)).toEqual([0, 0, 0]);
  });

  it("takes no new dialogs once it is stopping, and goes on with those there are", () => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    rig.feed({ kind: "stop" });
    expect(rig.outside(fromBob("INVITE")).sent[0]!.message.status).toBe(480);
    expect(rig.outside(fromBob("BYE", { To: "<sip:alice@example.com>;tag=a" })).toNode).toHaveLength(1);
  });

  it("no longer knows a partner that was taken off the list", () => {
    const rig = new EdgeRig();
    rig.open("contoso.example");
    const forwarded = rig.outside(fromBob("MESSAGE")).toNode[0]!.message;
    const partners = [
      { domain: "fabrikam.example", names: ["sip.fabrikam.example"], purpose: "strict" as const },
    ];
    const settings = {
      advertise: { host: "sip.example.com", port: 5061 },
      ourDomains: ["example.com"],
      partners,
    };
    expect(rig.feed({ kind: "settings", settings }).closed).toEqual(["in-contoso.example"]);
    expect(denials(rig.outside(fromBob("MESSAGE")))).toEqual(["from-no-partner"]);
    expect(rig.inside(answerTo(forwarded, 200)).sent).toHaveLength(1);
  });
});
