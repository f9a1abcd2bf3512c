import type { Host } from '../host.ts';
import { holdTemplates } from './image-templates.ts';
import { basename, dirname, resolvePath } from './paths.ts';

/** Where nginx's packages keep the configuration: an absolute include below one of these is of the same tree. */
const NGINX_FOLDERS = [
  '/etc/nginx',
  '/etc/openresty',
  '/usr/local/nginx/conf',
  '/usr/local/etc/nginx',
  '/usr/local/openresty/nginx/conf',
  '/opt/homebrew/etc/nginx',
  '/opt/bitnami/nginx/conf',
];

/** Names that stand beside nginx.conf and nowhere else. */
const TREE = new Set([
  'conf.d',
  'default.d',
  'http.d',
  'sites-available',
  'sites-enabled',
  'streams-enabled',
  'modules-enabled',
  'snippets',
  'mime.types',
  'fastcgi_params',
  'fastcgi.conf',
  'uwsgi_params',
  'scgi_params',
  'proxy_params',
  'koi-utf',
]);

/** Marks of a folder that holds sources: what its configuration names is on another machine. */
const CHECKOUT = ['.git', '.hg', '.svn'];

/** How far above a configuration the mark of a checkout is looked for. */
const MAX_UPWARD = 12;

/** Where an absolute path of a configuration is that lies outside of the folder that nginx would read. */
export type Guess =
  /** In the folder of the main file, which plainly is that tree. */
  | { readonly kind: 'mapped'; readonly from: string; readonly to: string }
  /** On the machine that runs nginx, which this one need not be. */
  | { readonly kind: 'elsewhere' }
  /** Where it says. */
  | { readonly kind: 'here' };

/**
 * Guesses where nginx's own folder is when a main file lies somewhere else: a checkout whose `nginx/nginx.conf` says
 * `include /etc/nginx/conf.d/*.conf` means the `conf.d` beside it, and certainly not that of the machine on which
 * somebody looks at it. A main file that really is below such a folder is never mapped.
 */
export class PathGuess {
  private readonly listings = new Map<string, Promise<readonly string[] | null>>();
  private checkout: Promise<boolean> | null = null;
  private real: Promise<string> | null = null;

  constructor(
    private readonly host: Host,
    /** Directory of the main file. */
    private readonly prefix: string,
  ) {}

  async of(path: string): Promise<Guess> {
    const from = NGINX_FOLDERS.find((folder) => path.startsWith(`${folder}/`));
    if (from === undefined || (await this.isBelow(from))) return { kind: 'here' };
    const first = path.slice(from.length + 1).split('/')[0]!;
    for (const to of this.candidates()) {
      const names = await this.list(to);
      if (names === null) continue;
      // Folders of that name hold anything.
      const beside = first !== 'templates' && names.includes(first);
      if (beside || names.some((name) => TREE.has(name)) || (await this.hasTemplates(to, names)))
        return { kind: 'mapped', from, to };
    }
    return (await this.isCheckout()) ? { kind: 'elsewhere' } : { kind: 'here' };
  }

  /** Whether the nginx image is to make the tree's parts at its start of what lies here. */
  private async hasTemplates(folder: string, names: readonly string[]): Promise<boolean> {
    return names.includes('templates') && holdTemplates((await this.list(`${folder}/templates`)) ?? []);
  }

  /** The main file's folder; for a fragment alone in `conf.d` the one above. */
  private candidates(): string[] {
    return TREE.has(basename(this.prefix)) ? [dirname(this.prefix)] : [this.prefix];
  }

  private async isBelow(folder: string): Promise<boolean> {
    this.real ??= this.host.realPath?.(this.prefix) ?? Promise.resolve(this.prefix);
    const real = await this.real;
    return [this.prefix, real].some((prefix) => prefix === folder || prefix.startsWith(`${folder}/`));
  }

  private isCheckout(): Promise<boolean> {
    this.checkout ??= (async () => {
      for (let folder = this.prefix, depth = 0; depth < MAX_UPWARD; folder = dirname(folder), depth++) {
        if ((await this.list(folder))?.some((name) => CHECKOUT.includes(name))) return true;
        if (folder === '/') break;
      }
      return false;
    })();
    return this.checkout;
  }

  private list(directory: string): Promise<readonly string[] | null> {
    const path = resolvePath('/', directory);
    const known = this.listings.get(path) ?? this.host.list(path);
    this.listings.set(path, known);
    return known;
  }
}
