#!/usr/bin/env node
// Writes server/src/engine/config/directives.generated.json: what each release of nginx since 1.18.0 knows
// about its own directives and variables, read from the command tables (`ngx_command_t` arrays) and variable
// tables (`ngx_http_variable_t`, `ngx_stream_variable_t`) of its C source.
//
//   node scripts/generate-directives.mjs --source PATH_TO_GIT_DIR [--out FILE]
//   node scripts/generate-directives.mjs --source PATH_TO_GIT_DIR --counts REVISION
//
// PATH_TO_GIT_DIR is a clone of nginx/nginx with its release-* tags. Only facts are kept, no text of nginx.
// `--counts` writes nothing; it prints how many entries and names one revision has.
//
// The steps: tokens of one C file -> facts of that file (tables, modules, enums, merge calls, macros) ->
// directives of one release -> one timeline over all releases -> JSON with one directive a line.

import { spawnSync } from 'node:child_process';
import { realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FIRST_VERSION = '1.18.0';
const OUTPUT = fileURLToPath(
  new URL('../server/src/engine/config/directives.generated.json', import.meta.url),
);

// ---------------------------------------------------------------------------------------------- tokens

/** Longest first, so that `->` is not read as `-` and `>`. */
const PUNCTUATORS = ['...', '<<=', '>>=', '->', '++', '--', '<<', '>>', '<=', '>=', '==', '!=', '&&', '||'];

const SIMPLE_ESCAPES = { n: '\n', t: '\t', r: '\r', 0: '\0' };

/**
 * The tokens of a C text and its object-like macros. All branches of `#if` are kept, as the tables must not
 * depend on how nginx was configured; only `#if 0` is dropped.
 *
 * @param {string} text
 */
export function tokenize(text) {
  const tokens = [];
  const macros = new Map();
  /** One entry per open `#if`: whether the branch being read is dead. */
  const dead = [];
  let i = 0;
  let lineStart = 0;
  let onlySpaceSoFar = true;

  const skipComment = () => {
    const end = text[i + 1] === '*' ? text.indexOf('*/', i + 2) + 2 : text.indexOf('\n', i);
    i = end < 2 ? text.length : end;
  };

  const preprocessorLine = () => {
    let line = '';
    while (i < text.length && text[i] !== '\n') {
      if (text[i] === '\\' && text[i + 1] === '\n') i += 2;
      else if (text[i] === '/' && (text[i + 1] === '*' || text[i + 1] === '/')) skipComment();
      else line += text[i++];
    }
    const [, keyword = '', rest = ''] = /^#\s*(\w+)\s*(.*)$/s.exec(line) ?? [];
    if (keyword.startsWith('if')) dead.push(/^\(?\s*0\s*\)?\s*$/.test(rest));
    else if (keyword === 'else' || keyword === 'elif') dead[dead.length - 1] = false;
    else if (keyword === 'endif') dead.pop();
    else if (keyword === 'define') {
      const [, name, value = ''] = /^(\w+)(?:\s+(.*))?$/s.exec(rest.trim()) ?? [];
      if (name && !macros.has(name)) macros.set(name, value.trim());
    }
  };

  while (i < text.length) {
    const ch = text[i];
    if (ch === '\n') {
      i += 1;
      lineStart = i;
      onlySpaceSoFar = true;
    } else if (/\s/.test(ch)) {
      i += 1;
    } else if (ch === '/' && (text[i + 1] === '*' || text[i + 1] === '/')) {
      skipComment();
    } else if (ch === '#' && onlySpaceSoFar) {
      preprocessorLine();
    } else {
      onlySpaceSoFar = false;
      const start = i;
      let kind = 'punctuator';
      let value;
      if (ch === '"' || ch === "'") {
        kind = ch === '"' ? 'string' : 'character';
        value = '';
        for (i += 1; i < text.length && text[i] !== ch; i += 1) {
          if (text[i] === '\\') {
            i += 1;
            value += SIMPLE_ESCAPES[text[i]] ?? text[i];
          } else value += text[i];
        }
        i += 1;
      } else if (/[A-Za-z_]/.test(ch)) {
        kind = 'word';
        while (/\w/.test(text[i] ?? '')) i += 1;
        value = text.slice(start, i);
      } else if (/[0-9]/.test(ch)) {
        kind = 'number';
        while (/[\w.]/.test(text[i] ?? '')) i += 1;
        value = text.slice(start, i);
      } else {
        value = PUNCTUATORS.find((p) => text.startsWith(p, i)) ?? ch;
        i += value.length;
      }
      if (!dead.includes(true)) tokens.push({ kind, value, column: start - lineStart });
    }
  }
  return { tokens, macros };
}

const isWord = (token) => token?.kind === 'word';
const is = (token, punctuator) => token?.kind === 'punctuator' && token.value === punctuator;

/** Splits a token list at the commas outside all brackets. */
function splitAtCommas(tokens) {
  const parts = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (is(token, '(') || is(token, '{') || is(token, '[')) depth += 1;
    if (is(token, ')') || is(token, '}') || is(token, ']')) depth -= 1;
    if (depth === 0 && is(token, ',')) parts.push([]);
    else parts.at(-1).push(token);
  }
  if (parts.at(-1).length === 0) parts.pop();
  return parts;
}

/** The index of the bracket that closes the one at `open`; the end of the list when there is none. */
function closing(tokens, open) {
  let depth = 0;
  for (let i = open; i < tokens.length; i += 1) {
    if (is(tokens[i], '(') || is(tokens[i], '{') || is(tokens[i], '[')) depth += 1;
    if (is(tokens[i], ')') || is(tokens[i], '}') || is(tokens[i], ']')) depth -= 1;
    if (depth === 0) return i;
  }
  return tokens.length;
}

/** The elements of `{ a, b, { c } }`, each as tokens; null if the tokens are no such list. */
function elements(tokens) {
  if (!is(tokens[0], '{')) return null;
  return splitAtCommas(tokens.slice(1, closing(tokens, 0)));
}

const textOf = (tokens) =>
  tokens.map((t) => (t.kind === 'string' ? JSON.stringify(t.value) : t.value)).join(' ');

// --------------------------------------------------------------------------------------- facts of a file

/**
 * The top-level items of a file. nginx writes the closing brace of every function and table in the first
 * column, which also mends the depth where two branches of an `#if` open the same block twice.
 */
function topLevelItems(tokens) {
  const items = [];
  let current = [];
  let depth = 0;
  for (const token of tokens) {
    current.push(token);
    if (is(token, '{')) depth += 1;
    if (is(token, '}')) depth = token.column === 0 ? 0 : Math.max(0, depth - 1);
    if (depth > 0) continue;
    const endsFunction = is(token, '}') && is(current[current.findIndex((t) => is(t, '{')) - 1], ')');
    if (is(token, ';') || endsFunction) {
      items.push(current);
      current = [];
    }
  }
  return items;
}

const TABLE_TYPES = new Set([
  'ngx_command_t',
  'ngx_module_t',
  'ngx_conf_enum_t',
  'ngx_conf_bitmask_t',
  'ngx_conf_num_bounds_t',
  'ngx_conf_deprecated_t',
  'ngx_http_variable_t',
  'ngx_stream_variable_t',
]);

/**
 * What one C file says.
 *
 * @param {string} text
 */
