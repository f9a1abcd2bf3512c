#!/usr/bin/env node
// Lists the messages that nginx can write to its error log on the way to a backend, read from the calls of its C
// source that write them, and says which entry of the catalogue (server/src/engine/errorlog/catalogue) each maps to.
//
//   node scripts/extract-messages.mjs SOURCE                    what maps, what does not; writes nothing
//   node scripts/extract-messages.mjs SOURCE --write            test/unit/source-messages.generated.json, over all releases
//
// SOURCE is a clone of nginx/nginx with its release-* tags, or (without --write) the unpacked source of one release.
// Options: --tag release-1.31.4 (default: the newest), --unmapped (only what maps to nothing), --json.
// Only facts are kept: text, place, level, and the releases between which a text exists.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const OUTPUT = path.join(root, 'test/unit/source-messages.generated.json');
const FIRST_VERSION = '1.18.0';

/** The files whose messages stand on the way to a backend, or at start-up about it: every text of theirs counts. */
const ON_THE_WAY = [
  ...names(
    'http/ngx_http_',
    'upstream upstream_round_robin script request request_body core_module file_cache',
  ),
  ...names(
    'http/modules/ngx_http_',
    'proxy proxy_v2 grpc fastcgi uwsgi scgi memcached tunnel auth_request',
    '_module',
  ),
  ...names(
    'http/modules/ngx_http_upstream_',
    'hash ip_hash keepalive least_conn least_time random sticky zone',
    '_module',
  ),
  ...names('event/ngx_event', ' _connect _pipe _openssl _openssl_cache _accept'),
  ...names('core/ngx_', 'resolver inet connection proxy_protocol file'),
  ...names(
    'stream/ngx_stream_',
    'proxy_module upstream upstream_round_robin upstream_zone_module upstream_hash_module',
  ),
  ...names('stream/ngx_stream_upstream_', 'least_conn least_time random', '_module'),
  ...names('os/unix/ngx_', 'recv send readv_chain writev_chain linux_sendfile_chain udp_recv udp_send'),
  ...names('os/win32/ngx_', 'wsarecv wsarecv_chain wsasend wsasend_chain'),
  ...names('os/unix/ngx_', 'udp_sendmsg_chain files process process_cycle'),
];

/** Files beside the way, with texts that people paste all the same. */
const BESIDE = [
  ...names('core/', 'nginx ngx_module ngx_conf_file ngx_cycle ngx_hash ngx_slab ngx_regex'),
  ...names('http/', 'ngx_http ngx_http_variables'),
  ...names('http/modules/ngx_http_', 'rewrite map limit_req limit_conn', '_module'),
  'event/ngx_event_openssl_stapling.c',
  'stream/ngx_stream_handler.c',
];

const FILES = [...ON_THE_WAY, ...BESIDE];

function names(before, words, after = '', ending = '.c') {
  return words.split(' ').map((word) => `${before}${word}${after}${ending}`);
}

/** Files with the names of system calls that formats are put together from, on Unix and on Windows. */
const HEADERS = ['core/nginx.h', 'core/ngx_regex.h'];
const SYSTEMS = [
  names('os/unix/ngx_', 'files socket time dlopen', '', '.h'),
  names('os/win32/ngx_', 'files socket time dlopen', '', '.h'),
];

const READ = [...FILES, ...HEADERS, ...SYSTEMS.flat()];

/** Calls that write a line: which argument is the level, the error number and the format. */
const CALLS = {
  ngx_log_error: { level: 0, errno: 2, format: 3 },
  ngx_conf_log_error: { level: 0, errno: 2, format: 3, place: true },
  ngx_ssl_error: { level: 0, errno: 2, format: 3, ssl: true },
  ngx_ssl_connection_error: { level: 'info|error|crit', errno: 2, format: 3, ssl: true },
  ngx_connection_error: { level: 'info|error|alert', errno: 1, format: 2 },
  ngx_log_abort: { level: 'alert', errno: 0, format: 1 },
  ngx_slab_error: { level: 1, errno: null, format: 2 },
};

/** What the functions of these calls write around what they were given. */
const FRAMES = new Set(['%*s', '%*s in %s:%ui', '%*s in command line', '%s%s']);

