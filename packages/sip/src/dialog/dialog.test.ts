import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { request, response, wire } from "../../test/user-agent-rig.ts";
import { detach } from "./detach.ts";
import {
  Dialog,
  dialogOfAnswer,
  dialogOfNotify,
  dialogOfRequest,
  resumed,
  SNAPSHOT_CSEQ_STEP,
} from "./dialog.ts";
import { MAX_ROUTES, routeSetOf, routingOf } from "./route-set.ts";

const EDGE =
  "<sip:sip.fabrikam.example:5061;transport=tls;lr;ms-key-info=AAEAAbcd;ms-route-sig=ia71Q2>;tag=55F0A1B2C3D4E5F6";
const POOL =
  "<sip:pool01.corp.fabrikam.example:5061;transport=tls;ms-fe=fe02.corp.fabrikam.example;opaque=state:T:F:Ci.R40d600;lr;ms-route-sig=ab0c>;ms-rrsig=abW0;tag=7AA90011";
const STRICT = "<sip:old.example:5061;method=INVITE>";

describe("route set", () => {
  it("of the server side is in order, of the client side reversed (DG-01)", () => {
    const message = request("INVITE", {
      more: [`Record-Route: ${EDGE}`, "X-Between: 1", `Record-Route: ${POOL}`],
    });
    expect(routeSetOf(message, "server")).toEqual([EDGE, POOL]);
    expect(routeSetOf(message, "client")).toEqual([POOL, EDGE]);
  });

  it("reads several values from one line, commas in quotes included", () => {
    const named = '"Edge, outer" <sip:edge.example;lr>;x="a,b"';
    expect(routeSetOf(request("INVITE", { more: [`Record-Route: ${named}, ${POOL}`] }), "server")).toEqual([
      named,
      POOL,
    ]);
  });

  it("is bounded", () => {
    const many = Array.from({ length: MAX_ROUTES + 1 }, (_, i) => `Record-Route: <sip:r${i}.example;lr>`);
    expect(routeSetOf(request("INVITE", { more: many.slice(1) }), "server")).toHaveLength(MAX_ROUTES);
    expect(routeSetOf(request("INVITE", { more: many }), "server")).toHaveLength(MAX_ROUTES);
  });

  it.each([
    ["none", [], "sip:t@h", []],
    ["loose", [EDGE, POOL], "sip:t@h", [EDGE, POOL]],
    ["strict", [STRICT, EDGE], "sip:old.example:5061", [EDGE, "<sip:t@h>"]],
  ])("routing with %s routes (DG-02)", (_, routes, requestUri, values) => {
    expect(routingOf(routes, "sip:t@h")).toEqual({ requestUri, routes: values });
  });
});

