import { loadGrammar } from '../grammar.ts';
import { serveStdio } from '../lsp/stdio.ts';
import { programVersion } from '../version.ts';
import type { Io } from './io.ts';
import { parse } from './options.ts';

export const LSP_HELP = `Usage: nginx-502 lsp [--stdio]

Runs the language server on standard input and output, for any editor that
speaks the Language Server Protocol. It ends when the editor says so.
`;

/** `nginx-502 lsp`. Resolves when the editor has ended the session. */
export async function lspCommand(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parse('lsp', argv, {
    stdio: { type: 'boolean' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    io.out(LSP_HELP);
    return 0;
  }
  await loadGrammar();
  await serveStdio(programVersion());
  return 0;
}
