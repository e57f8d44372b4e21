import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AvailabilityAnswer,
  type AvailabilityQuestion,
  checkOverrides,
  joinStatusText,
  KEEP_AWAY_IN_A_MEETING,
  mapAvailability,
} from "./availability.ts";
import { AVAILABILITY_FALLBACKS, SHOWN_STATES } from "./availability-fallback.ts";
import { availabilityRoute } from "./availability-routes.ts";
import { defineTable } from "./availability-table.ts";
import { listTables } from "./availability-tables.ts";
import { AVAILABILITIES, type Availability, SYSTEMS, type SystemKey } from "./system.ts";

/** [table, from, state, text, to, state, text]; `true` for a text that the table leaves open: the received one. */
type CellPin = [
  string,
  SystemKey,
  Availability,
  string | null,
  SystemKey,
  Availability,
  string | null | true,
];

const PINS: CellPin[] = JSON.parse(
  readFileSync(new URL("../../test/availability-cells.json", import.meta.url), "utf8"),
);
const KEYS = Object.keys(SYSTEMS) as SystemKey[];

function ask(question: AvailabilityQuestion): AvailabilityAnswer {
  const answer = mapAvailability(question);
  if (!answer.ok) throw new Error(answer.why);
  return answer;
}

describe("the published cells", () => {
  it.each(PINS)("%s: %s %s (%s) is for %s %s (%s)", (table, from, state, text, to, toState, toText) => {
    const answer = mapAvailability({ from, state, text: text ?? undefined, to });
    expect(answer).toMatchObject({ ok: true, table, state: toState });
    expect((answer as AvailabilityAnswer).text ?? null).toBe(toText === true ? text : toText);
  });

  it("are 192, and the listing has no others", () => {
    const listed = listTables().flatMap(({ id, rows }) =>
      rows.flatMap((row) =>
        Object.entries(row.from).flatMap(([from, source]) =>
          Object.entries(row.to).map(([to, target]) => [
            id,
            from,
            source.state,
            source.text ?? null,
            to,
            target.state,
            target.received ? true : (target.text ?? null),
          ]),
        ),
      ),
    );
    const sorted = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(PINS).toHaveLength(192);
    expect(sorted(listed)).toEqual(sorted(PINS));
  });

  it("hit every row, each under its own id", () => {
    const hit = new Set(
      PINS.map(([, from, state, text, to]) => ask({ from, state, text: text ?? "", to }).row),
    );
    const ids = listTables().flatMap(({ rows }) => rows.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    expect([...hit].sort()).toEqual([...ids].sort());
  });

  it("keep their row ids", () => {
    expect(listTables().map(({ rows }) => rows.map(({ id }) => id).join(" "))).toEqual([
      "1-1.available 1-1.busy 1-1.do-not-disturb 1-1.be-right-back 1-1.away 1-1.offline",
      "1-2.available 1-2.away 1-2.do-not-disturb 1-2.offline 1-2.invisible",
      "1-3.available 1-3.busy 1-3.do-not-disturb 1-3.offline",
      "1-4.available 1-4.away 1-4.extended-away 1-4.do-not-disturb 1-4.offline",
      "1-5.available 1-5.busy 1-5.do-not-disturb 1-5.be-right-back 1-5.away 1-5.offline",
      "1-6.available 1-6.away 1-6.do-not-disturb 1-6.offline 1-6.invisible",
      "1-7.available 1-7.busy 1-7.do-not-disturb 1-7.offline",
      "1-8.available 1-8.away 1-8.extended-away 1-8.do-not-disturb 1-8.offline",
      "1-9.available 1-9.away 1-9.invisible 1-9.offline",
      "1-10.available 1-10.do-not-disturb 1-10.away-or-busy 1-10.idle 1-10.offline",
      "1-11.available 1-11.do-not-disturb 1-11.available-in-a-meeting 1-11.away 1-11.offline",
      "1-12.available 1-12.do-not-disturb 1-12.away-in-a-meeting 1-12.away 1-12.offline",
      "1-13.available 1-13.do-not-disturb 1-13.away 1-13.idle 1-13.offline",
      "1-14.available 1-14.do-not-disturb 1-14.busy 1-14.idle 1-14.offline",
      "1-15.available 1-15.do-not-disturb 1-15.away 1-15.extended-away 1-15.away-idle 1-15.offline",
    ]);
  });

  it("declare a loss exactly where a row does not read back to itself", () => {
    const lossy = listTables().flatMap(({ rows }) =>
      rows.filter((row) =>
        Object.entries(row.from).some(([source, { state, text }]) =>
          Object.keys(row.to).some((target) => {
            const from = source as SystemKey;
            const to = target as SystemKey;
            const there = ask({ from, state, text, to });
            const back = ask({ from: to, state: there.state, text: there.text, to: from });
            return back.state !== state || back.text !== text;
          }),
        ),
      ),
    );
    const declared = listTables().flatMap(({ rows }) => rows.filter(({ loss }) => loss !== undefined));
    expect(declared.map(({ id }) => id)).toEqual(lossy.map(({ id }) => id));
  });
});

describe("status text", () => {
  it("puts the user's own note behind a canned text", () => {
    const busy = { from: "lync", state: "Busy", to: "xmpp-third-party" } as const;
    expect(ask({ ...busy, text: "Quarter close" }).text).toBe("Busy - Quarter close");
    expect(ask({ ...busy, text: " busy " }).text).toBe("Busy");
    expect(ask({ ...busy, text: "  " }).text).toBe("Busy");
  });

  it("lets a note pass where the row has no text", () => {
    expect(ask({ from: "xmpp-third-party", state: "Away", text: "Lunch", to: "moc" }).text).toBe("Lunch");
    expect(ask({ from: "sametime", state: "Away", text: "Lunch", to: "cupc-8" })).toMatchObject({
      row: "1-11.away",
      text: "Lunch",
    });
  });

  it("uses up the text that a row is chosen by", () => {
    const idle = { from: "xmpp-third-party", state: "Away", text: "idle" } as const;
    expect(ask({ ...idle, to: "fed-cupc-7" })).toEqual({
      ok: true,
      table: "1-15",
      row: "1-15.away-idle",
      state: "Idle",
    });
    expect(ask({ ...idle, to: "sametime" }).text).toBe("Idle");
  });

  it("joins without a stray separator", () => {
    expect(joinStatusText(undefined, undefined)).toBeUndefined();
    expect(joinStatusText("Idle", "")).toBe("Idle");
    expect(joinStatusText(undefined, "note")).toBe("note");
  });
});

describe("states without a row", () => {
  it.each([
    ["cupc-8", "Away", "moc", "1-3", "fallback.away", "Away"],
    ["cupc-8", "Idle", "lync", "1-7", "fallback.idle", "Away"],
    ["cupc-7", "Busy", "moc", "1-2", "fallback.busy", "Busy"],
    ["cupc-7", "Busy", "sametime", "1-13", "fallback.busy", "Do Not Disturb"],
    ["cupc-7", "Invisible", "aim", "1-10", "fallback.invisible", "Offline"],
    ["xmpp-third-party", "Extended Away", "aim", "1-10", "fallback.extended-away", "Away"],
    ["lync", "Idle", "xmpp-third-party", "1-5", "fallback.idle", "Away"],
    ["lync", "Extended Away", "cupc-8", "1-5", "fallback.extended-away", "Away"],
    ["aim", "Do Not Disturb", "cupc-8", "1-9", "fallback.do-not-disturb", "Do Not Disturb"],
    ["webex-connect", "Be Right Back", "cupc-8", "1-12", "fallback.be-right-back", "Away"],
  ] as const)("%s %s is for %s (table %s) by %s %s", (from, state, to, table, row, shown) => {
    expect(mapAvailability({ from, state, to, text: "note" })).toEqual({
      ok: true,
      table,
      row,
      state: shown,
      text: "note",
    });
  });

  it("fall back to what the target can show, for every pair that has a table", () => {
    const state = fc.constantFrom(...AVAILABILITIES);
    fc.assert(
      fc.property(fc.constantFrom(...KEYS), state, fc.constantFrom(...KEYS), (from, shown, to) => {
        const route = availabilityRoute(from, to);
        const answer = mapAvailability({ from, state: shown, to });
        expect(answer.ok).toBe(route !== undefined);
        if (answer.ok && route) expect(SHOWN_STATES[route.to]).toContain(answer.state);
      }),
    );
  });

  it("know what each system shows from the tables themselves", () => {
    const shown = new Map<string, Set<Availability>>();
    for (const [, , , , to, state] of PINS) shown.set(to, (shown.get(to) ?? new Set()).add(state));
    for (const key of KEYS) expect([...(shown.get(key) ?? [])].sort()).toEqual([...SHOWN_STATES[key]].sort());
  });

  it("keep their order", () => {
    expect(
      Object.entries(AVAILABILITY_FALLBACKS).map(([state, { order }]) => [state, ...order].join(" > ")),
    ).toEqual([
      "Available > Available",
      "Away > Away > Available",
      "Busy > Busy > Do Not Disturb > Away > Available",
      "Do Not Disturb > Do Not Disturb > Busy > Away > Available",
      "Be Right Back > Be Right Back > Away > Available",
      "Extended Away > Extended Away > Away > Available",
      "Idle > Idle > Away > Available",
      "Invisible > Offline",
      "Offline > Offline",
    ]);
  });
});

describe("pairs without a table", () => {
  it.each([
    ["aim", "Invisible", "xmpp-third-party", "1-9.invisible", "Offline"],
    ["xmpp-third-party", "Do Not Disturb", "aim", "1-10.do-not-disturb", "Away"],
    ["xmpp-third-party", "Away", "aim", "1-10.away-or-busy", "Away"],
    ["fed-xmpp-third-party", "Do Not Disturb", "lync", "1-8.do-not-disturb", "Busy"],
    ["fed-cupc-8", "Busy", "xmpp-third-party", "1-14.busy", "Away"],
    ["cupc-7", "Busy", "xmpp-third-party", "fallback.busy", "Do Not Disturb"],
    ["xmpp-third-party", "Extended Away", "cupc-7", "1-15.extended-away", "Away"],
    ["lync", "Busy", "fed-xmpp-third-party", "1-5.busy", "Away"],
  ] as const)("%s %s is read for %s by %s as %s", (from, state, to, row, shown) => {
    expect(mapAvailability({ from, state, to })).toMatchObject({ row, state: shown });
  });

  it("are refused where both are foreign and unlike", () => {
    expect(mapAvailability({ from: "moc", state: "Busy", to: "aim" })).toEqual({
      ok: false,
      why: "no table says how aim sees moc",
    });
  });
});

describe("overrides", () => {
  const meeting = {
    from: "webex-connect",
    state: "Away",
    text: "In a meeting",
    to: "xmpp-third-party",
  } as const;

  it("change one cell of one row", () => {
    expect(ask(meeting).state).toBe("Available");
    const kept = ask({ ...meeting, overrides: KEEP_AWAY_IN_A_MEETING });
    expect(kept).toMatchObject({ row: "1-12.away-in-a-meeting", state: "Away", text: "In a meeting" });
    expect(ask({ ...meeting, to: "cupc-8", overrides: KEEP_AWAY_IN_A_MEETING }).state).toBe("Away");
  });

  it("of a row count wherever the row does: for twins of its columns and for those who borrow them", () => {
    for (const from of KEYS) {
      for (const to of KEYS) {
        const route = availabilityRoute(from, to);
        if (!route) continue;
        for (const { id, from: sources } of route.table.rows) {
          const source = sources[route.sourceColumn]!;
          const said = typeof source === "string" ? { state: source } : source;
          const cell = { state: "Busy", text: "own" } as const;
          const overrides = { [id]: Object.fromEntries(route.table.to.map((target) => [target, cell])) };
          expect(ask({ from, to, ...said, overrides })).toMatchObject({ row: id, ...cell });
          expect(ask({ from, to, ...said, overrides: { [id]: { [route.to]: cell } } })).toMatchObject(cell);
        }
      }
    }
  });

  it("with unknown rows or targets are named", () => {
    expect(checkOverrides(KEEP_AWAY_IN_A_MEETING)).toEqual([]);
    expect(checkOverrides({ "1-12.asleep": {}, "1-12.away": { moc: "Busy" } })).toEqual([
      'no availability row is called "1-12.asleep"',
      'row "1-12.away" has no target "moc"; it has xmpp-third-party, cupc-7, cupc-8',
    ]);
  });
});

it("a table without a row for Offline is a type error", () => {
  const rows = [{ id: "1-2.available", from: ["Available"], to: ["Available"] }] as const;
  // @ts-expect-error the row for Offline is missing
  defineTable({ id: "1-2", title: "", ref: "MAP-1-2", from: ["cupc-7"], to: ["moc"], rows });
});
