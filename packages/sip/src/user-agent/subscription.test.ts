import { describe, expect, it } from "vitest";
import { AgentRig, request, response } from "../../test/user-agent-rig.ts";

const EVENT: [string, string][] = [["Event", "presence"]];
const ROUTE_A = "<sip:a.example;lr;sig=1>;tag=1";
const ROUTE_B = "<sip:b.example;lr;sig=2>;tag=2";

function notifyFor(subscribe: ReturnType<AgentRig["open"]>["request"], options: object = {}) {
  return request("NOTIFY", {
    to: subscribe.get("From")!,
    callId: subscribe.callId,
    more: ["Event: presence;id=7", "Subscription-State: active;expires=3600"],
    ...options,
  });
}

describe("a NOTIFY before the 2xx (EV-01)", () => {
  it("makes the dialog; the 2xx brings the same", () => {
    const rig = new AgentRig();
    const { ref, request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    const routes = [`Record-Route: ${ROUTE_A}`, `Record-Route: ${ROUTE_B}`, "Event: presence"];
    const event = rig.receive(notifyFor(subscribe, { more: routes })).eventOne("request");
    expect(event).toMatchObject({ opening: ref, dialog: expect.any(String) });
    const ok = rig.answer(event.request, 200).sentOne();
    expect(ok.lines("Record-Route")).toEqual([ROUTE_A, ROUTE_B]);
    expect(ok.get("To")).toBe(subscribe.get("From"));
    const late = response(subscribe, 200, {
      toTag: "bobtag",
      more: ["Record-Route: <sip:other.example;lr>"],
    });
    expect(rig.receive(late).outcomeOf(ref)).toMatchObject({ status: 200, dialog: event.dialog });
    expect(rig.inDialog(event.dialog!, "SUBSCRIBE").request.lines("Route")).toEqual([ROUTE_A, ROUTE_B]);
    expect(rig.agent.counts).toMatchObject({ dialogs: 1, dialogsInMaking: 0, opening: 0 });
  });

  it("without Contact and Record-Route takes both from the 2xx", () => {
    const rig = new AgentRig();
    const { request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    const { dialog } = rig.receive(notifyFor(subscribe, { contact: null })).eventOne("request");
    const more = [`Record-Route: ${ROUTE_A}`, `Record-Route: ${ROUTE_B}`];
    rig.receive(response(subscribe, 200, { toTag: "bobtag", more })).takeSent();
    rig.events();
    const refresh = rig.inDialog(dialog!, "SUBSCRIBE").request;
    expect(refresh.lines("Route")).toEqual([ROUTE_B, ROUTE_A]);
    expect(refresh.uri).toBe("sip:bob@10.0.0.7:5061;transport=tls");
  });

  it("of another fork gets 481: one dialog only (EV-04)", () => {
    const rig = new AgentRig();
    const { ref, request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    const first = rig.receive(notifyFor(subscribe)).eventOne("request");
    rig.answer(first.request, 200).takeSent();
    const fork = { from: "<sip:bob@contoso.example>;tag=fork" };
    expect(rig.receive(notifyFor(subscribe, fork)).sentKinds()).toEqual(["481"]);
    expect(rig.receive(response(subscribe, 200, { toTag: "fork" })).outcomeOf(ref)).toMatchObject({
      dialog: first.dialog,
    });
    expect(rig.receive(notifyFor(subscribe, { ...fork, cseq: 2 })).sentKinds()).toEqual(["481"]);
    expect(rig.agent.counts.dialogs).toBe(1);
  });

  it("of another package, Call-ID or tag gets 481 (EV-05)", () => {
    const rig = new AgentRig();
    const { request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    for (const stray of [{ more: ["Event: Presence"] }, { callId: "x" }, { to: "<sip:a@b.example>;tag=x" }]) {
      expect(rig.receive(notifyFor(subscribe, stray)).sentKinds()).toEqual(["481"]);
    }
    expect(rig.events()).toEqual([]);
  });

  it("whose dialog is dropped before the 2xx leaves none", () => {
    const rig = new AgentRig();
    const { ref, request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    const { dialog } = rig.receive(notifyFor(subscribe)).eventOne("request");
    rig.command({ kind: "drop", dialog: dialog! });
    expect(rig.receive(response(subscribe, 200, { toTag: "bobtag" })).outcomeOf(ref)).toMatchObject({
      dialog: undefined,
    });
    expect(rig.agent.counts.dialogs).toBe(0);
  });

  it("is about nothing when the SUBSCRIBE is refused, but stands when it only gets no answer", () => {
    const refused = new AgentRig();
    const first = refused.open("SUBSCRIBE", EVENT);
    refused.receive(notifyFor(first.request)).receive(response(first.request, 403));
    expect(refused.agent.counts.dialogs).toBe(0);
    const silent = new AgentRig();
    const second = silent.open("SUBSCRIBE", EVENT);
    silent.receive(notifyFor(second.request)).advance(32_000);
    expect(silent.agent.counts).toMatchObject({ dialogs: 1, dialogsInMaking: 0, opening: 0 });
  });

  it("leaves no dialog when it can't be taken itself", () => {
    const rig = new AgentRig({ limits: { maxWaiting: 1 } });
    const { request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    const demanding = notifyFor(subscribe, { more: ["Event: presence", "Require: x"] });
    expect(rig.receive(demanding).sentKinds()).toEqual(["420"]);
    rig.receive(request("MESSAGE"));
    expect(rig.receive(notifyFor(subscribe)).sentKinds()).toEqual(["500"]);
    expect(rig.agent.counts.dialogs).toBe(0);
  });

  it("is a BENOTIFY: delivered alike, not answered", () => {
    const rig = new AgentRig();
    const { ref, request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    const more = { to: subscribe.get("From")!, callId: subscribe.callId, more: ["Event: presence"] };
    const event = rig.receive(request("BENOTIFY", more)).eventOne("request");
    expect(event.opening).toBe(ref);
    expect(rig.answer(event.request, 200).takeSent()).toEqual([]);
  });
});

describe("a NOTIFY after the 2xx", () => {
  function subscribed(more: string[] = []) {
    const rig = new AgentRig();
    const { ref, request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    rig.receive(response(subscribe, 200, { toTag: "bobtag", more }));
    const outcome = rig.outcomeOf(ref);
    return { rig, subscribe, dialog: outcome.kind === "final" ? outcome.dialog! : "" };
  }

  it("brings the route set, the first one only (EV-03)", () => {
    const { rig, subscribe, dialog } = subscribed(["Record-Route: <sip:other.example;lr>"]);
    const first = rig
      .receive(notifyFor(subscribe, { more: [`Record-Route: ${ROUTE_A}`] }))
      .eventOne("request");
    expect(first).toMatchObject({ dialog, opening: undefined });
    expect(rig.answer(first.request, 200).sentOne().lines("Record-Route")).toEqual([ROUTE_A]);
    const second = notifyFor(subscribe, { cseq: 2, more: [`Record-Route: ${ROUTE_B}`] });
    rig.answer(rig.receive(second).eventOne("request").request, 200);
    expect(rig.sentOne().lines("Record-Route")).toEqual([]);
    expect(rig.inDialog(dialog, "SUBSCRIBE").request.lines("Route")).toEqual([ROUTE_A]);
  });

  it("without Record-Route leaves that of the 2xx", () => {
    const { rig, subscribe, dialog } = subscribed([`Record-Route: ${ROUTE_A}`, `Record-Route: ${ROUTE_B}`]);
    rig.receive(notifyFor(subscribe)).eventOne("request");
    expect(rig.inDialog(dialog, "SUBSCRIBE").request.lines("Route")).toEqual([ROUTE_B, ROUTE_A]);
  });

  it("with fewer hops than the 2xx names only proxies on our side: the whole set stays", () => {
    const whole = [
      `Record-Route: ${ROUTE_A}`,
      `Record-Route: ${ROUTE_B}`,
      "Record-Route: <sip:edge.example;lr>",
    ];
    const { rig, subscribe, dialog } = subscribed(whole);
    const notify = notifyFor(subscribe, { more: ["Event: presence", "Record-Route: <sip:edge.example;lr>"] });
    rig.answer(rig.receive(notify).eventOne("request").request, 200);
    rig.takeSent();
    expect(rig.inDialog(dialog, "SUBSCRIBE").request.lines("Route")).toEqual([
      "<sip:edge.example;lr>",
      ROUTE_B,
      ROUTE_A,
    ]);
  });

  it("that came before the 2xx with fewer hops gives way to it", () => {
    const rig = new AgentRig();
    const { ref, request: subscribe } = rig.open("SUBSCRIBE", EVENT);
    const notify = notifyFor(subscribe, { more: ["Event: presence", "Record-Route: <sip:edge.example;lr>"] });
    rig.answer(rig.receive(notify).eventOne("request").request, 200);
    rig.takeSent();
    const more = [`Record-Route: ${ROUTE_A}`, "Record-Route: <sip:edge.example;lr>"];
    rig.receive(response(subscribe, 200, { toTag: "bobtag", more }));
    const outcome = rig.outcomeOf(ref);
    const dialog = outcome.kind === "final" ? outcome.dialog! : "";
    expect(rig.inDialog(dialog, "SUBSCRIBE").request.lines("Route")).toEqual([
      "<sip:edge.example;lr>",
      ROUTE_A,
    ]);
  });

  it("moves the target", () => {
    const { rig, subscribe, dialog } = subscribed();
    rig.receive(notifyFor(subscribe, { contact: "<sip:presence.contoso.example;gr=1>" })).eventOne("request");
    expect(rig.inDialog(dialog, "SUBSCRIBE").request.uri).toBe("sip:presence.contoso.example;gr=1");
  });
});

describe("a SUBSCRIBE to us", () => {
  it("answered 200 makes a dialog with its routes in order; our NOTIFY has a Contact", () => {
    const rig = new AgentRig();
    const subscribe = request("SUBSCRIBE", { more: [`Record-Route: ${ROUTE_A}, ${ROUTE_B}`] });
    const { request: ref } = rig.receive(subscribe).eventOne("request");
    const { dialog } = rig.answer(ref, 200, [["Expires", "3600"]]).eventOne("dialog-made");
    expect(rig.sentOne().get("Contact")).toBe("<sip:gw.example:5061;transport=tls>");
    const notify = rig.inDialog(dialog, "NOTIFY").request;
    expect(notify.lines("Route")).toEqual([ROUTE_A, ROUTE_B]);
    expect([notify.get("CSeq"), notify.get("Contact")]).toEqual([
      "1 NOTIFY",
      "<sip:gw.example:5061;transport=tls>",
    ]);
    expect(rig.agent.counts.unconfirmed).toBe(0);
  });

  it("refused makes none", () => {
    const rig = new AgentRig();
    const { request: ref } = rig.receive(request("SUBSCRIBE")).eventOne("request");
    const answer = rig.answer(ref, 403).sentOne();
    expect([answer.status, answer.get("Contact"), answer.lines("Record-Route")]).toEqual([
      403,
      undefined,
      [],
    ]);
    expect(rig.agent.counts).toMatchObject({ dialogs: 0, dialogsInMaking: 0 });
  });
});
