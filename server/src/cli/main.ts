import { programVersion } from '../version.ts';
import type { Io } from './io.ts';
import { printable } from './style.ts';
import { UsageError } from './usage-error.ts';

const HELP = `Usage: nginx-502 [COMMAND] [OPTIONS]

Finds what makes nginx answer 502, fixes it, and explains 502 error-log lines.

  check [PATH...|-]       find faults in a configuration (also without a command)
  explain [LOG...|-]      explain error-log lines, with --config down to the
                          location that caused them
  route URL               which server and location serve a URL, and what nginx
                          sends to the backend
  why [ID]                what a finding means; alone, the list of all
  lsp                     the language server on standard input and output

nginx-502 COMMAND --help tells more. Nothing leaves this machine, and nothing
is run or connected to.
`;

type Command = (argv: readonly string[], io: Io) => Promise<number>;

/** Loaded when called: a check need not read the catalogue of messages. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  check: async () => (await import('./check-command.ts')).checkCommand,
  explain: async () => (await import('./explain-command.ts')).explainCommand,
  lsp: async () => (await import('./lsp-command.ts')).lspCommand,
  route: async () => (await import('./route-command.ts')).routeCommand,
  why: async () => (await import('./why-command.ts')).whyCommand,
};

/** Names that are contracted for later; called today they say so. */
const LATER = ['redact', 'probe', 'format'];

/** Runs a command line; resolves to the exit status and never rejects. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    const [first, ...rest] = argv;
    if (first === '--version') {
      io.out(`nginx-502 ${programVersion()}\n`);
      return 0;
    }
    if (first === '--help' || first === '-h' || first === 'help') {
      io.out(HELP);
      return 0;
    }
    if (first !== undefined && LATER.includes(first))
      throw new UsageError(`"${first}" does not exist in this version yet`);
    const command = first !== undefined && Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
    if (command) return await (await command())(rest, io);
    // A path that is meant for check, or a word that nothing knows.
    if (first !== undefined && !first.startsWith('-') && !/[./]/.test(first)) {
      throw new UsageError(`there is no command "${first}". See nginx-502 --help`);
    }
    return await (await COMMANDS['check']!())(argv, io);
  } catch (error) {
    if (error instanceof UsageError) io.err(`nginx-502: ${printable(error.message)}\n`);
    else {
      io.err(`nginx-502: internal error: ${printable((error as Error)?.message ?? String(error))}\n`);
      io.err('Please report it with the input that led to it; --version tells the version.\n');
    }
    return 2;
  }
}
