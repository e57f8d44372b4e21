import type { Body, Outcome } from "@tombolo/sip";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Bed, inFlight } from "./bed.ts";
import { offer, plain, typing } from "./talk.ts";
import { pidf, tuple } from "./watches.ts";

/** Two pairs: alice and bob, dave and carol. */
const USERS = [
  { xmpp: "alice@example.com", sip: "bob@contoso.example" },
  { xmpp: "dave@example.com", sip: "carol@contoso.example" },
] as const;
const STATUSES = [200, 403, 404, 423, 480, 481, 486, 487, 488, 491, 500, 503, 603] as const;
const PRESENCES = [
  undefined,
  "unavailable",
  "subscribe",
  "subscribed",
  "unsubscribe",
  "unsubscribed",
  "probe",
  "error",
];
const ERROR =
  '<error type="cancel"><remote-server-timeout xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>';

const BODIES: Readonly<Record<string, Body>> = {
  MESSAGE: plain("inside"),
  INFO: typing("type"),
  NOTIFY: pidf(tuple("open")),
};

const pick = fc.nat(1000);
const who = fc.nat(1);
const step = fc.oneof(
  fc.record({ kind: fc.constant("presence" as const), who, type: fc.constantFrom(...PRESENCES) }),
  fc.record({ kind: fc.constant("chat" as const), who }),
  fc.record({
    kind: fc.constant("state" as const),
    who,
    state: fc.constantFrom("composing", "paused", "gone"),
  }),
  fc.record({ kind: fc.constant("subscribe" as const), who, expires: fc.constantFrom(0, 600, 7200) }),
  fc.record({ kind: fc.constant("invite" as const), who }),
  fc.record({ kind: fc.constant("page" as const), who }),
  fc.record({ kind: fc.constant("confirm" as const), pick }),
  fc.record({ kind: fc.constant("unconfirmed" as const), pick }),
  fc.record({
    kind: fc.constant("inside" as const),
    pick,
    method: fc.constantFrom("MESSAGE", "INFO", "BYE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"),
    state: fc.constantFrom(
      "active;expires=600",
      "pending",
      "terminated;reason=rejected",
      "terminated;reason=timeout",
      "x",
    ),
  }),
  fc.record({
    kind: fc.constant("early" as const),
    pick,
    state: fc.constantFrom("active", "terminated;reason=rejected"),
  }),
  fc.record({
    kind: fc.constant("outcome" as const),
    pick,
    result: fc.oneof(
      { weight: 3, arbitrary: fc.constant(200 as const) },
      { weight: 2, arbitrary: fc.constantFrom(...STATUSES, "timeout" as const, "unreachable" as const) },
    ),
  }),
  fc.record({ kind: fc.constant("taken" as const) }),
  fc.record({ kind: fc.constant("lost" as const) }),
  fc.record({ kind: fc.constant("returned" as const), pick }),
  fc.record({ kind: fc.constantFrom("link-up" as const, "link-down" as const, "partner-back" as const) }),
  fc.record({
    kind: fc.constant("rule" as const),
    who,
    action: fc.constantFrom("allow" as const, "block" as const, undefined),
    whole: fc.boolean(),
  }),
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restart" as const), ms: fc.constantFrom(0, 60_000, 700_000) }),
  },
  fc.record({ kind: fc.constant("dialogs-lost" as const), pick }),
  fc.record({
    kind: fc.constant("wait" as const),
    ms: fc.constantFrom(0, 100, 2000, 5000, 35_000, 130_000, 700_000),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The bed, moved by steps that fit whatever there is at the time. */
class World {
  readonly bed = new Bed();
  private early = 0;

  take(move: Step): void {
    const { bed } = this;
    const user = "who" in move ? USERS[move.who]! : USERS[0];
    switch (move.kind) {
      case "presence":
        bed.presence(
          move.type,
          move.type === "error" ? ERROR : "",
          `${user.xmpp}${move.type ? "" : "/desk"}`,
          user.sip,
        );
        break;
      case "chat":
        bed.chat("text", { from: `${user.xmpp}/desk`, to: user.sip });
        break;
      case "state":
        bed.chatState(move.state, `${user.xmpp}/desk`, user.sip);
        break;
      case "subscribe":
        this.request("SUBSCRIBE", user, [
          ["Event", "presence"],
          ["Expires", String(move.expires)],
        ]);
        break;
      case "invite":
        bed.request("INVITE", { from: `sip:${user.sip}`, to: `sip:${user.xmpp}`, body: offer() });
        break;
      case "page":
        bed.request("MESSAGE", { from: `sip:${user.sip}`, to: `sip:${user.xmpp}`, body: plain("page") });
        break;
      case "inside":
        this.inside(move);
        break;
      case "early":
        this.opening(move);
        break;
      case "outcome":
        this.outcome(move.pick, move.result);
        break;
      case "taken":
        if (bed.untaken > 0) bed.taken();
        break;
      case "lost":
        if (bed.untaken > 0) bed.lost();
        break;
      case "returned":
        this.returned(move.pick);
        break;
      case "link-up":
        bed.linkUp();
        break;
      case "link-down":
        bed.linkDown();
        break;
      case "partner-back":
        bed.partnerBack();
        break;
      case "rule":
        bed.rule(move.action, move.whole ? "contoso.example" : user.sip, user.xmpp);
        break;
      case "restart":
        bed.restart(move.ms);
        break;
      case "wait":
        bed.advance(move.ms);
        break;
      default:
        this.onDialog(move.kind, this.some(bed.liveDialogs, move.pick));
    }
  }

  private request(method: string, user: (typeof USERS)[number], headers: [string, string][]): void {
    this.bed.request(method, { from: `sip:${user.sip}`, to: `sip:${user.xmpp}`, headers });
  }

  private some<T>(list: readonly T[], at: number): T | undefined {
    return list[at % Math.max(1, list.length)];
  }

  private onDialog(kind: "confirm" | "unconfirmed" | "dialogs-lost", dialog: string | undefined): void {
    if (dialog === undefined) return;
    if (kind === "confirm") this.bed.confirm(dialog);
    else if (kind === "unconfirmed") this.bed.event({ kind, dialog });
    else this.bed.event({ kind, dialogs: [dialog] });
  }

  private inside({ pick: at, method, state }: Extract<Step, { kind: "inside" }>): void {
    const dialog = this.some(this.bed.liveDialogs, at);
    if (dialog === undefined) return;
    const body = BODIES[method];
    this.bed.request(method, {
      dialog,
      headers: [
        ["Subscription-State", state],
        ["Expires", "600"],
      ],
      ...(body && { body }),
    });
  }

  private opening({ pick: at, state }: Extract<Step, { kind: "early" }>): void {
    const opening = this.some(this.bed.openingSubscribes, at);
    if (opening === undefined) return;
    const headers: [string, string][] = [["Subscription-State", state]];
    this.bed.request("NOTIFY", {
      dialog: `early${++this.early}`,
      opening,
      headers,
      body: pidf(tuple("open")),
    });
  }

  outcome(at: number, result: number | Exclude<Outcome["kind"], "final">): void {
    const ref = this.some(this.bed.pendingRefs, at);
    if (ref === undefined) return;
    const method = this.bed.methodOf(ref);
    // A timer of the engine's tells of the other side's silence, no sooner.
    if (result === "timeout") this.bed.advance(32_000);
    this.bed.outcome(method, result, { ref });
  }

  private returned(at: number): void {
    const tracked = this.some(this.bed.sentTracked, at);
    if (tracked) this.bed.returns("recipient-unavailable", tracked);
  }

  /** Every law that holds at every moment. */
  check(): void {
    const { bed } = this;
    for (const direction of ["sip_to_xmpp", "xmpp_to_sip"] as const) {
      expect(inFlight(bed.account(direction))).toBeGreaterThanOrEqual(0);
    }
    // A MESSAGE waits for the XMPP server; every other request is answered at once.
    expect(bed.unanswered.every((ref) => bed.requestMethod(ref) === "MESSAGE")).toBe(true);
    expect(bed.unanswered.length).toBe(inFlight(bed.account("sip_to_xmpp")));
    expect(bed.untaken).toBeGreaterThanOrEqual(inFlight(bed.account("sip_to_xmpp")));
  }

  /** Everybody leaves politely and all that is open is answered: then nothing may be left. */
  windUp(): void {
    const { bed } = this;
    bed.linkUp();
    for (const { xmpp, sip } of USERS) bed.presence("unsubscribe", "", xmpp, sip);
    for (let round = 0; round < 12; round++) {
      while (bed.untaken > 0) bed.taken();
      for (const dialog of bed.liveDialogs) bed.confirm(dialog);
      while (bed.pendingRefs.length > 0) this.outcome(0, 481);
      bed.advance(8_000_000);
      this.check();
    }
    bed.advance(48 * 3_600_000);
  }
}

it("holds in any order of events: one fate for each text, one answer to each request, nothing left at the end", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (moves) => {
      const world = new World();
      for (const move of moves) {
        world.take(move);
        world.check();
      }
      world.windUp();
      const { bed } = world;
      expect([
        bed.translator.size,
        bed.translator.underWay,
        bed.liveDialogs,
        bed.pending,
        bed.unanswered,
        ["authorization", "dialog", "presence"].map((what) => bed.kept[what as "dialog"].size),
      ]).toEqual([0, 0, [], [], [], [0, 0, 0]]);
      for (const direction of ["sip_to_xmpp", "xmpp_to_sip"] as const) {
        expect(inFlight(bed.account(direction))).toBe(0);
      }
      const sessions = bed.observations.reduce(
        (sum, seen) => sum + (seen.what === "session" ? seen.change : 0),
        0,
      );
      expect(sessions).toBe(0);
      const watches = new Map<string, number>();
      for (const seen of bed.observations) {
        if (seen.what !== "subscription") continue;
        if (seen.from) watches.set(seen.from, (watches.get(seen.from) ?? 0) - 1);
        if (seen.to) watches.set(seen.to, (watches.get(seen.to) ?? 0) + 1);
      }
      expect([...watches.values()].every((count) => count === 0)).toBe(true);
    }),
    { numRuns: 1500 },
  );
});

