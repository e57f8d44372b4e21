import { dialogId, resumed } from "@tombolo/sip";
import type { Kept } from "@tombolo/translator";
import { describe, expect, it } from "vitest";
import type { GatewayInput } from "../gateway.ts";
import { DEFAULT_KIND_LIMITS } from "../store/kinds.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { RECORD_VERSION } from "../store/records.ts";
import { Keeper } from "./keeper.ts";

const HOUR = 3_600_000;
const WALL = 1_600_000_000_000;
const PAIR = {
  xmppUser: "alice@example.com",
  sipUser: "bob@contoso.example",
  partner: "contoso.example",
  sipUri: "sip:Bob@contoso.example",
};
const SNAPSHOT = {
  callId: "call",
  localTag: "ours",
  remoteTag: "theirs",
  local: "<sip:alice@example.com>;tag=ours",
  remote: "<sip:bob@contoso.example>;tag=theirs;epid=1",
  target: "sip:bob@192.0.2.1",
  routes: ["<sip:edge.contoso.example;lr;sig=x>"],
  localCSeq: 66,
  remoteCSeq: 3,
  partner: "contoso.example",
};
const DIALOG = dialogId("call", "ours", "theirs");

/** A process: its monotonic clock begins anew with each. */
function keeperAt(store: MemoryStore, now: number, wall: number, refused: unknown[] = []): Keeper {
  return new Keeper(
    store,
    () => ({ now, wall }),
    (kept, answer) => refused.push([kept.what, answer]),
  );
}

async function restored(keeper: Keeper): Promise<GatewayInput[]> {
  const inputs: GatewayInput[] = [];
  expect(await keeper.restore((input) => inputs.push(input))).toBe(inputs.length);
  return inputs;
}

const KEPT: readonly (readonly [name: string, kept: (now: number) => Kept])[] = [
  [
    "a rule",
    () => ({
      what: "rule",
      user: PAIR.xmppUser,
      peer: PAIR.sipUser,
      value: { action: "block", source: "api" },
    }),
  ],
  [
    "a permission that is asked for",
    (now) => ({
      what: "authorization",
      pair: PAIR,
      watcher: "sip",
      value: { state: "asked", since: now - HOUR, quietUntil: now + 23 * HOUR, askId: "" },
    }),
  ],
  [
    "a permission",
    (now) => ({ what: "authorization", pair: PAIR, watcher: "xmpp", value: { state: "active", since: now } }),
  ],
  [
    "what a watcher was told",
    (now) => ({
      what: "presence",
      pair: PAIR,
      watcher: "xmpp",
      value: { at: now, shown: { show: "away", status: "Busy" } },
    }),
  ],
  [
    "what a user shows",
    (now) => ({
      what: "presence",
      pair: PAIR,
      watcher: "sip",
      value: { at: now, resources: [{ resource: "desk", state: "Away", priority: -1 }] },
    }),
  ],
];

describe("what is kept comes back with its times by the next process's clock", () => {
  it.each(KEPT)("%s", async (_, kept) => {
    const store = new MemoryStore();
    keeperAt(store, 5_000_000, WALL).keep(kept(5_000_000), undefined);
    // Ten minutes later, in a process that has just begun.
    const inputs = await restored(keeperAt(store, 700, WALL + 600_000));
    expect(inputs).toEqual([{ kind: "restore", kept: kept(700 - 600_000) }]);
  });

  it("a dialog, with what the engine knows of it", async () => {
    const store = new MemoryStore();
    const kept = (now: number): Kept => ({
      what: "dialog",
      pair: PAIR,
      watcher: "xmpp",
      dialog: DIALOG,
      value: { state: "active", expiresAt: now + 2 * HOUR, expires: 14_400 },
    });
    keeperAt(store, 9_000_000, WALL).keep(kept(9_000_000), SNAPSHOT);
    const inputs = await restored(keeperAt(store, 700, WALL + 30_000));
    const snapshot = resumed(SNAPSHOT, WALL + 30_000);
    expect(inputs).toEqual([{ kind: "restore", kept: kept(700 - 30_000), snapshot }]);
  });
});

describe("what is over", () => {
  it.each(KEPT)("does not come back: %s", async (_, kept) => {
    const store = new MemoryStore();
    const keeper = keeperAt(store, 0, WALL);
    keeper.keep(kept(0), undefined);
    keeper.keep({ ...kept(0), value: undefined } as Kept, undefined);
    expect(await restored(keeper)).toEqual([]);
  });

  it("is also a dialog that the engine has lost meanwhile, and no other of the pair", async () => {
    const store = new MemoryStore();
    const keeper = keeperAt(store, 0, WALL);
    const value = { state: "pending", expiresAt: HOUR } as const;
    const of = (dialog: string): Kept => ({ what: "dialog", pair: PAIR, watcher: "sip", dialog, value });
    keeper.keep(of(DIALOG), SNAPSHOT);
    const other = { ...SNAPSHOT, callId: "other" };
    keeper.keep(of(dialogId("other", "ours", "theirs")), other);
    keeper.keep(of(DIALOG), undefined);
    expect(await restored(keeper)).toMatchObject([{ snapshot: { callId: "other" } }]);
  });
});

it("a clock that was set back by years leaves a dialog no more than a day", async () => {
  const store = new MemoryStore();
  const value = { state: "active", expiresAt: HOUR } as const;
  keeperAt(store, 0, WALL).keep(
    { what: "dialog", pair: PAIR, watcher: "sip", dialog: DIALOG, value },
    SNAPSHOT,
  );
  for (const [wall, expiresAt] of [
    [WALL - 400 * 24 * HOUR, 24 * HOUR],
    [WALL + 400 * 24 * HOUR, HOUR - 400 * 24 * HOUR],
  ] as const) {
    expect(await restored(keeperAt(store, 0, wall))).toMatchObject([{ kept: { value: { expiresAt } } }]);
  }
});

it("says what the store did not take", () => {
  const store = new MemoryStore({ ...DEFAULT_KIND_LIMITS, rule: 1 });
  const refused: unknown[] = [];
  const keeper = keeperAt(store, 0, WALL, refused);
  const rule = (peer: string): Kept => ({
    what: "rule",
    user: PAIR.xmppUser,
    peer,
    value: { action: "allow", source: "api" },
  });
  keeper.keep(rule("a@contoso.example"), undefined);
  keeper.keep(rule("a@contoso.example"), undefined);
  expect(refused).toEqual([]);
  keeper.keep(rule("b@contoso.example"), undefined);
  expect(refused).toEqual([["rule", "too-many"]]);
});

it("leaves out what the gateway does not know, and does not count it", async () => {
  const store = new MemoryStore();
  store.put({ v: RECORD_VERSION, kind: "meta", name: "install-key", value: "k" } as never);
  expect(await restored(keeperAt(store, 0, WALL))).toEqual([]);
});
