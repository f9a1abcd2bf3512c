import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

/** Options of one command; what is not among them is a usage error, not ignored. */
export function parse<T extends NonNullable<ParseArgsConfig['options']>>(
  command: string,
  argv: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>> {
  // `--fix` may stand alone, which parseArgs does not know for options with a value.
  const args = argv.map((arg) => (arg === '--fix' ? '--fix=safe' : arg));
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = (error as Error).message.split(/\.\s/)[0]!;
    throw new UsageError(`${message}. See nginx-502 ${command} --help`);
  }
}
