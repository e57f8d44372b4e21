import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts"],
    reporters: ["default", "./scripts/plain-summary-reporter.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Tests with real servers share a CI machine with others: one more try there, which the report names. A fault fails twice.
    retry: process.env.CI ? 1 : 0,
  },
});
