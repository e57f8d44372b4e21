/** What the holes of a transcript have caught so far, by name. */
export type Caught = Map<string, string>;

/** `{name}`, `{name!=other}`, `{*}`. */
const HOLE = /\{([a-zA-Z][\w-]*|\*)(?:!=([a-zA-Z][\w-]*))?\}/g;

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
 * added to `caught` when it is; nothing is added when it is not. `{name!=other}` must not catch what `{other}` caught.
 */
export function matchHoles(pattern: string, actual: string, caught: Caught): boolean {
  const names: string[] = [];
  const different: (readonly [name: string, other: string])[] = [];
  let source = "";
  let from = 0;
  for (const hole of pattern.matchAll(HOLE)) {
    source += literally(pattern.slice(from, hole.index));
    from = hole.index + hole[0].length;
    const name = hole[1]!;
    if (hole[2] !== undefined) different.push([name, hole[2]]);
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
  const found = new Map(names.map((name, index) => [name, match[index + 1]!]));
  const value = (name: string) => found.get(name) ?? caught.get(name);
  if (different.some(([name, other]) => value(name) === value(other))) return false;
  for (const [name, value] of found) caught.set(name, value);
  return true;
}
