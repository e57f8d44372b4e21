import fc from "fast-check";
import { parse } from "ltx";
import { describe, expect, test } from "vitest";
import { LinkRig, message, pinged, pong, wrote } from "../test/link-rig.ts";
import { PING_LIMIT } from "./barrier.ts";

const send = (id: string, track: string | undefined = id) =>
  ({ kind: "send", stanza: message(id), track }) as const;

describe("the delivery barrier", () => {
  test("one ping stands behind the stanzas of one drain, and its answer takes them in order", () => {
    const rig = new LinkRig().up();
    rig.push(send("a"));
    rig.push({ kind: "send", stanza: message("untracked") });
    rig.push(send("b"));
    expect(rig.drain()).toEqual([wrote("a"), wrote("untracked"), wrote("b"), pinged("p1")]);
    expect(rig.receive(pong("p1"))).toEqual(["taken a", "taken b"]);
  });

  test("untracked stanzas cost no ping", () => {
    const rig = new LinkRig().up();
    expect(rig.feed({ kind: "send", stanza: message("x") })).toEqual([wrote("x")]);
  });

  test("a later batch does not wait for the first ping, and is not taken by it", () => {
    const rig = new LinkRig().up();
    rig.feed(send("a"));
    expect(rig.feed(send("b"))).toEqual([wrote("b"), pinged("p2")]);
    expect(rig.receive(pong("p1"))).toEqual(["taken a"]);
    expect(rig.receive(pong("p2", "error"))).toEqual(["taken b"]);
  });

  test("the server's error for a stanza comes out before the stanza is taken", () => {
    const rig = new LinkRig().up();
    rig.feed(send("a"));
    const error = `<message from="alice@example.com" to="bob@contoso.example" id="a" type="error"><error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>`;
    rig.push({ kind: "received", stanza: parse(error) });
    rig.push({ kind: "received", stanza: parse(pong("p1")) });
    expect(rig.drain()).toEqual([`< ${error}`, "taken a"]);
  });

  test("an unanswered ping wedges the link: what it covers and what came later is lost, the connection is given up", () => {
    const rig = new LinkRig().up();
    rig.feed(send("a"));
    rig.pass(9_000);
    rig.feed(send("b"));
    expect(rig.pass(999)).toEqual([]);
    expect(rig.pass(1)).toEqual([
      "hangup abruptly",
      "lost a barrier-timeout",
      "lost b barrier-timeout",
      "down after 1, again in 500: no answer to a ping within 10000 ms",
    ]);
  });

  test("a connection that ends loses what was in flight, and the next one knows nothing of its pings", () => {
    const rig = new LinkRig().up();
    rig.feed(send("a"));
    expect(rig.feed({ kind: "closed", reason: "reset" })).toEqual([
      "lost a link-down",
      "down after 1, again in 500: reset",
    ]);
    rig.pass(500);
    rig.feed({ kind: "opened" });
    expect(rig.receive(pong("p1"))).toEqual([]);
  });

  test("at the bound of pings the next batches share one, written when an answer makes room", () => {
    const rig = new LinkRig().up();
    for (let n = 1; n <= PING_LIMIT; n++) expect(rig.feed(send(`${n}`))).toHaveLength(2);
    expect(rig.feed(send("x"))).toEqual([wrote("x")]);
    expect(rig.feed(send("y"))).toEqual([wrote("y")]);
    expect(rig.receive(pong("p1"))).toEqual(["taken 1", pinged(`p${PING_LIMIT + 1}`)]);
    expect(rig.receive(pong(`p${PING_LIMIT + 1}`)).slice(-2)).toEqual(["taken x", "taken y"]);
  });

  test("at the bound of stanzas in flight the next one waits in the queue", () => {
    const rig = new LinkRig({ inFlightLimit: 2 }).up();
    rig.push(send("a"));
    rig.push(send("b"));
    rig.push(send("c"));
    expect(rig.drain()).toEqual([wrote("a"), wrote("b"), pinged("p1")]);
    expect(rig.receive(pong("p1"))).toEqual(["taken a", "taken b", wrote("c"), pinged("p2")]);
  });

  test("every tracked stanza has exactly one fate, and stanzas are written in order, whatever happens", () => {
    const event = fc.oneof(
      { weight: 6, arbitrary: fc.constant("send" as const) },
      { weight: 3, arbitrary: fc.constant("pong" as const) },
      fc.constantFrom("opened" as const, "closed" as const, "congested" as const, "drained" as const),
      fc.integer({ min: 1, max: 12_000 }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), fc.boolean(), (events, drainEach) => {
        const rig = new LinkRig({ queueLimit: 5, inFlightLimit: 4 });
        const seen = rig.feed({ kind: "start" });
        let sent = 0;
        const lastPing = () =>
          seen.findLast((line) => line.includes("urn:xmpp:ping"))?.match(/id="(\w+)"/)?.[1];
        for (const happening of events) {
          if (happening === "send") rig.push(send(`${++sent}`));
          else if (happening === "pong")
            rig.push({ kind: "received", stanza: parse(pong(lastPing() ?? "none")) });
          else if (happening === "closed") rig.push({ kind: "closed", reason: "cut" });
          else if (typeof happening === "number") seen.push(...rig.pass(happening));
          else rig.push({ kind: happening });
          if (drainEach || happening === "pong") seen.push(...rig.drain());
        }
        seen.push(...rig.drain(), ...rig.feed({ kind: "stop" }));
        const fates = seen
          .map((line) => /^(?:taken|lost) (\d+)/.exec(line)?.[1])
          .filter((id) => id !== undefined);
        expect(fates.map(Number).sort((a, b) => a - b)).toEqual(
          Array.from({ length: sent }, (_, n) => n + 1),
        );
        const order = seen
          .map((line) => Number(/^> <message .*id="(\d+)"/.exec(line)?.[1]))
          .filter(Number.isFinite);
        expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
      }),
    );
  });
});

