import type { Context } from '../../config/context.ts';
import type { ConfigNode } from '../../config/model.ts';
import { isTemplate } from '../../config/template.ts';

/**
 * Nothing is to be said of what stands in a block, but for some of its lines. Kept with the block, which outlives the
 * models that it is part of: with a keystroke only what has changed is walked again.
 */
class Quiet {
  constructor(
    /** All else that was judged by. */
    readonly ground: string,
    readonly context: Context,
    /** Children that must be judged again each time, as they are compared with lines elsewhere, or hold such. */
    readonly rest: readonly number[],
  ) {}
}

/** Levels whose blocks are judged by themselves: locations look at the locations around them. */
const KEPT: ReadonlySet<Context> = new Set(['http', 'server']);

/** The verdict of an earlier walk over the block, where it still holds. */
export function knownQuiet({ directive, context }: ConfigNode, ground: string): Quiet | null {
  const verdict = directive.block?.verdict;
  return verdict instanceof Quiet && verdict.ground === ground && verdict.context === context
    ? verdict
    : null;
}

/** Directives that are compared with lines of other blocks: names that are to be the only one, addresses, formats. */
const OUTWARD =
  /^(?:listen|upstream|thread_pool|log_format|access_log|(?:limit_req|limit_conn)_zone|(?:proxy|fastcgi|uwsgi|scgi)_cache_path)$/;

function looksOutward({ name, context, args }: ConfigNode): boolean {
  // `resolve` wants a resolver around the group.
  if (name === 'server') return context === 'upstream' && args.includes('resolve');
  return OUTWARD.test(name);
}

/** The way through the children of one block. */
export class BlockWalk {
  private index = 0;
  private readonly rest: number[] = [];
  /** Lines of another file stand in it. */
  private open = false;

  constructor(
    readonly nodes: readonly ConfigNode[],
    /** The block, its place in the level around it, and what is known of it. Null: the top of the files. */
    private readonly block: { node: ConfigNode; at: number; known: Quiet | null } | null,
    /** How often something was to be said before this block. */
    readonly reportsBefore: number,
  ) {}

  /** The next child's index; behind the last one, an index of no child. */
  next(): number {
    const rest = this.block?.known?.rest;
    return rest ? (rest[this.index++] ?? this.nodes.length) : this.index++;
  }

  /** Notes what of a child matters to the block. */
  passed(node: ConfigNode, at: number): void {
    if (node.name === 'include') this.open = true;
    else if (looksOutward(node)) this.again(at);
  }

  private again(at: number): void {
    if (this.rest.at(-1) !== at) this.rest.push(at);
  }

  /** Tells the level around it, and keeps what was found with the block; null when something was to be said. */
  leave(outer: BlockWalk, ground: string | null): void {
    if (!this.block) return;
    const { node, at, known } = this.block;
    if (this.open) outer.open = true;
    else if ((known?.rest ?? this.rest).length > 0) outer.again(at);
    const { directive, context } = node;
    if (known || this.open || ground === null || !KEPT.has(context)) return;
    // What a template engine fills in is not judged as long as it looks like one.
    if (directive.clean && directive.block && !isTemplate(node.document))
      directive.block.verdict = new Quiet(ground, context, this.rest);
  }
}
