/** Reads a YAML file into plain values and remembers on which line each stands. Never throws. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { type Finding, type Path, pathText } from "./finding.ts";

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

export interface ConfigDocument {
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

function locator(document: Document, lines: LineCounter): ConfigDocument["locate"] {
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
  function position(offset: number): Position {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** True when lists and maps nest deeper than `MAX_DEPTH`, as one that holds itself by an anchor does. */
function tooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth >= MAX_DEPTH || Object.values(value).some((item) => tooDeep(item, depth + 1));
}

/** What to do about YAML's own complaints, by their code. */
const YAML_CURES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "write spaces for indentation",
  DUPLICATE_KEY: "keep one of the two",
  MULTIPLE_DOCS: "keep one document and remove the --- between them",
  BAD_ALIAS: "define the anchor before using it",
  BAD_INDENT: "align the keys of one map in one column",
};

const PLAINLY = "write the configuration out plainly";

/** Reads and parses `file`; the findings are errors of reading and of YAML itself. */
export function readDocument(file: string): { document?: ConfigDocument; findings: readonly Finding[] } {
  const wrong = (position: Position, message: string, cure: string): Finding => ({
    severity: "error",
    file,
    ...position,
    path: pathText([]),
    message,
    cure,
  });
  const whole: Position = { line: 0, column: 0 };
  const read = readSmallFile(file, MAX_CONFIG_BYTES);
  if ("trouble" in read) {
    const message = `the configuration file ${read.trouble}`;
    return { findings: [wrong(whole, message, "name a readable YAML file with -c FILE")] };
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(read.bytes);
  } catch {
    return { findings: [wrong(whole, "the configuration file is not UTF-8 text", "save it as UTF-8")] };
  }
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      const message = (error.message.split("\n")[0] ?? "").replace(/[.:]+$/, "");
      return wrong(
        { line: Math.max(1, line), column: Math.max(1, col) },
        `not valid YAML (${message})`,
        YAML_CURES[error.code] ?? "look for a missing colon, quote or space near this line",
      );
    });
    if (problems.length > 0) return { findings: problems.slice(0, 5) };
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    if (tooDeep(value)) return { findings: [wrong(whole, "the YAML is nested too deeply", PLAINLY)] };
    return { document: { value, locate: locator(document, lines) }, findings: [] };
  } catch (error) {
    const deep = error instanceof RangeError;
    const message = deep
      ? "the YAML is nested too deeply"
      : "the YAML refers to itself or to anchors too often";
    return { findings: [wrong(whole, message, PLAINLY)] };
  }
}
