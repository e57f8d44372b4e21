/** `${NAME}` in configuration texts. */
import type { Path, Report } from "./finding.ts";

const REFERENCE = /\$(\$\{[^}]*\}?)|\$\{([^}]*)\}/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * A copy of `value` in which every `${NAME}` inside a text is replaced by that environment variable; `$${NAME}` stands
 * for the characters `${NAME}`. What is not set, or badly written, is reported as an error and left as it is.
 */
export function expandEnvironment(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  report: Report,
  path: Path = [],
): unknown {
  if (typeof value === "string") return expandText(value, env, report, path);
  if (Array.isArray(value))
    return value.map((item, at) => expandEnvironment(item, env, report, [...path, at]));
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value))
    copy[key] = expandEnvironment(item, env, report, [...path, key]);
  return copy;
}

function expandText(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  report: Report,
  path: Path,
): string {
  return text.replace(REFERENCE, (whole: string, escaped: string | undefined, name: string | undefined) => {
    if (escaped !== undefined) return escaped;
    if (name === undefined || !NAME.test(name)) {
      report(
        "error",
        path,
        `'${whole}' is no environment variable`,
        "write a name of letters, digits and _ in the braces, or $$ for a plain $ before them",
      );
      return whole;
    }
    const value = env[name];
    if (value !== undefined) return value;
    report(
      "error",
      path,
      `the environment variable ${name} is not set`,
      `set ${name}, or write the value here`,
    );
    return whole;
  });
}
