import { describe, expect, it } from "vitest";
import { type Exploration, explore } from "./explorer.ts";
import type { Alphabet } from "./people.ts";
import { WatchWorld } from "./watch-world.ts";

/** Moves more than CI tries: with `TOMBOLO_EXPLORE=2` each exploration goes two further, and takes some twenty times as long. */
const FURTHER = Number(process.env.TOMBOLO_EXPLORE ?? 0);

const ALICE_AND_BOB = { xmpp: "alice@example.com", sip: "bob@contoso.example" };
const ALICE_AND_CAROL = { xmpp: "alice@example.com", sip: "carol@contoso.example" };
const DAVE_AND_BOB = { xmpp: "dave@example.com", sip: "bob@contoso.example" };

/** Every order of so many moves is tried. */
const EXPLORATIONS: readonly (readonly [name: string, depth: number, alphabet: Alphabet])[] = [
  ["alice watches bob", 6, { pairs: [ALICE_AND_BOB], xmppWatches: true, sipWatches: false, rules: false }],
  ["bob watches alice", 5, { pairs: [ALICE_AND_BOB], xmppWatches: false, sipWatches: true, rules: true }],
  ["they watch each other", 4, { pairs: [ALICE_AND_BOB], xmppWatches: true, sipWatches: true, rules: false }],
  [
    "bob and carol watch alice",
    4,
    { pairs: [ALICE_AND_BOB, ALICE_AND_CAROL], xmppWatches: false, sipWatches: true, rules: false },
  ],
  [
    "alice and dave watch bob",
    4,
    { pairs: [ALICE_AND_BOB, DAVE_AND_BOB], xmppWatches: true, sipWatches: false, rules: false },
  ],
];

function report(name: string, { depth, states, transitions }: Exploration): void {
  process.stdout.write(`explored "${name}": depth ${depth}, ${states} states, ${transitions} transitions\n`);
}

describe("every order of events, where", () => {
  it.each(EXPLORATIONS)("%s", { timeout: 4 * 3_600_000 }, (name, depth, alphabet) => {
    const found = explore(() => new WatchWorld(alphabet), depth + FURTHER);
    report(name, found);
    expect(found.states).toBeGreaterThan(40);
  });
});
