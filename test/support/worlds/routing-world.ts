import type { FileKind } from '../../../server/src/engine/config/request-state.ts';
import type { Random } from './random.ts';

/** A request of a world, as data that can be kept. */
export interface WorldRequest {
  /** "127.0.0.2:20000", "[::1]:20000" or "unix:/path". */
  readonly listen: string;
  readonly host: string | null;
  readonly target: string;
  readonly method: string;
  readonly http: '1.0' | '1.1';
  readonly headers: readonly (readonly [string, string])[];
}

export interface World {
  readonly seed: number;
  /** Content of the http block. Every block says who it is in the header X-L. */
  readonly text: string;
  readonly requests: readonly WorldRequest[];
}

/** What stands below the root of every world; a file holds its own path. */
export const FILES: readonly string[] = [
  'index.html',
  'a/index.html',
  'a/b/x.php',
  'img/x.png',
  'x.php',
  'b/file',
  'page.html',
  'a b',
];

const DIRECTORIES = new Set(
  FILES.flatMap((file) => {
    const parts = file.split('/').slice(0, -1);
    return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
  }),
);

/** What nginx finds at a path: below a file, or behind its name with a slash, there is nothing. */
export function fileAt(root: string, asked: string): FileKind {
  if (asked.includes('\0')) return 'none';
  const parts: string[] = [];
  const kind = (): FileKind => {
    const full = `/${parts.join('/')}`;
    if (full === root || root.startsWith(`${full}/`) || full === '/') return 'dir';
    if (!full.startsWith(`${root}/`)) return 'none';
    const name = full.slice(root.length + 1);
    return DIRECTORIES.has(name) ? 'dir' : FILES.includes(name) ? 'file' : 'none';
  };
  for (const part of asked.split('/').slice(1)) {
    // Every part but the last must be a directory.
    if (kind() !== 'dir') return 'none';
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return kind();
}

const SEGMENTS = ['a', 'b', 'ab', 'img', 'x.php', 'x.png', 'page.html', 'a b', 'c', 'index.html', 'é'];
const NAMES = [
  'a.test',
  'www.a.test',
  'b.test',
  'x.b.test',
  'deep.x.b.test',
  'mail.c.test',
  'n7.test',
  'N.test',
];
const SERVER_NAMES = [
  'a.test',
  'www.a.test',
  '*.a.test',
  '.b.test',
  '*.b.test',
  'b.test',
  'mail.*',
  'mail.c.*',
  '""',
  '_',
  'N.test',
  String.raw`~^n(?<num>\d+)\.test$`,
  String.raw`~^(.+)\.x\.b\.test$`,
  String.raw`~^X\.b`,
];
const PATTERNS = [
  '^/a',
  String.raw`\.php$`,
  '/b',
  '^/(?<seg>[^/]+)/',
  '^/([^/]*)/(.*)$',
  String.raw`\.(png|html)$`,
  '^/ab?',
  '/$',
  'B',
  ' ',
];
const VALUES = [
  '$uri',
  '$args',
  '$1',
  '$2',
  '$host',
  '$request_uri',
  '$seg',
  '$num',
  '$arg_x',
  '$is_args',
  '$request_method',
  '$v',
  '$w',
  '$server_name',
  '$server_port',
  '$server_addr',
  '$scheme',
  '$http_x_flag',
  '$request',
  '$document_root',
  '$server_protocol',
  '$remote_addr',
  '$http_host',
];

/** Room for names that are local to one world. */
interface Context {
  readonly random: Random;
  readonly prefix: string;
  readonly root: string;
  readonly backend: string;
  ids: number;
  named: string[];
}

type Level = 'server' | 'location' | 'if-server' | 'if-location';

/** A random world on one port. `backend` is the address of a server that repeats the request line. */
export function makeWorld(
  random: Random,
  seed: number,
  place: { index: number; root: string; port: number; socket: string; backend: string; ipv6: boolean },
): World {
  const context: Context = {
    random,
    prefix: `w${place.index}`,
    root: place.root,
    backend: place.backend,
    ids: 0,
    named: [],
  };
  const points = listenPoints(random, place);
  const servers: string[] = [];
  const count = 1 + random.below(4);
  const defaults = new Set<string>();
  for (let i = 0; i < count; i++) {
    const own = i === 0 ? points : random.some(points, 1 + random.below(points.length));
    const listens = own.map((point) => {
      const asDefault = i > 0 && !defaults.has(point) && random.chance(0.2);
      if (asDefault) defaults.add(point);
      return `listen ${point}${asDefault ? ' default_server' : ''};`;
    });
    servers.push(makeServer(context, listens));
  }
  const text = [...makeMaps(context), ...servers].join('\n');
  const arrivals = arrivalsOf(points, place);
  const locations = [...text.matchAll(/^ *location (?:= |\^~ )?"?(\/[^"{\n]*?)"? \{/gm)].map(
    (match) => match[1]!,
  );
  const requests = Array.from({ length: 400 }, () => makeRequest(random, arrivals, locations));
  return { seed, text, requests };
}

function listenPoints(random: Random, place: { port: number; socket: string; ipv6: boolean }): string[] {
  const { port, socket, ipv6 } = place;
  const points = random.pick([
    [`127.0.0.2:${port}`],
    [`127.0.0.2:${port}`, `127.0.0.3:${port}`],
    [`127.0.0.2:${port}`, `*:${port}`],
    [`127.0.0.2:${port}`, `127.0.0.3:${port}`, `${port}`],
    [`*:${port}`],
  ]);
  if (random.chance(0.2)) points.push(`unix:${socket}`);
  if (ipv6 && random.chance(0.3)) points.push(random.pick([`[::1]:${port}`, `[::]:${port}`]));
  return points;
}

function arrivalsOf(points: readonly string[], { port }: { port: number }): string[] {
  const found = new Set<string>();
  for (const point of points) {
    if (point.startsWith('unix:') || point.startsWith('127')) found.add(point);
    else if (point.startsWith('[')) found.add(`[::1]:${port}`);
    else for (const last of [2, 3, 4]) found.add(`127.0.0.${last}:${port}`);
  }
  return [...found];
}

function makeMaps({ prefix, random }: Context): string[] {
  return [
    `map $uri $${prefix}_m {\n    default none;\n    /a one;\n    ~^/(?<${prefix}_g>b.*)$ "got-$${prefix}_g";\n    ~*\\.PHP$ php$1;\n}`,
    `map $host $${prefix}_h {\n    hostnames;\n    default other;\n    *.a.test star;\n    .b.test dot;\n    mail.* tail;\n}`,
    `map $arg_x $${prefix}_v {\n    ${random.chance(0.5) ? 'volatile;\n    ' : ''}"" empty;\n    1 $uri;\n    2 "$1";\n    default $args;\n}`,
    `geo $${prefix}_geo {\n    default out;\n    127.0.0.0/8 in;\n    127.0.0.1 one;\n}`,
    `split_clients "$request_uri" $${prefix}_s {\n    33.3% low;\n    40% mid;\n    * high;\n}`,
  ];
}

function makeServer(context: Context, listens: readonly string[]): string {
  const { random } = context;
  context.named = random.some(['@one', '@two', '@three'], random.below(3));
  const lines = [...listens];
  if (random.chance(0.85))
    lines.push(`server_name ${random.some(SERVER_NAMES, 1 + random.below(3)).join(' ')};`);
  lines.push(`root ${context.root}${random.chance(0.5) ? '/' : ''};`, own(context));
  if (random.chance(0.15)) lines.push('merge_slashes off;');
  if (random.chance(0.1)) lines.push('absolute_redirect off;');
  if (random.chance(0.1)) lines.push('port_in_redirect off;');
  if (random.chance(0.1)) lines.push('server_name_in_redirect on;');
  if (random.chance(0.1)) lines.push('autoindex on;');
  if (random.chance(0.3)) lines.push(...errorPages(context));
  if (random.chance(0.1)) lines.push('recursive_error_pages on;');
  if (random.chance(0.2)) lines.push(...actions(context, 'server', 1 + random.below(2), 0.1));
  if (random.chance(0.2))
    lines.push(`index ${random.some(['index.html', 'x.php', '$arg_x', '/page.html'], 2).join(' ')};`);
  lines.push(...locationsOf(context, null, 0));
  for (const name of context.named)
    lines.push(block(`location ${name}`, body(context, { path: '', kind: '@' }, 9)));
  return block('server', lines);
}

/** The header by which a block can be told. */
function own(context: Context): string {
  return `add_header X-L ${context.prefix}-${context.ids++} always;`;
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => line.replace(/^/gm, '    ')).join('\n')}\n}`;
}

interface Parent {
  readonly path: string;
  readonly kind: string;
}

function locationsOf(context: Context, parent: Parent | null, depth: number): string[] {
  const { random } = context;
  const count = depth === 0 ? 1 + random.below(8) : random.below(3);
  const taken = new Set<string>();
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const kind = random.weighted({ prefix: 5, '=': 1.5, '^~': 1, '~': 2.5, '~*': 1 });
    const regex = kind === '~' || kind === '~*';
    const path = regex ? random.pick(PATTERNS) : (parent?.path ?? '') + randomPath(random, parent !== null);
    const key = `${kind === '=' ? '=' : regex ? '~' : ''}${path}`;
    if (taken.has(key) || (!regex && path === '') || path === '@') continue;
    taken.add(key);
    const head = `location ${kind === 'prefix' ? '' : `${kind} `}${quote(path)}`;
    lines.push(block(head, body(context, { path, kind }, depth)));
  }
  return lines;
}

function randomPath(random: Random, nested: boolean): string {
  const count = random.below(3);
  let path = nested ? '' : '/';
  for (let i = 0; i < count; i++)
    path += `${random.pick(SEGMENTS)}${i < count - 1 || random.chance(0.5) ? '/' : ''}`;
  return path;
}

function quote(text: string): string {
  return /[\s;{}]/.test(text) ? `"${text.replaceAll('\\', '\\\\')}"` : text;
}

function body(context: Context, self: Parent, depth: number): string[] {
  const { random } = context;
  const lines = [own(context)];
  const nestable = self.kind !== '=' && self.kind !== '@' && depth < 3;
  if (nestable && random.chance(0.35)) lines.push(...locationsOf(context, self, depth + 1));
  if (random.chance(0.08)) lines.push('internal;');
  if (random.chance(0.15)) lines.push(...errorPages(context));
  if (random.chance(0.3)) lines.push(...actions(context, 'location', 1 + random.below(3), 0));
  if (random.chance(0.06))
    lines.push(random.pick(['deny all;', 'allow 127.0.0.1; deny all;', 'deny 127.0.0.1;', 'allow all;']));
  lines.push(...ending(context, self));
  if (random.chance(0.12)) {
    const inside = random.pick([['deny all;'], [`proxy_pass http://${context.backend};`], []]);
    lines.push(block(`limit_except ${random.pick(['GET', 'POST', 'GET POST', 'PUT'])}`, inside));
  }
  return lines;
}

