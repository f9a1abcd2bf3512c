import type { ConfigModel } from '../engine/config/model.ts';
import { WIDTH } from './source-view.ts';
import { printable, wrapText } from './style.ts';

/** What was guessed about paths, for a person to see; empty when nothing was. */
export function guessNotes(models: readonly ConfigModel[]): string {
  const notes = new Set<string>();
  for (const { snapshot } of models) {
    for (const [from, to] of snapshot.guessed) {
      notes.add(
        `${from} was taken to be ${to}, which looks like it. If not: --map ${from}=DIR (--map ${from}=${from} for this machine's own).`,
      );
    }
    const [made, ...more] = snapshot.made;
    if (!made) continue;
    const others = more.length > 0 ? `, and ${more.length} more likewise` : '';
    notes.add(`${made[0]} is not here; its template ${made[1]} was read in its place${others}.`);
  }
  return [...notes].map((note) => `${wrapText(printable(note), WIDTH).join('\n')}\n`).join('');
}
