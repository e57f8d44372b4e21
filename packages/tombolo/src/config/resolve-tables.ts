/** Which cells of the availability tables are other than printed: a style, and single cells over it. */
import {
  AVAILABILITY_NAMES,
  type AvailabilityRowId,
  availabilityNamed,
  isStyleName,
  listTables,
  STYLES,
  type StyleName,
  type SystemKey,
  styledOverrides,
  type TargetCell,
} from "@tombolo/translator/tables";
import type { TablesConfig } from "./config.ts";
import type { Context } from "./context.ts";
import type { Path, Report } from "./finding.ts";
import type { FileShape } from "./schema.ts";
import { nearest } from "./suggestion.ts";

/** Longest canned status text, in characters. */
export const MAX_STATUS_TEXT = 200;

type Cells = Partial<Record<SystemKey, TargetCell>>;

const STYLE_KEY = "style";
const DEFAULT_STYLE: StyleName = "cup";
const CELL_KEYS: readonly string[] = ["state", "text"];
const CELL_EXAMPLE = "write { state: dnd }, or { state: away, text: Busy }";

/** The targets of every row. */
const TARGETS: ReadonlyMap<string, readonly SystemKey[]> = new Map(
  listTables().flatMap(({ rows, to }) => rows.map(({ id }): [string, readonly SystemKey[]] => [id, to])),
);

export function resolveTables(shape: FileShape, { report }: Context): TablesConfig {
  const own: Partial<Record<AvailabilityRowId, Cells>> = {};
  let style = DEFAULT_STYLE;
  for (const [key, value] of Object.entries(shape.tables ?? {})) {
    const path = ["tables", key];
    if (key === STYLE_KEY) style = readStyle(value, path, report);
    else {
      const targets = TARGETS.get(key);
      if (targets === undefined) reportUnknownRow(key, path, report);
      else own[key as AvailabilityRowId] = readCells(value, targets, path, report);
    }
  }
  return { style, overrides: styledOverrides(style, own) };
}

function readStyle(value: unknown, path: Path, report: Report): StyleName {
  if (typeof value === "string" && isStyleName(value)) return value;
  const names = Object.keys(STYLES);
  reportWord(value, "a style of the tables", names, path, report);
  return DEFAULT_STYLE;
}

function reportUnknownRow(key: string, path: Path, report: Report): void {
  const rows = [...TARGETS.keys()];
  const meant = nearest(key, [STYLE_KEY, ...rows]);
  const table = key.split(".", 1)[0]!;
  const siblings = rows.filter((row) => row.startsWith(`${table}.`));
  const cure =
    siblings.length > 0
      ? `write one of ${siblings.join(", ")}`
      : "write style: or the id of a row, like 1-5.busy (docs/tables lists them)";
  const hint = meant === undefined ? "" : `did you mean '${meant}'? `;
  report("error", path, `no availability row is called '${key}'`, hint + cure, "key");
}

/** A word or a cell for all targets of the row, or a map of cells by target. */
function readCells(value: unknown, targets: readonly SystemKey[], path: Path, report: Report): Cells {
  if (!isMap(value) || Object.keys(value).some((key) => CELL_KEYS.includes(key))) {
    const cell = readCell(value, path, targets, report);
    return cell === undefined ? {} : Object.fromEntries(targets.map((target) => [target, cell]));
  }
  const cells: Cells = {};
  if (Object.keys(value).length === 0) report("error", path, `${path[1]} is empty`, CELL_EXAMPLE, "key");
  for (const [key, cellValue] of Object.entries(value)) {
    const target = targets.find((candidate) => candidate === key);
    if (target === undefined) reportUnknownKey(key, [...CELL_KEYS, ...targets], path, report);
    else {
      const cell = readCell(cellValue, [...path, key], [], report);
      if (cell !== undefined) cells[target] = cell;
    }
  }
  return cells;
}

/** @param targets what the keys of the cell may have been meant to be, besides `state` and `text`. */
function readCell(
  value: unknown,
  path: Path,
  targets: readonly SystemKey[],
  report: Report,
): TargetCell | undefined {
  if (!isMap(value)) return readState(value, path, report);
  for (const key of Object.keys(value)) {
    if (!CELL_KEYS.includes(key)) reportUnknownKey(key, [...CELL_KEYS, ...targets], path, report);
  }
  const { state: word, text: words } = value;
  if (word === undefined) {
    report("error", path, `${path.slice(1).join(".")} names no state`, CELL_EXAMPLE, "key");
    return undefined;
  }
  const state = readState(word, [...path, "state"], report);
  const text = readText(words, [...path, "text"], report);
  return state === undefined || text === undefined ? state : { state, text };
}

function readState(value: unknown, path: Path, report: Report) {
  const state = typeof value === "string" ? availabilityNamed(value) : undefined;
  if (state === undefined) reportWord(value, "an availability state", AVAILABILITY_NAMES, path, report);
  return state;
}

/** An empty text is none: the user's own note passes alone. */
function readText(value: unknown, path: Path, report: Report): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string") {
    report("error", path, "a status text must be a text", 'write it in quotes, like "Busy"');
  } else if (value.length > MAX_STATUS_TEXT || /\p{Cc}/u.test(value)) {
    const message = `a status text is one line of at most ${MAX_STATUS_TEXT} characters`;
    report("error", path, message, "write a shorter text on one line");
  } else return value.trim() || undefined;
  return undefined;
}

function reportUnknownKey(key: string, allowed: readonly string[], path: Path, report: Report): void {
  const meant = nearest(key, allowed);
  const hint = meant === undefined ? "" : `did you mean '${meant}'? `;
  const where = path.slice(1).join(".");
  report(
    "error",
    [...path, key],
    `unknown key '${key}' in ${where}`,
    `${hint}write one of ${allowed.join(", ")}`,
    "key",
  );
}

function reportWord(
  value: unknown,
  what: string,
  allowed: readonly string[],
  path: Path,
  report: Report,
): void {
  const word = typeof value === "string" ? value : undefined;
  const meant = word === undefined ? undefined : nearest(word, allowed);
  const hint = meant === undefined ? "" : `did you mean '${meant}'? `;
  const message =
    word === undefined ? `${path.slice(1).join(".")} must be ${what}` : `'${word}' is not ${what}`;
  report("error", path, message, `${hint}write one of ${allowed.join(", ")}`);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
