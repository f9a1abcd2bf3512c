import type { Problem, Site } from '../contract.ts';
import type { FileRead, Host } from '../host.ts';
import { readDocument, type SyntaxDocument } from '../syntax/document.ts';
import { forgotSemicolon } from './forgotten-semicolon.ts';
import { mountedTemplates, templateInclude } from './image-templates.ts';
import { PathGuess } from './path-guess.ts';
import {
  basename,
  compareBytes,
  dirname,
  isGlob,
  matchSegment,
  resolvePath,
  splitPath,
  unescapeSegment,
} from './paths.ts';
import { shippedFile } from './shipped-files.ts';

/** What an include pattern stands for. Relative patterns are resolved already: the key tells all. */
export type IncludeTarget =
  | { readonly kind: 'files'; readonly files: readonly string[] }
  /** Absent here, but part of nginx's packages. */
  | { readonly kind: 'shipped'; readonly text: SyntaxDocument | null }
  | { readonly kind: 'missing' }
  /** A pattern for files of the machine that runs nginx, which this one is not: they were not read. */
  | { readonly kind: 'elsewhere' }
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
  /** Links that a pattern matches and that lead nowhere, each with where it leads: nginx refuses them. */
  readonly dangling: ReadonlyMap<string, string>;
  /** The first include that brought a file in, by file; also of files that could not be read. */
  readonly includedAt: ReadonlyMap<string, Site>;
  /** Folders of nginx that were guessed to be here, beside those that the path map names. */
  readonly guessed: ReadonlyMap<string, string>;
  /** Files that the nginx image makes at its start, each with the template here that stands for it. */
  readonly made: ReadonlyMap<string, string>;
  /** Whether a file that was not found is absent, rather than merely not part of what was given. */
  readonly hasNeighbours: boolean;
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
  /**
   * The name of a found file, where it goes by another: a link to a document that is open under its own name, or a
   * file of `nginx -T` that is named with `./` in it.
   */
  readonly nameOf?: (path: string) => Promise<string> | string;
  /** Whether there is anything beside the given texts; true when absent. */
  readonly hasNeighbours?: boolean;
}

/** More files than any configuration has; a bound for generated trees and hostile globs. */
const MAX_FILES = 20_000;
/** Characters of all files together. */
const MAX_TOTAL = 128 * 1024 * 1024;
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
  return loader.snapshot(await loader.environment());
}

/** Where the paths of nginx's machine that were guessed are here: folders, and files that are made of templates. */
export function guessedPaths({ guessed, made }: Snapshot): Map<string, string> {
  return new Map([...guessed, ...made]);
}

/** Applies a path map to one path. */
export function mapPath(path: string, pathMap: ReadonlyMap<string, string> | undefined): string {
  const from = mappedPrefix(path, pathMap);
  return from === null ? path : resolvePath('/', `${pathMap!.get(from)!}/${path.slice(from.length)}`);
}

/** The longest FROM of a path map that a path begins with. */
function mappedPrefix(path: string, pathMap: ReadonlyMap<string, string> | undefined): string | null {
  let best: string | null = null;
  for (const from of pathMap?.keys() ?? []) {
    const at = from.endsWith('/') ? from : `${from}/`;
    if ((path === from || path.startsWith(at)) && from.length > (best?.length ?? 0)) best = from;
  }
  return best;
}

/** "included from /etc/nginx/nginx.conf:3, from ...", innermost first; empty for a file that the caller named. */
export function includeTrail(snapshot: Pick<Snapshot, 'includedAt'>, file: string): string {
  const places: string[] = [];
  const seen = new Set<string>();
  for (let at = snapshot.includedAt.get(file); at && !seen.has(at.file); ) {
    seen.add(at.file);
    places.push(`${at.file}:${at.range.start.line}`);
    at = snapshot.includedAt.get(at.file);
  }
  const shown = places.length > MAX_TRAIL ? [...places.slice(0, MAX_TRAIL), '...'] : places;
  return shown.length === 0 ? '' : `included from ${shown.join(', from ')}`;
}

/** Places of a chain of includes that a message names. */
const MAX_TRAIL = 8;

/** The key under which a snapshot keeps an include argument. */
export function includeKey(snapshot: { prefix: string }, argument: string): string {
  return resolvePath(snapshot.prefix, argument);
}

class Loader {
  private readonly files = new Map<string, SyntaxDocument>();
  private readonly includes = new Map<string, IncludeTarget>();
  private readonly dangling = new Map<string, string>();
  readonly includedAt = new Map<string, Site>();
  private readonly guessed = new Map<string, string>();
  private readonly made = new Map<string, string>();
  private readonly problems: Problem[] = [];
  private readonly answers = new Map<string, FileRead>();
  private readonly seen = new Set<string>();
  private readonly listings = new Map<string, Promise<readonly string[] | null>>();
  private readonly prefix: string;
  private readonly guess: PathGuess;
  private total = 0;
  private around: Promise<EnvironmentFile[]> | null = null;