export function readFile(text) {
  const { tokens, macros } = tokenize(text);
  const facts = {
    macros,
    tables: new Map(),
    functions: new Map(),
    merges: [],
    strings: new Map(),
    added: [],
  };
  for (const item of topLevelItems(tokens)) {
    const open = item.findIndex((t) => is(t, '{'));
    if (open < 0) {
      const [, name, value] = /\bngx_str_t (\w+) = ngx_string \( "(\w+)" \)/.exec(textOf(item)) ?? [];
      if (name) facts.strings.set(name, value);
      continue;
    }
    if (is(item[open - 1], ')')) {
      const paren = item.findIndex((t) => is(t, '('));
      readFunction(item[paren - 1]?.value ?? '', item.slice(paren), facts);
    } else if (is(item[open - 1], '=')) {
      const at = item.findIndex((t) => isWord(t) && TABLE_TYPES.has(t.value));
      if (at >= 0 && at < open) {
        const rows = elements(item.slice(open));
        facts.tables.set(item[at + 1].value, { type: item[at].value, rows });
      }
    } else if (is(item[open - 1], ']')) {
      throw new Error(`an array without "=": ${textOf(item.slice(0, open))}`);
    }
  }
  return facts;
}

/**
 * Notes of a function what it refuses, which setters it hands its own arguments on to, its merge calls, and the
 * variables that it adds by a name of its own.
 */
function readFunction(name, tokens, facts) {
  const types = new Map();
  const delegates = [];
  let refusesDuplicates = false;
  tokens.forEach((token, i) => {
    if (token.kind === 'string' && token.value === 'is duplicate') refusesDuplicates = true;
    if (!isWord(token)) return;

    // TYPE *VARIABLE, of parameters and locals
    if (token.value.endsWith('_t') && is(tokens[i + 1], '*')) {
      let j = i + 1;
      while (is(tokens[j], '*')) j += 1;
      if (isWord(tokens[j])) types.set(tokens[j].value, token.value);
      for (j += 1; is(tokens[j], ',') && is(tokens[j + 1], '*') && isWord(tokens[j + 2]); j += 3) {
        types.set(tokens[j + 2].value, token.value);
      }
    }

    if (is(tokens[i + 1], '(')) {
      const args = splitAtCommas(tokens.slice(i + 2, closing(tokens, i + 1)));
      if (textOf(args.flat()) === 'cf cmd conf') delegates.push(token.value);
      if (/^ngx_(http|stream)_add_variable$/.test(token.value) && is(args[1]?.[0], '&'))
        facts.added.push({
          family: token.value.split('_')[1],
          name: textOf(args[1].slice(1)),
          changeable: /_VAR_CHANGEABLE\b/.test(textOf(args[2])),
        });
      const call = /^ngx_conf_(merge|init)_(?:(\w+)_)?value$/.exec(token.value);
      if (call && args.length >= 2) {
        const [, how, what = 'num'] = call;
        const target = what === 'path' ? (args[1] ?? []).filter((t) => !is(t, '&')) : args[0];
        const field = fieldOf(target, types);
        const values = what === 'path' ? [] : args.slice(how === 'merge' ? 2 : 1);
        if (field) facts.merges.push({ field, merged: how === 'merge', values });
      }
    }

    // conf->FIELD = prev->FIELD
    if (is(tokens[i + 1], '->')) {
      const equals = tokens.slice(i, i + 12).findIndex((t) => is(t, '='));
      if (equals < 0) return;
      const end = tokens.slice(i + equals).findIndex((t) => is(t, ';'));
      if (end < 0) return;
      const target = fieldOf(tokens.slice(i, i + equals), types);
      const source = tokens.slice(i + equals + 1, i + equals + end);
      if (target && source[0]?.value !== token.value && fieldOf(source, types) === target) {
        facts.merges.push({ field: target, merged: true, values: [] });
      }
    }
  });
  facts.functions.set(name, { refusesDuplicates, delegates });
}

/** `conf->a.b` as `TYPE.a.b`; null when the variable's type is not known or it is another expression. */
function fieldOf(tokens, types) {
  const text = tokens.map((t) => t.value).join('');
  const [, variable, path] = /^(\w+)->([\w.]+)$/.exec(text) ?? [];
  const type = variable && types.get(variable);
  return type ? `${type}.${path}` : null;
}

// -------------------------------------------------------------------------------- directives of a release

const CONTEXTS = {
  NGX_MAIN_CONF: 'main',
  NGX_EVENT_CONF: 'events',
  NGX_HTTP_MAIN_CONF: 'http',
  NGX_HTTP_SRV_CONF: 'server',
  NGX_HTTP_LOC_CONF: 'location',
  NGX_HTTP_UPS_CONF: 'upstream',
  NGX_HTTP_SIF_CONF: 'if-in-server',
  NGX_HTTP_LIF_CONF: 'if-in-location',
  NGX_HTTP_LMT_CONF: 'limit_except',
  NGX_STREAM_MAIN_CONF: 'stream',
  NGX_STREAM_SRV_CONF: 'stream-server',
  NGX_STREAM_UPS_CONF: 'stream-upstream',
  NGX_MAIL_MAIN_CONF: 'mail',
  NGX_MAIL_SRV_CONF: 'mail-server',
};
const CONTEXT_ORDER = Object.values(CONTEXTS);

/** What the flags of one module type may be; another one would be a fact that this reader misunderstands. */
const FLAG_PREFIX = {
  NGX_CORE_MODULE: /^NGX_MAIN_CONF$/,
  NGX_CONF_MODULE: /^$/,
  NGX_EVENT_MODULE: /^NGX_EVENT_CONF$/,
  NGX_HTTP_MODULE: /^NGX_HTTP_/,
  NGX_STREAM_MODULE: /^NGX_STREAM_/,
  NGX_MAIL_MODULE: /^NGX_MAIL_/,
};

const FAMILIES = {
  NGX_CORE_MODULE: 'core',
  NGX_CONF_MODULE: 'core',
  NGX_EVENT_MODULE: 'events',
  NGX_HTTP_MODULE: 'http',
  NGX_STREAM_MODULE: 'stream',
  NGX_MAIL_MODULE: 'mail',
};

/** The contexts, the arguments and the block mark of a flags expression. */
function readFlags(tokens, moduleType) {
  const contexts = new Set();
  const counts = new Set();
  let args = null;
  let block = false;
  tokens.forEach((token, i) => {
    if (i % 2 === 1 ? !is(token, '|') : !isWord(token)) throw new Error(`flags: ${textOf(tokens)}`);
    const flag = token.value;
    const take = /^NGX_CONF_TAKE(\d+)$/.exec(flag);
    if (CONTEXTS[flag]) {
      if (!FLAG_PREFIX[moduleType].test(flag)) throw new Error(`${flag} in a table of ${moduleType}`);
      contexts.add(CONTEXTS[flag]);
    } else if (flag === 'NGX_ANY_CONF') for (const context of CONTEXT_ORDER) contexts.add(context);
    else if (take) for (const digit of take[1]) counts.add(Number(digit));
    else if (flag === 'NGX_CONF_NOARGS') counts.add(0);
    else if (flag === 'NGX_CONF_FLAG') args = 'flag';
    else if (flag === 'NGX_CONF_1MORE') args = '1+';
    else if (flag === 'NGX_CONF_2MORE') args = '2+';
    else if (flag === 'NGX_CONF_ANY') args = '0+';
    else if (flag === 'NGX_CONF_BLOCK') block = true;
    else if (flag !== 'NGX_DIRECT_CONF' && flag !== '|') throw new Error(`unknown flag ${flag}`);
  });
  return {
    in: CONTEXT_ORDER.filter((context) => contexts.has(context)).join(' '),
    args: args ?? [...counts].sort().join(' '),
    block,
  };
}

