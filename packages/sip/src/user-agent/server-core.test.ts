import { describe, expect, it } from "vitest";
import {
  AgentRig,
  CONTOSO,
  headText,
  NOTHING_HELD,
  request,
  response,
  wire,
} from "../../test/user-agent-rig.ts";

const SIGNED = [
  "Record-Route: <sip:sip.fabrikam.example:5061;transport=tls;lr;ms-key-info=AAEAAbcd;ms-route-sig=ia71Q2>;tag=55F0A1B2C3D4E5F6",
  "Via: SIP/2.0/TLS 10.1.2.20:49822;branch=z9hG4bK90C1.3EF0;branched=FALSE;ms-received-port=49822",
  "Record-Route: <sip:pool01.corp.fabrikam.example:5061;transport=tls;ms-fe=fe02;opaque=state:T:F:Ci.R40d600;lr;ms-route-sig=ab0c>;ms-rrsig=abW0;tag=7AA90011",
] as const;

describe("a request to us", () => {
  it("of nobody that the edge has verified gets 403", () => {
    const rig = new AgentRig();
    rig.agent.handle({ kind: "message", message: request("MESSAGE") }, rig.now);
    expect(rig.advance(0).sentKinds()).toEqual(["403"]);
    expect(rig.events()).toEqual([]);
  });

  it("becomes an event, and the answer goes back with a tag of ours", () => {
    const rig = new AgentRig();
    const event = rig.receive(request("MESSAGE", { branch: "z9hG4bKm", body: "Hi" })).eventOne("request");
    expect(event).toMatchObject({ verified: CONTOSO, dialog: undefined, opening: undefined });
    rig.answer(event.request, 202);
    expect(headText(rig.sentOne())).toBe(
      `SIP/2.0 202 Accepted
Via: SIP/2.0/TLS sip.contoso.example:5061;branch=z9hG4bKm
From: <sip:bob@contoso.example>;tag=bobtag
To: <sip:alice@example.com>;tag=gw000000001
Call-ID: call1
CSeq: 1 MESSAGE
Content-Length: 0

`,
    );
    expect(rig.answer(event.request, 200).takeSent()).toEqual([]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
  });

  it("that waits gets 100 after 3.5 s, never 408, and no answer after 32 s (TX-10, TX-11)", () => {
    const rig = new AgentRig();
    const message = request("MESSAGE");
    const { request: ref } = rig.receive(message).eventOne("request");
    expect(rig.advance(3_499).takeSent()).toEqual([]);
    expect(rig.advance(1).sentKinds()).toEqual(["100"]);
    expect(rig.receive(message).sentKinds()).toEqual(["100"]);
    expect(rig.advance(28_500).takeSent()).toEqual([]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
    expect(rig.answer(ref, 200).takeSent()).toEqual([]);
  });

  it("other than INVITE is answered 504 where 408 was meant (C-05), and nothing provisional", () => {
    const rig = new AgentRig();
    const { request: ref } = rig.receive(request("MESSAGE")).eventOne("request");
    expect(rig.answer(ref, 183).takeSent()).toEqual([]);
    expect(rig.answer(ref, 408).sentKinds()).toEqual(["504"]);
  });

  it("a copy makes no second event (TX-07)", () => {
    const rig = new AgentRig();
    const message = request("MESSAGE");
    rig.receive(message).eventOne("request");
    rig.receive(message);
    expect([rig.events(), rig.takeSent()]).toEqual([[], []]);
  });

  it.each([
    ["405 with Allow for a method we have not", "REFER", {}, 405, "Allow", /INVITE, ACK, BYE/],
    ["416 for another scheme", "MESSAGE", { uri: "tel:+4989" }, 416, "Server", undefined],
    [
      "480 with Warning 380 for sips (C-21)",
      "MESSAGE",
      { uri: "sips:alice@example.com" },
      480,
      "Warning",
      /^380 /,
    ],
    ["420 for an extension", "INVITE", { more: ["Require: 100rel, x"] }, 420, "Unsupported", /^100rel, x$/],
    ["481 for BYE", "BYE", {}, 481, "Server", undefined],
    ["481 for NOTIFY", "NOTIFY", {}, 481, "Server", undefined],
    ["481 for an unknown tag", "MESSAGE", { to: "<sip:alice@example.com>;tag=no" }, 481, "Server", undefined],
    ["400 for an INVITE without Contact", "INVITE", { contact: null }, 400, "Server", undefined],
    [
      "400 for two Contacts",
      "SUBSCRIBE",
      { contact: "<sip:a@b.example>, <sip:c@d.example>" },
      400,
      "Server",
      undefined,
    ],
    ["400 for a broken From", "MESSAGE", { from: "<sip:bob@contoso.example" }, 400, "Server", undefined],
    ["481 for CANCEL of nothing", "CANCEL", {}, 481, "Server", undefined],
  ] as const)("gets %s", (_, method, options, status, header, value) => {
    const rig = new AgentRig();
    rig.receive(request(method, options));
    const answer = rig.sentOne();
    expect(answer.status).toBe(status);
    expect(answer.toTag).toBeDefined();
    if (value) expect(answer.get(header)).toMatch(value);
    expect(rig.events()).toEqual([]);
    expect(rig.agent.counts.waiting + rig.agent.counts.dialogs).toBe(0);
  });

  it("gets 400 when its CSeq is another method's or missing, nothing when it has no way back", () => {
    const rig = new AgentRig();
    const head = `MESSAGE sip:a@example.com SIP/2.0
From: <sip:b@contoso.example>;tag=1
To: <sip:a@example.com>
Call-ID: x
`;
    const via = "Via: SIP/2.0/TLS h;branch=z9hG4bK1\n";
    expect(rig.receive(wire(`${head}${via}CSeq: 1 INFO\n`)).sentKinds()).toEqual(["400"]);
    expect(rig.receive(wire(`${head}${via}`)).sentKinds()).toEqual(["400"]);
    expect(rig.receive(wire(`${head}CSeq: 1 MESSAGE\n`)).sentKinds()).toEqual([]);
  });

  it("twice by different ways gets 482 (RFC 3261 8.2.2.2)", () => {
    const rig = new AgentRig();
    rig.receive(request("INVITE")).eventOne("request");
    expect(rig.receive(request("INVITE")).sentKinds()).toEqual(["482"]);
    expect(rig.events()).toEqual([]);
  });

  it("OPTIONS tells what we can, whoever is asked for (RFC 3261 11.2)", () => {
    const rig = new AgentRig();
    const known = rig.receive(request("OPTIONS")).sentOne();
    expect(known.status).toBe(200);
    expect(known.get("Allow-Events")).toBe("presence");
    for (const name of ["Allow", "Accept", "Supported"]) expect(known.get(name)).toBeDefined();
    const unknown = rig.receive(request("OPTIONS", { uri: "sip:nobody@example.com" })).sentOne();
    expect(unknown.get("Allow")).toBe(known.get("Allow"));
    expect(rig.events()).toEqual([]);
  });

  it("BENOTIFY is delivered and never answered", () => {
    const rig = new AgentRig();
    const { dialog, localTag } = rig.invited();
    const to = `<sip:alice@example.com>;tag=${localTag}`;
    const event = rig.receive(request("BENOTIFY", { to, cseq: 2 })).eventOne("request");
    expect([event.dialog, event.message.method]).toEqual([dialog, "BENOTIFY"]);
    rig.answer(event.request, 200);
    rig.receive(request("BENOTIFY", { to, cseq: 2 }));
    rig.receive(request("BENOTIFY", { to: "<sip:alice@example.com>;tag=no", cseq: 3 }));
    rig.receive(request("BENOTIFY"));
    expect([rig.events(), rig.takeSent()]).toEqual([[], []]);
  });

  it("over maxTransactions gets 500 with Retry-After and is forgotten", () => {
    const rig = new AgentRig({ limits: { maxTransactions: 1, retryAfter: 7 } });
    rig.receive(request("MESSAGE")).eventOne("request");
    const answer = rig.receive(request("MESSAGE", { callId: "other" })).sentOne();
    expect([answer.status, answer.get("Retry-After")]).toEqual([500, "7"]);
    expect(rig.agent.counts.transactions).toBe(1);
  });

  it("over maxWaiting or maxDialogs gets 500 with Retry-After", () => {
    const busy = new AgentRig({ limits: { maxWaiting: 1 } });
    const { request: ref } = busy.receive(request("MESSAGE")).eventOne("request");
    expect(busy.receive(request("MESSAGE", { callId: "2" })).sentKinds()).toEqual(["500"]);
    busy.answer(ref, 200).takeSent();
    busy.receive(request("MESSAGE", { callId: "3" })).eventOne("request");
    const full = new AgentRig({ limits: { maxDialogs: 1 } });
    full.receive(request("SUBSCRIBE")).eventOne("request");
    expect(full.receive(request("INVITE", { callId: "2" })).sentKinds()).toEqual(["500"]);
    full.receive(request("MESSAGE", { callId: "3" })).eventOne("request");
  });

  it("that waits is refused when we stop", () => {
    const rig = new AgentRig();
    rig.receive(request("INVITE"));
    expect(rig.stop().sentKinds()).toEqual(["480"]);
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
  });
});

describe("an INVITE to us", () => {
  it("gets 100 after 200 ms unless it is answered (TX-03)", () => {
    const slow = new AgentRig();
    const { request: ref } = slow.receive(request("INVITE")).eventOne("request");
    expect(slow.advance(199).takeSent()).toEqual([]);
    const trying = slow.advance(1).sentOne();
    expect([trying.status, trying.toTag]).toEqual([100, undefined]);
    expect(slow.advance(60_000).answer(ref, 486).sentKinds()).toEqual(["486"]);
    const quick = new AgentRig();
    quick.answer(quick.receive(request("INVITE")).eventOne("request").request, 180);
    expect(quick.advance(1_000).sentKinds()).toEqual(["180"]);
  });

  it("refused waits for its ACK, answers copies, and gives up after 32 s", () => {
    const rig = new AgentRig();
    const invite = request("INVITE", { branch: "z9hG4bKi" });
    rig.answer(rig.receive(invite).eventOne("request").request, 403).takeSent();
    expect(rig.receive(invite).sentKinds()).toEqual(["403"]);
    rig.receive(request("ACK", { branch: "z9hG4bKi", to: "<sip:alice@example.com>;tag=gw000000001" }));
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
    rig.answer(rig.receive(invite).eventOne("request").request, 403).takeSent();
    expect(rig.advance(32_000).agent.counts).toEqual(NOTHING_HELD);
    expect([rig.events(), rig.takeSent()]).toEqual([[], []]);
  });

  it("accepted makes a dialog; the 2xx carries Record-Route and Contact, the event follows it", () => {
    const rig = new AgentRig();
    const invite = request("INVITE", { more: SIGNED });
    const { request: ref } = rig.receive(invite).eventOne("request");
    const made = rig.answer(ref, 200, [["Allow", "MESSAGE"]]).eventOne("dialog-made");
    expect(made.request).toBe(ref);
    const ok = rig.sentOne();
    expect(ok.lines("Record-Route")).toEqual(invite.lines("Record-Route"));
    expect(ok.lines("Via")).toEqual(invite.lines("Via"));
    expect(ok.get("Contact")).toBe("<sip:gw.example:5061;transport=tls>");
    expect(ok.get("Allow")).toBe("MESSAGE");
  });

  it("with signed routes: our MESSAGE carries them byte for byte, in order (golden)", () => {
    const rig = new AgentRig();
    const invite = request("INVITE", {
      from: '"Alice"<sip:alice@fabrikam.example>;tag=c8f1d2a7e0;epid=01ab23cd45',
      to: "<sip:bob@northwind.example>",
      callId: "0b7f51c1b6114f6f9c3a3a1a7e6d9e01",
      contact: "<sip:alice@fabrikam.example;opaque=user:epid:Vm9kZW1vRXBpZDAx;gruu>",
      more: SIGNED,
    });
    const { dialog } = rig.invited(invite);
    expect(headText(rig.inDialog(dialog, "MESSAGE").request)).toBe(
      `MESSAGE sip:alice@fabrikam.example;opaque=user:epid:Vm9kZW1vRXBpZDAx;gruu SIP/2.0
Via: SIP/2.0/TLS gw.example:5061;branch=z9hG4bKgw000000002
Max-Forwards: 70
Route: <sip:sip.fabrikam.example:5061;transport=tls;lr;ms-key-info=AAEAAbcd;ms-route-sig=ia71Q2>;tag=55F0A1B2C3D4E5F6
Route: <sip:pool01.corp.fabrikam.example:5061;transport=tls;ms-fe=fe02;opaque=state:T:F:Ci.R40d600;lr;ms-route-sig=ab0c>;ms-rrsig=abW0;tag=7AA90011
From: <sip:bob@northwind.example>;tag=gw000000001
To: "Alice"<sip:alice@fabrikam.example>;tag=c8f1d2a7e0;epid=01ab23cd45
Call-ID: 0b7f51c1b6114f6f9c3a3a1a7e6d9e01
CSeq: 1 MESSAGE
User-Agent: Tombolo
Content-Length: 0

`,
    );
  });

  it("a copy after the 2xx is absorbed; no second session (TX-07)", () => {
    const rig = new AgentRig();
    const invite = request("INVITE");
    rig.invited(invite);
    rig.receive(invite);
    expect([rig.events(), rig.takeSent()]).toEqual([[], []]);
  });

  it("the 2xx is sent again until the ACK, T1 to T2, then BYE (TX-05)", () => {
    const rig = new AgentRig();
    const { request: ref } = rig.receive(request("INVITE")).eventOne("request");
    const { dialog } = rig.answer(ref, 200).eventOne("dialog-made");
    const start = rig.now;
    const times: number[] = [];
    rig.takeSent();
    while (rig.now < start + 31_999) {
      rig.advance(1);
      for (const message of rig.takeSent()) {
        expect(message.status).toBe(200);
        times.push(rig.now - start);
      }
    }
    expect(times).toEqual([500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(rig.events()).toEqual([]);
    expect(rig.advance(1).eventOne("unconfirmed").dialog).toBe(dialog);
    const bye = rig.sentOne();
    expect([bye.method, bye.get("CSeq")]).toEqual(["BYE", "1 BYE"]);
    rig.receive(response(bye, 200));
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
    expect(rig.events()).toEqual([]);
  });

  it("a BYE of ours waits for the ACK (DG-11), also when the dialog was dropped", () => {
    const rig = new AgentRig();
    const invite = request("INVITE");
    const { dialog } = rig
      .answer(rig.receive(invite).eventOne("request").request, 200)
      .eventOne("dialog-made");
    const to = `<sip:alice@example.com>;tag=${rig.sentOne().toTag}`;
    rig.command({ kind: "dialog-request", ref: "bye", dialog, method: "BYE" });
    rig.command({ kind: "drop", dialog });
    expect(rig.takeSent()).toEqual([]);
    rig.receive(request("ACK", { to }));
    const bye = rig.sentOne();
    expect(bye.method).toBe("BYE");
    expect(rig.receive(response(bye, 200)).outcomeOf("bye")).toMatchObject({ status: 200 });
  });

  it("a BYE that no ACK ever lets go is sent after 32 s", () => {
    const rig = new AgentRig();
    const { dialog } = rig
      .answer(rig.receive(request("INVITE")).eventOne("request").request, 200)
      .eventOne("dialog-made");
    rig.takeSent();
    rig.command({ kind: "dialog-request", ref: "bye", dialog, method: "BYE" });
    rig.command({ kind: "dialog-request", ref: "bye2", dialog, method: "BYE" });
    expect(rig.outcomeOf("bye2")).toMatchObject({ kind: "unreachable" });
    const kinds = rig.advance(32_000).sentKinds();
    expect(kinds.filter((kind) => kind === "BYE")).toHaveLength(1);
    expect(rig.eventKinds()).toEqual(["unconfirmed"]);
    expect(rig.advance(32_000).outcomeOf("bye")).toEqual({ kind: "timeout" });
    expect(rig.agent.counts).toEqual(NOTHING_HELD);
  });

  it("given up by CANCEL gets 487, the CANCEL 200 with the same tag (TX-13)", () => {
    const rig = new AgentRig();
    const { request: ref } = rig.receive(request("INVITE", { branch: "z9hG4bKc" })).eventOne("request");
    rig.receive(request("CANCEL", { branch: "z9hG4bKc" }));
    expect(rig.eventOne("cancelled").request).toBe(ref);
    const [toCancel, toInvite] = rig.takeSent();
    expect([toCancel?.status, toCancel?.cseq?.method, toInvite?.status, toInvite?.cseq?.method]).toEqual([
      200,
      "CANCEL",
      487,
      "INVITE",
    ]);
    expect(toCancel?.toTag).toBe(toInvite?.toTag);
    expect(rig.answer(ref, 200).takeSent()).toEqual([]);
    expect(rig.agent.counts).toMatchObject({ waiting: 0, dialogs: 0, dialogsInMaking: 0 });
  });

  it("that has its 2xx stays accepted when a CANCEL comes (TX-13)", () => {
    const rig = new AgentRig();
    const invite = request("INVITE", { branch: "z9hG4bKc" });
    rig.invited(invite);
    rig.receive(request("CANCEL", { branch: "z9hG4bKc" }));
    expect([rig.sentKinds(), rig.events()]).toEqual([["200"], []]);
    expect(rig.agent.counts.dialogs).toBe(1);
  });

  it("CANCEL of a SUBSCRIBE is answered and ignored (EV-20)", () => {
    const rig = new AgentRig();
    const { request: ref } = rig.receive(request("SUBSCRIBE", { branch: "z9hG4bKs" })).eventOne("request");
    expect(rig.receive(request("CANCEL", { branch: "z9hG4bKs" })).sentKinds()).toEqual(["200"]);
    expect(rig.events()).toEqual([]);
    expect(rig.answer(ref, 200).sentKinds()).toEqual(["200"]);
  });

  it("whose answer can't be written gets 500 and makes no dialog", () => {
    const rig = new AgentRig();
    const { request: ref } = rig.receive(request("INVITE")).eventOne("request");
    expect(rig.answer(ref, 200, [["X", "a\nb"]]).sentKinds()).toEqual(["500"]);
    expect(rig.events()).toEqual([]);
    expect(rig.advance(32_000).agent.counts).toEqual(NOTHING_HELD);
  });
});
