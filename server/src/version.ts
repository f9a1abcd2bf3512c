import { readFileSync } from 'node:fs';

/** Version of this program, from the package that the bundle lies in. */
export function programVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
