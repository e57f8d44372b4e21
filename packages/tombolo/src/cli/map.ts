/** `tombolo map`: look-ups in the availability tables. */
import { Command } from "commander";
import { nearest } from "../config/suggestion.ts";
import { CommandError, type Ending, FINE, WRONG_USAGE } from "./exit.ts";

interface MapOptions {
  readonly to?: string;
  readonly text?: string;
  readonly json?: true;
  readonly list?: true;
}

export function mapCommand(end: Ending): Command {
  return new Command("map")
    .description("look up how a user of one system appears to users of another")
    .argument("[from]", "system whose user shows the state")
    .argument("[state]", "the state shown: Available, Away, 'Do Not Disturb', ...")
    .option("--to <system>", "system of the user who looks")
    .option("--text <text>", "status text that comes with the state")
    .option("--list", "print all tables")
    .option("--json", "print JSON")
    .addHelpText("after", "\nThe systems are the column heads of map --list.")
    .action(async (from: string | undefined, state: string | undefined, options: MapOptions) => {
      if (options.list) await list(options, from);
      else await lookUp(from, state, options);
      end(FINE);
    });
}

/** `word` as one of `allowed`; case, and `-` or `_` for a space, make no difference. */
function oneOf<T extends string>(what: string, word: string | undefined, allowed: readonly T[]): T {
  if (word === undefined) {
    throw new CommandError(`${what} is missing; write one of ${allowed.join(", ")}`, WRONG_USAGE);
  }
  const fold = (text: string) => text.toLowerCase().replace(/[\s_-]+/g, "-");
  const found = allowed.find((candidate) => fold(candidate) === fold(word));
  if (found !== undefined) return found;
  const meant = nearest(word, allowed);
  const hint = meant === undefined ? "" : ` (did you mean '${meant}'?)`;
  throw new CommandError(`unknown ${what} '${word}'${hint}; write one of ${allowed.join(", ")}`, WRONG_USAGE);
}

async function lookUp(
  from: string | undefined,
  state: string | undefined,
  options: MapOptions,
): Promise<void> {
  const { AVAILABILITIES, mapAvailability, SYSTEMS } = await import("@tombolo/translator/tables");
  const systems = Object.keys(SYSTEMS) as (keyof typeof SYSTEMS)[];
  const question = {
    from: oneOf("system", from, systems),
    state: oneOf("state", state, AVAILABILITIES),
    to: oneOf("system for --to", options.to, systems),
    text: options.text,
  };
  const answer = mapAvailability(question);
  if (!answer.ok) {
    const seen = systems.filter((to) => mapAvailability({ ...question, to }).ok);
    throw new CommandError(`${answer.why}; it says so for ${seen.join(", ")}`);
  }
  const { table, state: shown, text } = answer;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ table, state: shown, ...(text === undefined ? {} : { text }) })}\n`,
    );
    return;
  }
  const words = text === undefined ? shown : `${shown}, "${printable(text)}"`;
  process.stdout.write(`${words} (table ${table}, row ${answer.row})\n`);
}

async function list(options: MapOptions, from: string | undefined): Promise<void> {
  if (from !== undefined || options.to !== undefined || options.text !== undefined) {
    throw new CommandError("map --list prints all tables and takes nothing but --json", WRONG_USAGE);
  }
  const { listTables } = await import("@tombolo/translator/tables");
  const tables = listTables();
  if (options.json) {
    process.stdout.write(`${JSON.stringify(tables)}\n`);
    return;
  }
  for (const table of tables) {
    const columns = [...table.from, ...table.to];
    const rows = table.rows.map((row) => [
      ...table.from.map((system) => cellText(row.from[system])),
      ...table.to.map((system) => cellText(row.to[system])),
    ]);
    const heads = columns.map((system, at) => (at < table.from.length ? `from ${system}` : `to ${system}`));
    process.stdout.write(`Table ${table.id}: ${table.title}\n${columnsText([heads, ...rows])}\n`);
  }
}

function cellText(cell: { state: string; text?: string; received?: true } | undefined): string {
  if (cell === undefined) return "-";
  if (cell.received) return `${cell.state} "(text received)"`;
  return cell.text === undefined ? cell.state : `${cell.state} "${cell.text}"`;
}

/** Rows as lines of aligned columns. */
function columnsText(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows
    .map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at]!)).join("  ")}`.trimEnd())
    .join("\n")
    .concat("\n");
}

/** Text from the command line without characters that act on a terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}
