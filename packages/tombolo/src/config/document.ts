/** Reads a YAML file into plain values and remembers on which line each stands. Never throws. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
} from "yaml";
import type { Finding, Path } from "./finding.ts";

/** Largest configuration file, in bytes. */
export const MAX_CONFIG_BYTES = 1_048_576;
/** Deepest nesting of lists and maps; the schema needs six. */
export const MAX_DEPTH = 32;
/** How often anchors may be referred to, weighed by what they hold. */
const MAX_ALIASES = 100;

export interface Position {
  readonly line: number;
  readonly column: number;
}

interface ConfigDocument {
  /** Plain values: maps as objects, lists as arrays, scalars. */
  readonly value: unknown;
  /**
   * Where a path stands. For a path that does not exist: the nearest parent that does. `value` points at the value
   * where that is a scalar, `key` at the key.
   */
  locate(path: Path, at: "key" | "value"): Position;
}

/** System errors as an administrator would say them. */
function fileTrouble(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "does not exist";
  if (code === "EACCES" || code === "EPERM") return "may not be read by this user";
  if (code === "EISDIR") return "is a directory";
  if (code === "ENOTDIR") return "lies below something that is not a directory";
  return `cannot be read (${code ?? "unknown error"})`;
}

/** A file's bytes, or what is wrong with it. Only regular files up to `limit` bytes are read. */
export function readSmallFile(path: string, limit: number): { bytes: Buffer } | { trouble: string } {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(handle);
    if (stat.isDirectory()) return { trouble: "is a directory" };
    if (!stat.isFile()) return { trouble: "is not a regular file" };
    if (stat.size > limit) return { trouble: `is larger than ${limit} bytes` };
    return { bytes: readFileSync(handle) };
  } catch (error) {
    return { trouble: fileTrouble(error) };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function locator(document: Document, position: (offset: number) => Position): ConfigDocument["locate"] {
  return (path, at) => {
    let node: unknown = document.contents;
    let offset = isNode(node) && node.range ? node.range[0] : 0;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
        if (pair === undefined || !isScalar(pair.key) || !pair.key.range) return position(offset);
        offset = pair.key.range[0];
        node = pair.value;
      } else if (isSeq(node)) {
        const item = node.items[Number(step)];
        if (!isNode(item) || !item.range) return position(offset);
        offset = item.range[0];
        node = item;
      } else return position(offset);
    }
    if (at === "value" && isScalar(node) && node.range && node.range[1] > node.range[0])
      offset = node.range[0];
    return position(offset);
  };
}

/** True when lists and maps nest deeper than `MAX_DEPTH`, as one that holds itself by an anchor does. */
function tooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth >= MAX_DEPTH || Object.values(value).some((item) => tooDeep(item, depth + 1));
}

interface Repeated {
  readonly key: string;
  /** Where its second appearance begins, in characters. */
  readonly offset: number;
}

/** The first key that stands twice in one map. The library's own check compares every key with every other. */
function repeatedKey(node: unknown): Repeated | undefined {
  if (!isCollection(node)) return undefined;
  const keys = new Set<string>();
  for (const item of node.items) {
    const child: unknown = isPair(item) ? item.value : item;
    if (isPair(item) && isScalar(item.key)) {
      const key = String(item.key.value);
      if (keys.has(key)) return { key, offset: item.key.range?.[0] ?? 0 };
      keys.add(key);
    }
    const below = repeatedKey(child);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** What to do about YAML's own complaints, by their code. */
const YAML_CURES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "write spaces for indentation",
  MULTIPLE_DOCS: "keep one document and remove the --- between them",
  BAD_ALIAS: "define the anchor before using it",
  BAD_INDENT: "align the keys of one map in one column",
};

/** One mistake in YAML's form often makes the lines after it wrong too, so only the first ones are told. */
const MAX_YAML_ERRORS = 5;
const PLAINLY = "write the configuration out plainly";

interface ReadDocument {
  readonly document?: ConfigDocument;
  readonly findings: readonly Finding[];
}

/** Reads and parses `file`; the findings are errors of reading and of YAML itself. */
export function readDocument(file: string): ReadDocument {
  const unreadable = (message: string, cure: string): ReadDocument => ({
    findings: [problem(file, { line: 0, column: 0 }, message, cure)],
  });
  const read = readSmallFile(file, MAX_CONFIG_BYTES);
  if ("trouble" in read) {
    return unreadable(`the configuration file ${read.trouble}`, "name a readable YAML file with -c FILE");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(read.bytes);
  } catch {
    return unreadable("the configuration file is not UTF-8 text", "save it as UTF-8");
  }
  try {
    const parsed = parseYaml(text, file);
    if (!tooDeep(parsed.document?.value)) return parsed;
    return unreadable("the YAML is nested too deeply", PLAINLY);
  } catch (error) {
    // The library throws for what parses but cannot be made into values.
    const message = error instanceof RangeError ? "is nested too deeply" : "refers to anchors too often";
    return unreadable(`the YAML ${message}`, PLAINLY);
  }
}

function problem(file: string, position: Position, message: string, cure: string): Finding {
  return { severity: "error", file, ...position, path: "", message, cure };
}

function parseYaml(text: string, file: string): ReadDocument {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  if (document.errors.length > 0) {
    const findings = document.errors.slice(0, MAX_YAML_ERRORS).map((error) => {
      const message = (error.message.split("\n")[0] ?? "").replace(/[.:]+$/, "");
      const cure = YAML_CURES[error.code] ?? "look for a missing colon, quote or space near this line";
      return problem(file, at(error.pos[0]), `not valid YAML (${message})`, cure);
    });
    return { findings };
  }
  const repeated = repeatedKey(document.contents);
  if (repeated !== undefined) {
    const message = `the key '${repeated.key}' is given twice`;
    return { findings: [problem(file, at(repeated.offset), message, "keep one of the two")] };
  }
  const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  return { document: { value, locate: locator(document, at) }, findings: [] };
}
