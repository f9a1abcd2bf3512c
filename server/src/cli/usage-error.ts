/** A call that cannot be carried out as written: the program says the sentence and exits with 2. */
export class UsageError extends Error {}