test("a stanza over the limit is lost at once, one at it is written, and the link stays up", () => {
  const stanza = message("a");
  const size = stanza.toString().length;
  const fine = new LinkRig({ maxStanzaBytes: size }).up();
  expect(fine.feed({ kind: "send", stanza })).toEqual([wrote("a")]);
  const tight = new LinkRig({ maxStanzaBytes: size - 1 }).up();
  expect(tight.feed({ kind: "send", stanza, track: "a" })).toEqual(["lost a too-large"]);
  expect(tight.feed({ kind: "send", stanza })).toEqual([]);
  expect([tight.link.state, tight.link.counters.dropped]).toEqual(["up", 1]);
});

describe("waiting for the link", () => {
  test("stanzas wait in order and leave when it comes up; one past the bound is refused", () => {
    const rig = new LinkRig({ queueLimit: 2 });
    rig.feed({ kind: "start" });
    expect(rig.feed(send("a"))).toEqual([]);
    expect(rig.feed({ kind: "send", stanza: message("b") })).toEqual([]);
    expect(rig.feed(send("c"))).toEqual(["lost c queue-full"]);
    rig.feed({ kind: "send", stanza: message("d") });
    expect(rig.link.counters.dropped).toBe(1);
    expect(rig.feed({ kind: "opened" })).toEqual(["up", wrote("a"), wrote("b"), pinged("p1")]);
  });

  test("a stanza waits holdMs and no longer", () => {
    const rig = new LinkRig({ holdMs: 3_000 });
    rig.feed({ kind: "start" });
    rig.feed(send("a"));
    rig.feed({ kind: "send", stanza: message("untracked") });
    rig.pass(1);
    rig.feed(send("b"));
    expect(rig.pass(2_998)).toEqual([]);
    expect(rig.pass(1)).toEqual(["lost a link-down"]);
    expect(rig.link.counters.dropped).toBe(1);
    expect(rig.feed({ kind: "opened" })).toEqual(["up", wrote("b"), pinged("p1")]);
  });

  test("a stanza whose time is over is not written even if the timer is late", () => {
    const rig = new LinkRig();
    rig.feed({ kind: "start" });
    rig.feed(send("a"));
    rig.now += 3_000;
    expect(rig.feed({ kind: "opened" })).toEqual(["up", "lost a link-down"]);
  });

  test("a full socket holds stanzas back, in order, until it has drained", () => {
    const rig = new LinkRig().up();
    rig.feed({ kind: "congested" });
    expect(rig.feed(send("a"))).toEqual([]);
    expect(rig.feed(send("b"))).toEqual([]);
    expect(rig.feed({ kind: "drained" })).toEqual([wrote("a"), wrote("b"), pinged("p1")]);
  });

  test("stop loses what waits and what is in flight, hangs up, and refuses the rest", () => {
    const rig = new LinkRig().up();
    rig.feed(send("a"));
    rig.feed({ kind: "congested" });
    rig.feed(send("b"));
    expect(rig.feed({ kind: "stop" })).toEqual([
      "hangup",
      "lost a link-down",
      "lost b link-down",
      "down after 0, again in undefined: stopped",
    ]);
    expect(rig.feed(send("c"))).toEqual(["lost c link-down"]);
    expect(rig.link.nextDeadline()).toBeUndefined();
  });

  test("a stanza from another domain, or to nobody, is the caller's mistake", () => {
    const rig = new LinkRig().up();
    const wrong = (xml: string) => () => rig.feed({ kind: "send", stanza: parse(xml) });
    expect(wrong(`<message from="bob@contoso.example.evil" to="a@example.com"/>`)).toThrow(
      "must be from that domain",
    );
    expect(wrong(`<message from="fabrikam.example/contoso.example" to="a@example.com"/>`)).toThrow(
      "from that domain",
    );
    expect(wrong(`<message to="a@example.com"/>`)).toThrow("must be from that domain");
    expect(wrong(`<message from="bob@contoso.example"/>`)).toThrow('has no "to"');
    expect(
      rig.feed({ kind: "send", stanza: parse(`<message from="CONTOSO.example/r@x" to="a@b"/>`) }),
    ).toHaveLength(1);
  });
});