// ------------------------------------------------------------------------------------------------- reading C

/** The text without comments and `#if 0`; offsets stay. */
function clean(text) {
  const blank = (match) => match.replace(/[^\n]/g, ' ');
  return text
    .replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|\/\*[\s\S]*?\*\//g, (match) =>
      match.startsWith('/*') ? blank(match) : match,
    )
    .replace(/^#if 0\n[\s\S]*?^#endif/gm, blank);
}

/** End of a bracket's content: the offset of the `)` that closes what opened before `from`; and the commas between. */
function readArguments(text, from) {
  const commas = [];
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const char = text[i];
    if (char === '"' || char === "'") {
      for (i++; text[i] !== char; i++) if (text[i] === '\\') i++;
    } else if (char === '(') depth++;
    else if (char === ')') {
      if (depth === 0) {
        const bounds = [from - 1, ...commas, i];
        return bounds.slice(1).map((end, n) => text.slice(bounds[n] + 1, end).trim());
      }
      depth--;
    } else if (char === ',' && depth === 0) commas.push(i);
  }
  return null;
}

const ESCAPES = { n: '\n', t: '\t', r: '\r', '"': '"', "'": "'", '\\': '\\' };

/** The texts that a C expression can be: literals and macros side by side, both sides of `?:`. */
function texts(expression, macros) {
  const found = [];
  let current = null;
  for (const [token, literal] of expression
    .replace(/^#.*$/gm, '')
    .matchAll(/"((?:\\.|[^"\\])*)"|[A-Za-z_]\w*|[?:]|\S/g)) {
    const value =
      literal === undefined
        ? macros.get(token)
        : literal.replace(/\\(.)/g, (_, char) => ESCAPES[char] ?? char);
    if (value !== undefined) current = (current ?? '') + value;
    // A macro of another file between literals: NGX_USER.
    else if (current !== null && /^NGX_[A-Z_]+$/.test(token)) current += '%s';
    else if (token === '?') current = null;
    else if (current !== null) {
      found.push(current);
      current = null;
    }
  }
  if (current !== null) found.push(current);
  return found;
}

/** `#define ngx_open_file_n "open()"`: names that stand for a text. */
function textMacros(text) {
  return [...text.matchAll(/^#\s*define\s+(\w+)\s+"((?:\\.|[^"\\])*)"\s*$/gm)].map(([, name, value]) => [
    name,
    value,
  ]);
}

