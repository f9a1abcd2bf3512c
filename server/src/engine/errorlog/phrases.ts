import { ACTION_WORDS } from './action.ts';
import { catalogue } from './catalogue.ts';
import { ERROR_WORDS, RESOLVER_WORDS } from './error-words.ts';
import { compileTemplates } from './template.ts';

/**
 * The words that nginx's messages are made of, found in a text in which they were mistyped, misread from a picture, or
 * lost their spaces, brackets and letter case. Only letters and digits are compared, so that none of this counts.
 */
export interface FoundPhrase {
  /** Place in the text. */
  readonly start: number;
  readonly end: number;
  /** As nginx writes it. */
  readonly words: string;
  /** What it is in a message; "late" begins one whose first word is a name or a number. */
  readonly role: Role;
  /** Whether it stands there in nginx's own words, letter for letter. */
  readonly exact: boolean;
}

type Role = 'begin' | 'late' | 'middle' | 'action' | 'error';

interface Phrase {
  readonly words: string;
  readonly role: Role;
  /** Letters and digits alone, in small letters. */
  readonly bare: string;
  /** Whether its first words are missing. */
  readonly torn: boolean;
  /** Whether these are nginx's words, and not what people make of them. */
  readonly own: boolean;
}

/** What people make of actions, by what nginx writes. */
const RETOLD: readonly (readonly [own: string, theirs: string])[] = [
  ['connecting to upstream', 'connecting upstream'],
  ['SSL handshaking to upstream', 'SSL handshaking with upstream'],
  ['reading response header from upstream', 'reading response from upstream'],
  ['reading response header from upstream', 'reading header from upstream'],
  ['reading response header from upstream', 'reading upstream response header'],
  ['reading upstream', 'reading from upstream'],
];

/** A shorter phrase says too little to be looked for with errors in it, or at all. */
const MIN_LETTERS = 9;
/** One with fewer letters is looked for with errors only where its brackets stand. */
const MIN_SURE = 12;
/** So many letters of one whose first words were lost still tell which it was. */
const MIN_LEFT = 16;
/** Characters of a phrase by which it is looked up, at its beginning and behind that. */
const KEY = 4;

const bareOf = (words: string): string => words.toLowerCase().replace(/[^a-z0-9]/g, '');

let byKey: ReadonlyMap<string, readonly { readonly phrase: Phrase; readonly at: number }[]> | null = null;

/** The phrases by what they begin with; made when the first line needs it. */
function phrasesByKey(): NonNullable<typeof byKey> {
  if (byKey !== null) return byKey;
  const phrases = new Map<string, Phrase>();
  const add = (words: string, role: Role, spelt = words, torn = false): void => {
    const bare = bareOf(spelt);
    if (bare.length >= MIN_LETTERS && !phrases.has(bare)) {
      phrases.set(bare, { words, role, bare, torn, own: words === spelt });
    }
  };
  const retold = [...ACTION_WORDS.map((own) => [own, own] as const), ...RETOLD];
  for (const [own, theirs] of retold) {
    for (const begun of ['while', 'when', 'during']) {
      add(`while ${own}`, 'action', `${begun} ${theirs}`);
      add(`while ${own}`, 'action', `${begun} ${theirs.replace(/ (?=upstream)/, ' the ')}`);
    }
  }
  for (const [words] of [...ERROR_WORDS, ...RESOLVER_WORDS]) add(words, 'error');
  add('upstream prematurely closed connection', 'begin', 'upstream closed connection prematurely');
  const torn: string[] = [];
  for (const kind of catalogue) {
    if (kind.fault === 'nobody') continue;
    for (const { literals } of compileTemplates(kind.text)) {
      const first = literals[0] === '' ? 1 : 0;
      for (const [i, literal] of literals.entries()) {
        const words = literal.trim().replace(/ \($/, '');
        const role = i > first ? 'middle' : first === 0 ? 'begin' : 'late';
        add(words, role);
        if (role === 'begin') torn.push(words);
      }
    }
  }
  // The first word or two were lost when selecting.
  for (const words of torn) {
    const parts = words.split(' ');
    for (const lost of [1, 2]) {
      const left = parts.slice(lost).join(' ');
      if (parts.length - lost >= 3 && bareOf(left).length >= MIN_LEFT) add(words, 'begin', left, true);
    }
  }
  const keyed = new Map<string, { phrase: Phrase; at: number }[]>();
  for (const phrase of phrases.values()) {
    for (const at of [0, KEY]) {
      const key = phrase.bare.slice(at, at + KEY);
      const sharing = keyed.get(key);
      if (sharing === undefined) keyed.set(key, [{ phrase, at }]);
      else sharing.push({ phrase, at });
    }
  }
  byKey = keyed;
  return keyed;
}

/** What OCR and tired eyes take for a letter. */
const LETTER_OF: Readonly<Record<string, string>> = { '0': 'o', '1': 'l', '|': 'l' };

/** Letters and digits of a text with their places. */
function bareText(text: string): { bare: string; places: number[] } {
  const places: number[] = [];
  let bare = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!.toLowerCase();
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      // A digit inside of a word is a letter.
      const letter = LETTER_OF[c];
      bare += letter !== undefined && isLetter(text, i - 1) && isLetter(text, i + 1) ? letter : c;
      places.push(i);
    }
  }
  return { bare, places };
}

function isLetter(text: string, at: number): boolean {
  const code = text.charCodeAt(at) | 32;
  return code >= 97 && code <= 122;
}

/** How many characters of a phrase may be wrong, missing or too many. */
const allowed = (length: number): number =>
  length < MIN_LETTERS ? 0 : length < 16 ? 1 : length < 28 ? 2 : MAX_ERRORS;
