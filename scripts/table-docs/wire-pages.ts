import {
  ACTIVITY_CLASSES,
  ACTIVITY_PRECEDENCE,
  ACTIVITY_WORDS,
  AVAILABILITIES,
  AVAILABILITY_BANDS,
  AVAILABILITY_FALLBACKS,
  type Availability,
  BORROWED_COLUMNS,
  contactPriority,
  MAX_XMPP_PRIORITY,
  PIDF_READING,
  PIDF_WRITING,
  type PidfDialect,
  SHOWN_STATES,
  type Show,
  TOKEN_REFINEMENTS,
  TRANSIT_SYSTEM,
  XMPP_READING,
  XMPP_TEXTS,
  XMPP_WRITING,
} from "../../packages/translator/src/tables/index.ts";
import { code, type Page, page, table } from "./markdown.ts";

/** What is read from the wire and written to it, and what becomes of states without a row. */
export function wirePages(): readonly Page[] {
  return [fallbackPage(), xmppPage(), pidfPage(), numbersPage()];
}

const DIALECTS: Readonly<Record<PidfDialect, string>> = {
  "rpid-status-draft": "Drafts before RFC 4480, activities inside status (`rpid-status-draft`)",
  rpid: "RFC 4480 (`rpid`)",
};

function fallbackPage(): Page {
  const rows = AVAILABILITIES.map((state) => {
    const { id, order, why, ref } = AVAILABILITY_FALLBACKS[state];
    return [code(id), state, order.join(", then "), why, ref];
  });
  const shown = Object.entries(SHOWN_STATES).map(([key, states]) => [code(key), states.join(", ")]);
  const borrowed = BORROWED_COLUMNS.map(({ from, to, as, ref }) => [
    code(from),
    code(to),
    `${code(as.from)} to ${code(as.to)}`,
    ref,
  ]);
  return {
    file: "fallbacks.md",
    title: "Fallbacks",
    about: "states that a table has no row for, and pairs of systems that have no table",
    text: page(
      "# Fallbacks",
      "## States without a row",
      "The first state of the order that the target can be shown is taken; the user's own note passes.",
      table(["row", "state", "order", "why", "source"], rows),
      "## What each system can be shown",
      table(["system", "states"], shown),
      "## Pairs without a table",
      "A client here and the same client at a partner stand in for each other. Besides that, these columns are borrowed:",
      table(["from", "to", "as", "source"], borrowed),
      `Two systems that are both foreign here meet by way of ${code(TRANSIT_SYSTEM)}: through two tables.`,
    ),
  };
}

interface XmppWritingRow {
  readonly id: string;
  readonly type?: "unavailable";
  readonly show?: Show;
  readonly text?: string;
  readonly ref: string;
  readonly loss?: string;
}

function xmppPage(): Page {
  const reading = Object.entries(XMPP_READING).map(([key, row]) => [
    code(row.id),
    key === "available" ? "no type, no show" : key === "unavailable" ? "type unavailable" : `show ${key}`,
    row.state,
    row.ref,
    "loss" in row ? row.loss : "",
  ]);
  const writing = AVAILABILITIES.map((state) => {
    const row: XmppWritingRow = XMPP_WRITING[state];
    const text = row.text === undefined ? "" : ` + status "${row.text}"`;
    const form =
      row.type === undefined ? (row.show === undefined ? "no show" : `show ${row.show}`) : `type ${row.type}`;
    return [code(row.id), state, form + text, row.ref, row.loss ?? ""];
  });
  const texts = XMPP_TEXTS.map((row) => [
    code(row.id),
    row.systems.join(", "),
    row.state,
    `show ${row.show} + status "${row.text}"`,
    row.ref,
  ]);
  return {
    file: "xmpp.md",
    title: "XMPP presence",
    about: "what a presence stanza says, and how a state is written into one",
    text: page(
      "# XMPP presence",
      "## Reading",
      table(["row", "presence", "state", "source", "loss"], reading),
      "An unknown show counts as none. The status is the user's own note.",
      "## Writing",
      table(["row", "state", "presence", "source", "loss"], writing),
      "## States in words",
      "Users of these systems have states that no show can say. They are written and read as a show with a status that begins so:",
      table(["row", "systems", "state", "presence", "source"], texts),
    ),
  };
}

