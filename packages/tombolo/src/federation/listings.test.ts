import type { PairLegs } from "@tombolo/translator";
import { describe, expect, it } from "vitest";
import { listSessions, listSubscriptions, MAX_ROWS } from "./listings.ts";

const NOW = 1_000_000;

function dialog(state: string, expiresAt?: number) {
  return { dialog: "a b c", state, expiresAt, documentAt: undefined };
}

function legs(parts: {
  readonly n?: number;
  readonly sip?: readonly ReturnType<typeof dialog>[];
  readonly xmpp?: { readonly state: string; readonly dialogs: readonly ReturnType<typeof dialog>[] };
  readonly session?: string;
}): PairLegs {
  const { n = 0, sip, xmpp, session = "idle" } = parts;
  return {
    pair: { xmppUser: `alice${n}@example.com`, sipUser: "bob@contoso.example", partner: "contoso.example" },
    watches: { sip: sip && { dialogs: sip }, xmpp },
    states: { session },
  } as unknown as PairLegs;
}

describe("subscriptions", () => {
  it("are a row for each direction, with the dialog that lasts longest", () => {
    const both = legs({
      sip: [dialog("pending", NOW + 60_000), dialog("active", NOW + 90_400)],
      xmpp: { state: "active", dialogs: [dialog("active", NOW + 7_200_000)] },
    });
    const { total, rows } = listSubscriptions([both], NOW);
    expect(total).toBe(2);
    expect(rows).toEqual([
      {
        watcher: "bob@contoso.example",
        presentity: "alice0@example.com",
        direction: "sip_to_xmpp",
        partner: "contoso.example",
        state: "active",
        dialogs: 2,
        expiresInSeconds: 90,
      },
      {
        watcher: "alice0@example.com",
        presentity: "bob@contoso.example",
        direction: "xmpp_to_sip",
        partner: "contoso.example",
        state: "active",
        dialogs: 1,
        expiresInSeconds: 7200,
      },
    ]);
  });

  it.each([
    ["all pending", legs({ sip: [dialog("pending")] }), [["pending", undefined]]],
    ["no dialog yet", legs({ xmpp: { state: "backoff", dialogs: [] } }), [["backoff", undefined]]],
    ["one that has just lapsed", legs({ sip: [dialog("active", NOW - 400)] }), [["active", 0]]],
    ["nobody watches", legs({ sip: [], xmpp: { state: "none", dialogs: [] } }), []],
  ])("state and time left: %s", (_, own, expected) => {
    const { rows } = listSubscriptions([own], NOW);
    expect(rows.map(({ state, expiresInSeconds }) => [state, expiresInSeconds])).toEqual(expected);
  });

  it.each([
    ["alice1@example.com", 1],
    ["bob@contoso.example", 3],
    ["example.com", 3],
    ["xample.com", 0],
    ["alice", 0],
    [undefined, 3],
  ])("may be asked for by address or domain: %s", (about, total) => {
    const pairs = [0, 1, 2].map((n) => legs({ n, sip: [dialog("active")] }));
    expect(listSubscriptions(pairs, NOW, about).total).toBe(total);
  });

  it("come so many at a time, and are all counted", () => {
    const pairs = (count: number) =>
      Array.from({ length: count }, (_, n) => legs({ n, session: "established" }));
    expect(listSessions(pairs(MAX_ROWS))).toMatchObject({ total: MAX_ROWS, rows: { length: MAX_ROWS } });
    const { total, rows } = listSessions([...pairs(MAX_ROWS), ...pairs(1)]);
    expect([total, rows.length]).toEqual([MAX_ROWS + 1, MAX_ROWS]);
  });
});

describe("sessions", () => {
  it("are those that there are", () => {
    const { rows } = listSessions([legs({}), legs({ n: 1, session: "inviting" })]);
    expect(rows).toEqual([
      {
        xmppUser: "alice1@example.com",
        sipUser: "bob@contoso.example",
        partner: "contoso.example",
        state: "inviting",
      },
    ]);
  });
});