  constructor(
    private readonly host: Host,
    private readonly roots: readonly string[],
    private readonly options: LoadOptions,
  ) {
    this.prefix = roots.length > 0 ? dirname(roots[0]!) : '/';
    this.guess = new PathGuess(host, this.prefix);
  }

  /** Loads a file and what it includes, depth first in file order, with a work list instead of recursion. */
  async file(root: string): Promise<void> {
    const work = [root];
    while (work.length > 0) {
      const path = work.pop()!;
      if (this.seen.has(path)) continue;
      this.seen.add(path);
      if (this.seen.size > MAX_FILES) {
        this.complain('too-big', path, `more than ${MAX_FILES} files are included; the rest was not read`);
        return;
      }
      const document = await this.document(path);
      if (!document) continue;
      this.total += document.text.length;
      if (this.total > MAX_TOTAL) {
        const most = `${MAX_TOTAL / (1024 * 1024)} MB`;
        this.complain('too-big', path, `the files add up to more than ${most}; the rest was not read`);
        return;
      }
      this.files.set(path, document);
      const next: string[] = [];
      for (const { argument, start, end } of includesIn(document)) {
        const site = (): Site => ({ file: path, range: document.lines.range(start, end) });
        const target = await this.include(argument, site);
        if (target.kind !== 'files') continue;
        for (const file of target.files) {
          if (!this.includedAt.has(file) && !this.roots.includes(file)) this.includedAt.set(file, site());
          next.push(file);
        }
      }
      for (let i = next.length - 1; i >= 0; i--) work.push(next[i]!);
    }
  }

  snapshot(environment: readonly EnvironmentFile[]): Snapshot {
    return {
      roots: this.roots,
      prefix: this.prefix,
      files: this.files,
      includes: this.includes,
      dangling: this.dangling,
      includedAt: this.includedAt,
      guessed: this.guessed,
      made: this.made,
      hasNeighbours: this.options.hasNeighbours ?? true,
      environment,
      problems: this.problems,
    };
  }

  /** Texts beside the configuration, read once. */
  environment(): Promise<EnvironmentFile[]> {
    this.around ??= readEnvironment(this.host, this.roots);
    return this.around;
  }

  /** A file as directives; null when it cannot be read, which is a problem, or with a link in a pattern's way a fault. */
  private async document(path: string): Promise<SyntaxDocument | null> {
    const open = this.options.documents?.get(path);
    if (open) return open;
    const answer = await this.read(path);
    if (answer.ok) {
      this.answers.delete(path);
      return this.options.parse?.(path, answer.text) ?? readDocument(answer.text, { forgotSemicolon });
    }
    if (answer.link !== undefined && this.includedAt.has(path)) this.dangling.set(path, answer.link);
    else this.complain(answer.kind, path, answer.message);
    return null;
  }

  /** What the host says of a file, asked once. */
  private async read(path: string): Promise<FileRead> {
    const known = this.answers.get(path);
    if (known) return known;
    const answer = await this.host.read(path);
    // Kept aside until its turn comes: `files` has nginx's order.
    this.answers.set(path, answer);
    return answer;
  }

  private complain(kind: Problem['kind'], file: string, message: string): Problem {
    const trail = includeTrail(this, file);
    const found = problem(kind, file, trail === '' ? message : `${message}; ${trail}`);
    this.problems.push(found);
    return found;
  }

  private async include(argument: string, site: () => Site): Promise<IncludeTarget> {
    const key = resolvePath(this.prefix, argument);
    const known = this.includes.get(key);
    if (known) return known;
    const target = await this.resolve(argument, key, site);
    this.includes.set(key, target);
    return target;
  }

  private async resolve(argument: string, key: string, site: () => Site): Promise<IncludeTarget> {
    const place = await this.place(argument, key);
    if (place && isGlob(place.rest)) {
      const found = await this.glob(place.base, place.rest);
      const files = found.length > 0 ? found : await this.templates(argument);
      return { kind: 'files', files: await Promise.all(files.map((path) => this.nameOf(path))) };
    }
    if (!place && isGlob(key)) {
      const files = await this.templates(argument);
      if (files.length === 0) return { kind: 'elsewhere' };
      return { kind: 'files', files: await Promise.all(files.map((path) => this.nameOf(path))) };
    }
    if (place) {
      const path = await this.nameOf(resolvePath(place.base, place.rest));
      if (this.files.has(path) || this.options.documents?.has(path)) return { kind: 'files', files: [path] };
      const answer = await this.read(path);
      if (answer.ok) return { kind: 'files', files: [path] };
      if (answer.kind !== 'not-found') {
        if (!this.includedAt.has(path)) this.includedAt.set(path, site());
        return { kind: 'problem', problem: this.complain(answer.kind, path, answer.message) };
      }
    }
    const [template] = await this.templates(argument);
    if (template !== undefined) return { kind: 'files', files: [await this.nameOf(template)] };
    const text = shippedFile(key);
    if (text === null) return { kind: 'missing' };
    return { kind: 'shipped', text: text === '' ? null : readDocument(text) };
  }

