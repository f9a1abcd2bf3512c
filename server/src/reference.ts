import { readFile } from 'node:fs/promises';

/** What nginx's documentation says of a directive, shortened; Markdown. */
export interface DirectiveText {
  readonly module: string;
  /** Forms of the arguments. */
  readonly syntax: readonly string[];
  readonly text: string;
}

interface Reference {
  /** Page on nginx.org by module. */
  readonly pages: Readonly<Record<string, string>>;
  readonly directives: Readonly<Record<string, readonly DirectiveText[]>>;
  /** By name without the `$`. */
  readonly variables: Readonly<Record<string, string>>;
}

const NONE: Reference = { pages: {}, directives: {}, variables: {} };

let loading: Promise<Reference> | null = null;

/** The texts, read from beside the bundle at the first question; empty where the file is missing or damaged. */
export function reference(): Promise<Reference> {
  loading ??= readFile(new URL('./reference.json', import.meta.url), 'utf8').then(
    (text) => {
      try {
        return JSON.parse(text) as Reference;
      } catch {
        return NONE;
      }
    },
    () => NONE,
  );
  return loading;
}
