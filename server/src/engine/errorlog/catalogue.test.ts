import { describe, expect, it } from 'vitest';

import { catalogue, matchMessage } from './catalogue.ts';
import { readEntries } from './read-entries.ts';

describe('catalogue', () => {
  it.each(catalogue.map((kind) => [kind.id, kind] as const))(
    '%s is matched by its own example',
    (_id, kind) => {
      const { entries } = readEntries(kind.example);
      expect(entries).toHaveLength(1);
      const entry = entries[0]!;
      const matched = matchMessage(entry);
      expect(matched?.kind.id).toBe(kind.id);
      expect(matched?.certainty).toBe('certain');
      expect(kind.meaning(entry)).toMatch(/^[A-Za-z0-9"[*].*\.$/);
    },
  );
});
