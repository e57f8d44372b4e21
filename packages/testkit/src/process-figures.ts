import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ of Linux: ticks of /proc/PID/stat in one second. */
const TICKS = 100;

/** A process and all below it, from /proc. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = statOf(Number(name))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const tree = [pid];
  for (let at = 0; at < tree.length; at++) {
    for (const [child, parent] of parents) if (parent === tree[at]) tree.push(child);
  }
  return tree;
}

/** CPU time that a process tree has used so far, s (utime + stime); resolution 10 ms. */
export function cpuSeconds(tree: readonly number[]): number {
  let ticks = 0;
  for (const pid of tree) {
    const fields = statOf(pid);
    if (fields) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS;
}

/** Resident and proportional memory of a process tree, MiB. The first counts pages that processes share each time. */
export function memoryMiB(tree: readonly number[]): { readonly rss: number; readonly pss: number } {
  let rss = 0;
  let pss = 0;
  for (const pid of tree) {
    const rollup = read(`/proc/${pid}/smaps_rollup`);
    rss += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    pss += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return { rss: rss / 1024, pss: pss / 1024 };
}

/** The fields of /proc/PID/stat from the state on; the name before may hold anything. */
function statOf(pid: number): string[] | undefined {
  const line = read(`/proc/${pid}/stat`);
  return line === "" ? undefined : line.slice(line.lastIndexOf(")") + 2).split(" ");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
