/** `tombolo pki`: keys, certificates, requests and PKCS #12 files, without other tools. */
import { Command } from "commander";
import { CommandError, type Ending, FAILED, FINE, WRONG_USAGE } from "./exit.ts";
import { printable, table } from "./table.ts";

const PASSWORD_HELP = "file with the password (or TOMBOLO_PFX_PASSWORD); an empty one by default";

export function pkiCommand(end: Ending): Command {
  const pki = new Command("pki").description("make and look at keys and certificates");
  pki
    .command("init")
    .description("make a private authority and the edge's certificate")
    .requiredOption("--name <name...>", "DNS names of the edge, the advertised one first")
    .option("--dir <folder>", "where the files go", "pki")
    .option(
      "--days <days>",
      "how long the edge's certificate is good; the authority ten times as long",
      "825",
    )
    .action(async (options: InitOptions) => end(await init(options)));
  pki
    .command("csr")
    .description("make a key and a signing request for an authority")
    .requiredOption("--name <name...>", "DNS names, the advertised one first")
    .option("--key <file>", "a key that is there already is used, else one is made there", "edge.key")
    .option("--out <file>", "where the request goes", "edge.csr")
    .action(async (options: CsrOptions) => end(await csr(options)));
  pki
    .command("inspect")
    .description("show a certificate file (PEM or DER), and whether it may stand for an edge")
    .argument("<file>", "certificate file")
    .option("--json", "print JSON")
    .action(async (file: string, options: { json?: true }) => end(await inspectFile(file, options)));
  pki
    .command("import-pfx")
    .description("take a .pfx apart: NAME.crt with its chain, NAME.key, and NAME-ca.crt with its roots")
    .argument("<file>", "PKCS #12 file")
    .option("--out <path>", "path and NAME of the files", "edge")
    .option("--password-file <file>", PASSWORD_HELP)
    .action(async (file: string, options: ImportOptions) => end(await importPfx(file, options)));
  pki
    .command("export-pfx")
    .description("put a certificate and its key into a .pfx for Windows")
    .requiredOption("--cert <file>", "certificate, with its chain")
    .requiredOption("--key <file>", "its key")
    .option("--ca <file>", "roots to put in as well")
    .option("--out <file>", "where it goes", "edge.pfx")
    .option("--legacy", "3DES for Windows Server 2008 to 2016, which cannot read AES")
    .option("--password-file <file>", PASSWORD_HELP)
    .action(async (options: ExportOptions) => end(await exportPfx(options)));
  return pki;
}

interface InitOptions {
  readonly name: string[];
  readonly dir: string;
  readonly days: string;
}

async function init({ name, dir, days }: InitOptions): Promise<number> {
  const { join } = await import("node:path");
  const { makeAuthority, issueEdge } = await import("../pki/issue.ts");
  const files = await import("../pki/files.ts");
  const [count, now, wanted] = [daysOf(days), Date.now(), names(name)];
  const paths = ["ca.crt", "ca.key", "edge.crt", "edge.key"].map((file) => join(dir, file));
  files.demandNone(paths);
  const authority = makeAuthority(`Tombolo private CA of ${wanted[0]}`, count * 10, now);
  const edge = issueEdge(authority, { names: wanted, days: count, now });
  const texts = [authority.cert, authority.key, edge.cert, edge.key];
  for (const [at, path] of paths.entries()) files.write(path, texts[at]!);
  say(`made ${paths.join(", ")}`);
  say("give ca.crt to your partners, keep ca.key away from this machine, and put theirs behind ca.crt");
  return FINE;
}

interface CsrOptions {
  readonly name: string[];
  readonly key: string;
  readonly out: string;
}

