import { readFileSync } from "node:fs";
import type { Story } from "./moves.ts";

export interface KeptStory {
  /** What was once broken in it. */
  readonly found: string;
  readonly story: Story;
}

/** Stories that once failed: each is played for ever. */
export function keptStories(): readonly KeptStory[] {
  return JSON.parse(readFileSync(new URL("kept-stories.json", import.meta.url), "utf8"));
}
