import type { NginxVersion, Problem, Range, Site } from '../contract.ts';
import type { Directive, Item, Word } from '../syntax/directive.ts';
import type { SyntaxDocument } from '../syntax/document.ts';
import { type Context, contextInside, guessContext } from './context.ts';
import { basename, isGlob } from './paths.ts';
import { includeKey, type Snapshot } from './snapshot.ts';
import { detectVersion, type VersionSource } from './version.ts';

const NONE: readonly ConfigNode[] = [];
/** Children up to which a look at each is cheaper than a table by name. */
const FEW = 12;

/**
 * A directive where it takes effect: the same line of a file that is included thirty times is thirty nodes, each
 * with its own parent and its own chain of includes.
 */
export class ConfigNode {
  children: readonly ConfigNode[] = NONE;
  readonly name: string;

  constructor(
    readonly file: string,
    readonly document: SyntaxDocument,
    /** Absolute offset of the directive in its file. */
    readonly at: number,
    readonly directive: Directive,
    /** The block this directive stands in, through includes; null at the top. */
    readonly parent: ConfigNode | null,
    /** Level the directive stands in. */
    readonly context: Context,
    /** The `include` that brought this file in; null in a root file. */
    readonly includedBy: ConfigNode | null,
    /** How many directives nginx reads before this one. */
    readonly order: number,
  ) {
    this.name = directive.name.value;
  }

  get args(): readonly string[] {
    return this.directive.values;
  }

  arg(index: number): string | null {
    return this.directive.values[index] ?? null;
  }

  get isBlock(): boolean {
    return this.directive.block !== null;
  }

  /** Level inside the block. */
  get inside(): Context {
    return contextInside(this.name, this.context);
  }

  /** Name and arguments: where a finding about this directive stands. */
  get site(): Site {
    return { file: this.file, range: this.range(0, this.directive.headEnd) };
  }

  /** Text of name and arguments, blanks folded. */
  get text(): string {
    return [this.directive.name, ...this.directive.args].map((word) => word.raw).join(' ');
  }

  /** Range between two offsets relative to the directive. */
  range(start: number, end: number): Range {
    return this.document.lines.range(this.at + start, this.at + end);
  }

  wordSite(word: Word): Site {
    return { file: this.file, range: this.range(word.at, word.at + word.raw.length) };
  }

  /** Files from a root down to this one, for messages. */
  get includeChain(): readonly ConfigNode[] {
    const chain: ConfigNode[] = [];
    for (let node = this.includedBy; node; node = node.includedBy) chain.unshift(node);
    return chain;
  }

  /** Direct children of that name, includes expanded, in reading order. */
  all(name: string): readonly ConfigNode[] {
    // A table pays only where many lines stand.
    if (this.children.length <= FEW) {
      let found: ConfigNode[] | null = null;
      for (const child of this.children) {
        if (child.name !== name) continue;
        if (found) found.push(child);
        else found = [child];
      }
      return found ?? NONE;
    }
    if (!this.byName) {
      this.byName = new Map();
      for (const child of this.children) {
        const same = this.byName.get(child.name);
        if (same) same.push(child);
        else this.byName.set(child.name, [child]);
      }
    }
    return this.byName.get(name) ?? NONE;
  }

  /** Made at the first question: every location asks its outer blocks the same few. */
  private byName: Map<string, ConfigNode[]> | null = null;

  first(name: string): ConfigNode | null {
    if (this.children.length > FEW) return this.all(name)[0] ?? null;
    for (const child of this.children) if (child.name === name) return child;
    return null;
  }

  /** Enclosing blocks, innermost first. */
  *ancestors(): Generator<ConfigNode> {
    for (let node = this.parent; node; node = node.parent) yield node;
  }
}

export interface ModelOptions {
  readonly version?: VersionSource | null;
}

/** An include whose file is not there, with the node that asks for it. */
export interface MissingInclude {
  readonly node: ConfigNode;
  readonly path: string;
  /** Where `path` leads, when it is a symbolic link that leads nowhere. */
  readonly link: string | null;
  /** Whether nginx needs it: a pattern may match nothing. */
  readonly required: boolean;
}

/** Blocks in whose entries "include" is no include: ngx_http_split_clients, ngx_http_charset_map. */
const NO_INCLUDE = new Set(['split_clients', 'charset_map']);

/** A bound on what thirty includes of files that include thirty files may grow to. */
const MAX_NODES = 300_000;

/** The configuration as nginx sees it. A pure function of the snapshot; build a new one after a change. */
export class ConfigModel {
  readonly top: readonly ConfigNode[];
  /** Every node in nginx's reading order. */
  readonly nodes: readonly ConfigNode[];
  readonly missingIncludes: readonly MissingInclude[];
  readonly problems: readonly Problem[];
  readonly version: NginxVersion;
  /** Context of each root file's top level. */
  readonly rootContexts: ReadonlyMap<string, Context>;