async function csr({ name, key, out }: CsrOptions): Promise<number> {
  const files = await import("../pki/files.ts");
  const { makeKeyPair, readKeyPair } = await import("../pki/key-pair.ts");
  const { makeRequest } = await import("../pki/issue.ts");
  const wanted = names(name);
  files.demandNone([out]);
  const known = files.readIfThere(key);
  const keys =
    known === undefined ? makeKeyPair() : sentence(key, () => readKeyPair(known.toString("latin1")));
  const request = makeRequest(keys, wanted);
  if (known === undefined) files.write(key, keys.privatePem);
  files.write(out, request);
  say(`made ${out}${known === undefined ? ` and ${key}` : ""}; ask for serverAuth and clientAuth`);
  return FINE;
}

async function inspectFile(file: string, { json }: { readonly json?: true }): Promise<number> {
  const files = await import("../pki/files.ts");
  const { inspect } = await import("../pki/inspection.ts");
  const bytes = files.read(file);
  const found = sentence(file, () => inspect(bytes, Date.now()));
  const isBad = found[0]!.troubles.length > 0;
  if (json) {
    say(JSON.stringify({ file, certificates: found }));
    return isBad ? FAILED : FINE;
  }
  for (const one of found) {
    const rows = [
      ["subject", one.subject],
      ["issuer", one.issuer],
      ["names", one.names.join(" ") || "none"],
      ["valid", `${one.notBefore} to ${one.notAfter} (${one.daysLeft} days left)`],
      ["key", one.key],
      ["may be", usesOf(one)],
      ["sha-256", one.fingerprint],
    ];
    process.stdout.write(table(["", ""], rows).replace(/^.*\n/, ""));
    for (const trouble of one.troubles) say(`trouble  ${printable(trouble)}`);
    say("");
  }
  return isBad ? FAILED : FINE;
}

function usesOf(one: { isAuthority: boolean; serverAuth: boolean; clientAuth: boolean }): string {
  if (one.isAuthority) return "authority";
  return [one.serverAuth && "server", one.clientAuth && "client"].filter(Boolean).join(", ") || "neither";
}

interface ImportOptions {
  readonly out: string;
  readonly passwordFile?: string;
}

async function importPfx(file: string, { out, passwordFile }: ImportOptions): Promise<number> {
  const files = await import("../pki/files.ts");
  const { readPfx } = await import("../pki/pfx.ts");
  const bytes = files.read(file);
  const { key, chain, roots } = sentence(file, () => readPfx(bytes, files.password(passwordFile)));
  const texts: [string, string][] = [
    [`${out}.crt`, chain.join("")],
    [`${out}.key`, key],
    ...(roots.length > 0 ? [[`${out}-ca.crt`, roots.join("")] as [string, string]] : []),
  ];
  files.demandNone(texts.map(([path]) => path));
  for (const [path, text] of texts) files.write(path, text);
  say(`made ${texts.map(([path]) => path).join(", ")}`);
  return FINE;
}

interface ExportOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly out: string;
  readonly legacy?: true;
  readonly passwordFile?: string;
}

async function exportPfx(options: ExportOptions): Promise<number> {
  const files = await import("../pki/files.ts");
  const { writePfx } = await import("../pki/pfx.ts");
  const { readKeyPair } = await import("../pki/key-pair.ts");
  const key = sentence(options.key, () => readKeyPair(files.read(options.key).toString("latin1")).privatePem);
  const contents = {
    key,
    chain: files.certificatesIn(options.cert),
    roots: options.ca === undefined ? [] : files.certificatesIn(options.ca),
  };
  files.demandNone([options.out]);
  const bytes = sentence(options.cert, () =>
    writePfx(contents, files.password(options.passwordFile), options.legacy ?? false),
  );
  files.write(options.out, bytes);
  say(`made ${options.out}`);
  return FINE;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;

function names(given: readonly string[]): string[] {
  return given.map((one) => {
    const name = one.toLowerCase();
    if (!HOST.test(name))
      throw new CommandError(`${one} is no host name; write sip.example.com`, WRONG_USAGE);
    return name;
  });
}

function daysOf(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 3650) return days;
  throw new CommandError(`${text} is no number of days from 1 to 3650`, WRONG_USAGE);
}

/** What cannot be read is said with its file. */
function sentence<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
