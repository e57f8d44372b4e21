import type { Result } from "./simulation.ts";

/** A line about a seed, for whoever reads the log of a test run. */
export function lineAbout({ seed, tally, moods, faults, runs, presenceChanges, virtualMs }: Result): string {
  const { texts, seen, refused, both, returned, lostOutside, crashDoubt } = tally;
  const minutes = Math.round(virtualMs / 60_000);
  const world = `${moods.profile}, ${moods.sipUsers}+${moods.xmppUsers} users${moods.isBytes ? ", as bytes" : ""}`;
  return (
    `simulation: seed ${seed}, ${texts} texts (${world}), ${faults} faults, ${runs} runs of the program, ` +
    `${seen} seen, ${refused} refused, ${both} seen and called doubtful, ${returned} returned, ` +
    `${lostOutside} lost before us, ${crashDoubt} lost unsaved in a crash, ${presenceChanges} presence changes, ${minutes} min`
  );
}
