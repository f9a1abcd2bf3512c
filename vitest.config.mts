import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        // Needs no nginx.
        test: {
          name: 'unit',
          include: ['server/**/*.test.ts', 'grammars/**/*.test.ts', 'test/unit/**/*.test.ts', 'test-fixtures/**/*.test.ts'],
          globalSetup: ['test/support/build-once.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Runs Debian's nginx on loopback: one file after the other, for they share its addresses.
        test: {
          name: 'nginx',
          include: ['test/nginx/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