/** Kind of value by setter; the `ngx_conf_set_*_slot` family is not listed, its name says it. */
const SETTER_KINDS = [
  [/^ngx_\w+_set_complex_value(_zero)?_slot$/, 'complex'],
  [/^ngx_\w+_set_complex_value_size_slot$/, 'complex_size'],
  [/^ngx_http_set_predicate_slot$/, 'predicate'],
  [/^ngx_http_types_slot$/, 'types'],
];

/** The facts of one release, joined over its files. */
class Release {
  /** @param {{path: string, facts: ReturnType<typeof readFile>}[]} files */
  constructor(files) {
    this.files = files;
    this.macros = new Map();
    this.tables = new Map();
    this.functions = new Map();
    for (const { facts } of files) {
      for (const [name, value] of facts.macros) if (!this.macros.has(name)) this.macros.set(name, value);
      for (const [name, table] of facts.tables) this.tables.set(name, table);
      for (const [name, fn] of facts.functions) this.functions.set(name, fn);
    }
  }

  directives() {
    const found = [];
    for (const { path, facts } of this.files) {
      for (const [module, { type, rows }] of facts.tables) {
        if (type !== 'ngx_module_t') continue;
        const commands = facts.tables.get(textOf(rows[2]));
        if (!commands) continue;
        const moduleType = textOf(rows[3]);
        const family = path.startsWith('src/misc/') ? 'misc' : FAMILIES[moduleType];
        if (!family) throw new Error(`${path}: module type ${moduleType}`);
        for (const row of commands.rows) {
          const cells = elements(row);
          if (!cells) continue; // ngx_null_command
          try {
            found.push({ family, module, ...this.directive(cells, moduleType, facts) });
          } catch (error) {
            throw new Error(`${path}: ${textOf(cells[0])}: ${error.message}`);
          }
        }
      }
    }
    return found;
  }

  /**
   * Variables that nginx itself defines. `*` marks the beginning of any name, `!` one that a configuration may
   * define anew.
   */
  variables() {
    const found = [];
    for (const { path, facts } of this.files) {
      const own = [...facts.tables].find(([, table]) => table.type === 'ngx_module_t')?.[0];
      for (const { type, rows } of facts.tables.values()) {
        const [, family] = /^ngx_(http|stream)_variable_t$/.exec(type) ?? [];
        if (!family) continue;
        for (const cells of rows.map((row) => elements(row))) {
          const name = cells && this.string(cells[0]);
          if (!name) continue; // ngx_http_null_variable
          const flags = textOf(cells[4]);
          const mark = /_VAR_PREFIX\b/.test(flags) ? '*' : /_VAR_CHANGEABLE\b/.test(flags) ? '!' : '';
          found.push({ family, module: own ?? `ngx_${family}_core_module`, name: name + mark });
        }
      }
      for (const { family, name, changeable } of facts.added) {
        const value = facts.strings.get(name);
        if (value && path.includes(family))
          found.push({ family, module: own, name: changeable ? `${value}!` : value });
      }
    }
    return found;
  }

  directive([nameCell, flagsCell, setterCell, , offsetCell, postCell], moduleType, facts) {
    const name = this.string(nameCell);
    if (name === null) throw new Error('no name');
    const setter = textOf(setterCell);
    const kind = this.kind(setter);
    const post = postCell.find(isWord)?.value ?? '';
    const table = facts.tables.get(post) ?? this.tables.get(post);
    const choices = table && /enum|bitmask/.test(table.type) ? this.choices(table) : null;
    const field = /^offsetof \( (\w+) , (.+) \)$/.exec(textOf(offsetCell));
    const merges = field
      ? facts.merges.filter((m) => m.field === `${field[1]}.${field[2].replaceAll(' ', '')}`)
      : [];
    const defaults = new Set(merges.map((m) => this.defaultText(m.values, kind, choices)));
    return {
      name,
      ...readFlags(flagsCell, moduleType),
      kind,
      values: choices?.map((choice) => choice.name) ?? null,
      bounds:
        table?.type === 'ngx_conf_num_bounds_t' ? table.rows.slice(1, 3).map((c) => this.number(c)) : null,
      default: defaults.size === 1 ? [...defaults][0] : null,
      merged: merges.some((m) => m.merged),
      once: this.refusesDuplicates(setter),
      obsolete: /_(obsolete|deprecated)$/.test(setter),
      replacedBy: table?.type === 'ngx_conf_deprecated_t' ? this.string(table.rows[2]) : null,
    };
  }

  /** A string literal, through `ngx_string()` and macros. */
  string(tokens) {
    let parts = tokens;
    if (tokens[0]?.value === 'ngx_string') parts = tokens.slice(2, -1);
    if (parts.length === 1 && isWord(parts[0]) && this.macros.has(parts[0].value)) {
      parts = tokenize(this.macros.get(parts[0].value)).tokens;
    }
    return parts.length > 0 && parts.every((t) => t.kind === 'string')
      ? parts.map((t) => t.value).join('')
      : null;
  }

  kind(setter) {
    const slot = /^ngx_conf_set_(\w+)_slot$/.exec(setter);
    if (slot) return slot[1];
    const known = SETTER_KINDS.find(([pattern]) => pattern.test(setter));
    if (known) return known[1];
    const inner = (this.functions.get(setter)?.delegates ?? []).map((name) => this.kind(name));
    return inner.find((kind) => kind !== 'custom') ?? 'custom';
  }

  refusesDuplicates(setter) {
    const fn = this.functions.get(setter);
    return (
      fn !== undefined && (fn.refusesDuplicates || fn.delegates.some((name) => this.refusesDuplicates(name)))
    );
  }

  /** The rows of an enum or bitmask table; `ngx_null_string` ends it. */
  choices(table) {
    const rows = table.rows.map((row) => elements(row)).filter((cells) => cells !== null);
    return rows.flatMap((cells) => {
      const name = this.string(cells[0]);
      return name === null ? [] : [{ name, value: textOf(cells[1]).replace(/^\( (.*) \)$/, '$1') }];
    });
  }

