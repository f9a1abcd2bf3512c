/** Ids of findings that are no failure mode: what nginx refuses to read, and what is wrong in our own comments. */
export const GENERAL_IDS = [
  'syntax',
  'missing-semicolon',
  'unclosed-block',
  'unexpected-brace',
  'unterminated-string',
  'token-too-long',
  'unknown-directive',
  'directive-not-allowed-here',
  'wrong-argument-count',
  'invalid-value',
  'duplicate-directive',
  'duplicate-location',
  'unknown-variable',
  'include-not-found',
  'unused-suppression',
  'invalid-suppression',
] as const;

export type GeneralId = (typeof GENERAL_IDS)[number];
