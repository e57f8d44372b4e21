/** The files that keys and certificates live in. Nothing that is there is ever written over. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CommandError, WRONG_USAGE } from "../cli/exit.ts";

/** Largest file that is read, bytes. */
const MAX_BYTES = 2_097_152;
const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;

/** @throws CommandError when one of them is there. */
export function demandNone(paths: readonly string[]): void {
  const found = paths.filter((path) => existsSync(path));
  if (found.length > 0)
    throw new CommandError(
      `${found.join(", ")} ${found.length > 1 ? "are" : "is"} there already; move it away or write elsewhere`,
    );
}

/** What is secret is for its owner alone. */
export function write(path: string, content: string | Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, {
      flag: "wx",
      mode: path.endsWith(".crt") || path.endsWith(".csr") ? 0o644 : 0o600,
    });
  } catch (error) {
    throw new CommandError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

export function read(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new CommandError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (bytes.length > MAX_BYTES) throw new CommandError(`${path} is too large for a certificate file`);
  return bytes;
}

export function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? read(path) : undefined;
}

/** PEM texts. @throws CommandError when there is none */
export function certificatesIn(path: string): string[] {
  const found = read(path).toString("latin1").match(PEM_BLOCK);
  if (!found) throw new CommandError(`${path} holds no PEM certificate`);
  return [...found];
}

/** Never from the command line, which others on the machine can see. */
export function password(file: string | undefined): string {
  if (file === undefined) return process.env.TOMBOLO_PFX_PASSWORD ?? "";
  const text = read(file)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (text.includes("\n"))
    throw new CommandError(`${file} has several lines; the password alone belongs there`, WRONG_USAGE);
  return text;
}
