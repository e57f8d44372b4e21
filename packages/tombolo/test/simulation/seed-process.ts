import { simulate } from "./simulation.ts";

/**
 * Runs seeds for `SeedRunner`, in a process of its own: the test runner's way of loading modules makes every call between
 * them slow.
 */
interface Order {
  readonly seed: number;
  readonly texts: number;
  readonly isTraced: boolean;
}

process.on("message", ({ seed, texts, isTraced }: Order) => {
  const trace = (line: string) => process.stdout.write(`${line}\n`);
  const before = process.cpuUsage();
  try {
    const result = simulate(seed, texts, isTraced ? trace : undefined);
    const { user, system } = process.cpuUsage(before);
    process.send?.({ result, cpuMs: Math.round((user + system) / 1000) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.stack : String(error) });
  }
});