/** Where each function begins: nginx writes its name at the start of a line. */
function functionsOf(text) {
  return [...text.matchAll(/^([a-z]\w+)\([^;{]*\)\s*\{/gm)].map((match) => ({
    at: match.index,
    name: match[1],
  }));
}

/** The texts that a format argument can be; of a variable, those that its function assigns to it. */
function formats(expression, text, at, macros) {
  const direct = texts(expression, macros);
  if (direct.length > 0) return direct;
  const table = /^(\w+)\[/.exec(expression)?.[1];
  if (table !== undefined) {
    const start = text.search(new RegExp(`\\b${table}\\[\\]\\s*=\\s*\\{`));
    return start < 0 ? [] : texts(text.slice(start, text.indexOf('};', start)), macros);
  }
  if (!/^\w+$/.test(expression)) return [];
  const from = text.lastIndexOf('\n{', at);
  const to = text.indexOf('\n}', at);
  return [
    ...text.slice(from, to).matchAll(new RegExp(`\\b${expression}\\s*=\\s*([^;=]*"[^;]*);`, 'g')),
  ].flatMap(([, value]) => texts(value, macros));
}

function messagesOf(file, source, macros) {
  const text = clean(source);
  const own = new Map([...macros, ...textMacros(text)]);
  const functions = functionsOf(text);
  const inFunction = (at) => functions.findLast((one) => one.at <= at)?.name ?? '';
  const found = [];
  const add = (at, message) => found.push({ ...message, file, function: inFunction(at) });
  for (const match of text.matchAll(/\b(ngx_\w+)\(/g)) {
    const call = CALLS[match[1]];
    if (call === undefined || match.index === 0 || text[match.index - 1] === '\n') continue;
    const args = readArguments(text, match.index + match[0].length);
    if (args === null || args.length <= call.format) continue;
    const level = typeof call.level === 'string' ? call.level : levelOf(args[call.level]);
    if (level === 'debug') continue;
    const errno = call.errno !== null && args[call.errno] !== '0';
    for (const format of formats(args[call.format], text, match.index, own).filter((one) => !FRAMES.has(one)))
      add(match.index, { text: format, level, errno, ssl: call.ssl ?? false, place: call.place ?? false });
  }
  // What ngx_parse_url and its kin found wrong is written as "TEXT in upstream "NAME"".
  for (const match of text.matchAll(/->err = ("(?:\\.|[^"\\])*")/g))
    for (const err of texts(match[1], own))
      add(match.index, {
        text: `${err} in upstream "%V"`,
        level: 'emerg',
        errno: false,
        ssl: false,
        place: true,
      });
  // ... and what a directive's handler returns as `"NAME" directive TEXT` (ngx_conf_parse).
  for (const match of text.matchAll(/\breturn ("(?:\\.|[^"\\])*");/g)) {
    const own = inFunction(match.index);
    const head = text.slice(0, text.search(new RegExp(`^${own}\\(`, 'm')));
    if (!/char \*\s*$/.test(head) || !/^\w+\(ngx_conf_t/.test(text.slice(head.length))) continue;
    for (const what of texts(match[1], macros))
      add(match.index, {
        text: `"%s" directive ${what}`,
        level: 'emerg',
        errno: false,
        ssl: false,
        place: true,
      });
  }
  return found;
}

function levelOf(expression) {
  const levels = [...expression.matchAll(/NGX_LOG_(EMERG|ALERT|CRIT|ERR|WARN|NOTICE|INFO|DEBUG)/g)].map(
    ([, name]) => (name === 'ERR' ? 'error' : name.toLowerCase()),
  );
  return levels.length === 0 ? 'any' : levels.join('|');
}

// ------------------------------------------------------------------------------------------------- releases

/** Texts of one release, each once, with all places that write it. */
function messagesAt(read) {
  // Where a name is defined twice, under `#if`, each is some build's.
  const perBuild = SYSTEMS.flatMap((own) => {
    const defined = [...HEADERS, ...own].flatMap((file) => [...textMacros(read(file) ?? '')]);
    return [new Map(defined), new Map(defined.toReversed())];
  });
  const byText = new Map();
  for (const file of FILES) {
    const source = read(file);
    if (source === null) continue;
    for (const message of perBuild.flatMap((macros) => messagesOf(file, source, macros))) {
      const key = `${message.text}\n${message.errno}${message.ssl}${message.place}`;
      const known = byText.get(key);
      const place = `${path.basename(file)} ${message.function}`;
      if (known === undefined)
        byText.set(key, {
          text: message.text,
          level: message.level,
          errno: message.errno,
          ssl: message.ssl,
          place: message.place,
          in: [place],
          ...(ON_THE_WAY.includes(file) ? {} : { beside: true }),
        });
      else {
        if (!known.in.includes(place)) known.in.push(place);
        if (ON_THE_WAY.includes(file)) delete known.beside;
        const levels = new Set([...known.level.split('|'), ...message.level.split('|')]);
        known.level = [...levels].join('|');
      }
    }
  }
  return byText;
}

function git(dir, ...args) {
  return execFileSync('git', ['-C', dir, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Reads the files of one tag in one go. */
function readerOf(dir, tag) {
  const wanted = READ.map((file) => `${tag}:src/${file}`);
  const output = execFileSync('git', ['-C', dir, 'cat-file', '--batch'], {
    input: `${wanted.join('\n')}\n`,
    maxBuffer: 1 << 28,
  });
  const files = new Map();
  let at = 0;
  for (const name of READ) {
    const end = output.indexOf(10, at);
    const [, kind, size] = output.toString('utf8', at, end).split(' ');
    at = end + 1;
    if (kind !== 'blob') continue;
    files.set(name, output.toString('utf8', at, at + Number(size)));
    at += Number(size) + 1;
  }
  return (file) => files.get(file) ?? null;
}

const numbers = (version) => version.split('.').map(Number);
function compare(a, b) {
  const [x, y] = [numbers(a), numbers(b)];
  return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
}

function releasesOf(dir) {
  return git(dir, 'tag', '--list', 'release-*')
    .split('\n')
    .map((tag) => tag.replace('release-', ''))
    .filter((version) => /^\d+\.\d+\.\d+$/.test(version) && compare(version, FIRST_VERSION) >= 0)
    .sort(compare);
}

/**
 * Between which releases a text exists. Mainline (odd minor) gives `since` and `until`; a stable release that got the
 * text later than its first is in `backported`.
 */
function timeline(dir) {
  const releases = releasesOf(dir);
  const all = new Map();
  const presence = new Map();
  for (const version of releases) {
    for (const [key, message] of messagesAt(readerOf(dir, `release-${version}`))) {
      all.set(key, message);
      if (!presence.has(key)) presence.set(key, new Set());
      presence.get(key).add(version);
    }
  }
  const mainline = releases.filter((version) => numbers(version)[1] % 2 === 1 || version === FIRST_VERSION);
  const stable = releases.filter((version) => !mainline.includes(version));
  return [...all].map(([key, message]) => {
    const has = presence.get(key);
    const own = mainline.filter((version) => has.has(version));
    const last = own[own.length - 1] ?? null;
    const next = last === null ? null : (mainline[mainline.indexOf(last) + 1] ?? null);
    const backported = stable.filter((version) => {
      const before = stable[stable.indexOf(version) - 1];
      return (
        has.has(version) &&
        before !== undefined &&
        numbers(before)[1] === numbers(version)[1] &&
        !has.has(before)
      );
    });
    return {
      ...message,
      since: own[0] === FIRST_VERSION ? null : (own[0] ?? null),
      until: next,
      ...(backported.length === 0 ? {} : { backported }),
    };
  });
}

// ------------------------------------------------------------------------------------------------- the catalogue

async function catalogueMapper() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: "export * from './test/support/source-messages.ts';", resolveDir: root },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  const code = `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`;
  return (await import(code)).kindsOf;
}

/** One message a line, so that a diff shows what a release changed. */
function asJson(messages) {
  const lines = messages.map((message) =>
    JSON.stringify(message, (_, value) => (value === false || value === null ? undefined : value)),
  );
  return `[\n${lines.join(',\n')}\n]\n`;
}

// ------------------------------------------------------------------------------------------------- main

process.stdout.on('error', () => process.exit(1));
const args = process.argv.slice(2);
const optionOf = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : null);
const source = args[0];
if (source === undefined || source.startsWith('--') || !existsSync(source)) {
  process.stderr.write(
    'usage: extract-messages.mjs SOURCE [--tag release-X.Y.Z] [--unmapped] [--json] [--write]\n',
  );
  process.exit(2);
}
const isTree = existsSync(path.join(source, 'src/core/nginx.c'));
const byPlace = (a, b) => (a.in[0] < b.in[0] ? -1 : a.in[0] > b.in[0] ? 1 : a.text < b.text ? -1 : 1);

if (args.includes('--write')) {
  const messages = timeline(source).sort(byPlace);
  writeFileSync(OUTPUT, asJson(messages));
  process.stdout.write(
    `${path.relative(root, OUTPUT)}: ${messages.length} texts of ${releasesOf(source).length} releases\n`,
  );
} else {
  const tag = optionOf('--tag') ?? (isTree ? null : `release-${releasesOf(source).at(-1)}`);
  const read = isTree
    ? (file) => {
        const full = path.join(source, 'src', file);
        return existsSync(full) ? readFileSync(full, 'utf8') : null;
      }
    : readerOf(source, tag);
  const messages = [...messagesAt(read).values()].sort(byPlace);
  if (args.includes('--json')) process.stdout.write(asJson(messages));
  else {
    const kindsOf = await catalogueMapper();
    let mapped = 0;
    for (const message of messages) {
      const kinds = kindsOf(message);
      if (kinds.length > 0) mapped++;
      if (kinds.length > 0 && args.includes('--unmapped')) continue;
      process.stdout.write(
        `${(kinds.join(' ') || '-').padEnd(40)} [${message.level}] ${message.text}   (${message.in.join(', ')})\n`,
      );
    }
    process.stdout.write(`${tag ?? source}: ${messages.length} texts, ${mapped} map to an entry\n`);
  }
}
