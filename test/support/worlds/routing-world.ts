import type { Random } from './random.ts';
import { makeRequest, SEGMENTS, type WorldRequest } from './routing-requests.ts';

export interface World {
  readonly seed: number;
  /** Content of the http block. Every block says who it is in the header X-L. */
  readonly text: string;
  readonly requests: readonly WorldRequest[];
}

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
  const requests = Array.from({ length: 420 }, () => makeRequest(random, arrivals, locations));
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
  if (random.chance(0.4)) lines.push(block('location ^~ /loop', [own(context), 'rewrite ^ /loop$uri?;']));
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
