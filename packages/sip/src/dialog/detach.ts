/**
 * A copy of a text that keeps nothing else alive. A slice of a received head is a view of the whole head: kept for
 * hours in a dialog, twenty characters would hold kilobytes; and a text that was put together holds its parts. Joining an
 * array makes the engine write a text of its own, which `+` and templates do not.
 */
export function detach(text: string): string {
  return text.length < 2 ? text : [text.charAt(0), text.slice(1)].join("");
}