  /** The value of a constant integer expression of literals, macros, `*`, `+` and `-`; null for all else. */
  number(tokens) {
    const parts = [];
    for (const token of tokens) {
      if (token.kind === 'number') {
        const digits = token.value.replace(/[uUlL]+$/, '');
        parts.push(String(/^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)));
      } else if (token.kind === 'punctuator' && '*+-()'.includes(token.value)) parts.push(token.value);
      else if (isWord(token) && this.macros.has(token.value)) {
        const value = this.number(withoutCasts(tokenize(this.macros.get(token.value)).tokens));
        if (value === null) return null;
        parts.push(String(value));
      } else return null;
    }
    return evaluate(parts);
  }

  /** A default as configuration would write it, in base units; null when it is none or not a plain constant. */
  defaultText(values, kind, choices) {
    const cells = values.map(withoutCasts);
    if (cells.length === 0 || cells.some((c) => /\bNGX_CONF_UNSET|\bNULL$/.test(textOf(c)))) return null;
    const [first] = cells;
    if (kind === 'bitmask') return this.bitmaskText(first, choices ?? []);
    if (kind === 'enum') return this.choiceName(first, choices ?? []);
    const number = cells.length === 1 ? this.number(first) : null;
    if (kind === 'flag' && (number === 0 || number === 1)) return number === 1 ? 'on' : 'off';
    if (kind === 'access' && number !== null) return number.toString(8).padStart(4, '0');
    const string = this.string(first);
    if (string !== null) return string;
    const texts = cells.map((c) => String(this.number(c) ?? textOf(c).replace(/ /g, '')));
    const sized = texts
      .join(' ')
      .replaceAll('ngx_pagesize', 'pagesize')
      .replaceAll('ngx_cacheline_size', 'cacheline');
    return /^[\d* ]*(pagesize|cacheline)?$/.test(sized) ? sized : null;
  }

  choiceName(tokens, choices) {
    const text = textOf(tokens);
    const number = this.number(tokens);
    const same = (choice) =>
      choice.value === text || (number !== null && this.number(tokenize(choice.value).tokens) === number);
    return choices.find(same)?.name ?? null;
  }

  bitmaskText(tokens, choices) {
    const names = [];
    const pending = textOf(tokens).split(/[()| ]+/);
    for (let term = pending.shift(); term !== undefined; term = pending.shift()) {
      if (term === '' || term === 'NGX_CONF_BITMASK_SET') continue;
      const choice = choices.find((c) => c.value === term);
      if (choice) names.push(choice.name);
      else if (this.macros.has(term)) pending.unshift(...this.macros.get(term).split(/[()|\s]+/));
      else return null;
    }
    return names.join(' ');
  }
}

/** Takes `(size_t)`, `(u_char *)` and needless outer parentheses off an expression. */
function withoutCasts(tokens) {
  const kept = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const end = closing(tokens, i);
    const inner = tokens.slice(i + 1, end);
    const isCast = is(tokens[i], '(') && /^(\w+_t|u_char|void|char)( \*)*$/.test(textOf(inner));
    if (isCast) i = end;
    else kept.push(tokens[i]);
  }
  return is(kept[0], '(') && closing(kept, 0) === kept.length - 1 ? kept.slice(1, -1) : kept;
}

/** Integer arithmetic by recursive descent over `*`, `+`, `-` and parentheses; null when it does not parse. */
function evaluate(parts) {
  let i = 0;
  const factor = () => {
    const part = parts[i++];
    if (part === '-') return -factor();
    if (part !== '(') return part === undefined || part === '' ? Number.NaN : Number(part);
    const value = sum();
    return parts[i++] === ')' ? value : Number.NaN;
  };
  const product = () => {
    let value = factor();
    while (parts[i] === '*') {
      i += 1;
      value *= factor();
    }
    return value;
  };
  const sum = () => {
    let value = product();
    while (parts[i] === '+' || parts[i] === '-') value += parts[i++] === '+' ? product() : -product();
    return value;
  };
  const value = sum();
  return i === parts.length && Number.isSafeInteger(value) ? value : null;
}

// ------------------------------------------------------------------------------------------------- git

/** Reads a bare repository; a blob that many releases share is read and parsed once. */
class Source {
  constructor(directory) {
    this.directory = directory;
    this.parsed = new Map();
  }

  git(args, input) {
    const options = { input, maxBuffer: 1 << 30 };
    const { status, stdout, stderr, error } = spawnSync(
      'git',
      [`--git-dir=${this.directory}`, ...args],
      options,
    );
    if (error || status !== 0) throw new Error(`git ${args[0]}: ${error?.message ?? stderr}`);
    return stdout;
  }

  /** Release versions from the first one on, in the order of their numbers. */
  versions() {
    const tags = this.git(['tag', '--list', 'release-1.*']).toString().split('\n');
    return tags
      .filter((tag) => /^release-1\.\d+\.\d+$/.test(tag))
      .map((tag) => tag.slice('release-'.length))
      .filter((version) => compareVersions(version, FIRST_VERSION) >= 0)
      .sort(compareVersions);
  }

  release(revision) {
    const listing = this.git(['ls-tree', '-r', revision, 'src']).toString();
    const files = listing.split('\n').flatMap((line) => {
      const [, blob, path] = /^\d+ blob (\w+)\t(.+\.[ch])$/.exec(line) ?? [];
      return path ? [{ blob, path }] : [];
    });
    const missing = files.map((file) => file.blob).filter((blob) => !this.parsed.has(blob));
    this.readBlobs([...new Set(missing)]);
    return new Release(files.map(({ blob, path }) => ({ path, facts: this.parsed.get(blob) })));
  }

  readBlobs(blobs) {
    if (blobs.length === 0) return;
    const output = this.git(['cat-file', '--batch'], `${blobs.join('\n')}\n`);
    let at = 0;
    for (const blob of blobs) {
      const headEnd = output.indexOf('\n', at);
      const size = Number(output.toString('latin1', at, headEnd).split(' ')[2]);
      this.parsed.set(blob, readFile(output.toString('latin1', headEnd + 1, headEnd + 1 + size)));
      at = headEnd + size + 2;
    }
  }
}

function compareVersions(a, b) {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
}

// ------------------------------------------------------------------------------------------- timeline

/** What may change from release to release and is worth knowing per version. */
const VERSIONED = ['in', 'args', 'block', 'kind', 'values', 'bounds', 'default', 'obsolete', 'replacedBy'];

/**
 * One record per (family, module, name) with its newest state, the range of versions, and its changes.
 *
 * @param {{version: string, directives: ReturnType<Release['directives']>}[]} releases in order
 */
export function timeline(releases) {
  const records = new Map();
  releases.forEach(({ version, directives }, index) => {
    const seen = new Set();
    for (const { family, module, name, ...state } of directives) {
      const key = `${family} ${module} ${name}`;
      if (seen.has(key)) throw new Error(`${version}: ${key} stands twice in its table`);
      seen.add(key);
      const record = records.get(key) ?? { family, module, name, states: [] };
      if (record.states.length > 0 && record.states.at(-1).index !== index - 1) {
        throw new Error(`${version}: ${key} was absent in ${releases[index - 1].version}`);
      }
      record.states.push({ index, version, state });
      records.set(key, record);
    }
  });
  return [...records.values()].map(({ family, module, name, states }) => {
    const last = states.at(-1);
    const moving = VERSIONED.filter(
      (key) => new Set(states.map(({ state }) => JSON.stringify(state[key]))).size > 1,
    );
    const changes = [];
    let before = {};
    for (const { index, version, state } of moving.length > 0 ? states : []) {
      const changed = moving.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(state[key]));
      before = state;
      if (changed.length === 0) continue;
      const since = index === 0 ? null : version;
      changes.push({ since, ...Object.fromEntries(changed.map((key) => [key, state[key]])) });
    }
    return {
      family,
      module,
      name,
      ...last.state,
      since: states[0].index === 0 ? null : states[0].version,
      until: last.index === releases.length - 1 ? null : last.version,
      changes,
    };
  });
}

