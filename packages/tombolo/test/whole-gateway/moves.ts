import fc from "fast-check";
import { NOTIFY_FATES, type NotifyFate, SUBSCRIBE_FATES, type SubscribeFate } from "./fates.ts";
import type { Attitude } from "./sip-presentities.ts";
import type { ResourceName, Show } from "./xmpp-users.ts";

/** So many users on each side. */
export const USERS = { sip: 2, xmpp: 2 } as const;

/** What stays as it is for a whole story. */
export interface Scene {
  readonly profile: "lync" | "simple";
  readonly unknownWatcher: "ask" | "allow" | "deny";
  /** How long the disk takes, ms. */
  readonly commitMs: 0 | 5;
  readonly attitude: Attitude;
  readonly habit: "accept" | "wait";
  readonly manner: "talkative" | "terse";
  /** How the partner refuses, and whether it sends a NOTIFY again that failed. */
  readonly refusal: "403" | "rejected";
  readonly isDiligent: boolean;
  /** Killed once more before everybody goes. */
  readonly isRestarted: boolean;
}

/** What a user, an administrator, a server or a wire does. */
export type Deed =
  | {
      readonly do: "watch";
      readonly s: number;
      readonly x: number;
      readonly place: number;
      readonly expires: number;
    }
  | {
      readonly do: "refresh" | "unwatch" | "abandon";
      readonly s: number;
      readonly x: number;
      readonly place: number;
    }
  | { readonly do: "fetch" | "benotify"; readonly s: number; readonly x: number }
  | {
      readonly do: "subscribe" | "unsubscribe" | "accept" | "refuse" | "probe";
      readonly s: number;
      readonly x: number;
    }
  | { readonly do: "log-in" | "log-out"; readonly x: number; readonly at: ResourceName }
  | { readonly do: "show"; readonly x: number; readonly at: ResourceName; readonly show: Show }
  | { readonly do: "change"; readonly s: number; readonly isOpen: boolean }
  | { readonly do: "decide"; readonly s: number; readonly x: number; readonly attitude: Attitude }
  | { readonly do: "end"; readonly s: number; readonly x: number; readonly reason: string }
  | { readonly do: "publish"; readonly s: number; readonly what: "open" | "closed" | "nothing" }
  | {
      readonly do: "rule";
      readonly s: number;
      readonly x: number;
      readonly action: "allow" | "block" | "none";
    }
  | { readonly do: "meet-subscribe"; readonly fate: SubscribeFate }
  | { readonly do: "meet-notify"; readonly fate: NotifyFate }
  | { readonly do: "unreachable" | "server-restarts" | "kill" | "stop" | "sleep"; readonly ms: number }
  | {
      readonly do:
        | "cut"
        | "swallow"
        | "hang-up"
        | "partner-restarts"
        | "link-breaks"
        | "link-swallows"
        | "lose-memory"
        | "wait"
        | "day-passes"
        | "rest";
    };

/** A deed, and how long it is until the next one: ms, or until 1 ms before the program's next timer. */
export interface Move {
  readonly deed: Deed;
  readonly pause: number | "timer";
}

export interface Story {
  readonly scene: Scene;
  readonly moves: readonly Move[];
}

/** Mostly the first one, so that much happens to the same. */
const one = fc.constantFrom(0, 0, 1);
const [s, x, place] = [one, one, one];
const at = fc.constantFrom<ResourceName>("desk", "phone");
const attitude = fc.constantFrom<Attitude>("grant", "wait", "refuse", "block");

function deeds<K extends string>(...names: K[]): fc.Arbitrary<K> {
  return fc.constantFrom(...names);
}

type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Deed> };

/** What users and administrators do. */
const USUAL: readonly Weighted[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      do: deeds("watch"),
      s,
      x,
      place,
      expires: fc.constantFrom(3_600, 60, 600, 7_200),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: deeds("refresh", "unwatch", "abandon"), s, x, place }) },
  { weight: 2, arbitrary: fc.record({ do: deeds("fetch", "benotify"), s, x }) },
  { weight: 8, arbitrary: fc.record({ do: deeds("subscribe"), s, x }) },
  { weight: 10, arbitrary: fc.record({ do: deeds("accept", "refuse", "unsubscribe", "probe"), s, x }) },
  { weight: 4, arbitrary: fc.record({ do: deeds("log-in", "log-out"), x, at }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: deeds("show"), x, at, show: fc.constantFrom<Show>("", "away", "dnd") }),
  },
  { weight: 5, arbitrary: fc.record({ do: deeds("change"), s, isOpen: fc.boolean().map((no) => !no) }) },
  { weight: 4, arbitrary: fc.record({ do: deeds("decide"), s, x, attitude }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: deeds("publish"), s, what: fc.constantFrom("open", "closed", "nothing") }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: deeds("rule"), s, x, action: fc.constantFrom("block", "allow", "none") }),
  },
  { weight: 1, arbitrary: fc.record({ do: deeds("rest", "day-passes") }) },
];

const FIRST = { s: fc.constant(0), x: fc.constant(0) };
const DESK = { x: fc.constant(0), at: fc.constant<ResourceName>("desk") };

