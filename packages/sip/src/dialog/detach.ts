/**
 * A copy of a text that keeps nothing else alive. A slice of a received head is a view of the whole head: kept for
 * hours in a dialog, twenty characters would hold kilobytes. Joining and cutting makes the engine write a text of its
 * own.
 */
export function detach(text: string): string {
  return ` ${text}`.slice(1);
}
