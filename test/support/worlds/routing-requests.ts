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

export const SEGMENTS = ['a', 'b', 'ab', 'img', 'x.php', 'x.png', 'page.html', 'a b', 'c', 'index.html', 'é'];
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
/** A request that may meet the locations of a world, spelled in all ways. */
export function makeRequest(
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