  constructor(
    readonly snapshot: Snapshot,
    options: ModelOptions = {},
  ) {
    const builder = new ModelBuilder(snapshot);
    this.top = builder.build();
    this.nodes = builder.nodes;
    this.missingIncludes = builder.missing;
    this.problems = [...snapshot.problems, ...builder.problems];
    this.rootContexts = builder.rootContexts;
    this.version = detectVersion(this, options.version ?? null);
  }

  /** Whether any directive of that name stands anywhere: most questions are about settings that nobody has set. */
  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** Every directive of these names in reading order; what stands in a `map` or another block of data is none. */
  named(...names: readonly string[]): readonly ConfigNode[] {
    if (names.length === 1) return this.byName.get(names[0]!) ?? NONE;
    const lists = names.flatMap((name) => {
      const list = this.byName.get(name);
      return list ? [list] : [];
    });
    if (lists.length < 2) return lists[0] ?? NONE;
    return lists.flat().sort((a, b) => a.order - b.order);
  }

  /** Names of all directives. */
  get names(): Iterable<string> {
    return this.byName.keys();
  }

  private get byName(): ReadonlyMap<string, readonly ConfigNode[]> {
    this.nameTable ??= tableByName(this.nodes);
    return this.nameTable;
  }

  private nameTable: ReadonlyMap<string, readonly ConfigNode[]> | null = null;

  /** Whether a whole configuration is in sight: only then can something be said to be absent. */
  get isComplete(): boolean {
    this.complete ??=
      this.missingIncludes.length === 0 &&
      [...this.rootContexts.values()].every((context) => context === 'main') &&
      // What a template engine adds may be what is looked for.
      [...this.snapshot.files.values()].every((document) => !document.template);
    return this.complete;
  }

  private complete: boolean | null = null;

  /**
   * Whether a block, or one around it up to and including `upTo`, includes a file that is not in sight: it may set
   * anything there. Null: all blocks around it.
   */
  hasUnreadInclude(block: ConfigNode, upTo: ConfigNode | null): boolean {
    if (this.missingIncludes.length === 0) return false;
    const levels = new Set<ConfigNode | null>();
    for (const level of [block, ...block.ancestors()]) {
      levels.add(level);
      if (level === upTo) break;
    }
    return this.missingIncludes.some(({ node }) => levels.has(node.parent));
  }

  /** All `http` levels: the blocks of that name, and null for fragments that would stand in one. */
  httpBlocks(): ConfigNode[] {
    return this.top.filter((node) => node.context === 'main' && node.name === 'http' && node.isBlock);
  }

  /** Nodes that stand directly in the http level, whole configuration or fragment. */
  httpLevel(): ConfigNode[] {
    const inBlocks = this.httpBlocks().flatMap((block) => block.children);
    return [...inBlocks, ...this.top.filter((node) => node.context === 'http')];
  }

  servers(): readonly ConfigNode[] {
    this.serverBlocks ??= this.httpLevel().filter((node) => node.name === 'server' && node.isBlock);
    return this.serverBlocks;
  }

  private serverBlocks: readonly ConfigNode[] | null = null;

  /** Number of places that a file's text takes effect in: more than one means a change has more effects. */
  timesIncluded(file: string): number {
    return this.inclusions.get(file) ?? 0;
  }

  private get inclusions(): ReadonlyMap<string, number> {
    this.inclusionCounts ??= countInclusions(this.nodes);
    return this.inclusionCounts;
  }

  private inclusionCounts: ReadonlyMap<string, number> | null = null;
}

function tableByName(nodes: readonly ConfigNode[]): Map<string, ConfigNode[]> {
  const table = new Map<string, ConfigNode[]>();
  for (const node of nodes) {
    if (node.context === 'data') continue;
    const same = table.get(node.name);
    if (same) same.push(node);
    else table.set(node.name, [node]);
  }
  return table;
}

function countInclusions(nodes: readonly ConfigNode[]): Map<string, number> {
  const ways = new Map<string, Set<ConfigNode | null>>();
  for (const node of nodes) {
    let set = ways.get(node.file);
    if (!set) {
      set = new Set();
      ways.set(node.file, set);
    }
    set.add(node.includedBy);
  }
  return new Map([...ways].map(([file, set]) => [file, set.size]));
}

interface Work {
  readonly items: readonly Item[];
  /** Offset that the items are relative to. */
  readonly base: number;
  readonly file: string;
  readonly document: SyntaxDocument;
  readonly parent: ConfigNode | null;
  readonly context: Context;
  readonly includedBy: ConfigNode | null;
  readonly into: ConfigNode[];
  /** No include adds to the items: each has its place in `into`, which has their number. */
  readonly exact: boolean;
  index: number;
}

