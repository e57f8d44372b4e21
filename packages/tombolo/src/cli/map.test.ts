import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { main } from "./command-line.ts";

/** Of the published tables: [table, from, state, text, to, state, text]; `true` for a text that is the received one. */
type Cell = readonly [string, string, string, string | null, string, string, string | null | true];

const CELLS: readonly Cell[] = JSON.parse(
  readFileSync(new URL("../../../translator/test/availability-cells.json", import.meta.url), "utf8"),
);
/** Longest a look-up may take, ms. */
const LONGEST_MS = 500;

afterEach(() => {
  vi.restoreAllMocks();
});

/** One command line in this process; gives what it wrote and how long it took, ms. */
async function map(...args: string[]): Promise<{ readonly json: unknown; readonly took: number }> {
  let out = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const start = performance.now();
  const code = await main(["map", ...args, "--json"]);
  const took = performance.now() - start;
  vi.restoreAllMocks();
  expect(code).toBe(0);
  return { json: JSON.parse(out), took };
}

describe("every published cell", () => {
  test("is looked up by system and state, in any writing", async () => {
    expect(CELLS).toHaveLength(192);
    for (const [table, from, state, text, to, shown, words] of CELLS) {
      const note = text === null ? [] : ["--text", text];
      const due = words === true ? text : words;
      for (const written of [state, state.toLowerCase().replaceAll(" ", "-")]) {
        const { json, took } = await map(from, written, ...note, "--to", to);
        expect([from, written, to, json]).toEqual([
          from,
          written,
          to,
          { table, state: shown, ...(due !== null && { text: due }) },
        ]);
        expect(took).toBeLessThan(LONGEST_MS);
      }
    }
  });

  test("is in the list, and nothing else is", async () => {
    const { json, took } = await map("--list");
    type Listed = { readonly state: string; readonly text?: string; readonly received?: true };
    type Row = { readonly from: Record<string, Listed>; readonly to: Record<string, Listed> };
    const tables = json as { readonly id: string; readonly rows: readonly Row[] }[];
    const listed = tables.flatMap(({ id, rows }) =>
      rows.flatMap(({ from, to }) =>
        Object.entries(from).flatMap(([source, said]) =>
          Object.entries(to).map(([target, seen]) => {
            const words = seen.received ?? seen.text ?? null;
            return JSON.stringify([id, source, said.state, said.text ?? null, target, seen.state, words]);
          }),
        ),
      ),
    );
    expect(listed.sort()).toEqual(CELLS.map((cell) => JSON.stringify(cell)).sort());
    expect(took).toBeLessThan(LONGEST_MS);
  });
});