describe("dialog", () => {
  const subscribe = wire(
    `SUBSCRIBE sip:bob@contoso.example SIP/2.0
Via: SIP/2.0/TLS gw.example;branch=z9hG4bK1
From: <sip:alice@example.com>;tag=mine
To: <sip:bob@contoso.example>
Call-ID: s1
CSeq: 1 SUBSCRIBE
`,
  );

  it("keeps the peer's address byte for byte", () => {
    const from = '"Alice"<sip:alice@fabrikam.example>;tag=c8f1d2a7e0;epid=01ab23cd45';
    const dialog = dialogOfRequest(request("INVITE", { from }), "gwtag", "fabrikam.example");
    expect(dialog.remote).toBe(from);
    expect(dialog.local).toBe("<sip:alice@example.com>;tag=gwtag");
  });

  it("keeps the target as written, and takes a new one from a refresh (RFC 3261 12.2)", () => {
    const contact = "sip:alice@fabrikam.example;opaque=user:epid:Vm9kZW1vRXBpZDAx;gruu";
    const dialog = dialogOfRequest(request("INVITE", { contact: `<${contact}>;text;audio` }), "t", "p");
    expect(dialog.requestUri).toBe(contact);
    dialog.refreshTarget(request("UPDATE", { contact: "<sip:new@10.0.0.8>" }));
    expect(dialog.requestUri).toBe("sip:new@10.0.0.8");
    dialog.refreshTarget(request("UPDATE", { contact: null }));
    dialog.refreshTarget(request("UPDATE", { contact: "<sip:a@1.example>, <sip:b@2.example>" }));
    expect(dialog.requestUri).toBe("sip:new@10.0.0.8");
  });

  it("of a NOTIFY has its routes in order; that of a 2xx reversed (RFC 6665 4.4.1)", () => {
    const more = [`Record-Route: ${EDGE}`, `Record-Route: ${POOL}`];
    const notify = request("NOTIFY", { to: "<sip:alice@example.com>;tag=mine", callId: "s1", cseq: 7, more });
    const early = dialogOfNotify(subscribe, notify, "p");
    expect(early.routeValues).toEqual([EDGE, POOL]);
    expect(early.remoteCSeq).toBe(7);
    const late = dialogOfAnswer(subscribe, response(subscribe, 200, { toTag: "bobtag", more }), "p");
    expect(late.routeValues).toEqual([POOL, EDGE]);
    expect(late.id).toBe(early.id);
  });

  it("takes higher numbers only, with gaps (DG-03)", () => {
    const dialog = dialogOfRequest(request("INVITE", { cseq: 5 }), "t", "p");
    expect([5, 4, 6, 56, 56, 7].map((number) => dialog.acceptCSeq(number))).toEqual([
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it("comes back from a snapshot with the same id, way and addresses, and higher numbers (DG-04)", () => {
    const more = [`Record-Route: ${EDGE}`, `Record-Route: ${POOL}`];
    const dialog = dialogOfRequest(request("INVITE", { more, cseq: 9 }), "t", "p");
    dialog.nextCSeq();
    const kept = JSON.parse(JSON.stringify(dialog.snapshot())) as ReturnType<typeof dialog.snapshot>;
    for (let i = 0; i < SNAPSHOT_CSEQ_STEP; i++) dialog.nextCSeq();
    const again = new Dialog(kept);
    expect(again.id).toBe(dialog.id);
    expect([again.local, again.remote, again.requestUri]).toEqual([
      dialog.local,
      dialog.remote,
      dialog.requestUri,
    ]);
    expect(again.routeValues).toEqual(dialog.routeValues);
    expect(again.nextCSeq()).toBeGreaterThan(dialog.localCSeq);
    expect(again.acceptCSeq(9)).toBe(false);
    expect(again.acceptCSeq(10)).toBe(true);
  });

  it("never gives a number twice where one run after the other is killed before its numbers are on record", () => {
    const dialog = dialogOfRequest(request("SUBSCRIBE", { cseq: 9 }), "t", "p");
    const kept = dialog.snapshot();
    const start = Date.UTC(2026, 10, 21);
    const given = Array.from({ length: 5 }, (_, second) => {
      const again = new Dialog(resumed(kept, start + second * 1_000));
      return Array.from({ length: 8 }, () => again.nextCSeq());
    }).flat();
    expect(given).toEqual([...new Set(given)].sort((a, b) => a - b));
    expect(given[0]).toBeGreaterThan(kept.localCSeq);
    expect(given.at(-1)).toBeLessThan(2 ** 31);
    // What is on record is never undercut, whatever the clock says.
    expect(resumed(kept, 0)).toEqual(kept);
  });
});

describe("detach", () => {
  it("lets the message go", () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const used = () => {
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    const kept: string[] = [];
    for (let i = 0; i < 40; i++) {
      const head = Buffer.alloc(512 * 1024, 65 + (i % 26)).toString("latin1");
      kept.push(detach(head.slice(1000, 1040)));
    }
    expect(used() - before).toBeLessThan(10 * 1024 * 1024);
    expect(kept).toHaveLength(40);
  });
});
