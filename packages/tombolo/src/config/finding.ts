/** What is wrong with a configuration, said so that an administrator can mend it without a manual. */

/** Keys and list indexes from the top of the file: `["partners", 0, "route"]`. */
export type Path = readonly (string | number)[];

export interface Finding {
  /** An error keeps the program from starting; a warning is only said. */
  readonly severity: "error" | "warning";
  /** The configuration file as the user named it. */
  readonly file: string;
  /** Counted from 1; 0 where the file as a whole is meant (it is missing, for instance). */
  readonly line: number;
  readonly column: number;
  /** `partners[0].route`; empty for the file itself. */
  readonly path: string;
  /** What is wrong, without a full stop. */
  readonly message: string;
  /** What to do about it, beginning with a verb in small letters: `write listen: 127.0.0.1:5061`. */
  readonly cure: string;
}

/** Takes one finding; `at` says whether the key or its value is meant where they stand on different lines. */
export type Report = (
  severity: Finding["severity"],
  path: Path,
  message: string,
  cure: string,
  at?: "key" | "value",
) => void;

/** `tombolo.yaml:12: error: what is wrong; write ...`, one line. */
export function formatFinding(finding: Finding): string {
  const where = finding.line > 0 ? `${finding.file}:${finding.line}` : finding.file;
  const text = `${where}: ${finding.severity}: ${finding.message}; ${finding.cure}`;
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, " ");
}

/** `["partners", 0, "route"]` as people write it: `partners[0].route`. */
export function pathText(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === "error");
}
