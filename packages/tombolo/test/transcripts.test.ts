/** Every file of transcripts/ played against the whole federation, in every mode. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  parseTranscript,
  type ReplayOptions,
  runTranscript,
  type SipStep,
  type Transcript,
} from "@tombolo/testkit";
import type { ProfileName } from "@tombolo/translator";
import { describe, expect, it } from "vitest";
import { resolveTables } from "../src/config/resolve-tables.ts";
import { ObservedBooks } from "./ledger.ts";
import { FederationWorld, type WorldSettings } from "./world.ts";

const LONG_MS = 3_600_000;
const FOLDER = join(import.meta.dirname, "transcripts");
const OPTIONS: ReplayOptions = {
  // The framer's own tests cut at every byte; here a prime spreads the cuts over heads, line ends and bodies.
  cutEvery: 31,
  isDoubled,
};

const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".txt"))
  .sort();

describe("transcripts", () => {
  it.each(files)("%s", (name) => {
    const transcript = parseTranscript(readFileSync(join(FOLDER, name), "utf8"), name);
    const settings = settingsOf(transcript);
    const worlds: FederationWorld[] = [];
    const makeWorld = () => {
      worlds.push(new FederationWorld(settings));
      return worlds.at(-1)!;
    };
    runTranscript(transcript, makeWorld, OPTIONS);
    expectBalancedBooks(worlds[0]!);
  });

  it("are there", () => {
    expect(files.length).toBeGreaterThan(100);
  });
});

/** Design law 1: once all time limits are over, each accepted text has had one fate. */
function expectBalancedBooks(world: FederationWorld): void {
  world.advance(LONG_MS);
  const ledger = new ObservedBooks();
  for (const observation of world.observations) {
    if (observation.what !== "im" || observation.event === "returned") continue;
    const { direction, partner, event } = observation;
    expect(ledger.book(direction, partner, event)).toBeGreaterThanOrEqual(0);
  }
  expect(ledger.inFlight).toBe(0);
}

/**
 * Comment lines before the first step such as `profile: ocs`, `unknown watchers: deny` or `tables: {"style": "rich"}`, the
 * last as the configuration has it.
 */
function settingsOf({ about }: Transcript): WorldSettings {
  const value = (key: string) => about.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
  return {
    profile: value("profile") as ProfileName | undefined,
    publish: value("publish") === "true",
    unknownWatcher: value("unknown watchers") as WorldSettings["unknownWatcher"],
    emailScreenNames: value("e-mail screen names") as WorldSettings["emailScreenNames"],
    tables: tablesOf(value("tables") ?? "{}"),
  };
}

function tablesOf(text: string): WorldSettings["tables"] {
  const shape = { tables: JSON.parse(text) } as Parameters<typeof resolveTables>[0];
  const report = (_severity: string, _path: unknown, message: string) => {
    throw new Error(message);
  };
  return resolveTables(shape, { report } as unknown as Parameters<typeof resolveTables>[1]);
}

/**
 * Over TLS a transaction ends with its answer (RFC 3261 17.2.2, timer J 0): a SUBSCRIBE outside dialogs is a second watch
 * then, and OPTIONS and CANCEL are answered again.
 */
function isDoubled({ startLine, headers }: SipStep): boolean {
  if (/^(OPTIONS|CANCEL) /.test(startLine)) return false;
  const to = headers.find(({ name }) => /^(to|t)$/i.test(name));
  // Without an entity tag it is another publication.
  if (startLine.startsWith("PUBLISH ")) return headers.some(({ name }) => name === "SIP-If-Match");
  return !startLine.startsWith("SUBSCRIBE ") || to?.value.includes(";tag=") === true;
}