/** What answers in a location. */
function ending(context: Context, self: Parent): string[] {
  const { random } = context;
  switch (random.weighted({ return: 4, proxy: 4, file: 2.5, try: 2, both: 0.5, alias: 0.7 })) {
    case 'return':
      return [randomReturn(context, 'location')];
    case 'proxy':
      return [proxyPass(context, self)];
    case 'try':
      return [`try_files ${tries(context)};`, ...(random.chance(0.5) ? [proxyPass(context, self)] : [])];
    case 'both':
      return [`try_files ${tries(context)};`, randomReturn(context, 'location')];
    case 'alias':
      if (self.kind === '@') return [];
      return self.kind.startsWith('~')
        ? [`alias ${context.root}/$1;`]
        : [`alias ${context.root}${self.path.endsWith('/') ? '/' : ''};`];
    default:
      return [];
  }
}

function proxyPass(context: Context, self: Parent): string {
  const { random, backend } = context;
  const plain = self.kind === '~' || self.kind === '~*' || self.kind === '@';
  const uri = plain ? '' : random.pick(['', '', '/', '/v1', '/v1/']);
  if (random.chance(0.15))
    return `proxy_pass http://${backend}${random.pick(['$uri', '', '/x$is_args$args', '$request_uri'])};`;
  return `proxy_pass http://${backend}${uri};`;
}

