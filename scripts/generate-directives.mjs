#!/usr/bin/env node
// Writes server/src/engine/config/directives.generated.json: what each release of nginx since 1.18.0 knows
// about its own directives, read from the command tables (`ngx_command_t` arrays) of its C source.
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
]);

/**
 * What one C file says.
 *
 * @param {string} text
 */
export function readFile(text) {
  const { tokens, macros } = tokenize(text);
  const facts = { macros, tables: new Map(), functions: new Map(), merges: [] };
  for (const item of topLevelItems(tokens)) {
    const open = item.findIndex((t) => is(t, '{'));
    if (open < 0) continue;
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

/** Notes of a function what it refuses, which setters it hands its own arguments on to, and its merge calls. */
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

// ------------------------------------------------------------------------------------------------ main

const FAMILY_ORDER = ['core', 'events', 'http', 'stream', 'mail', 'misc'];

/** The JSON text: by family and module, one directive a line; what is false, null or empty is left out. */
function toJson(versions, records) {
  const byName = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const families = FAMILY_ORDER.map((family) => {
    const own = records.filter((record) => record.family === family);
    const modules = [...new Set(own.map((record) => record.module))].sort(byName).map((module) => {
      const rows = own.filter((record) => record.module === module).sort((a, b) => byName(a.name, b.name));
      return `${JSON.stringify(module)}:{\n${rows.map(row).join(',\n')}\n}`;
    });
    return `${JSON.stringify(family)}:{\n${modules.join(',\n')}\n}`;
  });
  return `{\n"versions":${JSON.stringify(versions)},\n"directives":{\n${families.join(',\n')}\n}\n}\n`;
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
  const releases = versions.map((version) => ({
    version,
    directives: source.release(`release-${version}`).directives(),
  }));
  const records = timeline(releases);
  const json = toJson(versions, records);
  writeFileSync(option('--out') ?? OUTPUT, json);
  console.error(`${records.length} directives of ${versions.length} releases, ${json.length} bytes`);
  return 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2));
}