function hasInclude(items: readonly Item[]): boolean {
  for (const { directive } of items) if (directive.name.value === 'include') return true;
  return false;
}

class ModelBuilder {
  readonly nodes: ConfigNode[] = [];
  readonly missing: MissingInclude[] = [];
  readonly problems: Problem[] = [];
  readonly rootContexts = new Map<string, Context>();

  constructor(private readonly snapshot: Snapshot) {}

  build(): ConfigNode[] {
    const top: ConfigNode[] = [];
    for (const root of this.snapshot.roots) {
      const document = this.snapshot.files.get(root);
      if (!document) continue;
      const guessed = guessContext(
        document.items.map(({ directive }) => ({
          name: directive.name.value,
          blockNames: directive.block?.items.map((item) => item.directive.name.value) ?? [],
        })),
      );
      // A main file may hold nothing but includes; its name tells then.
      const context = guessed === 'unknown' && basename(root) === 'nginx.conf' ? 'main' : guessed;
      this.rootContexts.set(root, context);
      this.walk({
        items: document.items,
        base: 0,
        file: root,
        document,
        parent: null,
        context,
        includedBy: null,
        into: top,
        exact: false,
        index: 0,
      });
    }
    return top;
  }

  /** Depth first in reading order, with its own stack: neither nesting nor includes may overflow. */
  private walk(first: Work): void {
    const stack = [first];
    while (stack.length > 0) {
      const work = stack.at(-1)!;
      const item = work.items[work.index++];
      if (!item) {
        stack.pop();
        // Grown by one at a time, a short list has room for many; there are thousands of them.
        const block = work.parent;
        if (!work.exact && block && block.children === work.into && work.includedBy === block.includedBy)
          block.children = work.into.slice();
        continue;
      }
      if (this.nodes.length >= MAX_NODES) {
        for (const open of stack)
          if (open.exact) open.into.length = open === work ? open.index - 1 : open.index;
        this.problems.push({
          kind: 'too-big',
          file: work.file,
          range: null,
          message: `the includes add up to more than ${MAX_NODES} directives; the rest was not looked at`,
        });
        return;
      }
      const at = work.base + item.at;
      const node = new ConfigNode(
        work.file,
        work.document,
        at,
        item.directive,
        work.parent,
        work.context,
        work.includedBy,
        this.nodes.length,
      );
      this.nodes.push(node);
      if (work.exact) work.into[work.index - 1] = node;
      else work.into.push(node);
      const { block } = item.directive;
      if (block && block.items.length > 0) {
        const exact = !hasInclude(block.items);
        const children = exact ? new Array<ConfigNode>(block.items.length) : [];
        node.children = children;
        // Named one by one: a spread costs as much as all else here.
        stack.push({
          items: block.items,
          base: at,
          file: work.file,
          document: work.document,
          parent: node,
          context: node.inside,
          includedBy: work.includedBy,
          into: children,
          exact,
          index: 0,
        });
      } else if (!block && node.name === 'include' && node.args.length === 1) {
        this.include(node, work, stack);
      }
    }
  }

  private include(node: ConfigNode, work: Work, stack: Work[]): void {
    const block = work.parent?.name ?? '';
    if (NO_INCLUDE.has(block)) return;
    const key = includeKey(this.snapshot, node.arg(0)!);
    const target = this.snapshot.includes.get(key);
    if (!target || target.kind === 'problem') return;
    const absent = { node, path: key, link: null, required: true };
    // ngx_http_geo_include takes the name as it is.
    if (target.kind === 'missing' || (block === 'geo' && target.kind === 'files' && isGlob(node.arg(0)!))) {
      this.missing.push(absent);
      return;
    }
    if (target.kind === 'elsewhere') {
      this.missing.push({ ...absent, required: false });
      return;
    }
    const documents: [string, SyntaxDocument][] = [];
    if (target.kind === 'shipped') {
      if (target.text) documents.push([key, target.text]);
    } else {
      for (const file of target.files) {
        const document = this.snapshot.files.get(file);
        const link = this.snapshot.dangling.get(file);
        if (document) documents.push([file, document]);
        else if (link !== undefined) this.missing.push({ ...absent, path: file, link });
      }
    }
    const chain = [...node.includeChain.map((n) => n.file), node.file];
    for (const [file, document] of documents.reverse()) {
      if (chain.includes(file)) {
        const loop = [...chain.slice(chain.indexOf(file)), file].join(' includes ');
        this.problems.push({
          kind: 'unreadable',
          file: node.file,
          range: node.site.range,
          message: `the includes run in a circle: ${loop}. nginx gives up with "too many open files", or crashes`,
        });
        continue;
      }
      stack.push({
        items: document.items,
        base: 0,
        file,
        document,
        parent: work.parent,
        context: work.context,
        includedBy: node,
        into: work.into,
        exact: false,
        index: 0,
      });
    }
  }
}
