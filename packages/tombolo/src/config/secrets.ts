/** Secrets from the file itself or from files of their own. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Context } from "./context.ts";
import { readSmallFile } from "./document.ts";
import type { Path } from "./finding.ts";

/** Largest secret file, in bytes. */
export const MAX_SECRET_BYTES = 4096;

/**
 * The secret that `value` or the file `file` gives, without the white space around it. Undefined when neither is given,
 * and, with a finding, when both are or the file gives none. `path` is the map that holds both keys, `key` the name of
 * the first (`secret`); the file's key is that name with `File` behind it.
 */
export function readSecret(
  value: string | undefined,
  file: string | undefined,
  path: Path,
  key: string,
  context: Context,
): string | undefined {
  const { report } = context;
  if (file === undefined) {
    if (value === undefined) return undefined;
    return usable(value.trim(), [...path, key], key, `the ${key}`, context);
  }
  const at = [...path, `${key}File`];
  if (value !== undefined) {
    report("error", at, `both ${key} and ${key}File are given`, "keep one of them");
    return undefined;
  }
  const whole = resolve(context.folder, file);
  const read = readSmallFile(whole, MAX_SECRET_BYTES);
  if ("trouble" in read) {
    report(
      "error",
      at,
      `the secret file ${file} ${read.trouble}`,
      `write the ${key} into ${whole}, mode 0600`,
    );
    return undefined;
  }
  if ((statSync(whole, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) {
    report(
      "warning",
      at,
      `every user of this machine may read the secret file ${file}`,
      `run chmod 600 ${whole}`,
    );
  }
  return usable(read.bytes.toString("utf8").trim(), at, key, `the secret file ${file}`, context);
}

function usable(secret: string, at: Path, key: string, what: string, context: Context): string | undefined {
  if (secret !== "" && !/[\u0000-\u001f\u007f]/.test(secret)) return secret;
  const wrong = secret === "" ? "is empty" : "has more than one line, or control characters";
  context.report("error", at, `${what} ${wrong}`, `write the ${key} as one line of text`);
  return undefined;
}