/** By family and module the names, each with its range of versions where it is not all of them: `x@since-until`. */
function variableLists(releases) {
  const spans = new Map();
  releases.forEach(({ variables }, index) => {
    for (const { family, module, name } of variables) {
      const key = `${family} ${module} ${name}`;
      const span = spans.get(key) ?? { first: index, last: index };
      span.last = index;
      spans.set(key, span);
    }
  });
  const families = {};
  for (const [key, { first, last }] of [...spans].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [family, module, name] = key.split(' ');
    const since = first === 0 ? '' : releases[first].version;
    const until = last === releases.length - 1 ? '' : `-${releases[last].version}`;
    const word = since || until ? `${name}@${since}${until}` : name;
    families[family] ??= {};
    families[family][module] = families[family][module] ? `${families[family][module]} ${word}` : word;
  }
  return families;
}

// --------------------------------------------------------------------------------- names of other sources

/**
 * Directives of the commercial nginx only, by module (a second word is the block that alone may hold them), from
 * the directive names of the documentation; `{}` marks a block, a final `*` any name that begins so. `sticky` and
 * `least_time` are also in the source since some release: the command tables say which.
 */
const COMMERCIAL = {
  ngx_http_api_module: 'api status_zone',
  ngx_http_auth_jwt_module: `
    auth_jwt auth_jwt_claim_set auth_jwt_header_set auth_jwt_key_cache auth_jwt_key_file auth_jwt_key_request
    auth_jwt_leeway auth_jwt_require auth_jwt_type`,
  ngx_http_auth_require_module: 'auth_require',
  ngx_http_core_module: 'error_log_tag',
  ngx_http_f4f_module: 'f4f f4f_buffer_size',
  ngx_http_fastcgi_module: `
    fastcgi_allow_upstream fastcgi_bind_dynamic fastcgi_cache_purge fastcgi_request_dynamic`,
  ngx_http_grpc_module: 'grpc_allow_upstream grpc_bind_dynamic grpc_request_dynamic grpc_ssl_key_log',
  ngx_http_hls_module: `
    hls hls_buffers hls_forward_args hls_fragment hls_mp4_buffer_size hls_mp4_max_buffer_size`,
  ngx_http_internal_redirect_module: 'internal_redirect',
  ngx_http_keyval_module: 'keyval keyval_zone',
  ngx_http_memcached_module: 'memcached_allow_upstream memcached_bind_dynamic',
  ngx_http_mp4_module: 'mp4_limit_rate mp4_limit_rate_after',
  ngx_http_num_map_module: 'num_map{}',
  ngx_http_oidc_module: 'auth_oidc oidc_provider{}',
  'ngx_http_oidc_module oidc_provider': `
    client_id client_secret config_url cookie_name extra_auth_args frontchannel_logout_uri issuer
    logout_token_hint logout_uri pkce post_logout_uri redirect_uri scope session_store session_timeout userinfo`,
  ngx_http_proxy_module: `
    proxy_allow_upstream proxy_bind_dynamic proxy_cache_purge proxy_request_dynamic proxy_ssl_key_log`,
  ngx_http_scgi_module: 'scgi_allow_upstream scgi_bind_dynamic scgi_cache_purge scgi_request_dynamic',
  ngx_http_session_log_module: 'session_log session_log_format session_log_zone',
  ngx_http_ssl_module: 'ssl_key_log',
  ngx_http_status_module: 'status status_format',
  ngx_http_tunnel_module: 'tunnel_allow_upstream tunnel_bind_dynamic',
  ngx_http_upstream_conf_module: 'upstream_conf',
  ngx_http_upstream_hc_module: 'health_check match{}',
  ngx_http_upstream_module: 'least_time ntlm queue state sticky',
  ngx_http_uwsgi_module: `
    uwsgi_allow_upstream uwsgi_bind_dynamic uwsgi_cache_purge uwsgi_request_dynamic uwsgi_ssl_key_log`,
  ngx_mgmt_module: 'mgmt{}',
  'ngx_mgmt_module mgmt': `
    enforce_initial_report license_token proxy proxy_password proxy_username ssl_verify state_path usage_report`,
  ngx_stream_mqtt_filter_module: 'mqtt mqtt_buffers mqtt_rewrite_buffer_size mqtt_set_connect',
  ngx_stream_mqtt_preread_module: 'mqtt_preread',
  ngx_stream_proxy_module: 'proxy_session_drop',
  ngx_stream_upstream_hc_module: 'health_check_timeout',
  ngx_stream_zone_sync_module: 'zone_sync*',
};

/**
 * Directives of modules that are not in nginx's own source, and of its forks, written like COMMERCIAL. Names that
 * nginx itself has are left out. Read from the modules' own command tables.
 */
