/** How many entries each map, set and list that can be reached has, by the way to it; `*` stands for the entries of one. */
export type Sizes = ReadonlyMap<string, number>;

/** Walks over everything that the roots hold. */
export function sizesOf(roots: Readonly<Record<string, object>>): Sizes {
  const sizes = new Map<string, number>();
  const seen = new Set<object>();
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
    seen.add(value);
    if (Array.isArray(value) || value instanceof Set) {
      count(path, [...value].filter((entry) => entry !== undefined).length);
      for (const entry of value) visit(entry, `${path}.*`);
    } else if (value instanceof Map) {
      count(path, value.size);
      for (const [key, entry] of value) {
        visit(key, `${path}.key`);
        visit(entry, `${path}.*`);
      }
    } else for (const [name, entry] of Object.entries(value)) visit(entry, `${path}.${name}`);
  };
  const count = (path: string, size: number) => sizes.set(path, (sizes.get(path) ?? 0) + size);
  for (const [name, root] of Object.entries(roots)) visit(root, name);
  return sizes;
}

/** What has more than it had at first, in words. @param isMeantToStay ways to what is bounded and outlives users. */
export function grown(before: Sizes, after: Sizes, isMeantToStay: (path: string) => boolean): string[] {
  const found: string[] = [];
  for (const [path, size] of after) {
    const had = before.get(path) ?? 0;
    if (size > had && !isMeantToStay(path)) found.push(`${path}: ${size}, at first ${had}`);
  }
  return found;
}
