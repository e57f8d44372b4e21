/** Asks the running program through its admin API. */
import type { Command } from "commander";
import { CommandError, WRONG_USAGE } from "./exit.ts";

export interface AdminOptions {
  readonly config?: string;
  readonly admin?: string;
  readonly json?: true;
}

interface AdminPlace {
  readonly url: string;
  readonly token: string | undefined;
}

const TIMEOUT_MS = 10_000;

/** The options that find the running program, and how its answer is printed. */
export function withAdminOptions(command: Command): Command {
  return command
    .option("-c, --config <file>", "configuration of the running program: its admin.listen is asked")
    .option(
      "--admin <url>",
      "or the URL of its admin listener (or TOMBOLO_ADMIN; the token in TOMBOLO_ADMIN_TOKEN)",
    )
    .option("--json", "print JSON");
}

/**
 * Asks, and gives the answer's JSON. @throws CommandError when nobody answers, or the answer is an error
 */
export async function askAdmin(
  options: AdminOptions,
  path: string,
  request: { readonly method?: "GET" | "PUT" | "DELETE"; readonly body?: unknown } = {},
): Promise<unknown> {
  const { url, token } = await findAdmin(options);
  const answer = await fetch(new URL(path, url), {
    method: request.method ?? "GET",
    ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => {
    const { cause } = error as { cause?: { code?: string } };
    const why = cause?.code ?? error.message;
    throw new CommandError(
      `nobody answers at ${url} (${why}); is the program running, and is this its admin listener?`,
    );
  });
  const value = await answer.json().catch(() => undefined);
  if (answer.ok) return value;
  const said = (value as { error?: string } | undefined)?.error ?? `status ${answer.status}`;
  const cure =
    answer.status === 401 ? "; give its configuration with -c, or the token in TOMBOLO_ADMIN_TOKEN" : "";
  // What it was asked for cannot be: the words of the command line were wrong.
  throw new CommandError(`${url} says: ${said}${cure}`, answer.status === 400 ? WRONG_USAGE : undefined);
}

async function findAdmin({ config: file, admin }: AdminOptions): Promise<AdminPlace> {
  const url = admin ?? (file === undefined ? process.env.TOMBOLO_ADMIN : undefined);
  if (url !== undefined) return { url: parseUrl(url), token: process.env.TOMBOLO_ADMIN_TOKEN };
  if (file === undefined)
    throw new CommandError("which program? write -c FILE, --admin URL, or set TOMBOLO_ADMIN", WRONG_USAGE);
  const { loadConfig } = await import("../config/load.ts");
  const { formatFinding } = await import("../config/finding.ts");
  const { config, findings } = loadConfig(file);
  if (config === undefined) {
    const first = findings.find(({ severity }) => severity === "error") ?? findings[0]!;
    throw new CommandError(`${formatFinding(first)} (or ask by --admin URL)`);
  }
  const { listen, token } = config.admin;
  const host = listen.host === "0.0.0.0" ? "127.0.0.1" : listen.host === "::" ? "::1" : listen.host;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${listen.port}`, token };
}

function parseUrl(text: string): string {
  const url = text.includes("://") ? text : `http://${text}`;
  if (URL.canParse(url)) return url;
  throw new CommandError(`${text} is no URL; write http://127.0.0.1:8280`, WRONG_USAGE);
}
