import type { LyncState, Show, ShownState } from "../src/index.ts";
import { ALICE, BOB, type Lab } from "../src/lab.ts";
import type { Ladder } from "./ladder.ts";

/** One part of the tour: it throws where the federation does something else than it should. */
export interface Part {
  readonly title: string;
  run(lab: Lab, ladder: Ladder): Promise<void>;
}

/** Presence changes are told at most once in five seconds (RFC 3856 6.10). */
const PATIENCE_MS = 9_000;

const bobWatchesAlice: Part = {
  title: "1. bob (Lync) adds alice (XMPP) and sees each of her states",
  async run({ edge, alice }, ladder) {
    const watching = edge.subscribe(ALICE);
    await alice.waitForPresence({ from: BOB, type: "subscribe" });
    const watch = await watching;
    await watch.notifies.waitFor(({ state }) => state === "pending", { what: "a NOTIFY that says pending" });
    ladder.pass("bob's subscription is pending, and alice is asked");
    alice.sendPresenceType(BOB, "subscribed");
    await watch.waitForState("Available", PATIENCE_MS);
    ladder.pass("alice accepts, bob sees her Available");
    const states: readonly [Show | "unavailable", ShownState][] = [
      ["away", "Away"],
      ["dnd", "Busy"],
      ["xa", "Away"],
      ["unavailable", "Offline"],
    ];
    for (const [show, shown] of states) {
      if (show === "unavailable") alice.unavailable();
      else alice.presence({ show });
      await watch.waitForState(shown, PATIENCE_MS);
      ladder.pass(`alice ${show}: bob sees ${shown} (table 1-8)`);
    }
    alice.presence();
    await watch.waitForState("Available", PATIENCE_MS);
    ladder.pass("alice is back: bob sees Available");
  },
};

const aliceWatchesBob: Part = {
  title: "2. alice adds bob and sees each of his states",
  async run({ edge, alice }, ladder) {
    alice.subscribe(BOB);
    await edge.waitForWatcher();
    await alice.waitForPresence({ from: BOB, type: "subscribed" });
    await alice.waitForPresence({ from: BOB, type: "available", show: "" });
    ladder.pass("one SUBSCRIBE; alice sees bob available");
    const states: readonly [LyncState, string, string | null][] = [
      ["Busy", "away", "Busy"],
      ["Be Right Back", "away", null],
      ["Do Not Disturb", "away", "Busy"],
      ["Away", "away", null],
      ["Offline", "unavailable", null],
      ["Available", "available", null],
    ];
    for (const [state, shown, text] of states) {
      await edge.setPresence(state);
      const presence = await alice.waitForPresence({ from: BOB });
      const got = presence.attrs.type ?? presence.getChildText("show") ?? "available";
      const status = presence.getChildText("status");
      if (got !== shown || status !== text)
        throw new Error(`bob ${state}: alice saw ${got} with text ${status}`);
      ladder.pass(
        `bob ${state}: alice sees ${shown}${text === null ? "" : ` with the text “${text}”`} (table 1-5)`,
      );
    }
    if (edge.watchers.length !== 1) throw new Error(`${edge.watchers.length} SUBSCRIBEs instead of one`);
  },
};

const bobWrites: Part = {
  title: "3. bob writes to alice",
  async run({ edge, alice }, ladder) {
    await edge.sendIm(ALICE, "Hi Alice, got a minute?");
    const first = await alice.waitForMessage({ from: BOB, body: "Hi Alice, got a minute?" });
    const thread = first.getChildText("thread");
    if (!thread || first.attrs.type !== "chat") throw new Error("no chat message with a thread");
    await edge.conversation.send("<b>5 > 4</b> & 😀 is fine\r\nsecond line");
    const second = await alice.waitForMessage({ from: BOB, body: "<b>5 > 4</b> & 😀 is fine\nsecond line" });
    if (second.getChildText("thread") !== thread) throw new Error("another thread");
    ladder.pass("INVITE, 200, ACK, MESSAGE: alice has both texts, in one thread, markup and emoji untouched");
    const refused = await edge.request({
      method: "MESSAGE",
      to: "nobody@example.com",
      headers: [["Content-Type", "text/plain"]],
      body: "anybody?",
    });
    if (refused.start.startsWith("SIP/2.0 2")) throw new Error("a text to nobody was called delivered");
    ladder.pass(
      `200 only when the server has the text: one to nobody@example.com gets ${refused.start.slice(8)}`,
    );
    await edge.bye();
    ladder.pass("bob closes the window: BYE, 200");
  },
};

const aliceWrites: Part = {
  title: "4. alice writes to bob",
  async run({ edge, alice }, ladder) {
    edge.invitePolicy = { kind: "accept", delayMs: 800, provisional: [101, 180] };
    const texts = ["Lunch?", "Noon at the harbour?", "My treat."];
    for (const text of texts) alice.message(BOB, text);
    const conversation = await edge.waitForConversation();
    for (const text of texts) await conversation.waitForText(text);
    ladder.pass("one INVITE, then a MESSAGE each, in order, one in flight");
    await edge.reply("Sounds good!");
    await alice.waitForMessage({ from: BOB, body: "Sounds good!" });
    ladder.pass("bob's reply comes in the same session");
    await edge.bye();
    edge.invitePolicy = { kind: "decline", code: 603 };
    const id = alice.message(BOB, "One more thing…");
    const error = await alice.waitFor((stanza) => stanza.attrs.id === id && stanza.attrs.type === "error", {
      what: "the error for the declined text",
    });
    const text = error.getChild("error")?.getChildText("text");
    ladder.pass(`bob declines the next one: alice's text comes back as an error that says “${text}”`);
    edge.invitePolicy = { kind: "accept" };
  },
};

export const PARTS: readonly Part[] = [bobWatchesAlice, aliceWatchesBob, bobWrites, aliceWrites];
