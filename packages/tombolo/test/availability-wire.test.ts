/** Every pair of systems on the wire: bytes of a NOTIFY in and a stanza out, a stanza in and bytes of a NOTIFY out. */
import { readFileSync } from "node:fs";
import { AVAILABILITY_FALLBACKS, type Availability } from "@tombolo/translator";
import { describe, expect, it } from "vitest";
import { stanzaLine, type WireDocument, WireTalk } from "./wire-talk.ts";
import { FederationWorld, type WorldSettings } from "./world.ts";

/** Of the published tables: [table, from, state, text, to, state, text]; `true` for a text that is the received one. */
type Cell = readonly [
  string,
  string,
  Availability,
  string | null,
  string,
  Availability,
  string | null | true,
];

const CELLS: readonly Cell[] = JSON.parse(
  readFileSync(new URL("../../translator/test/availability-cells.json", import.meta.url), "utf8"),
);
const hit = new Set<Cell>();

// ---- what the tables say of a pair

interface Said {
  readonly state: Availability;
  readonly text: string | null;
}

const TWINS: readonly (readonly [string, string])[] = [
  ["cupc-7", "fed-cupc-7"],
  ["cupc-8", "fed-cupc-8"],
  ["xmpp-third-party", "fed-xmpp-third-party"],
];
const local = (system: string) => TWINS.find((twins) => twins[1] === system)?.[0] ?? system;
const remote = (system: string) => TWINS.find((twins) => twins[0] === system)?.[1] ?? system;
/** AOL's tables have no XMPP clients. */
const BORROWED: readonly (readonly string[])[] = [
  ["aim", "xmpp-third-party", "aim", "cupc-8"],
  ["xmpp-third-party", "aim", "cupc-7", "aim"],
];
/** Two systems without a table meet by way of this one. */
const VIA = "xmpp-third-party";

function columnOf(from: string, to: string): readonly Cell[] {
  const [, , ...as] = BORROWED.find((pair) => pair[0] === from && pair[1] === to) ?? [];
  const tries = [
    [from, to],
    [local(from), to],
    [from, remote(to)],
    [local(from), remote(to)],
    [from, local(to)],
    [local(from), local(to)],
    as,
  ];
  for (const [source, target] of tries) {
    const cells = CELLS.filter((cell) => cell[1] === source && cell[4] === target);
    if (cells.length > 0) return cells;
  }
  return [];
}

function expected(from: string, to: string, { state, text }: Said): Said {
  const column = columnOf(from, to);
  if (column.length === 0) return expected(VIA, to, expected(from, VIA, { state, text }));
  const byText = column.find((cell) => cell[2] === state && cell[3] !== null && cell[3] === text);
  const cell = byText ?? column.find((candidate) => candidate[2] === state && candidate[3] === null);
  if (cell === undefined) {
    const shown = CELLS.filter((candidate) => candidate[4] === column[0]![4]).map(
      (candidate) => candidate[5],
    );
    return { state: AVAILABILITY_FALLBACKS[state].order.find((one) => shown.includes(one))!, text };
  }
  hit.add(cell);
  const note = byText ? null : text;
  const canned = cell[6] === true ? text : cell[6];
  return {
    state: cell[5],
    text: canned !== null && note !== null ? `${canned} - ${note}` : (canned ?? note),
  };
}

/** All that users of a system can show, by the tables. */
function shownBy(system: string): Said[] {
  const rows = CELLS.filter((cell) => cell[1] === local(system)).map(([, , state, text]) => ({
    state,
    text,
  }));
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}

// ---- how each side says it

const SIP_USER = "bob@contoso.example";
const draft = (inside: string): WireDocument => ({
  type: "application/pidf+xml",
  text: `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status" entity="sip:${SIP_USER}"><tuple id="0"><status>${inside}</status></tuple></presence>`,
});
const activity = (token: string) =>
  draft(`<basic>open</basic><ep:activities><ep:activity>${token}</ep:activity></ep:activities>`);
