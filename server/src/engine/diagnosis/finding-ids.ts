/** Ids of findings that are no failure mode: what nginx's parser refuses, and what is wrong in our own comments. */
export const GENERAL_IDS = [
  'syntax',
  'missing-semicolon',
  'unclosed-block',
  'unexpected-brace',
  'unterminated-string',
  'token-too-long',
  'include-not-found',
  'unused-suppression',
  'invalid-suppression',
] as const;

export type GeneralId = (typeof GENERAL_IDS)[number];
