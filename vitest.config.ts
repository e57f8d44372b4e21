import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts"],
    reporters: ["default", "./scripts/plain-summary-reporter.ts"],
    testTimeout: 20_000,
    // Hooks start servers. On a machine that others use too, a start takes ten times as long as alone.
    hookTimeout: 90_000,
    expect: { poll: { timeout: 5_000 } },
    maxWorkers: 2,
  },
});
