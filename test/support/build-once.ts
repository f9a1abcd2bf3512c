import { execFileSync } from 'node:child_process';
import { ROOT } from './engine.ts';

/** Builds before the first test: those that read the build run beside each other, and none may take it away. */
export function setup(): void {
  execFileSync(process.execPath, ['esbuild.mjs'], { cwd: ROOT });
}
