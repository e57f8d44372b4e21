import type { ProfileName } from "@tombolo/translator";
import type { Chance } from "./chance.ts";

/** How a text is met by the SIP user's client. */
export type TextMood =
  | "good"
  | "slow"
  | "late"
  | "declined"
  | "seen-unanswered"
  | "unseen-unanswered"
  | "forgotten";

/** How an INVITE of ours is met. */
export type InviteMood = "accepted" | "slow" | "declined" | "ignored" | "short-lived";

/** All that makes one seed another world than the next. Shares are of all cases, times in ms. */
export interface Moods {
  readonly profile: ProfileName;
  readonly sipUsers: number;
  readonly xmppUsers: number;
  /** Messages go as bytes through the framer, and stanzas as text through the parser. */
  readonly isBytes: boolean;
  readonly latency: { readonly low: number; readonly high: number };
  readonly text: Readonly<Record<TextMood, number>>;
  readonly invite: Readonly<Record<InviteMood, number>>;
  /** Mean pause between two texts, over all users. */
  readonly textEvery: number;
  readonly presenceEvery: number;
  readonly typingEvery: number;
  /** Mean pause between two faults; infinity: none. */
  readonly faultEvery: number;
  readonly doubled: number;
  /** How long the disk takes. */
  readonly commitMs: number;
  /** What becomes of SIP watchers without a rule. */
  readonly unknownWatcher: "ask" | "allow" | "deny";
  /** Share of the pairs that watch each other, each way. */
  readonly watching: number;
}

export function moodsOf(chance: Chance): Moods {
  const isRough = chance.of(0.8);
  const rough = (share: number) => (isRough ? share * chance.between(0.1, 2) : 0);
  return {
    profile: chance.weighted({ lync: 5, ocs: 2, simple: 3, aol: 1 }),
    sipUsers: 2 + chance.below(11),
    xmppUsers: 2 + chance.below(11),
    isBytes: chance.of(0.08),
    latency: {
      low: 0.5,
      high: chance.weighted({ "5": 6, "40": 3, "800": 1 }) === "5" ? 5 : chance.of(0.8) ? 40 : 800,
    },
    text: {
      good: 1,
      slow: rough(0.004),
      late: rough(0.0004),
      declined: rough(0.004),
      "seen-unanswered": rough(0.0005),
      "unseen-unanswered": rough(0.0005),
      forgotten: rough(0.003),
    },
    invite: {
      accepted: 1,
      slow: rough(0.1),
      declined: rough(0.1),
      ignored: rough(0.02),
      "short-lived": rough(0.05),
    },
    textEvery: chance.between(8, 60),
    presenceEvery: chance.between(500, 6_000),
    typingEvery: chance.between(300, 3_000),
    faultEvery: isRough ? chance.between(5_000, 60_000) : Number.POSITIVE_INFINITY,
    doubled: chance.of(0.3) ? 0.01 : 0,
    commitMs: chance.of(0.5) ? 0 : chance.mostlyLow(1, 60),
    unknownWatcher: chance.weighted({ ask: 8, allow: 1, deny: 1 }),
    watching: chance.between(0.1, 0.7),
  };
}
