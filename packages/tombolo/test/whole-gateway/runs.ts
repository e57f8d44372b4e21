import fc from "fast-check";
import { type Story, stories } from "./moves.ts";
import { play, tell } from "./story.ts";

/** Moves of one story at most. */
const LENGTH = 40;
/** Stories that are played each time, the same ones. */
const STORIES = 1_600;
const SEED = 20_260;

export interface Plan {
  readonly seed: number;
  /** Leads straight to one story. */
  readonly path?: string;
  readonly stories: number;
}

/** What became of a run. */
export interface Outcome {
  readonly stories: number;
  readonly cpuMs: number;
  /** The shortest story found in which a promise is broken, what was said in it, and how to play it again. */
  readonly failure: string | undefined;
}

/**
 * What TOMBOLO_GATEWAY_SEED (`seed`, or `seed:path` as a failure prints it) asks for; else the same stories as always, and
 * where TOMBOLO_GATEWAY_STORIES asks for more, as many that nobody has seen.
 */
export function plannedRuns(env: NodeJS.ProcessEnv = process.env): Plan[] {
  const asked = env.TOMBOLO_GATEWAY_STORIES;
  const count = Number(asked ?? STORIES);
  const wish = env.TOMBOLO_GATEWAY_SEED;
  if (!wish && asked === undefined) return [{ seed: SEED, stories: count }];
  if (!wish) {
    // Seconds since 1970.
    const fresh = Math.floor(Date.now() / 1_000);
    return [SEED, fresh].map((seed) => ({ seed, stories: count }));
  }
  const [, seed, path] = /^(-?[0-9]+)(?::([0-9:]+))?$/.exec(wish) ?? [];
  if (seed === undefined)
    throw new Error(`TOMBOLO_GATEWAY_SEED is "${wish}", and should be seed, or seed:path`);
  return [{ seed: Number(seed), stories: count, ...(path !== undefined && { path }) }];
}

/** Plays the stories of a seed; where a promise is broken looks for the shortest story in which it is. */
export function run({ seed, path, stories: count }: Plan): Outcome {
  const before = process.cpuUsage();
  const property = fc.property(stories(LENGTH), (story) => {
    play(story);
  });
  const found = fc.check(property, {
    seed,
    numRuns: count,
    ...(path !== undefined && { path, endOnFailure: true }),
  });
  const { user, system } = process.cpuUsage(before);
  const cpuMs = Math.round((user + system) / 1_000);
  const failure = found.failed
    ? report(found.counterexample![0], `${seed}:${found.counterexamplePath}`)
    : undefined;
  return { stories: found.numRuns, cpuMs, failure };
}

function report(story: Story, replay: string): string {
  const { broken, lines } = tell(story);
  return [
    `${broken}`,
    ...lines,
    `BROKEN: ${broken}`,
    `replay it with TOMBOLO_GATEWAY_SEED=${replay} vitest run packages/tombolo/test/whole-gateway`,
    `or keep it in kept-stories.json: ${JSON.stringify(story)}`,
  ].join("\n");
}
