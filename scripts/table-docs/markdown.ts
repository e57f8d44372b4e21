/** A page below docs/tables: its file name and its text. */
export interface Page {
  readonly file: string;
  readonly title: string;
  /** One line for the list of pages. */
  readonly about: string;
  readonly text: string;
}

/** Markdown for a table; cells are plain text. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(heads), `|${heads.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

/** Paragraphs, tables and headings with an empty line between them, and a line end at the end. */
export function page(...parts: readonly (string | undefined)[]): string {
  return `${parts.filter((part) => part !== undefined && part !== "").join("\n\n")}\n`;
}

/** `text` as code, in which Markdown means nothing. */
export function code(text: string): string {
  return `\`${text}\``;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
