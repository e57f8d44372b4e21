/** What the holes of a transcript have caught so far, by name. */
export type Caught = Map<string, string>;

const HOLE = /\{([a-zA-Z][\w-]*|\*)\}/g;

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Puts the caught values into `text`. Throws when a hole has caught nothing yet. */
export function fillHoles(text: string, caught: Caught): string {
  return text.replace(HOLE, (hole, name: string) => {
    const value = caught.get(name);
    if (value === undefined) throw new Error(`${hole} is sent before anything was caught by it`);
    return value;
  });
}

/**
 * Whether all of `actual` is `pattern`, a hole standing for one or more characters, as few as possible. New holes are
 * added to `caught` when it is; nothing is added when it is not.
 */
export function matchHoles(pattern: string, actual: string, caught: Caught): boolean {
  const names: string[] = [];
  let source = "";
  let from = 0;
  for (const hole of pattern.matchAll(HOLE)) {
    source += literally(pattern.slice(from, hole.index));
    from = hole.index + hole[0].length;
    const name = hole[1]!;
    const known = caught.get(name);
    const earlier = names.indexOf(name);
    if (name === "*") source += "[\\s\\S]+?";
    else if (known !== undefined) source += literally(known);
    else if (earlier >= 0) source += `\\${earlier + 1}(?![0-9])`;
    else {
      names.push(name);
      source += "([\\s\\S]+?)";
    }
  }
  source += literally(pattern.slice(from));
  const match = new RegExp(`^${source}$`).exec(actual);
  if (match === null) return false;
  for (const [index, name] of names.entries()) caught.set(name, match[index + 1]!);
  return true;
}
