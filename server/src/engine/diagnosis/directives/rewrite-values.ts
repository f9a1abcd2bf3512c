import { nearest } from '../../config/near-names.ts';
import { parseNumber } from '../../config/nginx-values.ts';
import type { Word } from '../../syntax/directive.ts';
import { oneOf } from './core-values.ts';
import { readScript } from './script.ts';
import { patternFault, variableName } from './shared-values.ts';
import {
  type Call,
  type Fault,
  firstOf,
  invalidParameter,
  type PlacedCall,
  type PlacedCheck,
  type ValueCheck,
} from './value.ts';

/** Setters of ngx_http_rewrite_module, and those that take a pattern or a variable's name. */
export const REWRITE_VALUES: Readonly<Record<string, ValueCheck>> = {
  fastcgi_split_path_info: splitPathInfo,
  geo: ({ args }) => {
    for (const word of args) {
      const fault = variableName(word);
      if (fault) return fault;
    }
    return null;
  },
  if: ifCondition,
  map: ({ args }) => variableName(args[1]!),
  proxy_cookie_domain: offAlone(['off']),
  proxy_cookie_flags: offAlone(['off']),
  proxy_cookie_path: offAlone(['off']),
  proxy_redirect: offAlone(['off', 'default']),
  return: returnCode,
  rewrite: firstOf(rewrite, oneOf(2, ['last', 'break', 'redirect', 'permanent'], true)),
  set: ({ args }) => variableName(args[0]!),
  split_clients: ({ args }) => variableName(args[1]!),
  sub_filter: ({ args }) =>
    args[0]!.value === ''
      ? { says: 'empty search pattern', word: args[0]!, do: 'Write what to search for.' }
      : null,
};

/** Those that look at the lines above them. */
export const REWRITE_PLACED: Readonly<Record<string, PlacedCheck>> = { proxy_redirect: redirectDefault };

/** ngx_http_rewrite */
function rewrite({ args }: Call): Fault | null {
  const [pattern, replacement] = args;
  if (replacement!.value === '')
    return { says: 'empty replacement', word: replacement!, do: 'Write the new URI.' };
  return patternFault(pattern!, pattern!.value);
}

/** ngx_http_rewrite_return */
function returnCode({ args, fact }: Call): Fault | null {
  if (fact.family !== 'http') return null;
  const word = args[0]!;
  const code = parseNumber(word.value);
  const url = code === null && args.length === 1 && /^(?:https?:\/\/|\$scheme)/.test(word.value);
  if (url || (code !== null && code <= 999)) return null;
  return {
    says: `invalid return code "${word.value}"`,
    word,
    do: 'Write a code, a code and a text or URL, or a URL that begins with http://, https:// or $scheme.',
  };
}

/** ngx_http_rewrite_if_condition, step by step */
function ifCondition({ args }: Call): Fault | null {
  const condition = 'Write ($variable), ($variable = value), ($variable ~ pattern) or (-f file).';
  const invalid = (word: Word): Fault => ({ says: `invalid condition "${word.value}"`, word, do: condition });
  const texts = args.map((word) => word.value);
  if (!texts[0]!.startsWith('(')) return invalid(args[0]!);
  let at = 0;
  texts[0] = texts[0]!.slice(1);
  if (texts[0] === '') at = 1;
  let last = args.length - 1;
  if (!texts[last]?.endsWith(')')) return invalid(args[last]!);
  texts[last] = texts[last]!.slice(0, -1);
  if (texts[last] === '') last--;
  const text = texts[at] ?? '';
  const word = args[Math.min(at, args.length - 1)]!;
  if (text.length > 1 && text.startsWith('$')) {
    if (at !== last && at + 2 !== last) return invalid(word);
    if (at === last) return null;
    const operator = texts[at + 1]!;
    if (operator === '=' || operator === '!=') return valueFault(args[last]!, texts[last]!);
    if (/^!?~\*?$/.test(operator)) return patternFault(args[last]!, texts[last]!);
    const meant = operator === '==' || operator === '===' ? '=' : operator === '<>' ? '!=' : null;
    return { says: `unexpected "${operator}" in condition`, word: args[at + 1]!, do: condition, meant };
  }
  if (!/^!?-[fdex]$/.test(text) || at + 1 !== last) return invalid(word);
  return valueFault(args[last]!, texts[last]!);
}

/** ngx_http_rewrite_value: a script */
function valueFault(word: Word, text: string): Fault | null {
  const { fault } = readScript(text);
  return fault === null ? null : { says: fault, word, do: 'Write the name of a variable behind "$".' };
}

/** ngx_http_proxy_redirect and its kin: a pattern and a text, or a word alone */
function offAlone(words: readonly string[]): ValueCheck {
  return ({ args }) => {
    const [first] = args;
    if (args.length === 1) {
      return words.includes(first!.value)
        ? null
        : invalidParameter(
            first!,
            `Write ${words.join(' or ')}, or what to write instead.`,
            nearest(first!.value, words),
          );
    }
    if (!first!.value.startsWith('~')) return null;
    return patternFault(first!, first!.value.replace(/^~\*?/, ''));
  };
}

/** The default of proxy_redirect is made from the proxy_pass above it (ngx_http_proxy_redirect). */
function redirectDefault({ node, args }: PlacedCall): Fault | null {
  if (args.length > 1 || args[0]!.value !== 'default' || !node.parent) return null;
  const above = node.parent.children.slice(0, node.parent.children.indexOf(node));
  const pass = above.find(({ name }) => name === 'proxy_pass');
  if (pass?.arg(0)?.includes('$'))
    return {
      says: '"proxy_redirect default" cannot be used with "proxy_pass" directive with variables',
      do: 'Write what to replace and by what, or off.',
    };
  if (pass || above.some(({ name }) => name === 'include')) return null;
  return {
    says: '"proxy_redirect default" should be placed after the "proxy_pass" directive',
    do: 'Move it below proxy_pass; without it the default holds anyway.',
  };
}

/** ngx_http_fastcgi_split_path_info */
function splitPathInfo({ args }: Call): Fault | null {
  const word = args[0]!;
  const fault = patternFault(word, word.value);
  if (fault) return fault;
  if (/\\[QE]|\(\*/.test(word.value)) return null;
  const bare = word.value.replace(/\\./g, '').replace(/\[\^?\]?[^\]]{0,500}\]/g, '');
  const captures = bare.match(/\((?!\?(?!P?<\w|'))/g)?.length ?? 0;
  return captures < 2
    ? {
        says: `pattern "${word.value}" must have 2 captures`,
        word,
        do: 'Write ^(.+\\.php)(.*)$ or the like.',
      }
    : null;
}
