import { basename } from './paths.ts';

/**
 * Files that nginx's packages put beside nginx.conf. A repository that holds only its own nginx.conf includes them
 * without having them, so they are taken as shipped. What they set matters only where a rule could ask for it.
 */
const SHIPPED = new Map<string, string>([
  ['mime.types', ''],
  ['fastcgi_params', ''],
  ['fastcgi.conf', ''],
  ['uwsgi_params', ''],
  ['scgi_params', ''],
  [
    'proxy_params',
    [
      'proxy_set_header Host $host;',
      'proxy_set_header X-Real-IP $remote_addr;',
      'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
      'proxy_set_header X-Forwarded-Proto $scheme;',
      '',
    ].join('\n'),
  ],
  ['koi-utf', ''],
  ['koi-win', ''],
  ['win-utf', ''],
  ['snippets/fastcgi-php.conf', ''],
  ['snippets/snakeoil.conf', ''],
  ['naxsi_core.rules', ''],
]);

/** Text of a shipped file by the name it is included with, or null when packages ship no such file. */
export function shippedFile(path: string): string | null {
  const name = basename(path);
  const inSnippets = path.endsWith(`/snippets/${name}`) ? SHIPPED.get(`snippets/${name}`) : undefined;
  return inSnippets ?? SHIPPED.get(name) ?? null;
}
