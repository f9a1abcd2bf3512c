import type { Directive, Item } from './directive.ts';

/** Blocks shorter than this are cheaper to build again than to look up. */
const REUSE_FROM = 64;
/** Characters by which blocks are told apart at first, and how many of those that begin alike are compared whole. */
const KEY = 40;
const TRIES = 3;

interface Alike {
  readonly blocks: { readonly start: number; readonly directive: Directive }[];
  /** Where the next match is most likely: blocks mostly keep their order. */
  next: number;
}

/** Every sound block of an earlier version of a text, to be taken over where the text has not changed. */
export class KnownBlocks {
  private readonly byKey = new Map<string, Alike>();

  constructor(
    private readonly text: string,
    items: readonly Item[],
  ) {
    const work = [...items].reverse().map((item) => ({ item, base: 0 }));
    while (work.length > 0) {
      const { item, base } = work.pop()!;
      const start = base + item.at;
      const { directive } = item;
      if (directive.end < REUSE_FROM) continue;
      if (directive.clean && directive.terminated) {
        const key = text.slice(start, start + KEY);
        const alike = this.byKey.get(key);
        if (alike) alike.blocks.push({ start, directive });
        else this.byKey.set(key, { blocks: [{ start, directive }], next: 0 });
      }
      const children = directive.block?.items ?? [];
      for (let i = children.length - 1; i >= 0; i--) work.push({ item: children[i]!, base: start });
    }
  }

  /** A block whose text stands unchanged at an offset of the new text; null: it must be read. */
  at(text: string, offset: number): Directive | null {
    const alike = this.byKey.get(text.slice(offset, offset + KEY));
    if (!alike) return null;
    for (let i = alike.next; i < Math.min(alike.next + TRIES, alike.blocks.length); i++) {
      const { start, directive } = alike.blocks[i]!;
      if (!text.startsWith(this.text.slice(start, start + directive.end), offset)) continue;
      alike.next = i + 1;
      return directive;
    }
    return null;
  }
}