const THIRD_PARTY = {
  ngx_http_lua_module: `
    access_by_lua access_by_lua_block{} access_by_lua_file access_by_lua_no_postpone
    balancer_by_lua_block{} balancer_by_lua_file balancer_keepalive body_filter_by_lua
    body_filter_by_lua_block{} body_filter_by_lua_file content_by_lua content_by_lua_block{}
    content_by_lua_file exit_worker_by_lua_block{} exit_worker_by_lua_file header_filter_by_lua
    header_filter_by_lua_block{} header_filter_by_lua_file init_by_lua init_by_lua_block{}
    init_by_lua_file init_worker_by_lua init_worker_by_lua_block{} init_worker_by_lua_file log_by_lua
    log_by_lua_block{} log_by_lua_file lua_* lua_add_variable lua_capture_error_log
    lua_check_client_abort lua_code_cache lua_http10_buffering lua_load_resty_core lua_malloc_trim
    lua_max_pending_timers lua_max_running_timers lua_need_request_body lua_package_cpath
    lua_package_path lua_regex_cache_max_entries lua_regex_match_limit lua_sa_restart lua_shared_dict
    lua_socket_buffer_size lua_socket_connect_timeout lua_socket_keepalive_timeout lua_socket_log_errors
    lua_socket_pool_size lua_socket_read_timeout lua_socket_send_lowat lua_socket_send_timeout
    lua_ssl_certificate lua_ssl_certificate_key lua_ssl_ciphers lua_ssl_conf_command lua_ssl_crl
    lua_ssl_key_log lua_ssl_protocols lua_ssl_trusted_certificate lua_ssl_verify_depth
    lua_thread_cache_max_entries lua_transform_underscores_in_response_headers
    lua_upstream_skip_openssl_default_verify lua_use_default_type lua_worker_thread_vm_pool_size
    precontent_by_lua_block{} precontent_by_lua_file precontent_by_lua_no_postpone
    preread_by_lua_block{} preread_by_lua_file preread_by_lua_no_postpone
    proxy_ssl_certificate_by_lua_block{} proxy_ssl_certificate_by_lua_file
    proxy_ssl_verify_by_lua_block{} proxy_ssl_verify_by_lua_file rewrite_by_lua rewrite_by_lua_block{}
    rewrite_by_lua_file rewrite_by_lua_no_postpone server_rewrite_by_lua_block{}
    server_rewrite_by_lua_file set_by_lua set_by_lua_block{} set_by_lua_file
    ssl_certificate_by_lua_block{} ssl_certificate_by_lua_file ssl_client_hello_by_lua_block{}
    ssl_client_hello_by_lua_file ssl_session_fetch_by_lua_block{} ssl_session_fetch_by_lua_file
    ssl_session_store_by_lua_block{} ssl_session_store_by_lua_file`,
  ngx_http_headers_more_filter_module:
    'more_clear_headers more_clear_input_headers more_set_headers more_set_input_headers',
  ngx_http_echo_module: `
    echo echo_abort_parent echo_after_body echo_before_body echo_blocking_sleep echo_duplicate echo_end
    echo_exec echo_flush echo_foreach_split echo_location echo_location_async echo_read_request_body
    echo_request_body echo_reset_timer echo_sleep echo_status echo_subrequest echo_subrequest_async`,
  ngx_http_set_misc_module: `
    set_base32_alphabet set_base32_padding set_decode_base32 set_decode_base64 set_decode_base64url
    set_decode_hex set_encode_base32 set_encode_base64 set_encode_base64url set_encode_hex
    set_escape_uri set_formatted_gmt_time set_formatted_local_time set_hashed_upstream set_hmac_sha1
    set_hmac_sha256 set_if_empty set_local_today set_md5 set_misc_base32_padding set_quote_json_str
    set_quote_pgsql_str set_quote_sql_str set_random set_rotate set_secure_random_alphanum
    set_secure_random_lcalpha set_sha1 set_unescape_uri`,
  ngx_http_srcache_filter_module: `
    srcache_buffer srcache_default_expire srcache_fetch srcache_fetch_skip srcache_header_buffer_size
    srcache_ignore_content_encoding srcache_max_expire srcache_methods srcache_request_cache_control
    srcache_response_cache_control srcache_store srcache_store_hide_header srcache_store_max_size
    srcache_store_no_cache srcache_store_no_store srcache_store_pass_header srcache_store_private
    srcache_store_ranges srcache_store_skip srcache_store_statuses`,
  ngx_http_memc_module: `
    memc_buffer_size memc_cmds_allowed memc_connect_timeout memc_flags_to_last_modified
    memc_ignore_client_abort memc_next_upstream memc_pass memc_read_timeout memc_send_timeout
    memc_upstream_fail_timeout memc_upstream_max_fails`,
  ngx_http_redis2_module: `
    redis2_bind redis2_buffer_size redis2_connect_timeout redis2_literal_raw_query redis2_next_upstream
    redis2_pass redis2_query redis2_raw_queries redis2_raw_query redis2_read_timeout redis2_send_timeout`,
  ngx_http_redis_module: `
    redis_bind redis_buffer_size redis_connect_timeout redis_gzip_flag redis_next_upstream
    redis_next_upstream_timeout redis_next_upstream_tries redis_pass redis_read_timeout
    redis_send_timeout redis_socket_keepalive`,
  ngx_http_drizzle_module: `
    drizzle_buffer_size drizzle_connect_timeout drizzle_dbname drizzle_keepalive drizzle_module_header
    drizzle_pass drizzle_query drizzle_recv_cols_timeout drizzle_recv_rows_timeout
    drizzle_send_query_timeout drizzle_server drizzle_status`,
  ngx_postgres_module: `
    postgres_connect_timeout postgres_escape postgres_keepalive postgres_output postgres_pass
    postgres_query postgres_result_timeout postgres_rewrite postgres_server postgres_set`,
  ngx_http_array_var_module: 'array_join array_map array_map_op array_split',
  ngx_http_encrypted_session_module: `
    encrypted_session_expires encrypted_session_iv encrypted_session_key set_decrypt_session
    set_encrypt_session`,
  ngx_http_form_input_module: 'set_form_input set_form_input_multi',
  ngx_http_replace_filter_module: `
    replace_filter replace_filter_last_modified replace_filter_max_buffered_size replace_filter_skip
    replace_filter_types`,
  ngx_http_rds_json_filter_module: `
    rds_json rds_json_buffer_size rds_json_content_type rds_json_errcode_key rds_json_errstr_key
    rds_json_format rds_json_ret rds_json_root rds_json_success_property rds_json_user_property`,
  ngx_http_xss_filter_module:
    'xss_callback_arg xss_check_status xss_get xss_input_types xss_output_type xss_override_status',
  ngx_http_coolkit_module: 'override_method',
  ngx_http_lua_kong_module: 'lua_kong_error_log_request_id lua_kong_load_var_index lua_kong_set_static_tag',
  ngx_http_apisix_module: 'apisix_* lua_error_log_request_id lua{}',
  ngx_http_brotli_filter_module:
    'brotli brotli_buffers brotli_comp_level brotli_min_length brotli_static brotli_types brotli_window',
  ngx_http_zstd_filter_module:
    'zstd zstd_buffers zstd_comp_level zstd_dict_file zstd_min_length zstd_static zstd_types',
  ngx_http_modsecurity_module: `
    modsecurity modsecurity_rules modsecurity_rules_file modsecurity_rules_remote
    modsecurity_transaction_id`,
  ngx_http_coraza_module:
    'coraza coraza_delay_response_headers coraza_rules coraza_rules_file coraza_transaction_id',
  ngx_http_naxsi_module: `
    BasicRule CheckRule DeniedUrl IgnoreCIDR IgnoreIP LearningMode LibInjectionSql LibInjectionXss
    MainRule NaxsiLogFile SecRulesDisabled SecRulesEnabled basic_rule check_rule denied_url ignore_cidr
    ignore_ip learning_mode libinjection_sql libinjection_xss main_rule naxsi_log rules_disabled
    rules_enabled`,
  ngx_http_vhost_traffic_status_module: 'vhost_traffic_status*',
  ngx_http_stream_server_traffic_status_module: 'stream_server_traffic_status*',
  ngx_http_geoip2_module: 'geoip2_proxy geoip2_proxy_recursive geoip2{}',
  ngx_http_js_module: `
    js_* js_access js_body_filter js_content js_context_reuse js_context_reuse_max_size js_engine
    js_fetch_buffer_size js_fetch_ciphers js_fetch_keepalive js_fetch_keepalive_requests
    js_fetch_keepalive_time js_fetch_keepalive_timeout js_fetch_max_response_buffer_size
    js_fetch_protocols js_fetch_proxy js_fetch_timeout js_fetch_trusted_certificate js_fetch_verify
    js_fetch_verify_depth js_filter js_header_filter js_import js_include js_load_http_native_module
    js_load_stream_native_module js_path js_periodic js_preload_object js_preread js_set
    js_shared_dict_zone js_var`,
  ngx_http_passenger_module: `
    passenger_* rack_env rails_app_spawner_idle_time rails_env rails_framework_spawner_idle_time
    rails_spawn_method union_station_*`,
  ngx_pagespeed: 'pagespeed',
  ngx_http_upload_module: `
    upload_add_header upload_aggregate_form_field upload_buffer_size upload_cleanup
    upload_empty_fiels_names upload_limit_rate upload_max_file_size upload_max_output_body_len
    upload_max_part_header_len upload_merge_buffer_size upload_pass upload_pass_args
    upload_pass_form_field upload_range_header_buffer_size upload_resumable upload_set_form_field
    upload_state_store upload_store upload_store_access upload_tame_arrays upload_tmp_path`,
  ngx_http_uploadprogress_module: `
    report_uploads track_uploads upload_progress upload_progress_content_type upload_progress_header
    upload_progress_java_output upload_progress_json_output upload_progress_jsonp_output
    upload_progress_jsonp_parameter upload_progress_template`,
  ngx_http_dav_ext_module: 'dav_ext_lock dav_ext_lock_zone dav_ext_methods',
  ngx_http_fancyindex_module: 'fancyindex*',
  ngx_http_cache_purge_module: `
    cache_purge_background_queue cache_purge_batch_size cache_purge_legacy_status cache_purge_queue_size
    cache_purge_response_type cache_purge_throttle_ms cache_purge_vary_aware fastcgi_cache_purge
    proxy_cache_purge scgi_cache_purge uwsgi_cache_purge`,
  ngx_http_slowfs_module: 'slowfs_*',
  ngx_nchan_module: `
    nchan_* push_authorized_channels_only push_channel_group push_channel_timeout
    push_max_channel_id_length push_max_channel_subscribers push_max_message_buffer_length
    push_max_reserved_memory push_message_buffer_length push_message_timeout
    push_min_message_buffer_length push_publisher push_store_messages push_subscriber
    push_subscriber_concurrency push_subscriber_timeout`,
  ngx_http_push_stream_module: 'push_stream_*',
  ngx_rtmp_module: `
    flv_live rtmp_auto_push rtmp_auto_push_reconnect rtmp_control rtmp_socket_dir rtmp_stat
    rtmp_stat_format rtmp_stat_stylesheet rtmp{}`,
  'ngx_rtmp_module rtmp': `
    ack_window application{} buffer buflen busy chunk_size dash dash_cleanup dash_fragment dash_nested
    dash_path dash_playlist_length drop_idle_publisher exec exec_kill_signal exec_options exec_play
    exec_play_done exec_publish exec_publish_done exec_pull exec_push exec_record_done exec_static
    gop_cache gop_max_audio_count gop_max_frame_count gop_max_video_count hls hls_audio_buffer_size
    hls_base_url hls_cleanup hls_continuous hls_dir_access hls_fragment hls_fragment_naming
    hls_fragment_naming_granularity hls_fragment_slicing hls_fragments_per_key hls_key_path hls_key_url
    hls_keys hls_max_audio_delay hls_max_fragment hls_muxdelay hls_nested hls_nested_index_filename
    hls_path hls_playlist_length hls_sync hls_type hls_variant idle_streams interleave live log_interval
    log_size max_connections max_message max_streams meta netcall_buffer netcall_timeout notify_method
    notify_no_resolve notify_relay_redirect notify_update_strict notify_update_timeout on_connect
    on_disconnect on_done on_play on_play_done on_publish on_publish_done on_record_done on_update
    out_cork out_queue ping ping_timeout play play_local_path play_restart play_temp_path play_time_fix
    publish_notify publish_time_fix pull pull_reconnect push push_reconnect record record_append
    record_interval record_lock record_max_frames record_max_size record_notify record_path
    record_suffix record_unique recorder{} relay_buffer respawn respawn_timeout session_relay
    so_keepalive stream_buckets sync wait_key wait_video`,
  ngx_otel_module: `
    otel_exporter{} otel_resource_attr otel_service_name otel_span_attr otel_span_name otel_trace
    otel_trace_context`,
  'ngx_otel_module otel_exporter': 'batch_count batch_size endpoint header interval trusted_certificate',
  ngx_http_opentracing_module: `
    opentracing opentracing_fastcgi_propagate_context opentracing_grpc_propagate_context
    opentracing_load_tracer opentracing_location_operation_name opentracing_operation_name
    opentracing_propagate_context opentracing_tag opentracing_trace_locations
    opentracing_trust_incoming_span`,
  ngx_http_opentelemetry_module: 'NginxModule* opentelemetry*',
  ngx_http_datadog_module: 'datadog_*',
  wallarm: 'wallarm_*',
  ngx_http_acme_module: 'acme_certificate acme_issuer{} acme_shared_zone',
  'ngx_http_acme_module acme_issuer': `
    accept_terms_of_service account_key challenge common_name_in_csr contact external_account_key
    preferred_chain profile ssl_verify state_path uri`,
  ngx_http_upstream_check_module: `
    check check_fastcgi_param check_http_expect_alive check_http_send check_keepalive_requests
    check_shm_size check_status`,
  ngx_http_upstream_fair_module: 'fair upstream_fair_shm_size',
  ngx_http_upstream_jdomain_module: 'jdomain',
  ngx_http_upsync_module: 'upstream_show upsync upsync_dump_path upsync_lb',
  ngx_dynamic_upstream_module: 'dynamic_upstream',
  ngx_http_proxy_connect_module: `
    proxy_connect proxy_connect_address proxy_connect_allow proxy_connect_bind
    proxy_connect_connect_timeout proxy_connect_data_timeout proxy_connect_read_timeout
    proxy_connect_response proxy_connect_send_lowat proxy_connect_send_timeout`,
  ngx_http_subs_filter_module:
    'subs_buffers subs_filter subs_filter_bypass subs_filter_types subs_line_buffer_size',
  ngx_http_ajp_module: 'ajp_*',
  ngx_http_auth_ldap_module: `
    auth_ldap auth_ldap_cache_enabled auth_ldap_cache_expiration_time auth_ldap_cache_size
    auth_ldap_servers auth_ldap_servers_size ldap_server{}`,
  ngx_http_auth_pam_module: 'auth_pam auth_pam_service_name auth_pam_set_pam_env',
  ngx_http_auth_spnego_module: `
    auth_gss auth_gss_allow_basic_fallback auth_gss_authorized_principal
    auth_gss_authorized_principal_regex auth_gss_constrained_delegation auth_gss_delegate_credentials
    auth_gss_force_realm auth_gss_format_full auth_gss_keytab auth_gss_map_to_local auth_gss_realm
    auth_gss_service_ccache auth_gss_service_name auth_gss_zone_name`,
  ngx_http_auth_digest_module: `
    auth_digest auth_digest_drop_time auth_digest_evasion_time auth_digest_expires auth_digest_maxtries
    auth_digest_replays auth_digest_shm_size auth_digest_timeout auth_digest_user_file`,
  'TeslaGov/ngx-http-auth-jwt-module': `
    auth_jwt_algorithm auth_jwt_enabled auth_jwt_extract_request_claims auth_jwt_extract_response_claims
    auth_jwt_extract_var_claims auth_jwt_key auth_jwt_keyfile_path auth_jwt_location auth_jwt_loginurl
    auth_jwt_redirect auth_jwt_use_keyfile auth_jwt_validate_sub`,
  ngx_http_testcookie_access_module: 'testcookie* testcookie_whitelist{}',
  ngx_http_vod_module: 'vod vod_*',
  ngx_http_secure_token_filter_module: 'secure_token*',
  ngx_http_accept_language_module: 'set_from_accept_language',
  ngx_http_eval_module: 'eval_escalate eval_override_content_type eval{}',
  ngx_http_cookie_flag_filter_module: 'set_cookie_flag',
  ngx_http_security_headers_module: `
    hide_server_tokens security_headers security_headers_coep security_headers_coop
    security_headers_corp security_headers_frame security_headers_hsts_preload
    security_headers_referrer_policy security_headers_text_types security_headers_xss`,
  ngx_http_limit_traffic_rate_filter_module: 'limit_traffic_rate limit_traffic_rate_zone',
  ngx_http_accounting_module:
    'accounting accounting_id accounting_interval accounting_log accounting_perturb',
  ngx_http_clojure_module: `
    access_handler_code access_handler_name access_handler_property access_handler_type always_read_body
    auto_upgrade_ws body_filter_code body_filter_name body_filter_property body_filter_type
    content_handler_code content_handler_name content_handler_property content_handler_type handler_code
    handler_name handler_type handlers_lazy_init header_filter_code header_filter_name
    header_filter_property header_filter_type jvm_classpath jvm_classpath_check jvm_exit_handler_code
    jvm_exit_handler_name jvm_exit_handler_property jvm_handler_type jvm_init_handler_code
    jvm_init_handler_name jvm_init_handler_property jvm_options jvm_path jvm_var jvm_workers
    load_balancer_code load_balancer_name load_balancer_property load_balancer_type log_handler_code
    log_handler_name log_handler_property log_handler_type max_balanced_tcp_connections
    rewrite_handler_code rewrite_handler_name rewrite_handler_property rewrite_handler_type shared_map
    write_page_size`,
  Tengine: `
    append_header append_header_separator backtrace_log backtrace_max_stack_size client_body_buffers
    client_body_postpone_size concat concat_delimiter concat_ignore_file_error concat_max_files
    concat_types concat_unique consistent_hash dubbo_* dynamic_resolve dyups_* enable_ntls
    fastcgi_rcvbuf_size fastcgi_sndbuf_size fastcgi_upstream_tries footer footer_types geoip_region
    grpc_enable_ntls grpc_ssl_enc_certificate grpc_ssl_enc_certificate_key grpc_ssl_sign_certificate
    grpc_ssl_sign_certificate_key gzip_clear_etag image_filter_crop_offset ingress_gateway* iwrr
    limit_req_whitelist master_env memcached_upstream_tries multi pipe_set_size proxy_enable_ntls
    proxy_rcvbuf_size proxy_sndbuf_size proxy_ssl_enc_certificate proxy_ssl_enc_certificate_key
    proxy_ssl_sign_certificate proxy_ssl_sign_certificate_key proxy_upstream_tries req_status*
    request_time_cache resolver_file retry_cached_connection rr_discarded_range scgi_upstream_tries
    server_admin server_info server_tag session_sticky* slab_stat slice_arg_begin slice_arg_end
    slice_footer slice_footer_last slice_header slice_header_first ssl_async ssl_enc_certificate
    ssl_enc_certificate_key ssl_sign_certificate ssl_sign_certificate_key ssl_sni_force
    ssl_verify_client_exception sysguard* tair_timeout tfs_* trim trim_css trim_js trim_types
    upstream_change_no_server_status user_agent{} uwsgi_enable_ntls uwsgi_ssl_enc_certificate
    uwsgi_ssl_enc_certificate_key uwsgi_ssl_sign_certificate uwsgi_ssl_sign_certificate_key
    uwsgi_upstream_tries vnswrr xquic_*`,
  Angie: `
    acme acme_client acme_client_path acme_dns_port acme_dns_ttl acme_hook acme_http_port
    acme_max_response_size api api_config_files auto_redirect client{} docker_endpoint
    docker_max_object_size doh_bind doh_buffer_size doh_connect_timeout doh_max_size doh_next_upstream
    doh_next_upstream_timeout doh_next_upstream_tries doh_pass doh_read_timeout doh_send_timeout
    doh_socket_keepalive doh_transport error_log_user_tag fastcgi_connection_drop goto
    grpc_connection_drop http3_max_table_capacity image_filter_avif_quality image_filter_heic_quality
    max_commands metric metric_complex_zone{} metric_zone mp4_limit_rate mp4_limit_rate_after
    mqtt_preread prometheus prometheus_template{} proxy_connection_drop proxy_http3_hq
    proxy_http3_max_concurrent_streams proxy_http3_max_table_capacity proxy_http3_stream_buffer_size
    proxy_protocol_tlv proxy_protocol_version proxy_quic_active_connection_id_limit proxy_quic_gso
    proxy_quic_host_key proxy_ssl_keylog_file proxy_ssl_ntls rdp_preread response_time_factor
    scgi_connection_drop ssl_encrypted_hello_key ssl_keylog_file ssl_ntls status_zone sticky_secret
    sticky_strict time_format uwsgi_connection_drop`,
};

