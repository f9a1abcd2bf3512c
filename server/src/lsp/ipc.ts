import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { loadGrammar } from '../grammar.ts';
import { programVersion } from '../version.ts';
import { serve } from './server.ts';

// The language server as the VS Code extension starts it: a process of its own, spoken to over Node's ipc channel,
// which the library finds from the command line. It ends with the process that started it.
void loadGrammar().then(() => serve(createConnection(ProposedFeatures.all), { version: programVersion() }));