  /**
   * Where an include leads: a directory, and the rest in which `*` is a pattern (ngx_conf_full_name, mapped). Null for
   * a path of the machine that runs nginx.
   */
  private async place(argument: string, key: string): Promise<{ base: string; rest: string } | null> {
    const { pathMap } = this.options;
    const from = mappedPrefix(key, pathMap);
    if (from !== null) return { base: pathMap!.get(from)!, rest: key.slice(from.length).replace(/^\/+/, '') };
    if (argument.startsWith('/')) {
      const guess = await this.guess.of(key);
      if (guess.kind === 'elsewhere') return null;
      if (guess.kind === 'mapped') {
        this.guessed.set(guess.from, guess.to);
        return { base: guess.to, rest: key.slice(guess.from.length + 1) };
      }
    }
    return splitPath(this.prefix, argument);
  }

  /** The templates of which the nginx image makes what an include asks for, in the order of what it makes. */
  private async templates(argument: string): Promise<string[]> {
    const wanted = templateInclude(argument);
    if (!wanted || this.options.hasNeighbours === false) return [];
    const key = resolvePath(this.prefix, wanted.argument);
    const place = await this.place(wanted.argument, key);
    let found = place ? await this.glob(place.base, place.rest) : [];
    const from = (template: string): string => template.slice(0, -wanted.suffix.length);
    const stated = found.length > 0 || mappedPrefix(key, this.options.pathMap) !== null;
    for (const folder of stated ? [] : mountedTemplates(await this.environment())) {
      found = await this.glob(folder, wanted.rest);
      if (found.length > 0) break;
    }
    const depth = wanted.rest.split('/').length;
    for (const template of found)
      this.made.set(wanted.output + from(template).split('/').slice(-depth).join('/'), template);
    return found.sort((a, b) => compareBytes(from(a), from(b)));
  }

  private nameOf(path: string): Promise<string> | string {
    return this.options.documents?.has(path) ? path : (this.options.nameOf?.(path) ?? path);
  }

  /** Expands a pattern as glob(3) does without flags: sorted, hidden names only where the pattern says so. */
  private async glob(base: string, pattern: string): Promise<string[]> {
    let found = [base];
    for (const segment of pattern.split('/').filter((s) => s !== '')) {
      const next: string[] = [];
      for (const directory of found) {
        if (!isGlob(segment)) {
          next.push(resolvePath(directory, unescapeSegment(segment)));
          continue;
        }
        const names = [...((await this.directory(directory)) ?? [])];
        // A directory has these two as well, and nginx refuses a pattern that matches them.
        if (segment.startsWith('.') && names.length > 0) names.push('.', '..');
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
          this.complain(
            'too-big',
            path,
            `the include patterns lead into more than ${MAX_DIRECTORIES} directories; the rest was not read`,
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

function problem(kind: Problem['kind'], file: string, message: string): Problem {
  return { kind, file, range: null, message };
}

export interface Include {
  readonly argument: string;
  /** Offsets of the directive, without its semicolon. */
  readonly start: number;
  readonly end: number;
}

const includesOf = new WeakMap<SyntaxDocument, readonly Include[]>();

/**
 * The include directives of a document, at any depth, in file order; also those in map, geo and types, whose entries
 * ngx_http_map, ngx_http_geo and ngx_http_core_type look at for the same word.
 */
export function includesIn(document: SyntaxDocument): readonly Include[] {
  const known = includesOf.get(document);
  if (known) return known;
  const found: Include[] = [];
  const work = document.items.map((item) => ({ item, base: 0 })).reverse();
  while (work.length > 0) {
    const { item, base } = work.pop()!;
    const { directive } = item;
    const start = base + item.at;
    if (directive.name.value === 'include' && directive.args.length === 1 && !directive.block) {
      found.push({ argument: directive.args[0]!.value, start, end: start + directive.headEnd });
    }
    const items = directive.block?.items ?? [];
    for (let i = items.length - 1; i >= 0; i--) work.push({ item: items[i]!, base: start });
  }
  includesOf.set(document, found);
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
