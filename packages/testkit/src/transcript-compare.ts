import { type Element, parse } from "ltx";
import { type Caught, matchHoles } from "./holes.ts";
import type { SipStep } from "./transcript-parse.ts";

/** One line of a difference: what the transcript says, what came, and whether that is the trouble. */
export interface DiffRow {
  readonly expected: string;
  readonly got: string;
  readonly bad: boolean;
}

interface SipText {
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Reads one whole SIP message as text, folded lines joined. */
export function readSipText(message: string): SipText {
  const end = message.indexOf("\r\n\r\n");
  const head = (end < 0 ? message : message.slice(0, end)).replace(/\r\n[ \t]+/g, " ");
  const [startLine = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
  });
  return { startLine, headers, body: end < 0 ? "" : message.slice(end + 4) };
}

/** Compares a `sip <` step with a message; undefined when it fits, and then the holes are caught. */
export function compareSip(step: SipStep, message: string, caught: Caught): DiffRow[] | undefined {
  const actual = readSipText(message);
  const trial = new Map(caught);
  const rows: DiffRow[] = [];
  const row = (expected: string, got: string, fits: boolean) => rows.push({ expected, got, bad: !fits });
  row(step.startLine, actual.startLine, matchHoles(step.startLine, actual.startLine, trial));
  const used = new Map<string, number>();
  const listed = new Set<number>();
  for (const { name, value, absent } of step.headers) {
    const key = name.toLowerCase();
    const same = [...actual.headers.entries()].filter(([, header]) => header[0].toLowerCase() === key);
    if (absent) {
      row(`!${name}`, same.map(([, header]) => header.join(": ")).join(" / "), same.length === 0);
      for (const [index] of same) listed.add(index);
      continue;
    }
    const nth = used.get(key) ?? 0;
    used.set(key, nth + 1);
    const [index, header] = same[nth] ?? [-1, undefined];
    listed.add(index);
    row(
      `${name}: ${value}`,
      header?.join(": ") ?? "(missing)",
      header !== undefined && matchHoles(value, header[1], trial),
    );
  }
  if (step.body !== undefined) compareBody(step.body, actual.body, trial, row);
  if (rows.some(({ bad }) => bad)) {
    const rest = actual.headers.filter((_, index) => !listed.has(index));
    return [...rows, ...rest.map((header) => ({ expected: "", got: header.join(": "), bad: false }))];
  }
  for (const [name, value] of trial) caught.set(name, value);
  return undefined;
}

function compareBody(
  expected: string,
  got: string,
  caught: Caught,
  row: (expected: string, got: string, fits: boolean) => void,
): void {
  const wanted = expected.trim();
  const actual = got.replaceAll("\r\n", "\n").trim();
  const fits = wanted.startsWith("<") ? matchXml(wanted, actual, caught) : matchHoles(wanted, actual, caught);
  const left = ["", ...wanted.split("\n")];
  const right = ["", ...actual.split("\n")];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    row(left[at] ?? "", right[at] ?? "", fits || at === 0);
  }
}

/** Compares an `xmpp <` step; undefined when it fits, and then the holes are caught. */
export function compareXmpp(expected: string, got: string, caught: Caught): DiffRow[] | undefined {
  if (matchXml(expected, got, caught)) return undefined;
  const left = indented(expected);
  const right = indented(got);
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => ({
    expected: left[at] ?? "",
    got: right[at] ?? "",
    bad: (left[at] ?? "") !== (right[at] ?? "") && !/\{.+\}/.test(left[at] ?? ""),
  }));
}

/** Same elements, attributes in any order, white space between tags ignored, holes in values and texts. */
export function matchXml(expected: string, got: string, caught: Caught): boolean {
  const trial = new Map(caught);
  const [wanted, actual] = [element(expected), element(got)];
  if (wanted === undefined || actual === undefined || !matchElement(wanted, actual, trial)) return false;
  for (const [name, value] of trial) caught.set(name, value);
  return true;
}

function element(text: string): Element | undefined {
  try {
    return parse(text.trim().replace(/^<\?xml[^>]*\?>\s*/, ""));
  } catch {
    return undefined;
  }
}

/** Children with neighbouring texts joined and blank ones gone. */
function content(parent: Element): (Element | string)[] {
  const result: (Element | string)[] = [];
  for (const child of parent.children) {
    const last = result.at(-1);
    if (typeof child !== "string") result.push(child);
    else if (typeof last === "string") result[result.length - 1] = last + child;
    else result.push(child);
  }
  return result
    .map((child) => (typeof child === "string" ? child.trim() : child))
    .filter((child) => child !== "");
}

function matchElement(wanted: Element, actual: Element, caught: Caught): boolean {
  if (wanted.name !== actual.name) return false;
  const names = Object.keys(wanted.attrs);
  if (names.length !== Object.keys(actual.attrs).length) return false;
  for (const name of names) {
    const value = actual.attrs[name];
    if (value === undefined || !matchHoles(String(wanted.attrs[name]), String(value), caught)) return false;
  }
  const [left, right] = [content(wanted), content(actual)];
  return left.length === right.length && left.every((child, at) => matchNode(child, right[at]!, caught));
}

function matchNode(wanted: Element | string, actual: Element | string, caught: Caught): boolean {
  if (typeof wanted === "string") return typeof actual === "string" && matchHoles(wanted, actual, caught);
  return typeof actual !== "string" && matchElement(wanted, actual, caught);
}

/** One tag or text per line with sorted attributes, so that two stanzas can be laid side by side. */
function indented(text: string): string[] {
  const root = element(text);
  if (root === undefined) return text.split("\n");
  const lines: string[] = [];
  const walk = (node: Element | string, depth: number) => {
    const margin = "  ".repeat(depth);
    if (typeof node === "string") {
      lines.push(margin + node);
      return;
    }
    const attributes = Object.entries(node.attrs).sort(([a], [b]) => (a < b ? -1 : 1));
    lines.push(
      `${margin}<${[node.name, ...attributes.map(([name, value]) => `${name}="${value}"`)].join(" ")}>`,
    );
    for (const child of content(node)) walk(child, depth + 1);
  };
  walk(root, 0);
  return lines;
}
