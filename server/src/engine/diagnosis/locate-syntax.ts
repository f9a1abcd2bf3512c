import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { Site } from '../contract.ts';
import type { SyntaxProblem } from '../syntax/directive.ts';
import type { FoundPlace } from './case.ts';

/** Messages of ngx_conf_parse and ngx_conf_read_token: nginx notices the fault where it can no longer be mended. */
const NOTICED_LATE =
  /^(?:unexpected (?:end of file|end of parameter|")|too long parameter|directive ".{0,200}" (?:is not terminated|has no opening))/;

/**
 * Where the structure of a file breaks. nginx names the line at which it noticed: a lone brace, or the end of the file,
 * where no directive stands. Where the file's own faults tell the true place (the block that is not closed, the line
 * without a semicolon), that goes first.
 */
export function brokenAt(
  model: ConfigModel,
  file: string,
  line: number,
  message: string,
  trace: readonly string[],
): FoundPlace[] {
  if (!NOTICED_LATE.test(message)) return [];
  const document = model.snapshot.files.get(file);
  if (!document) return [];
  const { lines, text } = document;
  const named = Math.min(Math.max(1, line), lines.lineCount);
  const span = lines.line(named);
  const words = text.slice(span.start, span.end);
  const from = span.start + words.length - words.trimStart().length;
  const noticed = placeAt(
    model,
    file,
    lines.range(from, from + words.trim().length),
    words.trim() || 'end of file',
    [...trace, 'nginx noticed the fault there'],
  );
  if (!noticed) return [];
  // nginx stops at the first fault, which is not behind what it noticed.
  const fault = document.problems.find((problem) => lines.position(problem.start).line <= named);
  if (!fault) return [noticed];
  const range = lines.range(fault.start, fault.end);
  const own = placeAt(model, file, range, wordsOf(text, fault), [...trace, fault.message]);
  if (!own) return [noticed];
  const says = `the structure of the file points to line ${range.start.line}: ${fault.message}`;
  // Where both are one line there is one place.
  return range.start.line === named ? [{ ...own, says }] : [{ ...own, says }, noticed];
}

/** Longest piece of a text that stands for a directive. */
const MAX_TEXT = 200;

function wordsOf(text: string, { start }: SyntaxProblem): string {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const to = text.indexOf('\n', start);
  return text
    .slice(from, to < 0 ? undefined : to)
    .trim()
    .slice(0, MAX_TEXT);
}

function placeAt(
  model: ConfigModel,
  file: string,
  range: Site['range'],
  text: string,
  trace: readonly string[],
): FoundPlace | null {
  const node = innermost(model, file, range.start.line);
  if (!node) return null;
  const outer = [node, ...node.ancestors()];
  return {
    node,
    site: { file, range, text },
    location: outer.find(({ name }) => name === 'location') ?? null,
    server: outer.find(({ name, context }) => name === 'server' && context === 'http') ?? null,
    proxied: null,
    fit: 1,
    trace,
  };
}

/** The innermost block around a line, else the last directive before it. */
function innermost(model: ConfigModel, file: string, line: number): ConfigNode | null {
  let found: ConfigNode | null = null;
  let before: ConfigNode | null = null;
  for (const node of model.nodes) {
    if (node.file !== file) continue;
    const { lines } = node.document;
    if (lines.position(node.at).line > line) continue;
    before = node;
    if (node.isBlock && lines.position(node.at + node.directive.end).line >= line) found = node;
  }
  return found ?? before;
}