// ------------------------------------------------------------------------------------------------ main

const FAMILY_ORDER = ['core', 'events', 'http', 'stream', 'mail', 'misc'];

/** The JSON text: by family and module, one directive a line; what is false, null or empty is left out. */
function toJson(versions, records, variables) {
  const byName = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const families = FAMILY_ORDER.map((family) => {
    const own = records.filter((record) => record.family === family);
    const modules = [...new Set(own.map((record) => record.module))].sort(byName).map((module) => {
      const rows = own.filter((record) => record.module === module).sort((a, b) => byName(a.name, b.name));
      return `${JSON.stringify(module)}:{\n${rows.map(row).join(',\n')}\n}`;
    });
    return `${JSON.stringify(family)}:{\n${modules.join(',\n')}\n}`;
  });
  return [
    `{\n"versions":${JSON.stringify(versions)},`,
    `"directives":{\n${families.join(',\n')}\n},`,
    `"variables":{\n${Object.entries(variables)
      .map(([family, modules]) => `${JSON.stringify(family)}:{\n${lists(modules)}\n}`)
      .join(',\n')}\n},`,
    `"commercial":{\n${lists(COMMERCIAL)}\n},`,
    `"thirdParty":{\n${lists(THIRD_PARTY)}\n}\n}\n`,
  ].join('\n');
}

