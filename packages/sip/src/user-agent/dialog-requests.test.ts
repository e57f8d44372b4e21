import { describe, expect, it } from "vitest";
import { AgentRig, request, response } from "../../test/user-agent-rig.ts";

const ROUTES = [
  "Record-Route: <sip:sip.fabrikam.example:5061;transport=tls;lr;ms-route-sig=ia71Q2>;tag=55F0",
  "Record-Route: <sip:pool01.corp.fabrikam.example:5061;transport=tls;lr;ms-route-sig=ab0c>;ms-rrsig=abW0",
] as const;

describe("a request of the peer in a dialog", () => {
  const inDialog = (method: string, localTag: string, cseq: number, more: object = {}) =>
    request(method, { to: `<sip:alice@example.com>;tag=${localTag}`, cseq, ...more });

  it("is told with its dialog; a stale number gets 500, a gap is fine (DG-03)", () => {
    const rig = new AgentRig();
    const { dialog, localTag } = rig.invited(request("INVITE", { cseq: 10 }));
    const event = rig.receive(inDialog("MESSAGE", localTag, 60)).eventOne("request");
    expect(event.dialog).toBe(dialog);
    rig.answer(event.request, 200).takeSent();
    expect(rig.receive(inDialog("MESSAGE", localTag, 59)).sentKinds()).toEqual(["500"]);
    expect(rig.events()).toEqual([]);
  });

  it("comes only from the partner that made it", () => {
    const rig = new AgentRig();
    const { localTag } = rig.invited();
    rig.receive(inDialog("BYE", localTag, 2), { partner: "evil.example", name: "sip.evil.example" });
    expect(rig.sentKinds()).toEqual(["481"]);
    expect(rig.events()).toEqual([]);
    expect(rig.receive(inDialog("BYE", localTag, 2)).eventOne("request").message.method).toBe("BYE");
  });

  it("moves the target (DG-09), and an answered re-INVITE or UPDATE names ours", () => {
    const rig = new AgentRig();
    const { dialog, localTag } = rig.invited();
    const update = inDialog("UPDATE", localTag, 2, { contact: "<sip:bob@10.0.0.8>" });
    rig.answer(rig.receive(update).eventOne("request").request, 200);
    expect(rig.sentOne().get("Contact")).toBe("<sip:gw.example:5061;transport=tls>");
    expect(rig.inDialog(dialog, "MESSAGE").request.uri).toBe("sip:bob@10.0.0.8");
    rig.answer(rig.receive(inDialog("INVITE", localTag, 3)).eventOne("request").request, 200);
    expect(rig.events()).toEqual([]);
    expect(rig.sentKinds()).toEqual(["200"]);
    // Its ACK is no news: the dialog was confirmed before.
    rig.receive(inDialog("ACK", localTag, 3));
    expect(rig.events()).toEqual([]);
    expect(rig.advance(5_000).takeSent()).toEqual([]);
  });

  it("an INVITE over another gets 500 with Retry-After, over ours 491 (DG-08)", () => {
    const rig = new AgentRig({ random: () => 0.99 });
    const { dialog, localTag } = rig.invited();
    const { request: ref } = rig.receive(inDialog("INVITE", localTag, 2)).eventOne("request");
    const overlap = rig.receive(inDialog("INVITE", localTag, 3)).sentOne();
    expect([overlap.status, overlap.get("Retry-After")]).toEqual([500, "10"]);
    rig.command({ kind: "dialog-request", ref: "x", dialog, method: "INVITE" });
    expect(rig.outcomeOf("x").kind).toBe("unreachable");
    rig.answer(ref, 488).takeSent();
    const ours = rig.inDialog(dialog, "INVITE");
    expect(rig.receive(inDialog("INVITE", localTag, 4)).sentKinds()).toEqual(["491"]);
    rig.receive(response(ours.request, 488)).takeSent();
    rig.events();
    rig.receive(inDialog("INVITE", localTag, 5)).eventOne("request");
  });

  it("BYE is the translator's to answer; after the drop it gets 481 (DG-10)", () => {
    const rig = new AgentRig();
    const { dialog, localTag } = rig.invited();
    const event = rig.receive(inDialog("BYE", localTag, 2)).eventOne("request");
    expect(rig.answer(event.request, 200).command({ kind: "drop", dialog }).sentKinds()).toEqual(["200"]);
    expect(rig.receive(inDialog("BYE", localTag, 3)).sentKinds()).toEqual(["481"]);
  });

  it("a re-INVITE that waits gets 487 when the dialog is dropped", () => {
    const rig = new AgentRig();
    const { dialog, localTag } = rig.invited();
    rig.receive(inDialog("INVITE", localTag, 2)).eventOne("request");
    expect(rig.command({ kind: "drop", dialog }).sentKinds()).toEqual(["487"]);
  });

  it("is understood after a restart (DG-04)", () => {
    const before = new AgentRig();
    const { dialog, localTag } = before.invited(request("INVITE", { more: ROUTES }));
    const kept = [...before.agent.snapshots()];
    const after = new AgentRig();
    expect(kept.map((snapshot) => after.agent.restore(snapshot))).toEqual([dialog]);
    expect(after.receive(inDialog("MESSAGE", localTag, 2)).eventOne("request").dialog).toBe(dialog);
    const message = after.inDialog(dialog, "MESSAGE").request;
    expect(message.lines("Route")).toHaveLength(2);
    expect(message.cseq?.number).toBeGreaterThan(1);
  });
});
