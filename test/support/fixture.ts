import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding, Fix } from '../../server/src/engine/contract.ts';
import { applyEdits, editsByFile } from '../../server/src/engine/diagnosis/fixes.ts';
import type { BackendSpec } from '../../test-fixtures/toolbox/backends.ts';
import { FIXTURES } from './engine.ts';

/** What the backend must see when the fault is gone. Header names are compared without case; null: must be absent. */
export interface Meant {
  readonly status?: number;
  readonly requestLine?: string;
  readonly headers?: Record<string, string | null>;
}

export interface FixtureRequest {
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  /** A body of so many bytes. */
  readonly bodySize?: number;
  readonly host?: string;
  readonly websocket?: boolean;
  /** For a WebSocket: milliseconds without a byte after its echo; it must still be open then. */
  readonly idleMs?: number;
  readonly headers?: Record<string, string>;
  /** It is the second of its connection, which was idle so many milliseconds since the same request was answered. */
  readonly afterIdleMs?: number;
  readonly meant: Meant;
  /** First release on which it does not fail. */
  readonly until?: string;
  /** It only sets the scene, and ends the same before and after the fix. */
  readonly prepares?: boolean;
  /** explain names this failure mode, but not first: what else failed goes before. */
  readonly behind?: boolean;
  /** It is still under way when the next one is sent. */
  readonly holds?: boolean;
  /** Location that explain must lead to, as `place.location.text`. */
  readonly location?: string;
}

export interface SilentCase {
  readonly backends: readonly BackendSpec[];
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly bodySize?: number;
  readonly websocket?: boolean;
  readonly afterIdleMs?: number;
  readonly status: number;
}

/** `fixture.json` of a failure mode; see CONTRIBUTING.md. */
export interface Fixture {
  readonly id: string;
  readonly folder: string;
  /** What tells the broken from the fixed configuration. */
  /** First release that takes an `nginx.conf` which older ones refuse; it fails at the request then. */
  readonly accepted?: string;
  readonly observe: 'status' | 'log' | 'connections' | 'request' | 'refusal';
  readonly backends: readonly BackendSpec[];
  /**
   * Shell commands that shape a network of nginx's own before it starts. No backend of the toolbox is in it, but those
   * on unix sockets: the configuration itself holds what listens there.
   */
  readonly network?: readonly string[];
  /** The same after the remedy, where it differs. */
  readonly curedNetwork?: readonly string[];
  /** Modes in octal that folders below the instance's own get before nginx starts: `{"/var/lib/nginx": "0700"}`. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Backends after the remedy, for modes that no edit cures. */
  readonly cure?: readonly BackendSpec[];
  /**
   * Debian's package with the modules that the configuration loads; the fixture is skipped where nginx cannot load them.
   */
  readonly needs?: string;
  /** What /etc/hosts says to nginx: addresses by name. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** nginx has process ids as small as in a container. */
  readonly container?: boolean;
  readonly requests: readonly FixtureRequest[];
  /** Lines that another program writes of the same failure, pasted together with nginx's. */
  readonly beside?: readonly string[];
  readonly silent: Readonly<Record<string, SilentCase>>;
}

/** All fixtures, by folder name. */
export function fixtures(): Fixture[] {
  return readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(path.join(FIXTURES, entry.name, 'fixture.json')))
    .map((entry) => readFixture(entry.name))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function readFixture(id: string): Fixture {
  const folder = path.join(FIXTURES, id);
  return { id, folder, ...JSON.parse(readFileSync(path.join(folder, 'fixture.json'), 'utf8')) } as Fixture;
}

export function silentFiles(fixture: Fixture): string[] {
  return readdirSync(path.join(fixture.folder, 'silent'))
    .filter((name) => name.endsWith('.conf'))
    .sort();
}

export function silentCase(fixture: Fixture, file: string): SilentCase {
  return fixture.silent[file] ?? fixture.silent['*']!;
}

/** Configuration files of the broken fixture by absolute path. */
export function configFiles(fixture: Fixture): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== 'silent' && entry.name !== 'recorded') walk(full);
      } else if (entry.name.endsWith('.conf') && !['fixed.conf', 'cured.conf'].includes(entry.name)) {
        found.push(full);
      }
    }
  };
  walk(fixture.folder);
  return found;
}

/** The text that a file must have when its fixes are applied: fixed.conf for nginx.conf, X.fixed for X.conf. */
export function fixedText(file: string): string {
  const fixed =
    path.basename(file) === 'nginx.conf'
      ? path.join(path.dirname(file), 'fixed.conf')
      : file.replace(/\.conf$/, '.fixed');
  return readFileSync(existsSync(fixed) ? fixed : file, 'utf8');
}

export interface Expectation {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
  readonly severity: string;
  readonly id: string;
}

/** Carets in comments under the line they speak of: `#    ^^^^ warning: some-id`. */
export function expectations(text: string): Expectation[] {
  const found: Expectation[] = [];
  let code = 0;
  for (const [i, line] of text.split('\n').entries()) {
    const match = /^(\s*#\s*)(\^+) (\w+): ([\w-]+)\s*$/.exec(line);
    if (!match) {
      code = i + 1;
      continue;
    }
    const column = match[1]!.length + 1;
    found.push({
      line: code,
      column,
      endColumn: column + match[2]!.length,
      severity: match[3]!,
      id: match[4]!,
    });
  }
  return found;
}

export function asExpectation(finding: Finding): Expectation {
  const { start, end } = finding.range;
  return {
    line: start.line,
    column: start.column,
    endColumn: end.column,
    severity: finding.severity,
    id: finding.id,
  };
}

/** Texts after the given fixes; files that none of them touches are absent. */
export function withFixes(fixes: readonly Fix[], textOf: (file: string) => string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [file, edits] of editsByFile(fixes)) texts.set(file, applyEdits(textOf(file), edits));
  return texts;
}
