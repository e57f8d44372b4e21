import {
  type AvailabilityRowId,
  type ListedCell,
  type ListedTable,
  listTables,
  STYLES,
  SYSTEMS,
  type SystemKey,
  type TableStyle,
  type TargetCell,
} from "../../packages/translator/src/tables/index.ts";
import { code, type Page, page, table } from "./markdown.ts";

/** One page per availability table. */
export function availabilityPages(): readonly Page[] {
  return listTables().map((listed) => ({
    file: `${listed.id}.md`,
    title: `Table ${listed.id}`,
    about: `${listed.title} (${listed.rows.length} rows)`,
    text: tablePage(listed),
  }));
}

/** A cell as the pages write it: the state, and the text that is shown with it. */
export function cellText(cell: ListedCell | undefined): string {
  if (cell === undefined) return "";
  if (cell.received) return `${cell.state} + the text received`;
  return cell.text === undefined ? cell.state : `${cell.state} + "${cell.text}"`;
}

function tablePage(listed: ListedTable): string {
  const systems = [...listed.from, ...listed.to].map((key) => [
    code(key),
    SYSTEMS[key].label,
    SYSTEMS[key].wire,
  ]);
  const heads = [
    "row",
    ...listed.from.map((key) => `shown by ${code(key)}`),
    ...listed.to.map((key) => `seen by ${code(key)}`),
    "loss",
  ];
  const rows = listed.rows.map((row) => [
    code(row.id),
    ...listed.from.map((key) => cellText(row.from[key])),
    ...listed.to.map((key) => cellText(row.to[key])),
    row.loss ?? "",
  ]);
  return page(
    `# Table ${listed.id}: ${listed.title}`,
    `Requirement ${listed.ref}. States without a row: [fallbacks](fallbacks.md).`,
    table(heads, rows),
    richChanges(listed),
    "## Systems",
    table(["key", "system", "wire"], systems),
  );
}

function richChanges(listed: ListedTable): string | undefined {
  const overrides: TableStyle["overrides"] = STYLES.rich.overrides;
  const lines = listed.rows.flatMap(({ id }) =>
    Object.entries(overrides[id as AvailabilityRowId] ?? {}).map(
      ([key, cell]) => `- ${code(id)} for ${code(key as SystemKey)}: ${cellText(asListed(cell))}`,
    ),
  );
  return lines.length === 0 ? undefined : `Style \`rich\` has instead:\n\n${lines.join("\n")}`;
}

function asListed(cell: TargetCell): ListedCell {
  return typeof cell === "string" ? { state: cell } : cell;
}