function tries({ random, named }: Context): string {
  const files = random.some(
    ['$uri', '$uri/', '/a/index.html', '$uri.html', '/$arg_x', '/img/'],
    1 + random.below(2),
  );
  const last = random.pick([
    '/index.html',
    '=404',
    '/a$is_args$args',
    '/b?from=$uri',
    '/c',
    ...named,
    '@none',
    '=403',
  ]);
  return `${files.join(' ')} ${last}`;
}

function errorPages({ random, named }: Context): string[] {
  const codes = random.some(
    ['404', '403', '405', '400', '500', '301', '302', '401', '418'],
    1 + random.below(3),
  );
  const change = random.pick(['', '', '=', '=200', '=410', '=301']);
  const target = random.pick([
    '/page.html',
    '/a',
    '/b?e=1',
    '/c$uri',
    ...named,
    '@none',
    'http://e.test/$uri',
  ]);
  return [`error_page ${codes.join(' ')} ${change} ${target};`];
}

function randomReturn(context: Context, level: Level): string {
  const { random, ids } = context;
  const where = level === 'location' ? ids : `${ids}i`;
  switch (random.weighted({ body: 6, redirect: 2, bare: 2, refusal: 1, url: 0.5, empty: 0.3, close: 0.1 })) {
    case 'body':
      return `return 200 "${where}|${randomText(context)}|${randomText(context)}";`;
    case 'redirect':
      return `return ${random.pick(['301', '302', '303', '307', '308'])} ${random.pick(['/a', '/b/', 'http://r.test/', '$uri/', 'x'])};`;
    case 'refusal':
      return `return ${random.pick(['403', '404', '500'])} "no ${randomText(context)}";`;
    case 'url':
      return 'return http://r.test$request_uri;';
    case 'empty':
      return `return ${random.pick(['204', '200', '201'])};`;
    case 'close':
      return 'return 444;';
    default:
      return `return ${random.pick(['403', '404', '405', '410', '500', '418'])};`;
  }
}

