import type { SipWatchView, Translator, XmppWatchView } from "@tombolo/translator";
import { describe, expect, it } from "vitest";
import { type ExplainQuestion, explain } from "./explanation.ts";

const NOW = 10_000_000;
const PAIR = { xmppUser: "alice@example.com", sipUser: "bob@contoso.example", partner: "contoso.example" };

const XMPP: XmppWatchView = {
  state: "active",
  isAuthorized: true,
  dialogs: [
    { dialog: "ours theirs 77@call", state: "active", expiresAt: NOW + 3_600_000, documentAt: NOW - 30_000 },
  ],
  retryAt: undefined,
  deniedUntil: undefined,
  withdrawnAt: undefined,
  sees: { show: "away", status: "Busy", row: "1-5.busy" },
  published: undefined,
  lastFailure: undefined,
};

const SIP: SipWatchView = {
  authorization: "granted",
  askedAt: undefined,
  isDenied: false,
  isOut: false,
  isStale: false,
  resources: [{ resource: "desk", state: "Away", priority: 5 }],
  sees: { state: "Away", note: "lunch", row: "1-8.away" },
  dialogs: [{ dialog: "ours theirs 78@call", state: "active", expiresAt: NOW + 60_000, documentAt: NOW }],
};

function ask(
  watcher: "xmpp" | "sip",
  known: { xmpp?: Partial<XmppWatchView>; sip?: Partial<SipWatchView>; rule?: "allow" | "block" } = {},
  around: Partial<ExplainQuestion> = {},
) {
  const xmpp = known.xmpp && { ...XMPP, ...known.xmpp };
  const sip = known.sip && { ...SIP, ...known.sip };
  const rule = known.rule && {
    ...PAIR,
    user: PAIR.xmppUser,
    peer: PAIR.sipUser,
    action: known.rule,
    source: "api",
  };
  const translator = {
    find: () => (xmpp || sip ? { watches: { xmpp, sip } } : undefined),
    gate: () => ({ isDenied: known.rule === "block", rule }),
    publicationAt: () => undefined,
  } as unknown as Translator;
  const question = {
    ...PAIR,
    watcher,
    unknownWatcher: "ask",
    xmppLink: "up",
    connections: 2,
    remoteEdge: undefined,
    ...around,
  } as const;
  return explain(translator, question, NOW);
}

describe("why an XMPP user sees a SIP user so", () => {
  it("when all is well: what was told, by which row, from which dialog", () => {
    expect(ask("xmpp", { xmpp: {} })).toMatchObject({
      watcher: "alice@example.com",
      presentity: "bob@contoso.example",
      direction: "xmpp_to_sip",
      sees: 'available away "Busy"',
      because: 'told available away "Busy" by 1-5.busy',
      row: "1-5.busy",
      dialogs: [{ callId: "77@call", state: "active", expiresInSeconds: 3600, documentSecondsAgo: 30 }],
    });
  });

  it.each([
    ["never subscribed", undefined, "nothing", "the watcher has not subscribed here"],
    [
      "refused",
      { isAuthorized: false, deniedUntil: NOW + 1, lastFailure: "603", sees: undefined, dialogs: [] },
      "nothing",
      "the SIP side has refused after 603",
    ],
    [
      "not decided",
      { state: "pending", isAuthorized: false, sees: undefined },
      "nothing",
      "the SIP side has not decided",
    ],
    [
      "not reached at all",
      {
        state: "backoff",
        isAuthorized: false,
        dialogs: [],
        sees: undefined,
        lastFailure: "timeout",
        retryAt: NOW + 90_000,
      },
      "nothing",
      "the SIP side has not been asked with success after timeout",
    ],
    [
      "lost and not back yet",
      { dialogs: [], retryAt: NOW + 600_000, lastFailure: "503", withdrawnAt: NOW + 20_000 },
      'available away "Busy"',
      "no dialog after 503; asked again in 10 min; withdrawn in 20 s unless it answers",
    ],
    ["no document", { sees: undefined }, "nothing", "no document has come"],
  ] as const)("%s", (_, xmpp, sees, because) => {
    expect(ask("xmpp", xmpp ? { xmpp } : {})).toMatchObject({ sees, because });
  });
});

describe("why a SIP user sees an XMPP user so", () => {
  it("when all is well", () => {
    const found = ask("sip", { sip: {} });
    expect(found).toMatchObject({
      watcher: "bob@contoso.example",
      presentity: "alice@example.com",
      direction: "sip_to_xmpp",
      sees: 'Away "lunch"',
      because: "shown as Away by 1-8.away",
    });
    expect(found.steps.map(({ what, passes }) => [what, passes])).toEqual([
      ["gate", true],
      ["consent", true],
      ["dialog", true],
      ["source", true],
      ["mapping", true],
      ["link", true],
    ]);
  });

  it.each([
    ["no subscription", {}, "nothing", "the watcher has no subscription here"],
    [
      "a rule blocks",
      { rule: "block", sip: { sees: { state: "Offline" } } },
      "Offline",
      "a rule of the user's for bob@contoso.example says block (set by api): an offline user is shown",
    ],
    [
      "not decided",
      {
        sip: {
          authorization: "asked",
          askedAt: NOW - 300_000,
          resources: [],
          dialogs: [{ ...SIP.dialogs[0]!, state: "pending" }],
        },
      },
      "pending",
      "the XMPP user has been asked and has not decided (asked 5 min ago)",
    ],
    [
      "refused",
      { sip: { authorization: "refused", sees: { state: "Offline" } } },
      "Offline",
      "the XMPP user has refused the watcher: an offline user is shown",
    ],
    [
      "the server is out of reach",
      { sip: { isOut: true, sees: { state: "Offline" } } },
      "Offline",
      "the XMPP server has been out of reach for too long: an offline user is shown",
    ],
    [
      "not signed in",
      { sip: { resources: [], sees: { state: "Offline" } } },
      "Offline",
      "no device of the user's is there",
    ],
  ] as const)("%s", (_, known, sees, because) => {
    expect(ask("sip", known as Parameters<typeof ask>[1])).toMatchObject({ sees, because });
  });

  it("names the rule, the link and stale devices among the steps", () => {
    const { steps, rule } = ask("sip", { rule: "allow", sip: { isStale: true } }, { xmppLink: "down" });
    expect(rule).toEqual({ peer: "bob@contoso.example", action: "allow", source: "api" });
    expect(steps.map(({ says }) => says)).toContain(
      "the user's devices are desk Away (5); this is from before an outage or restart",
    );
    expect(steps.at(-1)).toEqual({
      what: "link",
      passes: false,
      says: "the XMPP link of contoso.example is down, 2 SIP connections are open",
    });
  });

  it.each([
    [1, true, "which is connected"],
    [0, false, "to which there is no connection"],
  ])("says how the edge in another process is reached, with %i connections", (connections, passes, how) => {
    const { steps } = ask("sip", {}, { remoteEdge: { at: "10.0.0.5:5062", connections } });
    const says = `the XMPP link of contoso.example is up, SIP goes by the edge 10.0.0.5:5062, ${how}`;
    expect(steps.at(-1)).toEqual({ what: "link", passes, says });
  });
});
