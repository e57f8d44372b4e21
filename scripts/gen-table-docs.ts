/**
 * Writes docs/tables from the mapping tables of the translator. With --check it writes nothing and names the pages that
 * are not as the data has them; exit 1 if there is one.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { availabilityPages } from "./table-docs/availability-pages.ts";
import { errorPages } from "./table-docs/error-pages.ts";
import { indexPage } from "./table-docs/index-page.ts";
import { roundTripPage } from "./table-docs/round-trip-page.ts";
import { wirePages } from "./table-docs/wire-pages.ts";

const FOLDER = join(import.meta.dirname, "../docs/tables");

const pages = [...availabilityPages(), roundTripPage(), ...wirePages(), ...errorPages()];
const wanted = new Map([indexPage(pages), ...pages].map(({ file, text }) => [file, text]));
const present = new Map(
  globSync("*.md", { cwd: FOLDER }).map((file) => [file, readFileSync(join(FOLDER, file), "utf8")]),
);
const stale = [...new Set([...wanted.keys(), ...present.keys()])].filter(
  (file) => wanted.get(file) !== present.get(file),
);

if (!process.argv.includes("--check")) {
  mkdirSync(FOLDER, { recursive: true });
  for (const file of stale) {
    const text = wanted.get(file);
    if (text === undefined) rmSync(join(FOLDER, file));
    else writeFileSync(join(FOLDER, file), text);
  }
  console.log(`docs/tables: ${stale.length} of ${wanted.size} pages changed`);
} else if (stale.length > 0) {
  console.error(
    `docs/tables is not as the tables are (${stale.join(", ")}); run: node scripts/gen-table-docs.ts`,
  );
  process.exit(1);
} else console.log("docs/tables: every page is as the tables are");