function randomText(context: Context): string {
  const { random, prefix } = context;
  return random.chance(0.3)
    ? `$${prefix}_${random.pick(['m', 'h', 'v', 'geo', 's', 'g'])}`
    : random.pick(VALUES);
}

/** Directives of the rewrite module. */
function actions(context: Context, level: Level, count: number, share: number): string[] {
  const { random } = context;
  return Array.from({ length: count }, () => {
    const inIf = level.startsWith('if');
    switch (random.weighted({ set: 2, rewrite: 3, if: inIf ? 0 : 4, break: 0.5, return: share })) {
      case 'set':
        return `set ${random.pick(['$v', '$w', '$v', '$args'])} "${random.pick(['x', '', '0', 'y '])}${randomText(context)}";`;
      case 'rewrite':
        return randomRewrite(context);
      case 'if':
        return randomIf(context, level);
      case 'break':
        return 'break;';
      default:
        return randomReturn(context, level);
    }
  });
}

function randomRewrite(context: Context): string {
  const { random } = context;
  const pattern = random.pick([...PATTERNS, '^', '^/a/?(.*)$', '^(.*)/$', 'never']);
  const to = random.pick([
    '/b/$1',
    '/a',
    '/c/$1?y=$1',
    '/img/x.png',
    '/$seg/z?',
    '/b?',
    '/ab/$1?q=$uri&r=$2',
    '$uri/',
    '/$1',
    'http://r.test/$1',
    '/x.php?p=$args?',
    '$v',
  ]);
  const flag = random.pick(['', '', ' last', ' last', ' break', ' redirect', ' permanent']);
  return `rewrite ${quote(pattern)} ${to}${flag};`;
}

function randomIf(context: Context, level: Level): string {
  const { random } = context;
  const inner: Level = level === 'server' ? 'if-server' : 'if-location';
  const condition = random.pick([
    '$arg_x',
    '$arg_x = 1',
    '$arg_x != 1',
    '$request_method = POST',
    '$request_method ~ ^(P)',
    '$uri ~ ^/(a|b)',
    String.raw`$uri !~* \.PHP`,
    '$http_x_flag = on',
    '$http_x_flag',
    '$v',
    `$${context.prefix}_m != none`,
    '-f $request_filename',
    '!-e $request_filename',
    '-d $request_filename',
    '$host ~* (?<seg>[ab])',
    '$scheme = http',
  ]);
  const lines: string[] = [];
  if (inner === 'if-location') lines.push(own(context));
  lines.push(...actions(context, inner, random.below(3), 1.5));
  if (inner === 'if-location' && random.chance(0.2)) lines.push(`proxy_pass http://${context.backend};`);
  return block(`if (${condition})`, lines);
}

