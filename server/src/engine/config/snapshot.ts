import type { Problem } from '../contract.ts';
import type { Host } from '../host.ts';
import { readDocument, type SyntaxDocument } from '../syntax/document.ts';
import { forgotSemicolon } from './forgotten-semicolon.ts';
import { basename, dirname, isGlob, matchSegment, resolvePath } from './paths.ts';
import { shippedFile } from './shipped-files.ts';

/** What an include pattern stands for. Relative patterns are resolved already: the key tells all. */
export type IncludeTarget =
  | { readonly kind: 'files'; readonly files: readonly string[] }
  /** Absent here, but part of nginx's packages. */
  | { readonly kind: 'shipped'; readonly text: SyntaxDocument | null }
  | { readonly kind: 'missing' }
  /** There, but not readable as configuration; the problem stands in the snapshot. */
  | { readonly kind: 'problem'; readonly problem: Problem };

/** A text beside the configuration that may tell which nginx runs it. */
export interface EnvironmentFile {
  readonly path: string;
  readonly text: string;
}

/** Everything that was read, at one moment. Immutable: all questions about the configuration are answered from it. */
export interface Snapshot {
  /** The files the caller named, in order; a whole configuration or fragments. */
  readonly roots: readonly string[];
  /** Directory that relative includes start from: that of the main file (ngx_conf_full_name with conf_prefix). */
  readonly prefix: string;
  /** In the order in which nginx would read them. */
  readonly files: ReadonlyMap<string, SyntaxDocument>;
  /** By resolved pattern. */
  readonly includes: ReadonlyMap<string, IncludeTarget>;
  readonly environment: readonly EnvironmentFile[];
  readonly problems: readonly Problem[];
}

export interface LoadOptions {
  /** Documents that are parsed already, by path: open editors, or standard input. */
  readonly documents?: ReadonlyMap<string, SyntaxDocument>;
  /** Reads a text as directives; whoever keeps parsed files between loads brings his own. */
  readonly parse?: (path: string, text: string) => SyntaxDocument;
  /** Prefix mapping of paths in the configuration to where the files are here; the longest prefix wins. */
  readonly pathMap?: ReadonlyMap<string, string>;
}

/** More files than any configuration has; a bound for generated trees and hostile globs. */
const MAX_FILES = 20_000;
/** Directories that include patterns may lead into. */
const MAX_DIRECTORIES = 5000;

/** Reads a configuration and all it includes. Never rejects; what could not be read is a problem. */
export async function loadSnapshot(
  host: Host,
  roots: readonly string[],
  options: LoadOptions = {},
): Promise<Snapshot> {
  const loader = new Loader(host, roots, options);
  for (const root of roots) await loader.file(root);
  return loader.snapshot(await readEnvironment(host, roots));
}

/** Applies a path map to one path. */
export function mapPath(path: string, pathMap: ReadonlyMap<string, string> | undefined): string {
  let best = '';
  for (const from of pathMap?.keys() ?? []) {
    const at = from.endsWith('/') ? from : `${from}/`;
    if ((path === from || path.startsWith(at)) && from.length > best.length) best = from;
  }
  if (best === '') return path;
  return resolvePath('/', `${pathMap!.get(best)!}/${path.slice(best.length)}`);
}

/** The key under which a snapshot keeps an include argument. */
export function includeKey(snapshot: { prefix: string }, argument: string): string {
  return resolvePath(snapshot.prefix, argument);
}

class Loader {
  private readonly files = new Map<string, SyntaxDocument>();
  private readonly includes = new Map<string, IncludeTarget>();
  private readonly problems: Problem[] = [];
  private readonly parsed = new Map<string, SyntaxDocument>();
  private readonly seen = new Set<string>();
  private readonly listings = new Map<string, Promise<readonly string[] | null>>();
  private readonly prefix: string;

  constructor(
    private readonly host: Host,
    private readonly roots: readonly string[],
    private readonly options: LoadOptions,
  ) {
    this.prefix = roots.length > 0 ? dirname(roots[0]!) : '/';
  }

  /** Loads a file and what it includes, depth first in file order, with a work list instead of recursion. */
  async file(root: string): Promise<void> {
    const work = [root];
    while (work.length > 0) {
      const path = work.pop()!;
      if (this.seen.has(path)) continue;
      this.seen.add(path);
      if (this.seen.size > MAX_FILES) {
        this.problems.push(
          problem('too-big', path, `more than ${MAX_FILES} files are included; the rest was not read`),
        );
        return;
      }
      const document = await this.read(path);
      if (!document) continue;
      this.files.set(path, document);
      const next: string[] = [];
      for (const argument of includeArguments(document)) {
        const target = await this.include(argument);
        if (target.kind === 'files') next.push(...target.files);
      }
      work.push(...next.reverse());
    }
  }

  snapshot(environment: readonly EnvironmentFile[]): Snapshot {
    return {
      roots: this.roots,
      prefix: this.prefix,
      files: this.files,
      includes: this.includes,
      environment,
      problems: this.problems,
    };
  }

