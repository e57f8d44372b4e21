/** Judges plain values by the schema and says what is wrong in an administrator's words. */
import type { z } from "zod";
import { type Path, pathText, type Report } from "./finding.ts";
import { type FileShape, fileSchema } from "./schema.ts";
import { nearest } from "./suggestion.ts";

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

function unwrap(schema: Schema): Schema {
  let inner = schema as z.ZodType;
  while (inner.def.type === "optional") inner = (inner as z.ZodOptional<z.ZodType>).unwrap();
  return inner;
}

/** The schema's keys where it is a map. */
function shapeOf(schema: Schema | undefined): Readonly<Record<string, Schema>> | undefined {
  if (schema === undefined) return undefined;
  const inner = unwrap(schema) as z.ZodType;
  return inner.def.type === "object" ? (inner as z.ZodObject).shape : undefined;
}

function schemaAt(path: Path): Schema | undefined {
  let schema: Schema | undefined = fileSchema;
  for (const step of path) {
    if (schema === undefined) return undefined;
    const inner = unwrap(schema) as z.ZodType;
    if (inner.def.type === "array") schema = (inner as z.ZodArray).element;
    else schema = shapeOf(inner)?.[String(step)];
  }
  return schema;
}

/** `listen: 127.0.0.1:5061`, or an item of a list; undefined for maps. */
function exampleOf(path: Path): string | undefined {
  const schema = schemaAt(path);
  const example = schema === undefined ? undefined : (unwrap(schema) as z.ZodType).meta()?.example;
  if (typeof example !== "string") return undefined;
  const key = path.at(-1);
  return typeof key === "number" ? `- ${example}` : `${key}: ${example}`;
}

/** Where in the file a key of this name may stand, by pattern: `partners[].route`. */
function placesOf(key: string, schema: Schema = fileSchema, place = ""): string[] {
  const inner = unwrap(schema) as z.ZodType;
  if (inner.def.type === "array") return placesOf(key, (inner as z.ZodArray).element, `${place}[]`);
  const found: string[] = [];
  for (const [name, child] of Object.entries(shapeOf(inner) ?? {})) {
    const below = place === "" ? name : `${place}.${name}`;
    if (name === key) found.push(place === "" ? "the top of the file" : place);
    found.push(...placesOf(key, child, below));
  }
  return found;
}

function reportUnknown(path: Path, key: string, report: Report): void {
  const allowed = Object.keys(shapeOf(schemaAt(path)) ?? {});
  const place = path.length === 0 ? "" : ` in ${pathText(path)}`;
  const meant = nearest(key, allowed);
  const elsewhere = meant === undefined ? placesOf(key) : [];
  const cure =
    meant !== undefined
      ? `did you mean '${meant}'? write one of ${allowed.join(", ")}`
      : elsewhere.length > 0
        ? `it belongs to ${elsewhere.slice(0, 3).join(" or ")}; write one of ${allowed.join(", ")}`
        : `write one of ${allowed.join(", ")}`;
  report("error", [...path, key], `unknown key '${key}'${place}`, cure, "key");
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[step];
  }
  return current;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string") return "a text";
  return typeof value === "boolean" ? "true or false" : `a ${typeof value}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  object: "a map of keys",
  record: "a map of keys",
  array: "a list",
  number: "a number",
  boolean: "true or false",
};

/** Values of these keys are never repeated in an error. */
const SECRET_KEYS = new Set<string | number>(["secret", "token", "url"]);

function reportType(path: Path, expected: string, actual: unknown, report: Report): void {
  const example = exampleOf(path);
  const name = path.length === 0 ? "the file" : pathText(path);
  const keys = Object.keys(shapeOf(schemaAt(path)) ?? {}).join(", ");
  const write = example === undefined ? `write the keys ${keys}` : `write ${example}`;
  if (actual === undefined) report("error", path, `${name} is missing`, write, "key");
  else if (actual === null && path.length > 0) {
    report("error", path, `${name} is empty`, `${write}, or leave the key out where it is optional`, "key");
  } else if (expected === "string" && typeof actual !== "object") {
    const shown = SECRET_KEYS.has(path.at(-1)!) ? "in quotes" : `"${String(actual)}"`;
    report(
      "error",
      path,
      `${name} must be a text, not ${kindOf(actual)}`,
      `write it ${shown === "in quotes" ? shown : `in quotes: ${shown}`}`,
    );
  } else {
    const item =
      expected === "array" && typeof actual === "string" ? `; put brackets around it: [${actual}]` : "";
    report(
      "error",
      path,
      `${name} must be ${KINDS[expected] ?? expected}, not ${kindOf(actual)}`,
      write + item,
    );
  }
}

function reportIssue(issue: Issue, value: unknown, report: Report): void {
  const path = issue.path as Path;
  const example = exampleOf(path);
  const write = example === undefined ? "see the documentation of this key" : `write ${example}`;
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys.slice(0, MAX_ISSUES)) reportUnknown(path, key, report);
  } else if (issue.code === "invalid_type") {
    reportType(path, issue.expected, valueAt(value, path), report);
  } else if (issue.code === "invalid_value") {
    const actual = valueAt(value, path);
    const words = issue.values.map(String);
    if (typeof actual !== "string") {
      reportType(path, "string", actual, report);
      return;
    }
    const meant = nearest(actual, words);
    const hint = meant === undefined ? "" : `did you mean '${meant}'? `;
    report(
      "error",
      path,
      `'${actual}' is not a value of ${pathText(path)}`,
      `${hint}write one of ${words.join(", ")}`,
    );
  } else if (issue.code === "too_small" && issue.origin !== "number") {
    report("error", path, `${pathText(path)} is empty`, write);
  } else if (issue.code === "too_small" || issue.code === "too_big") {
    const limit = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
    report("error", path, `${pathText(path)} must be ${limit}`, write);
  } else {
    const cure = issue.code === "custom" ? issue.params?.cure : undefined;
    report("error", path, issue.message, typeof cure === "string" ? cure : write);
  }
}

/** A copy of `value` without the keys `gone` of the map at `path`. */
function without(value: unknown, path: Path, gone: readonly string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const [step, ...rest] = path;
  if (Array.isArray(value)) return value.map((item, at) => (at === step ? without(item, rest, gone) : item));
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  if (step === undefined) for (const key of gone) delete copy[key];
  else copy[step] = without(copy[step], rest, gone);
  return copy;
}

/** More issues than these are not looked into: the file is something else, or hopeless. */
const MAX_ISSUES = 100;

/**
 * The file's values in their right form, or undefined when some are not. Unknown keys are reported and then left
 * aside, so that the rest of the file is judged in the same run.
 */
export function judgeShape(value: unknown, report: Report): FileShape | undefined {
  const judged = fileSchema.safeParse(value);
  if (judged.success) return judged.data;
  const { issues } = judged.error;
  for (const issue of issues.slice(0, MAX_ISSUES)) reportIssue(issue, value, report);
  if (issues.length > MAX_ISSUES) return undefined;
  let known = value;
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") return undefined;
    known = without(known, issue.path as Path, issue.keys);
  }
  return fileSchema.safeParse(known).data;
}