const OPEN = draft("<basic>open</basic>");
const CLOSED = draft("<basic>closed</basic>");
const msrtc = (reach: number, avail: number): WireDocument => ({
  type: "text/xml+msrtc.pidf",
  text: `<?xml version="1.0" encoding="utf-16"?><presentity uri="${SIP_USER}" xmlns="http://schemas.microsoft.com/2002/09/sip/presence"><availability aggregate="${reach}"/><activity aggregate="400"/><userInfo><states><state avail="${avail}" set="manual"/></states></userInfo></presentity>`,
});
const rpid = (person: string, status = ""): WireDocument => ({
  type: "application/pidf+xml",
  text: `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:${SIP_USER}"><tuple id="t"><status><basic>open</basic>${status}</status></tuple><dm:person id="p">${person}</dm:person></presence>`,
});

type Wording = Partial<Record<Availability, WireDocument>>;
const MICROSOFT: Wording = {
  Available: OPEN,
  Busy: activity("busy"),
  "Do Not Disturb": activity("do-not-disturb"),
  "Be Right Back": activity("be-right-back"),
  Away: activity("away"),
  Offline: CLOSED,
};
const MICROSOFT_IN_NUMBERS: Wording = {
  Available: msrtc(300, 3500),
  Busy: msrtc(300, 6500),
  "Do Not Disturb": msrtc(300, 9500),
  "Be Right Back": msrtc(300, 12_500),
  Away: msrtc(300, 15_500),
  Offline: msrtc(0, 18_500),
};
const SIMPLE: Wording = {
  Available: rpid(""),
  Away: rpid("<rpid:activities><rpid:away/></rpid:activities>"),
  "Do Not Disturb": rpid(
    "<rpid:activities><rpid:busy/></rpid:activities>",
    '<show xmlns="jabber:client">dnd</show>',
  ),
  Idle: rpid("<rpid:user-input>idle</rpid:user-input>"),
  Invisible: CLOSED,
  Offline: CLOSED,
};

interface SipSide {
  readonly system: string;
  readonly profile: NonNullable<WorldSettings["profile"]>;
  readonly says: Wording;
}

const SIP_SIDES: readonly (readonly [string, SipSide])[] = [
  ["moc", { system: "moc", profile: "ocs", says: MICROSOFT }],
  ["moc in numbers", { system: "moc", profile: "ocs", says: MICROSOFT_IN_NUMBERS }],
  ["lync", { system: "lync", profile: "lync", says: MICROSOFT }],
  ["lync in numbers", { system: "lync", profile: "lync", says: MICROSOFT_IN_NUMBERS }],
  [
    "aim",
    {
      system: "aim",
      profile: "aol",
      says: { Available: OPEN, Away: activity("away"), Invisible: CLOSED, Offline: CLOSED },
    },
  ],
  ["cupc-7", { system: "cupc-7", profile: "simple", says: SIMPLE }],
  ["fed-cupc-7", { system: "fed-cupc-7", profile: "cup-7", says: SIMPLE }],
];
const XMPP_SIDES = [
  "xmpp-third-party",
  "fed-xmpp-third-party",
  "cupc-8",
  "fed-cupc-8",
  "sametime",
  "webex-connect",
] as const;

/** A state as an XMPP client of that system says it: `type show "status"`. */
function inXmpp(system: string, { state, text }: Said): string {
  const words = (canned: string) => JSON.stringify(text === null ? canned : `${canned} - ${text}`);
  const own = text === null ? [] : [JSON.stringify(text)];
  const isCup8 = local(system) === "cupc-8";
  switch (state) {
    case "Available":
      return ["available", ...own].join(" ");
    case "Busy":
      return isCup8 ? `available away ${words("Busy")}` : ["available dnd", ...own].join(" ");
    case "Idle":
      return `available away ${words("Idle")}`;
    case "Do Not Disturb":
      return ["available dnd", ...own].join(" ");
    case "Extended Away":
      return ["available xa", ...own].join(" ");
    case "Away":
      return ["available away", ...own].join(" ");
    default:
      return "unavailable";
  }
}

function stanzaOf(line: string): { readonly type?: string; readonly inside: string } {
  const [, type, show, status] = /^(\w+)(?: (\w+))?(?: "(.*)")?$/.exec(line)!;
  return {
    ...(type === "unavailable" && { type }),
    inside: `${show ? `<show>${show}</show>` : ""}${status ? `<status>${status}</status>` : ""}`,
  };
}