/** One module a line, with its names in one text. */
function lists(modules) {
  return Object.entries(modules)
    .map(
      ([module, names]) => `${JSON.stringify(module)}:${JSON.stringify(names.trim().split(/\s+/).join(' '))}`,
    )
    .join(',\n');
}

function row({ family, module, name, changes, ...facts }) {
  const kept = Object.entries(facts).filter(([, value]) => value !== null && value !== false);
  if (changes.length > 0) kept.push(['changes', changes]);
  return `${JSON.stringify(name)}:${JSON.stringify(Object.fromEntries(kept))}`;
}

function main(argv) {
  const option = (name) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined);
  const directory = option('--source');
  if (!directory) {
    console.error('usage: generate-directives.mjs --source PATH_TO_GIT_DIR [--out FILE | --counts REVISION]');
    return 2;
  }
  const source = new Source(directory);
  const revision = option('--counts');
  if (revision) {
    const directives = source.release(revision).directives();
    const names = new Set(directives.map((d) => d.name));
    console.log(`${revision}: ${directives.length} entries, ${names.size} names`);
    for (const family of FAMILY_ORDER) {
      console.log(`  ${family}: ${directives.filter((d) => d.family === family).length}`);
    }
    return 0;
  }
  const versions = source.versions();
  const releases = versions.map((version) => {
    const release = source.release(`release-${version}`);
    return { version, directives: release.directives(), variables: release.variables() };
  });
  const records = timeline(releases);
  const json = toJson(versions, records, variableLists(releases));
  writeFileSync(option('--out') ?? OUTPUT, json);
  console.error(`${records.length} directives of ${versions.length} releases, ${json.length} bytes`);
  return 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2));
}
