import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

/** What VS Code calls to run the tests: every *.test.ts beside this file. */
export async function run(): Promise<void> {
  const words = process.env.NGINX502_TESTS;
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 30_000,
    color: false,
    ...(words && { fgrep: words }),
  });
  for (const file of readdirSync(__dirname).sort())
    if (file.endsWith('.test.cjs')) mocha.addFile(path.join(__dirname, file));
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run((failed) => {
      // For who counts the results: the exit status says only whether all is well.
      if (process.env.NGINX502_REPORT)
        writeFileSync(process.env.NGINX502_REPORT, JSON.stringify(runner.stats));
      resolve(failed);
    });
  });
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
