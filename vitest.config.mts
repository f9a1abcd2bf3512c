import { defineConfig } from 'vitest/config';

// "unit" takes seconds and needs no nginx; "nginx" runs Debian's nginx on loopback.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['server/**/*.test.ts', 'grammars/**/*.test.ts', 'test/unit/**/*.test.ts', 'test-fixtures/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'nginx',
          include: ['test/nginx/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
