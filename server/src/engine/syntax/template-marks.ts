/**
 * Marks of template engines: Go, Helm, Jinja, mustache and ERB leave texts that nginx never reads. Their braces would
 * move every block that follows, so they are covered before the text is read; what stands there is not known.
 */

const MARKS: readonly (readonly [open: string, close: string])[] = [
  ['{{', '}}'],
  ['{%', '%}'],
  ['{#', '#}'],
  ['<%', '%>'],
];

/** Marks of any kind, which end within so many characters. */
const MARK = /\{\{[\s\S]{0,2000}?\}\}+|\{%[\s\S]{0,2000}?%\}|\{#[\s\S]{0,2000}?#\}|<%[\s\S]{0,2000}?%>/g;

/** Marks that steer the engine and leave nothing in the text. */
const CONTROL = /^(?:\{%|\{#|<%(?!=)|\{\{[-~]?\s*(?:(?:if|else|end|range|with|define|block)\b|\/\*|[#/^!>]))/;

/** A line on which a variable of envsubst stands for whole directives. */
const BARE = /^[ \t]*\$\{?[A-Z][A-Z0-9_]*\}?[ \t\r]*$/gm;

/**
 * Whether a text is the source of a configuration: marks stand in it, opened and closed on one line, outside of
 * comments, quoted strings and Lua. Only asked of a text that nginx could not read as it is.
 */
export function hasTemplateMarks(text: string): boolean {
  return text.split('\n').some((line) => hasMark(line) && hasMark(codeOnly(line)));
}

/** Whether a variable stands alone where nginx would take it for the start of the next directive. */
export function hasBareVariable(text: string): boolean {
  return text.includes('$') && text.search(BARE) >= 0;
}

/** The text with blanks in place of what leaves nothing behind, and a word in place of the rest; as long as before. */
export function coverMarks(text: string): string {
  const blank = (mark: string): string => mark.replace(/[^\n]/g, ' ');
  const covered = text.replace(MARK, (mark, at: number) => {
    const before = text[at - 1] ?? '\n';
    const after = text[at + mark.length] ?? '\n';
    const glued = /[^\s;{}>%]/.test(before) || /[^\s;{}<%]/.test(after);
    const lineStart = text.lastIndexOf('\n', at - 1) + 1;
    const lineEnd = text.indexOf('\n', at + mark.length);
    const rest = text.slice(lineStart, at) + text.slice(at + mark.length, lineEnd < 0 ? undefined : lineEnd);
    const alone = rest.replace(MARK, '').trim() === '';
    if (alone || (CONTROL.test(mark) && !glued)) return blank(mark);
    return mark.replace(/[^\n]/g, 'x').replaceAll('\n', ' ');
  });
  return covered.replace(BARE, blank);
}

function hasMark(line: string): boolean {
  const marked = MARKS.some(([open, close]) => {
    const from = line.indexOf(open);
    return from >= 0 && line.indexOf(close, from + 2) >= 0;
  });
  return marked || /%\{\w{1,100}\}/.test(line);
}

/** A line without its comment, quoted strings that end on it, and what follows the start of a Lua block. */
function codeOnly(line: string): string {
  return line
    .replace(/(?:^|\s)#.*$/, '')
    .replace(/"[^"]*"|'[^']*'/g, '""')
    .replace(/_by_lua_block.*$/, '');
}
