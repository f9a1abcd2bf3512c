import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { Fix } from '../contract.ts';
import { KEEP_RUNNING, LOADS, testConfiguration, WHOLE_START } from '../diagnosis/refused.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * A `{` ends a word and begins a block (ngx_conf_read_token), unless quotes stand around it or a `$` before it. So
 * `location ~ ^/a{2}/ {` is a location `^/a` that holds a directive `2}/`. nginx complains of whatever it meets then,
 * often lines later. Deliberately narrow: only a brace directly behind a word, followed by the rest of a quantifier.
 */
export const regexNeedsQuotes: FailureMode = {
  id: 'regex-needs-quotes',
  title: 'A regular expression with { or } needs quotes',
  what: 'A quantifier such as {2} stands in a regular expression without quotes around it.',
  why: 'To nginx the brace ends the expression and begins a block. It refuses the whole configuration, with words about something else: an unknown directive, a missing ";" or the end of the file.',
  do: 'Put the regular expression in quotes, as in location ~ "^/[a-z]{2}/" or rewrite "^/a{2}/" /b.',
  status: null,
  versions: null,
  hits: WHOLE_START,
  signatures: [],
  detect: (model) => unquoted(model),
  remedy: {
    cure: () => 'put the regular expression in quotes',
    mitigate: KEEP_RUNNING,
    takesEffect: LOADS,
  },
  checks: testConfiguration,
  references: ['https://nginx.org/en/docs/http/server_names.html#regex_names'],
};

/** The rest of a quantifier, behind its opening brace. */
const QUANTIFIER = /^\d+(?:,\d*)?\}/;

function unquoted(model: ConfigModel): Detection[] {
  const found: Detection[] = [];
  /** Where the last expression found in a file ends: its second quantifier is no finding of its own. */
  const ends = new Map<string, number>();
  for (const node of model.nodes) {
    const { directive, document, file } = node;
    if (!directive.block || directive.block.open !== directive.headEnd) continue;
    const open = node.at + directive.block.open;
    if (open < (ends.get(file) ?? 0) || !QUANTIFIER.test(document.text.slice(open + 1, open + 20))) continue;
    const end = expressionEnd(document.text, open, node.name);
    ends.set(file, end);
    found.push(detection(model, node, end));
  }
  return found;
}

/** Up to the blank or semicolon behind the expression, a closing parenthesis of `if` left out. */
function expressionEnd(text: string, from: number, directive: string): number {
  const length = text.slice(from).search(/[\s;]/);
  const end = length < 0 ? text.length : from + length;
  return directive === 'if' && text[end - 1] === ')' ? end - 1 : end;
}

function detection(model: ConfigModel, node: ConfigNode, end: number): Detection {
  const word = node.directive.args.at(-1) ?? node.directive.name;
  const from = node.at + word.at;
  const expression = node.document.text.slice(from, end);
  return {
    node,
    // The whole line: what else nginx says of it is the same fault.
    site: { file: node.file, range: node.document.lines.range(node.at, end) },
    severity: 'error',
    certainty: 'certain',
    message: `"{" begins a block here: the regular expression ${expression} needs quotes`,
    related: [],
    fixes: quoted(model, node, from, expression),
  };
}

function quoted(model: ConfigModel, node: ConfigNode, from: number, expression: string): Fix[] {
  const quote = expression.includes('"') ? "'" : '"';
  if (expression.includes(quote)) return [];
  const { lines } = node.document;
  const insert = (at: number): Fix['edits'][number] => ({
    file: node.file,
    range: lines.range(at, at),
    newText: quote,
  });
  // The file does not load as it stands, wherever it is included.
  if (model.snapshot.files.get(node.file) !== node.document) return [];
  return [
    {
      title: `write ${quote}${expression}${quote}`,
      safety: 'review',
      edits: [insert(from), insert(from + expression.length)],
    },
  ];
}
