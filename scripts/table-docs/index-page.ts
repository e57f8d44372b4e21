import { AVAILABILITY_NAMES, STYLES } from "../../packages/translator/src/tables/index.ts";
import { code, type Page, page, table } from "./markdown.ts";

/** The list of all pages, and how an administrator chooses other cells. */
export function indexPage(pages: readonly Page[]): Page {
  const list = pages.map(({ file, title, about }) => `- [${title}](${file}): ${about}`).join("\n");
  const styles = Object.entries(STYLES).map(([name, { label }]) => [code(name), label]);
  return {
    file: "README.md",
    title: "Mapping tables",
    about: "all tables",
    text: page(
      "# Mapping tables",
      "Generated from `packages/translator/src/tables` and `error` by `node scripts/gen-table-docs.ts`: change the data, not " +
        "these pages. Row ids are those of logs, `tombolo map` and the configuration.",
      list,
      "## Other cells than printed",
      "A style chooses for all tables, and single cells are set by row id:",
      [
        "```yaml",
        "tables:",
        "  style: rich                                       # cup (default) | rich",
        "  1-5.busy: { state: dnd }                          # for every target of the row",
        '  1-5.away: { state: away, text: "Back soon" }      # with a status text before the user\'s own note',
        "  1-1.busy: { xmpp-third-party: dnd, cupc-8: busy } # target by target",
        "```",
      ].join("\n"),
      table(["style", "what it does"], styles),
      `States: ${AVAILABILITY_NAMES.join(", ")}; case makes no difference.`,
    ),
  };
}
