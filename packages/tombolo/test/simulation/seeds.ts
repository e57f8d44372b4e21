import { readFileSync } from "node:fs";

/** Texts of one new seed: enough for some thirty faults. */
const TEXTS_PER_SEED = 20_000;
/** Texts of all new seeds of a run, unless TOMBOLO_SIMULATION_TEXTS says otherwise. */
const TEXTS = 1_000_000;
/** Files that run at once, each with its share of the seeds. */
export const SHARES = 2;

export interface Seed {
  readonly seed: number;
  readonly texts: number;
  /** What it found once; undefined for a new one. */
  readonly found?: string;
}

/** Seeds that once failed, and what they found: each is run for ever. */
export function keptSeeds(): readonly Required<Seed>[] {
  return JSON.parse(readFileSync(new URL("failing-seeds.json", import.meta.url), "utf8"));
}

/** The seed to replay with a trace, from TOMBOLO_SIMULATION_SEED (`seed` or `seed:texts`), if one is asked for. */
export function replayed(env: NodeJS.ProcessEnv = process.env): Seed | undefined {
  const wish = env.TOMBOLO_SIMULATION_SEED;
  if (!wish) return undefined;
  const [seed, texts] = wish.split(":").map(Number);
  if (!Number.isInteger(seed) || (texts !== undefined && !(texts > 0)))
    throw new Error(`TOMBOLO_SIMULATION_SEED is "${wish}", and should be a number, or number:texts`);
  return { seed: seed!, texts: texts ?? TEXTS_PER_SEED };
}

/** The new seeds of one share of a run: other ones in each run, the same in both files of a CI run. */
export function newSeeds(share: number, env: NodeJS.ProcessEnv = process.env): Seed[] {
  const total = Number(env.TOMBOLO_SIMULATION_TEXTS ?? TEXTS);
  const count = Math.max(1, Math.ceil(total / TEXTS_PER_SEED / SHARES));
  const texts = Math.ceil(total / SHARES / count);
  // Seconds since 1970, shifted so that shares and their seeds do not meet those of other runs soon.
  const first = (Math.floor(Date.now() / 1000) % 1_000_000) * 1000 + share * 500;
  return Array.from({ length: count }, (_, i) => ({ seed: first + i, texts }));
}