/** What a document of ours says to one who knows the partner's dialect. */
function readDocument(text: string | undefined): Said {
  const pick = (pattern: RegExp) => pattern.exec(text ?? "")?.[1] ?? null;
  if (pick(/<basic>(\w+)</) !== "open") return { state: "Offline", text: null };
  const note = pick(/<note>(.*?)<\/note>/);
  const show = pick(/<show xmlns="jabber:client">(\w+)</);
  const token = pick(/<ep:activity>([^<]*)</);
  const isIdle = pick(/<rpid:user-input>(\w+)</) === "idle";
  const states: Record<string, Availability> = {
    dnd: "Do Not Disturb",
    xa: "Extended Away",
    busy: "Busy",
    away: "Away",
  };
  const state = isIdle ? "Idle" : (states[show ?? token ?? ""] ?? "Available");
  return { state, text: note };
}

function talk(profile: WorldSettings["profile"], xmppSystem: (typeof XMPP_SIDES)[number]): WireTalk {
  const ends = { sipUser: SIP_USER, xmppUser: "alice@example.com", edge: "sip.example.com" };
  return new WireTalk(new FederationWorld({ profile, xmppSystem }), ends);
}

describe.each(SIP_SIDES)("%s", (_name, { system, profile, says }) => {
  describe.each(XMPP_SIDES)("and %s", (xmppSystem) => {
    it("is seen with each state that it can show", () => {
      const wire = talk(profile, xmppSystem);
      wire.aliceWatches(OPEN);
      const states = shownBy(system);
      expect(states.map(({ state }) => state).sort()).toEqual(Object.keys(says).sort());
      for (const said of states) {
        // The other of the two makes whatever follows news.
        wire.bobShows(says[said.state] === says.Offline ? OPEN : CLOSED);
        wire.pause();
        const seen = stanzaLine(wire.bobShows(says[said.state]!));
        const isClosed = says[said.state] === says.Offline;
        const meant = isClosed ? { state: "Offline" as const, text: null } : said;
        expect([said, seen]).toEqual([said, inXmpp(xmppSystem, expected(system, xmppSystem, meant))]);
        if (isClosed) expected(system, xmppSystem, said);
      }
    });

    it("sees each state of the other", () => {
      const wire = talk(profile, xmppSystem);
      wire.bobWatches();
      wire.aliceShows("");
      for (const said of shownBy(xmppSystem)) {
        if (said.state === "Offline") wire.aliceShows("");
        else wire.aliceShows("", "unavailable");
        const { inside, type } = stanzaOf(inXmpp(xmppSystem, said));
        const seen = readDocument(wire.aliceShows(inside, type));
        const due = expected(xmppSystem, system, said);
        expect([said, seen]).toEqual([said, due.state === "Offline" ? { ...due, text: null } : due]);
      }
    });
  });
});

it("that was every published cell between a SIP side and an XMPP side", () => {
  const SIP = ["moc", "lync", "aim", "cupc-7", "fed-cupc-7"];
  const isAcross = ([, from, , , to]: Cell) => SIP.includes(from) !== SIP.includes(to);
  expect(CELLS.filter((cell) => isAcross(cell) && !hit.has(cell))).toEqual([]);
  expect(CELLS.filter(isAcross)).toHaveLength(92);
});

it.each([
  ["simple", { "1-15.away": { "fed-cupc-7": "Do Not Disturb" } }, "Do Not Disturb"],
  ["aol", { "1-10.away-or-busy": { aim: "Available" } }, "Available"],
  ["lync", { "1-8.away": { lync: { state: "Busy", text: "Out" } } }, "Busy"],
] as const)(
  "a cell of the administrator's counts for %s, whichever column it borrows",
  (profile, overrides, state) => {
    const ends = { sipUser: SIP_USER, xmppUser: "alice@example.com", edge: "sip.example.com" };
    const wire = new WireTalk(new FederationWorld({ profile, tables: { style: "cup", overrides } }), ends);
    wire.bobWatches();
    wire.aliceShows("<show>xa</show>");
    wire.aliceShows("", "unavailable");
    expect(readDocument(wire.aliceShows("<show>away</show>")).state).toBe(state);
  },
);