describe("connecting", () => {
  test("a silent server is given up after dialTimeoutMs", () => {
    const rig = new LinkRig();
    expect(rig.feed({ kind: "start" })).toEqual(["dial"]);
    expect(rig.pass(9_999)).toEqual([]);
    expect(rig.pass(1)).toEqual([
      "hangup abruptly",
      "down after 1, again in 500: no handshake within 10000 ms",
    ]);
    expect(rig.pass(500)).toEqual(["dial"]);
  });

  test("waits double up to the cap, and start over only after a connection that lasted", () => {
    const rig = new LinkRig({ backoff: { baseMs: 1_000, capMs: 4_000 } });
    rig.feed({ kind: "start" });
    const failAndWait = (upForMs?: number): number => {
      if (upForMs !== undefined) {
        rig.feed({ kind: "opened" });
        rig.pass(upForMs);
      }
      rig.feed({ kind: "closed", reason: "cut" });
      const before = rig.now;
      const wait = (rig.link.nextDeadline()?.at ?? 0) - before;
      rig.pass(wait);
      return wait;
    };
    expect([failAndWait(), failAndWait(), failAndWait(), failAndWait()]).toEqual([500, 1_000, 2_000, 2_000]);
    expect(failAndWait(9_999)).toBe(2_000);
    expect(failAndWait(10_000)).toBe(500);
  });

  test.each([
    ["conflict", 45_000, "another connection already serves this component domain (conflict)"],
    ["not-authorized", 500, "the XMPP server refused the component's secret (not-authorized)"],
    ["system-shutdown", 500, "stream ended"],
  ])("after the stream error %s the next try comes in %i ms", (condition, wait, reason) => {
    const rig = new LinkRig();
    rig.feed({ kind: "start" });
    expect(rig.feed({ kind: "closed", reason: "stream ended", condition })).toEqual([
      `down after 1, again in ${wait}: ${reason}`,
    ]);
  });

  test("silence brings a keepalive ping, and silence after it a hangup", () => {
    const rig = new LinkRig().up();
    rig.pass(20_000);
    rig.receive(`<presence from="alice@example.com/x" to="bob@contoso.example"/>`);
    expect(rig.pass(29_999)).toEqual([]);
    expect(rig.pass(1)).toEqual([pinged("p1")]);
    expect(rig.receive(pong("p1"))).toEqual([]);
    expect(rig.pass(30_000)).toEqual([pinged("p2")]);
    expect(rig.pass(10_000)[0]).toBe("hangup abruptly");
  });
});
