/**
 * Holds the code against the rules of docs/ARCHITECTURE.md that no compiler checks: who may import whom, that the core
 * is free of its surroundings, and that product names stay where quirks live. Prints each break; exit 1 if there is one.
 */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Workspace packages that each package may import outside its tests. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  sip: [],
  "xmpp-edge": [],
  "sip-edge": ["@tombolo/sip"],
  translator: ["@tombolo/sip"],
  testkit: ["@tombolo/sip"],
  tombolo: ["@tombolo/sip", "@tombolo/sip-edge", "@tombolo/xmpp-edge", "@tombolo/translator"],
};
/** What pure code may take from npm. */
const PURE_LIBRARIES = new Set(["saxes", "ltx", "ltx/src/escape.js"]);
const PURE_PACKAGES = new Set(["sip", "sip-edge", "xmpp-edge", "translator"]);
/** Requirement ids such as AOL-07 are none. */
const PRODUCTS =
  /\b(?:lync|ocs|skype|communicator|aol(?!-\d)|sametime|webex|googletalk|prosody|ejabberd|openfire|kamailio)\b/i;
const PRODUCT_PLACES = /\/(?:peers|tables|config|console)\/|^packages\/testkit\//;

const faults: string[] = [];

for (const file of globSync("packages/*/src/**/*.ts", { cwd: ROOT })) {
  const text = readFileSync(join(ROOT, file), "utf8");
  const isTest = /\.(?:test|bench)\.ts$/.test(file);
  const pkg = file.split("/")[1]!;
  const isPure = PURE_PACKAGES.has(pkg) && !file.includes("/io/") && !isTest;
  for (const target of imports(text)) checkImport(file, pkg, target, isPure, isTest);
  if (isPure && /\bMath\.random\b/.test(text))
    faults.push(`${file}: Math.random in the core; take a random source`);
  if (!isTest) checkProducts(file, text);
}

for (const [pkg, allowed] of Object.entries(MAY_IMPORT)) {
  const manifest = JSON.parse(readFileSync(join(ROOT, "packages", pkg, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
  };
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    if (name.startsWith("@tombolo/") && !allowed.includes(name)) {
      faults.push(`packages/${pkg}/package.json: may not depend on ${name}`);
    }
  }
}

if (faults.length > 0) {
  console.error(faults.join("\n"));
  process.exit(1);
}
console.log(
  "layers: every import, the core's purity and the place of product names are as ARCHITECTURE.md says",
);

function imports(text: string): string[] {
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g,
    ),
  ].map((match) => match[1] ?? match[2]!);
}

function checkImport(file: string, pkg: string, target: string, isPure: boolean, isTest: boolean): void {
  if (target.startsWith(".")) {
    if (isPure && /(?:^|\/)io\//.test(target)) faults.push(`${file}: the core imports its shell (${target})`);
    if (/\/packages\//.test(target) || target.split("../").length > file.split("/").length - 2) {
      faults.push(`${file}: reaches into another package (${target}); import it by name`);
    }
    return;
  }
  const workspace = /^@tombolo\/[a-z-]+/.exec(target)?.[0];
  if (workspace) {
    const inTest = isTest && (workspace === "@tombolo/testkit" || workspace === `@tombolo/${pkg}`);
    if (!inTest && !MAY_IMPORT[pkg]!.includes(workspace))
      faults.push(`${file}: ${pkg} may not import ${target}`);
    if (isPure && target.endsWith("/io")) faults.push(`${file}: the core imports a shell (${target})`);
    return;
  }
  if (isPure && !PURE_LIBRARIES.has(target)) faults.push(`${file}: the core may not import ${target}`);
}

function checkProducts(file: string, text: string): void {
  if (PRODUCT_PLACES.test(file)) return;
  for (const [index, line] of text.split("\n").entries()) {
    const found = PRODUCTS.exec(line);
    if (found)
      faults.push(`${file}:${index + 1}: "${found[0]}" (${basename(file)} is not a place for product names)`);
  }
}
