/**
 * Quotes a word for a POSIX shell. Whatever was pasted may stand in it: inside single quotes nothing is special,
 * and control characters, which could disturb the terminal it is copied into, are replaced.
 */
export function shellQuote(word: string): string {
  const clean = word.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
  if (/^[A-Za-z0-9_@%+=:,./[\]-]+$/.test(clean) && !clean.startsWith('-'))
    return /[[\]]/.test(clean) ? `'${clean}'` : clean;
  return `'${clean.replaceAll("'", "'\\''")}'`;
}

/** Quotes a word that stands where a program would take an option: one that begins with "-" stays a name or a path. */
export function operand(word: string): string {
  return shellQuote(word.startsWith('-') ? `./${word}` : word);
}
