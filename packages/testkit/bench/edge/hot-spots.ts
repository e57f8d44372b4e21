/** Where the CPU time of a profiled subject went, from the profiles that Node wrote. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { printTable } from "./table.ts";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SHOWN = 40;
/** Time in these is no work. */
const IDLE = new Set(["(idle)", "(root)"]);

/** Prints what each function took itself, and with what it called, as shares of the busy time. */
export function printHotSpots(dir: string): void {
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  let busy = 0;
  for (const file of globSync("*.cpuprofile", { cwd: dir })) {
    const profile = JSON.parse(readFileSync(join(dir, file), "utf8")) as Profile;
    busy += add(profile, self, total);
  }
  const share = (value: number | undefined) => `${(((value ?? 0) / busy) * 100).toFixed(1)} %`;
  const rows = [...self]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, time]) => [name, share(time), share(total.get(name))]);
  printTable("where the edge's time went", ["function", "itself", "with what it calls"], rows);
}

function add(profile: Profile, self: Map<string, number>, total: Map<string, number>): number {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id);
  const times = new Map<number, number>();
  for (const [at, id] of profile.samples.entries()) {
    times.set(id, (times.get(id) ?? 0) + Math.max(0, profile.timeDeltas[at] ?? 0));
  }
  let busy = 0;
  for (const [id, time] of times) {
    const node = nodes.get(id)!;
    if (IDLE.has(node.callFrame.functionName)) continue;
    busy += time;
    const own = nameOf(node);
    self.set(own, (self.get(own) ?? 0) + time);
    const seen = new Set<string>();
    for (let up: number | undefined = id; up !== undefined; up = parents.get(up))
      seen.add(nameOf(nodes.get(up)!));
    for (const name of seen) total.set(name, (total.get(name) ?? 0) + time);
  }
  return busy;
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const place = url.replace(/^.*\/packages\//, "").replace(/^node:internal\//, "node:");
  return `${place === "" ? "" : `${place}:${lineNumber + 1} `}${functionName === "" ? "(anonymous)" : functionName}`;
}
