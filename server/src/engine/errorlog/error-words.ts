/** Errors of the system by the words that nginx writes behind their number; Linux's numbers. */
export const ERROR_WORDS: readonly (readonly [words: string, code: number])[] = [
  ['No such file or directory', 2],
  ['Resource temporarily unavailable', 11],
  ['Permission denied', 13],
  ['Too many open files', 24],
  ['No file descriptors available', 24],
  ['No space left on device', 28],
  ['Broken pipe', 32],
  ['Address family not supported by protocol', 97],
  ['Address already in use', 98],
  ['Cannot assign requested address', 99],
  ['Network is unreachable', 101],
  ['Connection reset by peer', 104],
  ['Connection timed out', 110],
  ['Operation timed out', 110],
  ['Connection refused', 111],
  ['No route to host', 113],
  ['Host is unreachable', 113],
];

/** Codes of DNS servers by their words (ngx_resolver_strerror). */
export const RESOLVER_WORDS: readonly (readonly [words: string, code: number])[] = [
  ['Format error', 1],
  ['Server failure', 2],
  ['Host not found', 3],
  ['Operation refused', 5],
];

const CODES: ReadonlyMap<string, number> = new Map(
  [...ERROR_WORDS, ...RESOLVER_WORDS].map(([words, code]) => [words.toLowerCase(), code]),
);

/** The number of an error whose words, in any letter case, are these; null when there is none such. */
export function codeOfWords(words: string): number | null {
  return CODES.get(words.toLowerCase()) ?? null;
}

/** The words of an error of the system with this number, as Linux writes them; null when they are not known. */
export function wordsOfCode(code: number): string | null {
  return ERROR_WORDS.find((error) => error[1] === code)?.[0] ?? null;
}
