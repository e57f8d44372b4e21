/** SIPp as partners that keep to the RFCs, and as one that writes no more than it must: the whole program with a real XMPP server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SippLab } from "./sipp-lab.ts";

const SIMPLE = "fabrikam.example";
const OCS = "litware.example";
const NOTIFIER = "northwind.example";
const RECEIVER = "tailspin.example";

let sipp: SippLab;
beforeAll(async () => {
  sipp = await SippLab.start([
    { domain: SIMPLE, profile: "simple", role: "calls" },
    { domain: OCS, profile: "ocs", role: "calls" },
    { domain: NOTIFIER, profile: "simple", role: "is called" },
    { domain: RECEIVER, profile: "simple", role: "is called" },
  ]);
});
afterAll(() => sipp?.stop());

describe.each([SIMPLE, OCS])("a SIPp partner, %s", (domain) => {
  const carol = `carol@${domain}`;
  const play = (name: string, values = {}) => sipp.calls(name, "carol", domain, values);

  test("a MESSAGE outside of a dialog arrives", async () => {
    await sipp.succeeds(play("message", { text: `page from ${domain}` }), domain);
    await sipp.alice.waitForMessage({ from: carol, body: `page from ${domain}` });
  });

  test("a MESSAGE to nobody is refused, not swallowed", async () => {
    await sipp.succeeds(play("message-unknown", { to: "nobody@example.com" }), domain);
  });

  test("a session is set up, carries a text and ends", async () => {
    await sipp.succeeds(play("session", { text: `session from ${domain}` }), domain);
    await sipp.alice.waitForMessage({ from: carol, body: `session from ${domain}` });
  });

  test("a watcher is told when it is let, and sees who is there", async () => {
    const watching = play("watcher");
    await sipp.alice.acceptSubscription(carol);
    await sipp.succeeds(watching, domain);
  });
});

describe("a SIPp partner that only takes requests", () => {
  test("is asked for presence, and what it notifies is seen", async () => {
    const notifier = await sipp.waits("notifier", "carol", NOTIFIER);
    sipp.alice.subscribe(`carol@${NOTIFIER}`);
    await sipp.succeeds(notifier, NOTIFIER);
    await sipp.alice.waitForPresence({ from: `carol@${NOTIFIER}`, type: "available", show: "away" });
  });

  test("gets a text as a MESSAGE outside of a dialog where it takes pages", async () => {
    const receiver = await sipp.waits("text-receiver", "carol", RECEIVER);
    sipp.alice.message(`carol@${RECEIVER}`, "Grüße");
    expect(await sipp.succeeds(receiver, RECEIVER)).toMatch(/\r?\n\r?\nGrüße\r?\n/);
  });
});