interface PidfWritingRow {
  readonly id: string;
  readonly basic: string;
  readonly activity?: string;
  readonly show?: string;
  readonly isIdle?: true;
  readonly ref: string;
  readonly loss?: string;
}

function pidfPage(): Page {
  const parts = (Object.keys(DIALECTS) as PidfDialect[]).flatMap((dialect) => {
    const reading = PIDF_READING[dialect].map((row) => [
      code(row.id),
      row.tokens.join(", "),
      row.state,
      row.ref,
    ]);
    const writing = AVAILABILITIES.map((state) => {
      const row: PidfWritingRow = PIDF_WRITING[dialect][state];
      const activity = [row.activity, row.isIdle && "user-input idle"].filter(Boolean).join(", ");
      return [code(row.id), state, row.basic, activity, row.show ?? "", row.ref, row.loss ?? ""];
    });
    return [
      `## ${DIALECTS[dialect]}`,
      "Reading:",
      table(["row", "activities", "state", "source"], reading),
      "Writing:",
      table(["row", "state", "basic", "activity", "show", "source", "loss"], writing),
    ];
  });
  const priorities = [0, 1, 2, 5, 10, 64, 126, MAX_XMPP_PRIORITY].map((value) => [
    String(value),
    String(contactPriority(value)),
  ]);
  return {
    file: "pidf.md",
    title: "PIDF",
    about: "presence documents: activities read and written in both dialects, and priorities",
    text: page(
      "# PIDF",
      "Closed is Offline (`PR.closed`) whatever else is said, and open without activity is Available (`PR.no-activity`). A " +
        "valid `jabber:client` show decides before activities (`PR.show`). Of several activities the first of these states " +
        `counts: ${ACTIVITY_PRECEDENCE.join(", ")}. An unknown activity is Available (\`fallback.unknown-activity\`).`,
      ...parts,
      "## Priority of a resource (RFC 8048 6.2)",
      "A priority below 0 is not written. From 0 up each has a value of its own, and comes back as it was:",
      table(["XMPP priority", "contact priority"], priorities),
    ),
  };
}

function numbersPage(): Page {
  const bands = ranges(AVAILABILITY_BANDS).map(({ row, to }) => [
    code(row.id),
    span(row.from, to),
    row.state,
    "variant" in row ? `${row.variant.state} (\`${row.variant.when}\`)` : "",
    row.ref,
  ]);
  const refinements = TOKEN_REFINEMENTS.map((row) => [
    code(row.id),
    row.tokens.join(", "),
    span(row.from, row.to),
    row.state,
    row.ref,
  ]);
  const classes = ranges(ACTIVITY_CLASSES).map(({ row, to }) => [
    code(row.id),
    span(row.from, to),
    row.state,
    row.ref,
  ]);
  return {
    file: "numbers.md",
    title: "Numbers of Microsoft partners",
    about: "availability numbers, their tokens, activity classes, and activities in words",
    text: page(
      "# Numbers of Microsoft partners",
      "## Availability (`application/msrtc-event-categories+xml`, and `state` in `text/xml+msrtc.pidf`)",
      table(["row", "numbers", "state", "variant", "source"], bands),
      "A token that is good for the number decides before the band:",
      table(["row", "tokens", "numbers", "state", "source"], refinements),
      "## Activity classes (`text/xml+msrtc.pidf`)",
      "They count where the availability class is 100 or more; below that the user is Offline.",
      table(["row", "classes", "state", "source"], classes),
      "## Activities in words",
      "Style `rich` puts them into the status text.",
      table(
        ["row", "activities", "text"],
        ACTIVITY_WORDS.map(({ id, tokens, text }) => [code(id), tokens.join(", "), text]),
      ),
    ),
  };
}

interface Numbered {
  readonly from: number;
  readonly state: Availability;
}

/** Each row with the last number that it covers. */
function ranges<Row extends Numbered>(
  rows: readonly Row[],
): readonly { readonly row: Row; readonly to: number | undefined }[] {
  return rows.map((row, at) => {
    const next = rows[at + 1];
    return { row, to: next === undefined ? undefined : next.from - 1 };
  });
}

function span(from: number, to: number | undefined): string {
  return to === undefined ? `${from} and up` : `${from} to ${to}`;
}
