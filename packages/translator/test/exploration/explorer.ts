/** Something that can be moved, looked at and made again. */
export interface Explorable {
  /** Moves that can be made now, by name. */
  moves(): readonly string[];
  take(move: string): void;
  /** The same text for two states that behave the same. */
  fingerprint(): string;
  /** Throws where a law does not hold at this moment. */
  check(): void;
  /** Lets everything come to its end and throws where something is left. The world is of no use after it. */
  windUp(): void;
}

export interface Exploration {
  readonly depth: number;
  readonly states: number;
  readonly transitions: number;
}

interface Found {
  readonly before: Found | undefined;
  readonly move: string;
  readonly moves: readonly string[];
}

/**
 * Visits every state that can be reached by at most `depth` moves, nearest first, and checks each of them. States are not
 * copied: the way to each is played again in a new world.
 * @throws the error of the first check that fails, with the shortest way to it.
 */
export function explore(make: () => Explorable, depth: number): Exploration {
  const seen = new Set<number>();
  let transitions = 0;
  let frontier: Found[] = [];
  const visit = (world: Explorable, before: Found | undefined, move: string, next: Found[]) => {
    const mark = hash(world.fingerprint());
    if (seen.has(mark)) return;
    seen.add(mark);
    next.push({ before, move, moves: world.moves() });
    world.windUp();
  };
  inWay([], () => visit(make(), undefined, "", frontier));
  for (let level = 0; level < depth; level++) {
    const next: Found[] = [];
    for (const found of frontier) {
      const way = wayTo(found);
      for (const move of found.moves) {
        transitions += 1;
        inWay([...way, move], () => {
          const world = make();
          for (const step of way) world.take(step);
          world.take(move);
          world.check();
          visit(world, found, move, next);
        });
      }
    }
    frontier = next;
  }
  return { depth, states: seen.size, transitions };
}

function wayTo(found: Found): string[] {
  const way: string[] = [];
  for (let at: Found | undefined = found; at?.before; at = at.before) way.push(at.move);
  return way.reverse();
}

function inWay(way: readonly string[], work: () => void): void {
  try {
    work();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}\nafter: ${way.join(" / ")}`, { cause: error });
  }
}

/** 53 bits of a text. */
function hash(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}