/** What the first two users do while the one watches the other, at one device. */
const FIRST_SIP_WATCH: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ do: deeds("watch"), ...FIRST, place: fc.constant(0), expires: fc.constantFrom(3_600, 60) }),
  fc.record({ do: deeds("unwatch", "refresh", "abandon"), ...FIRST, place: fc.constant(0) }),
  fc.record({ do: deeds("accept", "refuse", "fetch"), ...FIRST }),
  fc.record({ do: deeds("show"), ...DESK, show: fc.constant<Show>("") }),
  fc.record({ do: deeds("log-in", "log-out"), ...DESK }),
);

/** The other way round. */
const FIRST_XMPP_WATCH: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ do: deeds("subscribe", "unsubscribe", "probe"), ...FIRST }),
  fc.record({ do: deeds("decide"), ...FIRST, attitude }),
  fc.record({ do: deeds("change"), s: fc.constant(0), isOpen: fc.boolean() }),
);

/** What goes wrong. */
const FAULTS: readonly Weighted[] = [
  {
    weight: 1,
    arbitrary: fc.record({
      do: deeds("end"),
      s,
      x,
      reason: fc.constantFrom("timeout", "deactivated", "probation", "giveup", "noresource", "strange"),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: deeds("meet-subscribe"), fate: fc.constantFrom(...SUBSCRIBE_FATES) }),
  },
  { weight: 3, arbitrary: fc.record({ do: deeds("meet-notify"), fate: fc.constantFrom(...NOTIFY_FATES) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: deeds("cut", "swallow", "hang-up", "partner-restarts", "link-breaks", "link-swallows"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: deeds("kill", "stop", "unreachable", "server-restarts", "sleep"),
      ms: fc.constantFrom(1_000, 20_000, 300_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: deeds("lose-memory") }) },
];

const pause = fc.constantFrom<Move["pause"]>(
  1_000,
  0,
  1,
  2,
  3,
  "timer",
  50,
  6_000,
  33_000,
  61_000,
  0,
  1,
  2,
  "timer",
  700_000,
  7_300_000,
);

const scene: fc.Arbitrary<Scene> = fc.record({
  profile: fc.constantFrom("simple", "lync"),
  unknownWatcher: fc.constantFrom("ask", "ask", "ask", "allow", "deny"),
  commitMs: fc.constantFrom(0, 0, 0, 5),
  attitude: fc.constantFrom<Attitude>("grant", "grant", "wait", "refuse"),
  habit: fc.constantFrom("accept", "accept", "wait"),
  manner: fc.constantFrom("talkative", "terse"),
  refusal: fc.constantFrom("403", "rejected"),
  isDiligent: fc.constantFrom(true, false),
  isRestarted: fc.boolean(),
});

/** @param length moves at most. */
export function stories(length: number): fc.Arbitrary<Story> {
  const tale = (deed: fc.Arbitrary<Deed>) => {
    const move = fc.record({ deed, pause }).map((one) => [one]);
    const parts = fc.oneof({ weight: 5, arbitrary: move }, { weight: 1, arbitrary: flurry(deed) });
    return fc.array(parts, { maxLength: length, size: "max" }).map((list) => list.flat());
  };
  const usual = fc.oneof(...USUAL);
  const moves = fc.oneof(
    { weight: 1, arbitrary: tale(usual) },
    { weight: 2, arbitrary: tale(fc.oneof(...USUAL, ...FAULTS)) },
  );
  return fc.record({ scene, moves });
}

/** Much at once, so that messages cross, and then nothing for a while: one watch of two users, and little else. */
function flurry(deed: fc.Arbitrary<Deed>): fc.Arbitrary<Move[]> {
  return fc.oneof(crossing(FIRST_SIP_WATCH, deed), crossing(FIRST_XMPP_WATCH, deed));
}

function crossing(watch: fc.Arbitrary<Deed>, other: fc.Arbitrary<Deed>): fc.Arbitrary<Move[]> {
  const pauses = fc.constantFrom<Move["pause"]>(0, 1, 2, 3, "timer");
  const between = fc.oneof({ weight: 6, arbitrary: watch }, { weight: 1, arbitrary: other });
  const last = fc.constant<Move>({ deed: { do: "wait" }, pause: 61_000 });
  return fc
    .tuple(fc.array(fc.record({ deed: between, pause: pauses }), { minLength: 2, maxLength: 5 }), last)
    .map(([moves, end]) => [...moves, end]);
}

/** What leaves the time open that users need to see what is true. */
const DISTURBING: ReadonlySet<Deed["do"]> = new Set([
  "end",
  "meet-subscribe",
  "meet-notify",
  "cut",
  "swallow",
  "hang-up",
  "unreachable",
  "partner-restarts",
  "link-breaks",
  "link-swallows",
  "server-restarts",
  "kill",
  "stop",
  "sleep",
  "lose-memory",
]);

export function isDisturbing(deed: Deed): boolean {
  return DISTURBING.has(deed.do);
}

/** For people. */
export function sayDeed(deed: Deed): string {
  const { do: what, ...rest } = deed;
  const details = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return [what, ...details].join(", ");
}