  private async read(path: string): Promise<SyntaxDocument | null> {
    const open = this.options.documents?.get(path) ?? this.parsed.get(path);
    if (open) return open;
    const answer = await this.host.read(path);
    if (answer.ok) return this.parse(path, answer.text);
    this.problems.push(problem(answer.kind, path, answer.message));
    return null;
  }

  private parse(path: string, text: string): SyntaxDocument {
    return this.options.parse?.(path, text) ?? readDocument(text, { forgotSemicolon });
  }

  private async include(argument: string): Promise<IncludeTarget> {
    const key = resolvePath(this.prefix, argument);
    const known = this.includes.get(key);
    if (known) return known;
    const target = await this.resolve(mapPath(key, this.options.pathMap), key);
    this.includes.set(key, target);
    return target;
  }

  private async resolve(path: string, asWritten: string): Promise<IncludeTarget> {
    if (isGlob(path)) return { kind: 'files', files: await this.glob(path) };
    if (this.files.has(path) || this.parsed.has(path) || this.options.documents?.has(path))
      return { kind: 'files', files: [path] };
    const answer = await this.host.read(path);
    if (answer.ok) {
      // Kept aside until its turn comes: `files` has nginx's order.
      this.parsed.set(path, this.parse(path, answer.text));
      return { kind: 'files', files: [path] };
    }
    if (answer.kind === 'not-found') {
      const text = shippedFile(asWritten);
      if (text === null) return { kind: 'missing' };
      return { kind: 'shipped', text: text === '' ? null : readDocument(text) };
    }
    const found = problem(answer.kind, path, answer.message);
    this.problems.push(found);
    return { kind: 'problem', problem: found };
  }

  /** Expands a glob in byte order, as glob(3) does in the C locale that nginx runs in. */
  private async glob(pattern: string): Promise<string[]> {
    let found = ['/'];
    for (const segment of pattern.split('/').filter((s) => s !== '')) {
      const next: string[] = [];
      for (const directory of found) {
        if (!isGlob(segment)) {
          next.push(resolvePath(directory, segment));
          continue;
        }
        const names = (await this.directory(directory)) ?? [];
        for (const name of names) if (matchSegment(segment, name)) next.push(resolvePath(directory, name));
      }
      found = next;
      if (found.length > MAX_FILES) break;
    }
    const lastIsGlob = isGlob(basename(pattern));
    const present: string[] = [];
    for (const path of found) {
      if (lastIsGlob || ((await this.directory(dirname(path))) ?? []).includes(basename(path)))
        present.push(path);
    }
    return present.sort(compareBytes);
  }

  private directory(path: string): Promise<readonly string[] | null> {
    let listing = this.listings.get(path);
    if (!listing) {
      if (this.listings.size >= MAX_DIRECTORIES) {
        if (this.listings.size === MAX_DIRECTORIES) {
          this.problems.push(
            problem(
              'too-big',
              path,
              `the include patterns lead into more than ${MAX_DIRECTORIES} directories; the rest was not read`,
            ),
          );
        }
        listing = Promise.resolve(null);
        this.listings.set(path, listing);
        return listing;
      }
      listing = this.host.list(path);
      this.listings.set(path, listing);
    }
    return listing;
  }
}

/** Order of strcmp: by UTF-8 bytes, which for well-formed text is the order of code points. */
function compareBytes(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function problem(kind: Problem['kind'], file: string, message: string): Problem {
  return { kind, file, range: null, message };
}

/** Arguments of all include directives of a document, at any depth, in file order. */
function includeArguments(document: SyntaxDocument): string[] {
  const found: string[] = [];
  const work = [...document.items].reverse();
  while (work.length > 0) {
    const { directive } = work.pop()!;
    if (directive.name.value === 'include' && directive.args.length === 1 && !directive.block) {
      found.push(directive.args[0]!.value);
    }
    const items = directive.block?.items ?? [];
    for (let i = items.length - 1; i >= 0; i--) work.push(items[i]!);
  }
  return found;
}

/** Reads what may name the nginx image: container files in the configuration's directory and the two above it. */
async function readEnvironment(host: Host, roots: readonly string[]): Promise<EnvironmentFile[]> {
  const found: EnvironmentFile[] = [];
  const first = roots[0];
  if (first === undefined || !first.startsWith('/')) return found;
  let directory = dirname(first);
  for (let depth = 0; depth < 3 && directory !== '/'; depth++, directory = dirname(directory)) {
    const names = (await host.list(directory)) ?? [];
    for (const name of [...names].sort(compareBytes)) {
      if (!isEnvironmentName(name) || found.length >= 20) continue;
      const answer = await host.read(`${directory}/${name}`);
      if (answer.ok && answer.text.length <= 1_000_000)
        found.push({ path: `${directory}/${name}`, text: answer.text });
    }
    if (names.includes('.git')) break;
  }
  return found;
}

function isEnvironmentName(name: string): boolean {
  return (
    /^(?:Dockerfile|Containerfile)(?:\..+)?$|\.(?:Dockerfile|dockerfile)$/.test(name) ||
    /^(?:docker-)?compose(?:\.[\w-]+)*\.ya?ml$/.test(name) ||
    /^(?:[\w-]*(?:nginx|deployment)[\w-]*)\.ya?ml$/.test(name)
  );
}