it("shows a SIP watcher only what was sent to it, after it was let in and before it was shut out", () => {
  const presence = fc.record({
    kind: fc.constant("presence" as const),
    who,
    type: fc.constantFrom(undefined, "unavailable", "subscribed", "unsubscribed"),
    note: fc.nat(1_000_000),
  });
  const other = fc.oneof(
    fc.record({ kind: fc.constant("subscribe" as const), who, expires: fc.constantFrom(0, 600, 7200) }),
    fc.record({
      kind: fc.constant("outcome" as const),
      pick,
      result: fc.constantFrom(200 as const, 500 as const),
    }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(0, 2000, 5000, 700_000) }),
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(presence, other), { maxLength: 60 }), (moves) => {
      const world = new World();
      const { bed } = world;
      /** What each watcher may be shown now: the notes of presence sent to them since they were last refused. */
      const allowed = USERS.map(() => new Set<string>());
      for (const move of moves) {
        if (move.kind !== "presence") world.take(move);
        else {
          const { xmpp, sip } = USERS[move.who]!;
          const note = `for ${move.who}: ${move.note}`;
          if (move.type === "unsubscribed") allowed[move.who]!.clear();
          if (move.type === undefined) allowed[move.who]!.add(note);
          bed.presence(move.type, move.type ? "" : `<status>${note}</status>`, `${xmpp}/desk`, sip);
        }
        for (const line of bed.out()) {
          const shown = /^NOTIFY (\S+) .*"(for (\d): \d+)"$/.exec(line);
          if (!shown) continue;
          expect(bed.peerOf(shown[1]!)).toBe(`sip:${USERS[Number(shown[3])]!.sip}`);
          expect(allowed[Number(shown[3])]).toContain(shown[2]);
        }
      }
    }),
    { numRuns: 500 },
  );
});