function makeRequest(
  random: Random,
  arrivals: readonly string[],
  locations: readonly string[],
): WorldRequest {
  const method = random.weighted({ GET: 10, POST: 1, HEAD: 0.5, PUT: 0.5, OPTIONS: 0.2, TRACE: 0.1 });
  const old = random.chance(0.12);
  const host = old && random.chance(0.5) ? null : randomHost(random);
  const headers: [string, string][] = [];
  if (random.chance(0.15)) headers.push(['X-Flag', random.pick(['on', 'off', '0', ''])]);
  if (method === 'POST' || method === 'PUT') headers.push(['Content-Length', '0']);
  return {
    listen: random.pick(arrivals),
    host,
    target: randomTarget(random, locations),
    method,
    http: old ? '1.0' : '1.1',
    headers,
  };
}

function randomHost(random: Random): string | null {
  const name = random.pick(NAMES);
  switch (
    random.weighted({ plain: 10, port: 1, upper: 1, dot: 1, other: 1, bad: 0.6, odd: 0.4, none: 0.2 })
  ) {
    case 'port':
      return `${name}:8080`;
    case 'upper':
      return name.toUpperCase();
    case 'dot':
      return `${name}.`;
    case 'other':
      return random.pick(['nobody.test', '127.0.0.2', '[::1]', 'q.www.a.test', 'mail.zzz', 'n.test']);
    case 'bad':
      return random.pick(['a..test', 'a/b', 'a test', '', ':80', '.', 'a\tb']);
    case 'odd':
      return random.pick([
        'a.test.:80',
        '[::1',
        '[::1]:80',
        'a.test:80.',
        '_',
        '.b.test',
        'mail.',
        'é.test',
        'a.:1.2',
      ]);
    case 'none':
      return null;
    default:
      return name;
  }
}

function randomTarget(random: Random, locations: readonly string[]): string {
  let path = random.chance(0.5) && locations.length > 0 ? random.pick(locations) : '/';
  if (random.chance(0.05)) {
    const slashed = locations.filter((location) => location.length > 1 && location.endsWith('/'));
    if (slashed.length > 0) return random.pick(slashed).slice(0, -1).replaceAll(' ', '%20');
  }
  const more = random.below(3);
  for (let i = 0; i < more; i++) path += `${path.endsWith('/') ? '' : '/'}${random.pick(SEGMENTS)}`;
  if (more === 0 && random.chance(0.3)) path = path.replace(/(?<=.)\/$/, '');
  else if (random.chance(0.25)) path += '/';
  path = path.replaceAll(' ', '%20').replaceAll('é', random.pick(['%C3%A9', '%c3%a9', 'é']));
  if (random.chance(0.15)) path = disturb(random, path);
  if (random.chance(0.3))
    path += random.pick(['?x=1', '?x=2', '?', '?x=0&y=a%20b', '?y=1&x=1+1', '?x=a#f', '?X=1', '?a?b']);
  switch (random.weighted({ path: 30, absolute: 1.5, bad: 0.5 })) {
    case 'absolute':
      return `${random.pick(['http', 'HTTPS', 'x+y'])}://${random.pick([...NAMES, 'a.test:99', 'a..b', '', '[::1]', 'a_b'])}${random.pick([path, path, '', '?x=1'])}`;
    case 'bad':
      return random.pick([
        '*',
        'a',
        '/%',
        '/%0',
        '/%zz',
        '/a%00b',
        '/..',
        '/../x',
        '/a/../..',
        `${path}\u0001`,
        'http:/x',
        '/a b',
        'http://a.test:8o/',
      ]);
    default:
      return path;
  }
}

/** Spells a path in another way, or in a way that means another path. */
function disturb(random: Random, path: string): string {
  const at = random.below(path.length) + 1;
  const cut = (insert: string): string => path.slice(0, at) + insert + path.slice(at);
  switch (random.below(8)) {
    case 0:
      return cut('//');
    case 1:
      return cut('/./');
    case 2:
      return cut('/c/../');
    case 3:
      return path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
    case 4:
      return cut('%2F');
    case 5:
      return cut(random.pick(['+', '%2B', '%3F', '%23', '%25', '%26', '%0A', '"', '<']));
    case 6:
      return cut('/%2e%2E/');
    default:
      return cut(random.pick(['/.', '/..', '.', '#f']));
  }
}
