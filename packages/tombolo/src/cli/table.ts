/** Rows as lines of aligned columns, the heads first. What came over the network cannot act on the terminal. */
export function table(heads: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [heads, ...rows.map((row) => row.map(printable))];
  const widths = heads.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** Text without characters that act on a terminal. */
export function printable(value: unknown): string {
  return String(value ?? "-").replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}
