import { decodeTextBody, type EngineCommand } from "@tombolo/sip";
import fc from "fast-check";
import { expect, it } from "vitest";
import { RECENT_TEXT_LASTS } from "../src/im/recent.ts";
import { type Kept, type PeerProfile, profileByName } from "../src/index.ts";
import { Bed, inFlight, PARTNER } from "./bed.ts";
import { offer, plain } from "./talk.ts";

/**
 * Alice and bob chat while everything fails: bob's side is a model that keeps what it has answered 2xx to, alice's server
 * one that keeps what it was sent, and we are killed and start again from what was kept, now and then from what was kept a
 * moment earlier. What arrives is compared with what was written.
 */

const pick = fc.nat(1000);
const step = fc.oneof(
  { weight: 10, arbitrary: fc.constant({ kind: "alice" as const }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("bob" as const), pick, alone: fc.boolean() }) },
  fc.record({ kind: fc.constant("again" as const), pick }),
  fc.record({ kind: fc.constant("invite" as const), withText: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("confirm" as const), pick }) },
  fc.record({ kind: fc.constant("bye" as const), pick }),
  fc.record({ kind: fc.constant("lose" as const), pick }),
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      pick,
      result: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(200 as const, 202 as const) },
        { weight: 1, arbitrary: fc.constant("timeout" as const) },
        fc.constantFrom(400, 403, 480, 481, 486, 487, 488, 500, 603, "unreachable" as const),
      ),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ kind: "taken" as const }) },
  fc.constant({ kind: "lost" as const }),
  fc.record({ kind: fc.constant("link" as const), up: fc.boolean() }),
  fc.constant({ kind: "returned" as const }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("kill" as const),
      lag: fc.constantFrom(0, 1, 2, 4),
      ms: fc.constantFrom(0, 5000, 130_000),
    }),
  },
  fc.record({
    kind: fc.constant("wait" as const),
    ms: fc.constantFrom(10, 1000, 6000, 40_000, 130_000, 700_000),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

type Written = Extract<EngineCommand, { kind: "request" | "dialog-request" }>;

class Chat {
  readonly bed: Bed;
  /** What alice wrote, in order, and what of it bob's side took, perhaps without our knowing, plain or marked as late. */
  readonly fromAlice: string[] = [];
  readonly atBob: string[] = [];
  readonly lateAtBob: string[] = [];
  /** Of which texts her server has taken an error. */
  readonly aliceKnows = new Set<string>();
  /** Read, and not on disk when we were killed. */
  readonly inTheGap = new Set<string>();
  /** Texts that were kept after each of the last steps. */
  private readonly history: ReadonlyMap<string, Kept>[] = [];
  /** Written before a kill: what she sends again of these is new to us. */
  private forgotten = 0;
  /** What bob heard was delivered, and what alice's server got, in order. */
  readonly fromBob: string[] = [];
  readonly toldBob: string[] = [];
  readonly atAlice: string[] = [];
  readonly toldAlice = new Set<string>();
  private readonly writtenAt = new Map<string, number>();
  private serial = 0;
  private readonly requests = new Map<string, string>();
  /** Texts that came inside INVITEs, by dialog, until they are sent again. */
  private readonly firstTexts = new Map<string, string>();

  constructor(im: Partial<PeerProfile["im"]>) {
    const profile = profileByName("lync");
    this.bed = new Bed({
      partners: [{ domain: PARTNER, profile: { ...profile, im: { ...profile.im, ...im } } }],
    });
    this.bed.holdsErrors = true;
    this.bed.onCommand = (command) => this.onCommand(command);
    this.bed.onStanza = (stanza) => {
      const text = stanza.getChildText("body");
      if (stanza.attrs.type === "error") this.toldAlice.add(stanza.attrs.id!);
      else if (text !== null) this.atAlice.push(text);
    };
  }

  private onCommand(command: EngineCommand): void {
    if (command.kind !== "answer" || command.status >= 300) return;
    const text = this.requests.get(command.request);
    if (text !== undefined) this.toldBob.push(text);
  }

  take(move: Step): void {
    this.history.push(new Map(this.bed.kept.text));
    this.move(move);
  }

  private move(move: Step): void {
    const { bed } = this;
    const dialogs = bed.liveDialogs;
    const dialog = "pick" in move ? dialogs[move.pick % Math.max(1, dialogs.length)] : undefined;
    switch (move.kind) {
      case "alice": {
        const id = `a${++this.serial}`;
        this.fromAlice.push(id);
        this.writtenAt.set(id, bed.now);
        bed.chat(id, { id });
        break;
      }
      case "again": {
        const known = this.fromAlice.slice(this.forgotten);
        const id = known[move.pick % Math.max(1, known.length)];
        // A client that sends again what it has heard nothing of, while that is known again.
        const isRecent = id !== undefined && bed.now < this.writtenAt.get(id)! + RECENT_TEXT_LASTS;
        if (isRecent && !this.toldAlice.has(id)) bed.chat(id, { id });
        break;
      }
      case "bob": {
        if (!move.alone && dialog === undefined) return;
        const first = move.alone || dialog === undefined ? undefined : this.firstTexts.get(dialog);
        if (dialog !== undefined) this.firstTexts.delete(dialog);
        // Most clients send the text of their INVITE again.
        const text = first ?? `b${++this.serial}`;
        this.fromBob.push(text);
        this.requests.set(`r${bed.nextSerial}`, text);
        bed.request("MESSAGE", {
          body: plain(text),
          ...(move.alone || dialog === undefined ? {} : { dialog }),
        });
        break;
      }
      case "invite":
        this.invite(move.withText);
        break;
      case "confirm":
        if (dialog !== undefined) bed.confirm(dialog);
        break;
      case "bye":
        if (dialog !== undefined) bed.request("BYE", { dialog });
        break;
      case "lose":
        if (dialog !== undefined) bed.event({ kind: "dialogs-lost", dialogs: [dialog] });
        break;
      case "answer":
        this.answer(bed.pendingRefs[move.pick % Math.max(1, bed.pendingRefs.length)], move.result, move.pick);
        break;
      case "taken":
        this.taken();
        break;
      case "kill":
        this.kill(move.lag, move.ms);
        break;
      case "lost":
        if (bed.untaken > 0) bed.lost();
        break;
      case "link":
        if (move.up) bed.linkUp();
        else {
          bed.linkDown();
          while (bed.untaken > 0) bed.lost();
        }
        break;
      case "returned":
        if (bed.untaken > 0 && bed.oldestUntaken?.attrs.type !== "error") bed.returns("item-not-found");
        break;
      case "wait":
        bed.advance(move.ms);
        break;
    }
  }

  /** The server takes what it was sent first. */
  private taken(): void {
    const { oldestUntaken } = this.bed;
    if (!oldestUntaken) return;
    if (oldestUntaken.attrs.type === "error") this.aliceKnows.add(oldestUntaken.attrs.id!);
    this.bed.taken();
  }

  /** @param lag steps whose changes were not on disk. */
  private kill(lag: number, ms: number): void {
    const { text } = this.bed.kept;
    const onDisk = this.history.at(-lag) ?? text;
    for (const [key, kept] of text) if (lag > 0 && !onDisk.has(key)) this.inTheGap.add(idOf(kept));
    const records = [...(lag > 0 ? onDisk : text)];
    text.clear();
    for (const [key, kept] of records) text.set(key, kept);
    this.history.length = 0;
    this.firstTexts.clear();
    this.requests.clear();
    this.forgotten = this.fromAlice.length;
    this.bed.restart(ms);
  }

  private invite(withText: boolean): void {
    const text = `b${++this.serial}`;
    const header = ["ms-text-format", `text/plain; ms-body=${btoa(text)}`] as const;
    const ref = this.bed.request("INVITE", { body: offer(), headers: withText ? [header] : [] });
    if (withText) this.firstTexts.set(`d${ref.slice(1)}`, text);
  }

  answer(ref: string | undefined, result: number | "timeout" | "unreachable", at = 0): void {
    const { bed } = this;
    if (ref === undefined) return;
    const command = bed.commandOf(ref);
    const text = command.method === "MESSAGE" ? textOf(command as Written) : undefined;
    // Silence: bob's side may have taken it all the same.
    const isTaken = typeof result === "number" ? result < 300 : result === "timeout" && at % 2 === 0;
    const [, mark, plainText] = /^(\[delayed\] )?(.*)$/.exec(text ?? "") ?? [];
    if (text !== undefined && isTaken) (mark ? this.lateAtBob : this.atBob).push(plainText!);
    if (result === "timeout") bed.advance(32_000);
    bed.outcome(command.method, result, { ref });
  }

  /** What must hold at every moment. */
  check(): void {
    const { bed } = this;
    for (const direction of ["sip_to_xmpp", "xmpp_to_sip"] as const)
      expect(inFlight(bed.account(direction))).toBeGreaterThanOrEqual(0);
    // One text at a time (C-30).
    const texts = bed.pendingRefs.filter((ref) => bed.methodOf(ref) === "MESSAGE");
    expect(texts.length).toBeLessThanOrEqual(1);
    expectInOrder(this.atBob.filter(isText), this.fromAlice);
    // What came inside an INVITE has no place in the row: it may wait for a MESSAGE that never comes.
    expect(new Set(this.atAlice).size).toBe(this.atAlice.length);
    for (const text of this.toldBob) expect(this.atAlice).toContain(text);
  }

  windUp(): void {
    const { bed } = this;
    bed.linkUp();
    for (let round = 0; round < 12; round++) {
      while (bed.untaken > 0) this.taken();
      for (const dialog of bed.liveDialogs) bed.confirm(dialog);
      while (bed.pendingRefs.length > 0) this.answer(bed.pendingRefs[0], 200);
      bed.advance(700_000);
      this.check();
    }
  }
}

const isText = (text: string) => text.startsWith("a");

const idOf = (kept: Kept) => (kept.what === "text" && kept.value?.origin.id) || "";

function textOf(command: Written): string | undefined {
  const reading = command.body && decodeTextBody(command.body.type, command.body.bytes);
  return reading?.ok ? reading.text : undefined;
}

/** Each once, and in the order in which they were written. */
function expectInOrder(arrived: readonly string[], written: readonly string[]): void {
  const places = arrived.map((text) => written.indexOf(text));
  expect(places.every((place, i) => i === 0 || place > places[i - 1]!)).toBe(true);
}

it.each([
  ["sessions", {}],
  ["single messages", { mode: "page", typing: "message" }],
  ["sessions, else single messages", { pageFallback: true }],
] as const)(
  "two users over failing links, by %s: nothing lost silently, doubled or out of order",
  (_, im) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (moves) => {
        const chat = new Chat(im);
        for (const move of moves) {
          chat.take(move);
          chat.check();
        }
        chat.windUp();
        const { bed } = chat;
        expect([bed.translator.size, bed.translator.underWay, bed.pending, bed.unanswered]).toEqual([
          0,
          0,
          [],
          [],
        ]);
        for (const direction of ["sip_to_xmpp", "xmpp_to_sip"] as const)
          expect(inFlight(bed.account(direction))).toBe(0);
        // Alice knows of each text that it did not arrive, or bob has it.
        const { atBob, lateAtBob, aliceKnows, inTheGap } = chat;
        for (const id of chat.fromAlice) {
          const isKnown =
            atBob.includes(id) || lateAtBob.includes(id) || aliceKnows.has(id) || inTheGap.has(id);
          expect([id, isKnown]).toEqual([id, true]);
        }
        expect(bed.kept.text.size).toBe(0);
        const { accepted, delivered } = bed.account("xmpp_to_sip");
        expect(accepted).toBeLessThanOrEqual(chat.fromAlice.length + chat.toldAlice.size);
        expect(delivered).toBeLessThanOrEqual([...atBob, ...lateAtBob].filter(isText).length);
      }),
      { numRuns: 1000 },
    );
  },
);
