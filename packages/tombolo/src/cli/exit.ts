/** How a command ends. */

/** All went well. */
export const FINE = 0;
/** Findings, or something failed. */
export const FAILED = 1;
/** The command line itself was wrong. */
export const WRONG_USAGE = 2;

/** Takes the exit code that a command ends with. */
export type Ending = (exitCode: number) => void;

/** A command's end that the user is told about in one sentence on stderr. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: typeof FAILED | typeof WRONG_USAGE;

  constructor(message: string, exitCode: typeof FAILED | typeof WRONG_USAGE = FAILED) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** One line on stderr with the program's name in front, whatever the text holds. */
export function complain(message: string): void {
  process.stderr.write(`tombolo: ${message.replace(/\s*[\r\n]+\s*/g, " ").trim()}\n`);
}

/** The last resort of every command: one sentence instead of a stack trace. */
export function uncaught(error: unknown): void {
  complain(`unexpected failure: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(FAILED);
}

/** A reader of stdout that has seen enough (head, less) is no failure. */
export function outputFailed(error: NodeJS.ErrnoException): void {
  process.exit(error.code === "EPIPE" ? FINE : FAILED);
}
