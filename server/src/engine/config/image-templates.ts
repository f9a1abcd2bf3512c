import { dirname, resolvePath } from './paths.ts';
import type { EnvironmentFile } from './snapshot.ts';

/**
 * What the nginx image makes at its start: envsubst over each file of the templates folder whose name ends so, written
 * without the ending (docker-nginx, 20-envsubst-on-templates.sh with its default settings).
 */
const PRODUCTS = [
  { output: '/etc/nginx/conf.d/', suffix: '.template' },
  { output: '/etc/nginx/stream-conf.d/', suffix: '.stream-template' },
];

/** Where the image looks for templates. */
const TEMPLATES = '/etc/nginx/templates';

/** Lines of one container file that are looked at for where the templates come from. */
const MAX_LINES = 5000;

/** How an include of files that the image makes reads as one of the templates that it makes them from. */
export interface TemplateInclude {
  /** The include argument, as absolute or relative as the one that was asked for. */
  readonly argument: string;
  /** The pattern below the folder of the templates. */
  readonly rest: string;
  /** What the image takes off. */
  readonly suffix: string;
  /** Where the image puts what it makes, with "/" at the end. */
  readonly output: string;
}

/** The templates behind an include argument; null when the image makes no such file. */
export function templateInclude(argument: string): TemplateInclude | null {
  const absolute = argument.startsWith('/');
  // In the image the main file lies in /etc/nginx.
  const path = resolvePath('/etc/nginx', argument);
  const product = PRODUCTS.find(({ output }) => path.startsWith(output));
  if (!product) return null;
  const rest = `${path.slice(product.output.length)}${product.suffix}`;
  return { argument: `${absolute ? '/etc/nginx/' : ''}templates/${rest}`, rest, ...product };
}

/** Whether names of a folder's files are those of templates for the image. */
export function holdTemplates(names: readonly string[]): boolean {
  return names.some((name) => PRODUCTS.some(({ suffix }) => name.endsWith(`.conf${suffix}`)));
}

/**
 * Folders here that compose files and Dockerfiles bring to the templates folder of the image, by the files' own
 * folders: `- ./templates:/etc/nginx/templates:ro`, `COPY templates /etc/nginx/templates/`.
 */
export function mountedTemplates(environment: readonly EnvironmentFile[]): string[] {
  const folders = new Set<string>();
  for (const { path, text } of environment) {
    for (const line of text.split('\n', MAX_LINES)) {
      if (!line.includes(TEMPLATES) || line.length > 1000) continue;
      const source = sourceOf(line.trim());
      if (source !== null) folders.add(resolvePath(dirname(path), source));
    }
  }
  return [...folders];
}

/** The relative folder that a line brings to the templates folder; null for lines that say something else. */
function sourceOf(line: string): string | null {
  const mount = /^-\s{1,9}["']?(\.{0,2}[\w./-]{1,300}):\/etc\/nginx\/templates\/?(?::\w{1,9})?["']?$/.exec(
    line,
  );
  const copy = /^(?:COPY|ADD)\s{1,9}([\w./-]{1,300})\s{1,9}\/etc\/nginx\/templates\/?$/i.exec(line);
  const source = mount?.[1] ?? copy?.[1] ?? null;
  return source === null || source.startsWith('/') ? null : source;
}
