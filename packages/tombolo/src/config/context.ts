import type { Report } from "./finding.ts";

/** What judging a file needs besides the file. */
export interface Context {
  /** Absolute path of the file, and the folder that its relative paths start from. */
  readonly file: string;
  readonly folder: string;
  /** The wall clock, ms since 1970: certificates are judged by it. */
  readonly now: number;
  readonly report: Report;
}