const MAX_ERRORS = 3;

/** More characters without a letter or a digit are no gap inside of a phrase. */
const MAX_GAPS = 16;

/** So many comparisons with phrases are worth one line; an entry of nginx needs some hundred. */
const MAX_TRIES = 5000;

/** Phrases in the text from left to right, none over another. `mayBeCut`: what stands at its end may be half a word. */
export function findPhrases(text: string, mayBeCut = true): FoundPhrase[] {
  const { bare, places } = bareText(text);
  const keyed = phrasesByKey();
  const found: FoundPhrase[] = [];
  let from = 0;
  let tries = MAX_TRIES;
  for (let at = 0; at + KEY <= bare.length && tries > 0; at++) {
    if (at < from) continue;
    let best: { phrase: Phrase; start: number; end: number; errors: number; worth: number } | null = null;
    for (const { phrase, at: offset } of keyed.get(bare.slice(at, at + KEY)) ?? []) {
      // Behind a wrong beginning the place of the key may have moved by one.
      for (const start of offset === 0 ? [at] : [at - offset, at - offset - 1, at - offset + 1]) {
        // What has the phrase's own beginning was tried there.
        if (start < from || (offset > 0 && bare.startsWith(phrase.bare.slice(0, KEY), start))) continue;
        tries--;
        const aligned = align(phrase.bare, bare, start);
        if (aligned === null || !isLikely(phrase, aligned.errors, mayBeCut ? bare : null, aligned.end))
          continue;
        const first = places[start]!;
        const end = places[aligned.end - 1]! + 1;
        if (end - first > phrase.words.length + MAX_GAPS || !stands(phrase, aligned.errors, text, first, end))
          continue;
        const worth = phrase.bare.length - 4 * aligned.errors + (bare[start] === phrase.bare[0] ? 1 : 0);
        if (best === null || worth > best.worth) best = { phrase, start, ...aligned, worth };
      }
    }
    if (best === null) continue;
    found.push({
      start: places[best.start]!,
      end: places[best.end - 1]! + 1,
      words: best.phrase.words,
      role: best.phrase.role,
      exact: best.phrase.own && best.errors === 0,
    });
    from = best.end;
  }
  return found;
}

/** Whether these letters are the phrase's, and not the beginning of another that was cut at the end of the text. */
function isLikely({ bare: phrase, torn }: Phrase, errors: number, text: string | null, end: number): boolean {
  return errors === 0 || (!torn && (text === null || end < text.length || text.endsWith(phrase.slice(-3))));
}

/** Whether a phrase may stand at this place: a message begins with a word, a short call has its brackets. */
function stands(
  { role, bare, words }: Phrase,
  errors: number,
  text: string,
  start: number,
  end: number,
): boolean {
  if (role === 'begin' && start > 0 && /[\w./-]/.test(text[start - 1]!)) return false;
  return (
    errors === 0 ||
    bare.length >= MIN_SURE ||
    (words.includes('(') && text.slice(start, end + 1).includes('('))
  );
}

/** Rows of the edit distance: this one, and the two before it. */
const rows = Array.from({ length: 3 }, () => new Uint8Array(2 * MAX_ERRORS + 3));
/** More than any number of errors, and no overflow when one is added. */
const NEVER = 100;

/**
 * Where the phrase that begins at `start` ends, with the fewest errors; null when there are too many. Swapped neighbours
 * are one error. Rows are no wider than the errors allow, and begin where phrase and text part.
 */
function align(phrase: string, text: string, start: number): { end: number; errors: number } | null {
  let same = 0;
  while (same < phrase.length && phrase.charCodeAt(same) === text.charCodeAt(start + same)) same++;
  if (same === phrase.length) return { end: start + same, errors: 0 };
  const most = allowed(phrase.length);
  if (most === 0) return null;
  const width = 2 * most + 1;
  let [row, before, older] = rows as [Uint8Array, Uint8Array, Uint8Array];
  // Column d stands for d - most characters more of the text than of the phrase; one more on each side is never taken.
  older.fill(NEVER);
  before.fill(NEVER);
  for (let d = most; d < width; d++) before[d + 1] = d - most;
  for (let i = same + 1; i <= phrase.length; i++) {
    row.fill(NEVER);
    let least = NEVER;
    for (let d = 0; d < width; d++) {
      const j = i + d - most;
      if (j < same || start + j > text.length) continue;
      const own = phrase.charCodeAt(i - 1);
      const there = text.charCodeAt(start + j - 1);
      let errors = Math.min(before[d + 2]!, row[d]!) + 1;
      if (j > same) errors = Math.min(errors, before[d + 1]! + (own === there ? 0 : 1));
      if (
        i > same + 1 &&
        j > same + 1 &&
        own === text.charCodeAt(start + j - 2) &&
        there === phrase.charCodeAt(i - 2)
      ) {
        errors = Math.min(errors, older[d + 1]! + 1);
      }
      row[d + 1] = errors;
      least = Math.min(least, errors);
    }
    if (least > most) return null;
    [row, before, older] = [older, row, before];
  }
  let best = most + 1;
  let end = -1;
  for (let d = 0; d < width; d++) {
    const errors = before[d + 1]!;
    const stop = start + phrase.length + d - most;
    // Of two such ends that which leaves no half of a word, or else is nearer to the phrase's length.
    const whole = text[stop - 1] === phrase.at(-1);
    const nearer = Math.abs(d - most) < Math.abs(end - start - phrase.length);
    if (errors < best || (errors === best && (whole || (nearer && text[end - 1] !== phrase.at(-1))))) {
      best = errors;
      end = stop;
    }
  }
  return best > most ? null : { end, errors: best };
}
