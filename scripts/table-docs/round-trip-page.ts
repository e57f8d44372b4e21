import {
  type Availability,
  type AvailabilityOverrides,
  type ListedCell,
  listTables,
  mapAvailability,
  type PidfDialect,
  readPidf,
  SHOWN_STATES,
  STYLES,
  SYSTEMS,
  type SystemKey,
  writePidf,
} from "../../packages/translator/src/tables/index.ts";
import { cellText } from "./availability-pages.ts";
import { code, type Page, page, table } from "./markdown.ts";

const KEYS = Object.keys(SYSTEMS) as SystemKey[];
const PRINTED = STYLES.cup.overrides;

/** The documents that tell these systems what to show; the others are told in XMPP, which has a word for each state. */
const TOLD_BY: Partial<Readonly<Record<SystemKey, PidfDialect>>> = {
  moc: "rpid-status-draft",
  lync: "rpid-status-draft",
  aim: "rpid-status-draft",
};

/** One state there and back. */
interface Trip {
  readonly state: Availability;
  readonly there: ListedCell;
  readonly back: ListedCell;
}

/** Which states come back as they went, for each pair of systems that meet. */
export function roundTripPage(): Page {
  return {
    file: "round-trips.md",
    title: "Round trips",
    about: "which states come back as they went, for each pair of systems, and what becomes of the others",
    text: page(
      "# Round trips",
      "A state of the system on the left goes to the system above; what is seen there comes back. The numbers say how many " +
        "of the states that the tables know the left system by come back as they went, with the tables as printed. An " +
        "empty cell: no table joins the two. Losses on the wire are told on the pages of [PIDF](pidf.md) and [XMPP](xmpp.md).",
      matrix(),
      "## What style `rich` changes",
      "Documents for Microsoft partners can't say Do Not Disturb; they say Busy and the rest in words.",
      richChanges(),
      "## What is lost, as printed",
      ...KEYS.flatMap((from) => losses(from)),
    ),
  };
}

function matrix(): string {
  const rows = KEYS.map((from) => [
    code(from),
    ...KEYS.map((to) => {
      const trips = roundTrips(from, to);
      return trips === undefined ? "" : `${trips.filter(isKept).length}/${trips.length}`;
    }),
  ]);
  return table(["", ...KEYS.map(code)], rows);
}

function richChanges(): string {
  const rows = KEYS.flatMap((from) =>
    KEYS.flatMap((to) =>
      statesOf(from).flatMap((state) => {
        const [printed, rich] = [PRINTED, STYLES.rich.overrides].map((overrides) =>
          cellText(oneWay(from, { state }, to, overrides)),
        );
        return printed === rich ? [] : [[code(from), state, code(to), printed!, rich!]];
      }),
    ),
  );
  return table(["from", "state", "to", "printed", "rich"], rows);
}

function losses(from: SystemKey): readonly string[] {
  const rows = KEYS.flatMap((to) => {
    const trips = roundTrips(from, to);
    if (trips === undefined) return [];
    const kept = trips.filter(isKept).map(({ state }) => state);
    const lost = trips
      .filter((trip) => !isKept(trip))
      .map(({ state, there, back }) => `${state}: ${cellText(there)}, back as ${cellText(back)}`);
    return [[code(to), kept.join(", "), lost.join("; ")]];
  });
  return [`### ${SYSTEMS[from].label} (${code(from)})`, table(["to", "comes back", "does not"], rows)];
}

function isKept({ state, back }: Trip): boolean {
  return back.state === state;
}

/** Every state of `from` to `to` and back, as printed; undefined where no table goes both ways. */
function roundTrips(from: SystemKey, to: SystemKey): readonly Trip[] | undefined {
  const trips: Trip[] = [];
  for (const state of statesOf(from)) {
    const there = oneWay(from, { state }, to, PRINTED);
    const back = there && oneWay(to, there, from, PRINTED);
    if (from === to || there === undefined || back === undefined) return undefined;
    trips.push({ state, there, back });
  }
  return trips;
}

/** What `to` sees, after what the documents of the peer can't say is gone. */
function oneWay(
  from: SystemKey,
  shown: ListedCell,
  to: SystemKey,
  overrides: AvailabilityOverrides,
): ListedCell | undefined {
  const answer = mapAvailability({ from, state: shown.state, text: shown.text, to, overrides });
  if (!answer.ok) return undefined;
  const dialect = TOLD_BY[to];
  const { basic, activity } = dialect ? writePidf(answer.state, dialect) : {};
  const activities = activity === undefined ? [] : [activity];
  const state = (dialect && readPidf({ basic, activities }, dialect)?.state) ?? answer.state;
  return { state, ...(answer.text !== undefined && { text: answer.text }) };
}

/** What the tables know a system to show or to see. */
function statesOf(system: SystemKey): readonly Availability[] {
  const shown = listTables().flatMap(({ rows }) => rows.flatMap(({ from }) => from[system]?.state ?? []));
  return [...new Set<Availability>([...shown, ...SHOWN_STATES[system]])];
}
