import { leaveAll, restart, sizes } from "./coming-to-rest.ts";
import type { Story } from "./moves.ts";
import { Complaint, World } from "./world.ts";

/**
 * One story from its beginning to its end: the moves, then all comes to rest, is killed once more, and everybody goes.
 *
 * @param meddle has its way with the world before it begins.
 * @throws Complaint where a promise is broken.
 */
export function play({ scene, moves }: Story, isTold = false, meddle?: (world: World) => void): void {
  const world = new World(scene, isTold);
  meddle?.(world);
  const before = sizes(world);
  for (const { deed, pause } of moves) {
    world.take(deed);
    world.pause(pause);
  }
  world.rest();
  if (scene.isRestarted) restart(world);
  leaveAll(world, before);
}

export interface Telling {
  /** Everything that was said, a line each. */
  readonly lines: readonly string[];
  /** The promise that was broken, which ends the story. */
  readonly broken: string | undefined;
}

/** Plays a story and writes down what is said. */
export function tell(story: Story): Telling {
  let world: World | undefined;
  let broken: string | undefined;
  try {
    play(story, true, (own) => {
      world = own;
    });
  } catch (error) {
    broken =
      error instanceof Complaint ? error.message : error instanceof Error ? error.stack : String(error);
  }
  return { lines: world?.conversation?.lines ?? [], broken };
}
