import { escapeArgs, toBytes } from './bytes.ts';

/** A piece of a text with variables: bytes as they are, a group of the last match, or a variable. */
export type ScriptPart = string | { readonly group: number } | { readonly variable: string };

export type Script = readonly ScriptPart[];

/** What a script needs of the request that it runs for. */
export interface ScriptContext {
  group(number: number): string;
  variable(name: string): string;
  /** Whether the variable was set or matched: then it is what it was made last, for all readers. */
  isKept(name: string): boolean;
  /** The text has become longer than nginx made room for: it answers 500. */
  overflow(): void;
  /** The target had escapes or plus signs: groups are escaped where they enter arguments or redirects. */
  readonly escapesGroups: boolean;
}

const compiled = new Map<string, Script>();
const MAX_COMPILED = 20_000;
const VARIABLE = /\$(?:([1-9])|\{(\w+)\}|(\w+))/g;

/** Reads `$name`, `${name}` and `$1` in a text (ngx_http_script_compile in src/http/ngx_http_script.c). */
export function compileScript(text: string): Script {
  const known = compiled.get(text);
  if (known) return known;
  const parts: ScriptPart[] = [];
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    if (match.index > end) parts.push(toBytes(text.slice(end, match.index)));
    end = match.index + match[0].length;
    if (match[1] !== undefined) parts.push({ group: Number(match[1]) });
    else parts.push({ variable: (match[2] ?? match[3])!.toLowerCase() });
  }
  if (end < text.length) parts.push(toBytes(text.slice(end)));
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  compiled.set(text, parts);
  return parts;
}

/** Whether a script gives the same text for every request. */
export function isConstant(script: Script): boolean {
  return script.every((part) => typeof part === 'string');
}

/**
 * The text of a complex value: each variable is read once, and stays so for the whole text (ngx_http_complex_value and
 * ngx_http_script_run flush, and set e.flushed).
 */
export function runScript(script: Script, context: ScriptContext): string {
  if (readsOnce(script)) return runOnce(script, context, false);
  const values = new Map<string, string>();
  const variable = (name: string): string => {
    if (context.isKept(name)) return context.variable(name);
    let value = values.get(name);
    if (value === undefined) {
      value = context.variable(name);
      values.set(name, value);
    }
    return value;
  };
  return runTwice(script, context, variable, false);
}

/**
 * The text of a directive of the rewrite module or of try_files: each variable is read wherever it stands, for the
 * length and for the text. `quote` escapes groups, as `set` and redirects do.
 */
export function runRewriteScript(script: Script, context: ScriptContext, quote = false): string {
  if (readsOnce(script)) return runOnce(script, context, quote);
  return runTwice(script, context, (name) => context.variable(name), quote);
}

function readsOnce(script: Script): boolean {
  return script.length === 1 || script.filter((part) => typeof part !== 'string').length < 2;
}

/** nginx runs a script for its length first: a map with a pattern changes the groups for the second time. */
function runTwice(
  script: Script,
  context: ScriptContext,
  variable: (name: string) => string,
  quote: boolean,
): string {
  const { length } = runOnce(script, context, quote, variable);
  const result = runOnce(script, context, quote, variable);
  if (result.length > length) context.overflow();
  return result;
}

function runOnce(
  script: Script,
  context: ScriptContext,
  quote: boolean,
  variable?: (name: string) => string,
): string {
  let result = '';
  for (const part of script) {
    if (typeof part === 'string') result += part;
    else if ('variable' in part)
      result += variable ? variable(part.variable) : context.variable(part.variable);
    else {
      const text = context.group(part.group);
      result += quote && context.escapesGroups ? escapeArgs(text) : text;
    }
  }
  return result;
}
