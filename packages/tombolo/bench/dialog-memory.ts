/**
 * Memory of live watches: `node --expose-gc packages/tombolo/bench/dialog-memory.ts [dialogs] [snapshot file]`.
 *
 * The pure gateway (user agent and translator) holds so many subscription dialogs in either direction, each made by whole
 * messages as an OCS or Lync edge writes them, parsed from bytes. What is counted is what stays when every transaction is
 * over.
 */
import { writeHeapSnapshot } from "node:v8";
import { AnsweringWorld } from "./answering-world.ts";

/** `ours`: XMPP users watch, we are subscriber. `theirs`: SIP users watch, we are notifier. */
export type DialogSide = "ours" | "theirs";

export interface DialogMemory {
  readonly side: DialogSide;
  readonly dialogs: number;
  /** Heap that stays for one more dialog, bytes. */
  readonly bytesPerDialog: number;
  /** Processor time to make one, microseconds. */
  readonly microsPerDialog: number;
}

/**
 * Makes `dialogs` watches, and measures what each of them keeps. Needs `--expose-gc`.
 * @param inspect called with everything alive and nothing else.
 */
export function measureDialogMemory(
  side: DialogSide,
  dialogs: number,
  inspect: () => void = () => {},
): DialogMemory {
  const bench = new AnsweringWorld();
  bench.linkUp();
  const make = (n: number) => (side === "ours" ? bench.watchByXmpp(n) : bench.watchBySip(n));
  // What is paid once is paid before.
  const first = Math.min(1000, dialogs);
  for (let n = 0; n < first; n++) make(n);
  bench.wait(120_000);
  const before = heap();
  const start = process.cpuUsage();
  for (let n = 0; n < dialogs; n++) make(first + n);
  const { user, system } = process.cpuUsage(start);
  bench.wait(120_000);
  const after = heap();
  const { size } = bench.gateway.translator;
  if (size !== first + dialogs) throw new Error(`${size} watches instead of ${first + dialogs}`);
  inspect();
  return {
    side,
    dialogs,
    bytesPerDialog: Math.round((after - before) / dialogs),
    microsPerDialog: Math.round((user + system) / dialogs),
  };
}

function heap(): number {
  const { gc } = globalThis;
  if (!gc) throw new Error("run it with --expose-gc");
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

if (import.meta.main) {
  const dialogs = Number(process.argv[2] ?? 100_000);
  for (const side of ["ours", "theirs"] as const) {
    const file = process.argv[3];
    const found = measureDialogMemory(side, dialogs, () => {
      if (file) writeHeapSnapshot(`${file}.${side}.heapsnapshot`);
    });
    process.stdout.write(
      `${side}: ${found.bytesPerDialog} bytes and ${found.microsPerDialog} us a dialog, ${found.dialogs} dialogs\n`,
    );
  }
}
