/** Prints the run's counts on one plain line, for CI systems that read a log and not colours. */
interface Counted {
  children: { allTests(): Iterable<{ result(): { state: string } }> };
}

export default class PlainSummaryReporter {
  onTestRunEnd(modules: Iterable<Counted>): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 } as Record<string, number>;
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        counts[state] = (counts[state] ?? 0) + 1;
      }
    }
    const skipped = counts.skipped ? `, ${counts.skipped} skipped` : "";
    // After the default reporter's own closing lines.
    setImmediate(() => console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`));
  }
}
