/** From a path to a configuration, or to everything that is wrong with it. */
import { dirname, resolve } from "node:path";
import type { Config } from "./config.ts";
import { type Position, readDocument } from "./document.ts";
import { expandEnvironment } from "./environment.ts";
import { type Finding, hasErrors, type Path, pathText, type Report } from "./finding.ts";
import { resolveConfig } from "./resolve.ts";
import { judgeShape } from "./schema-findings.ts";

/** Findings of one file that are told; who has mended these may ask again. */
export const MAX_FINDINGS = 100;

export interface LoadOptions {
  /** For `${NAME}`; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The wall clock in ms since 1970, by which certificates are judged; the system's by default. */
  readonly now?: number;
}

export interface Loaded {
  /** Undefined exactly when a finding is an error. */
  readonly config: Config | undefined;
  /** In the order of their lines. */
  readonly findings: readonly Finding[];
  /** Where a path of the configuration stands in the file, for findings made later. */
  locate(path: Path): Position;
}

/**
 * Reads, judges and completes the configuration in `file`, with every file it names. Never throws for what a user may
 * have written or left out: that becomes findings.
 */
export function loadConfig(file: string, options: LoadOptions = {}): Loaded {
  const nowhere: Position = { line: 0, column: 0 };
  const read = readDocument(file);
  const { document } = read;
  if (document === undefined) return { config: undefined, findings: read.findings, locate: () => nowhere };
  const findings: Finding[] = [];
  const locate = (path: Path) => document.locate(path, "value");
  const report: Report = (severity, path, message, cure, at = "value") => {
    if (findings.length >= MAX_FINDINGS) return;
    const text = pathText(path);
    const known = findings.some((finding) => finding.path === text && finding.message === message);
    if (!known) findings.push({ severity, file, ...document.locate(path, at), path: text, message, cure });
  };
  if (document.value === null || document.value === undefined) {
    report("error", [], "the configuration is empty", "write an edge: part, a gateway: part or both");
    return { config: undefined, findings, locate };
  }
  const expanded = expandEnvironment(document.value, options.env ?? process.env, report);
  const unset = new Set(findings.map((finding) => finding.path));
  // A value whose variable is not set has been reported; what else is wrong with it is no news.
  const reportOthers: Report = (severity, path, ...rest) => {
    if (!unset.has(pathText(path))) report(severity, path, ...rest);
  };
  const shape = judgeShape(expanded, reportOthers);
  const whole = resolve(file);
  const context = {
    file: whole,
    folder: dirname(whole),
    now: options.now ?? Date.now(),
    report: reportOthers,
  };
  const config = shape && resolveConfig(shape, context);
  findings.sort((one, other) => one.line - other.line || one.column - other.column);
  return { config: hasErrors(findings) ? undefined : config, findings, locate };
}
