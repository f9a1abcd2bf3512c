import { headerName, keepersOf, type LostHeaders, lostHeaders, targetKey } from '../config/lost-headers.ts';
import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { Fix } from '../contract.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * nginx copies the outer list of proxy_set_header (grpc_set_header, *_param) only into levels without a line of their
 * own (ngx_http_proxy_merge_loc_conf); Host falls back to the name in proxy_pass. A warning where Host, Upgrade or
 * Connection is lost that other locations keep, or a parameter without which no FastCGI, uwsgi or SCGI backend works;
 * a hint for the rest. Deliberately ignores: an outer list that no location has in full; Connection "" and close,
 * which matter to a pool only (keepalive-connection-header).
 */
export const setHeaderInheritanceLost: FailureMode = {
  id: 'set-header-inheritance-lost',
  title: 'A header line here drops all those of the outer level',
  what: 'A location sets a header for its backend (proxy_set_header, grpc_set_header, or a *_param) and thereby loses all that an outer level sets.',
  why: 'nginx does not merge these lists: one line takes the place of all outer ones. Without Host the backend sees the name in proxy_pass and may answer for another site, without Upgrade and Connection no WebSocket opens. It is no 502 of nginx and leaves no line in error.log.',
  do: 'Repeat the outer proxy_set_header lines beside this one, or include them from one file. grpc_set_header, fastcgi_param, uwsgi_param and scgi_param work the same way.',
  status: null,
  versions: null,
  hits: 'every request through this location whose answer depends on the lost header',
  signatures: [],
  detect: (model) => lostHeaders(model).flatMap((lost) => dropped(model, lost) ?? []),
  remedy: {
    cure: () => 'repeat the lines of the outer level in this location, or include them from one file',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => [
    {
      run: 'nginx -T 2>/dev/null | grep -nE "proxy_set_header|grpc_set_header|_param |location |server \\{"',
      where: onNginx(failure),
      expect:
        'the lines in the order of the levels: a location with one of its own has none of the outer ones.',
    },
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header'],
};

/** Headers whose loss changes what a backend answers. */
const DECISIVE = new Set(['host', 'upgrade', 'connection']);

/** Parameters that every backend of these protocols needs. */
const ESSENTIAL = new Set(['request_method', 'query_string', 'content_length', 'script_filename']);

function dropped(model: ConfigModel, lost: LostHeaders): Detection | null {
  const { target, directive, own, ownLevel, outerLevel } = lost;
  const missing = missed(model, lost);
  if (missing.length === 0) return null;
  const grave = missing.filter((node) => matters(model, lost, node));
  const names = listed((grave.length > 0 ? grave : missing).map((node) => node.arg(0)!));
  const outer = outerLevel === null ? 'the level above' : `the ${outerLevel.name} block`;
  const here = own.find((node) => node.file === ownLevel.file) ?? target.pass;
  return {
    node: here,
    severity: grave.length > 0 ? 'warning' : 'hint',
    certainty: 'certain',
    message: `${names} of ${outer} ${missing.length > 1 && names.includes(' ') ? 'do' : 'does'} not reach the backend: ${directive} here replaces the outer list`,
    ...(directive.endsWith('_param') && {
      why: 'nginx does not merge these lists: one line takes the place of all outer ones. A backend without its parameters answers with an empty page or an error of its own.',
    }),
    related: missing.map((node) => {
      const inSight = model.snapshot.files.has(node.file) || !node.includedBy;
      return { ...(inSight ? node : node.includedBy).site, message: `${node.arg(0)} is set here` };
    }),
    fixes: repeat(model, lost, missing, grave.length > 0 ? 'review' : 'choice'),
  };
}

/** The lost lines that count: other locations have the header, so somebody means it to be sent. */
function missed(model: ConfigModel, { directive, outerLevel, own, lost }: LostHeaders): ConfigNode[] {
  const kept = keepersOf(model, outerLevel, directive);
  const half = own.some((line) => headerName(line) === 'upgrade' || headerName(line) === 'connection');
  return lost.filter((node) => {
    const name = headerName(node);
    const value = node.arg(1) ?? '';
    if (directive.endsWith('_param')) return kept.has(name) || ESSENTIAL.has(name);
    if (name === 'host' && /^\$\{?proxy_host\}?$/.test(value)) return false;
    if (name === 'connection' && /^(?:close)?$/i.test(value)) return false;
    // Half an upgrade is websocket-headers-missing.
    if (half && (name === 'upgrade' || name === 'connection')) return false;
    return kept.has(name);
  });
}

function matters(model: ConfigModel, lost: LostHeaders, node: ConfigNode): boolean {
  const name = headerName(node);
  if (lost.directive.endsWith('_param')) return ESSENTIAL.has(name);
  if (!DECISIVE.has(name)) return false;
  const { target, repeats } = lost;
  if (name === 'host') {
    // A named host of its own may well want its own name.
    const named = target.target.kind === 'host' && target.target.host.toLowerCase() !== 'localhost';
    if (!named && target.target.kind !== 'variable') return true;
    return keepersOf(model, lost.outerLevel, lost.directive).get('host')?.has(targetKey(target)) ?? false;
  }
  // Who repeats the rest knows what is left out.
  return !repeats;
}

function listed(names: readonly string[]): string {
  const unique = [...new Set(names)];
  if (unique.length > 3) return `${unique.slice(0, 2).join(', ')} and ${unique.length - 2} more`;
  return unique.length > 1 ? `${unique.slice(0, -1).join(', ')} and ${unique.at(-1)}` : unique[0]!;
}

function repeat(
  model: ConfigModel,
  { target, own, ownLevel, outerLevel, lost }: LostHeaders,
  missing: readonly ConfigNode[],
  safety: Fix['safety'],
): Fix[] {
  const editor = new Editor(model, safety);
  const lines: string[] = [];
  for (const node of lost) {
    // A file that holds nothing else is included again.
    const source = node.includedBy;
    const whole =
      source !== null &&
      source.parent === outerLevel &&
      source.file !== node.file &&
      outerLevel?.children.every((child) => child.includedBy !== source || lost.includes(child));
    const line = whole ? `${source.text};` : `${node.text};`;
    if (missing.includes(node) || whole) if (!lines.includes(line)) lines.push(line);
  }
  const last = own.filter((node) => node.file === ownLevel.file).at(-1);
  if (last) editor.insertAfter(last, lines);
  else if (target.pass.parent === ownLevel && target.pass.file === ownLevel.file)
    editor.insertAfter(target.pass, lines);
  else editor.insertAtStart(ownLevel, lines);
  const fix = editor.fix(`repeat ${listed(missing.map((node) => node.arg(0)!))} here`);
  return fix ? [fix] : [];
}
