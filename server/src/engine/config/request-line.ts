import type { NginxVersion } from '../contract.ts';
import { holdsSince } from './version.ts';

/** What nginx reads off a request target. All texts are byte strings. */
export interface RequestTarget {
  /** Host of an absolute-form target as written, without its port; null in the usual form. */
  readonly host: string | null;
  /** Decoded, dots resolved, slashes merged, without arguments: what locations are compared with. */
  readonly uri: string;
  readonly args: string;
  /** From the path to the end as the client wrote it: what proxy_pass without a URI part sends. */
  readonly unparsed: string;
  /** Whether `unparsed` may be sent: not where the target has no path. */
  readonly validUnparsed: boolean;
  /** A percent sign was decoded: what is put together from parts is escaped again. */
  readonly quoted: boolean;
  readonly plus: boolean;
}

/** Parts of a target before decoding. */
interface SplitTarget {
  readonly host: string | null;
  /** Path, arguments and fragment. */
  readonly rest: string;
  readonly emptyPath: boolean;
}

/**
 * Reads a request target; null where nginx answers 400 (src/http/ngx_http_parse.c, ngx_http_parse_request_line and
 * ngx_http_parse_complex_uri).
 */
export function readTarget(target: string, mergeSlashes: boolean): RequestTarget | null {
  const split = splitTarget(target);
  if (!split) return null;
  const { host, rest, emptyPath } = split;
  const scan = scanPath(rest, emptyPath);
  if (!scan) return null;
  const common = { host, unparsed: rest, validUnparsed: !emptyPath };
  if (!scan.complex && !scan.quoted && !emptyPath) {
    const question = rest.indexOf('?');
    return {
      ...common,
      uri: question < 0 ? rest : rest.slice(0, question),
      args: question < 0 ? '' : rest.slice(question + 1),
      quoted: false,
      plus: scan.plus,
    };
  }
  const parsed = parseComplex(rest, emptyPath, mergeSlashes);
  if (!parsed) return null;
  return {
    ...common,
    uri: parsed.uri,
    args: parsed.args,
    quoted: scan.quoted || parsed.quoted,
    plus: scan.plus || parsed.plus,
  };
}

/** Whether the request line can be read, whatever becomes of the target: only then is the protocol known. */
export function isReadable(target: string): boolean {
  const split = splitTarget(target);
  return split !== null && scanPath(split.rest, split.emptyPath) !== null;
}

/** Port of a target in absolute form; 0 for none. */
export function targetPort(target: string): number {
  return Number(/^[^/]*:\/\/(?:\[[^\]]*\]|[^:/?]*):(\d+)/.exec(target)?.[1] ?? 0);
}

/** Host of a target in absolute form; null for a path, and for what nginx refuses. */
export function targetHost(target: string): string | null {
  return splitTarget(target)?.host ?? null;
}

const ABSOLUTE =
  /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(\[[A-Za-z0-9:.\-_~!$&'()*+,;=]*\]|[A-Za-z0-9.-]*)(?::[0-9]*)?(.*)$/s;

function splitTarget(target: string): SplitTarget | null {
  if (target.startsWith('/')) return { host: null, rest: target, emptyPath: false };
  const match = ABSOLUTE.exec(target);
  if (!match) return null;
  const rest = match[2]!;
  if (rest === '') return { host: match[1]!, rest: '/', emptyPath: false };
  if (rest.startsWith('/')) return { host: match[1]!, rest, emptyPath: false };
  return rest.startsWith('?') ? { host: match[1]!, rest, emptyPath: true } : null;
}

interface Scan {
  readonly complex: boolean;
  readonly quoted: boolean;
  readonly plus: boolean;
}

const PLAIN: Scan = { complex: false, quoted: false, plus: false };

/** What of a path needs decoding; a plus sign is seen only before anything else that is not plain. */
function scanPath(rest: string, emptyPath: boolean): Scan | null {
  if (!emptyPath && !/[\u0000-\u0020\u007f%#+]|\/[./]/.test(rest)) return PLAIN;
  if (/[\u0000-\u0020\u007f]/.test(rest)) return null;
  let complex = false;
  let quoted = false;
  let plus = false;
  let afterSlash = true;
  let at = emptyPath ? rest.length : 1;
  for (; at < rest.length; at++) {
    const char = rest[at]!;
    if (char === '%') quoted = true;
    else if (char === '#' || (afterSlash && (char === '.' || char === '/'))) complex = true;
    else if (char !== '?') {
      // A plus sign behind a slash leaves nginx in the state behind a slash.
      if (char === '+') plus = true;
      else afterSlash = char === '/';
      continue;
    }
    break;
  }
  // In the arguments only a fragment matters.
  if (rest.includes('#', at)) complex = true;
  return { complex, quoted, plus };
}

interface Parsed {
  readonly uri: string;
  readonly args: string;
  readonly quoted: boolean;
  readonly plus: boolean;
}

type State = 'usual' | 'slash' | 'dot' | 'dotdot';

/** ngx_http_parse_complex_uri (src/http/ngx_http_parse.c). */
function parseComplex(rest: string, emptyPath: boolean, mergeSlashes: boolean): Parsed | null {
  const out: string[] = emptyPath ? ['/'] : [];
  let state: State = 'usual';
  let quoted = false;
  let plus = false;
  let args = '';
  let at = 0;
  while (at < rest.length) {
    let char = rest[at++]!;
    if (char === '%') {
      quoted = true;
      const hex = rest.slice(at, at + 2);
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) return null;
      at += 2;
      char = String.fromCharCode(Number.parseInt(hex, 16));
      if (char === '\0') return null;
      if (char === '%' || char === '#' || char === '?') {
        // An escaped sign is a plain character.
        state = 'usual';
        out.push(char);
        continue;
      }
    } else if (char === '#' || char === '?') {
      if (char === '?') args = rest.slice(at).split('#', 1)[0]!;
      break;
    }
    if (char === '+') plus = true;
    if (char === '/') {
      if (state === 'usual') out.push('/');
      else if (state === 'slash') {
        if (!mergeSlashes) out.push('/');
      } else if (state === 'dot') out.pop();
      else if (!climb(out)) return null;
      state = 'slash';
      continue;
    }
    if (char === '.' && state === 'slash') state = 'dot';
    else if (char === '.' && state === 'dot') state = 'dotdot';
    else state = 'usual';
    out.push(char);
  }
  if (state === 'dot') out.pop();
  else if (state === 'dotdot' && !climb(out)) return null;
  return { uri: out.join(''), args, quoted, plus };
}

/** Takes "/.." and the name in front of it off; false above the root. */
function climb(out: string[]): boolean {
  let at = out.length - 4;
  while (at >= 0 && out[at] !== '/') at--;
  if (at < 0) return false;
  out.length = at + 1;
  return true;
}

/**
 * The name that a Host header gives: lower case, without port and trailing dot; null where nginx answers 400
 * (ngx_http_validate_host in src/http/ngx_http_request.c; stricter since 1.29.4).
 */
export function hostName(host: string, version: NginxVersion): string | null {
  if (/\.\./.test(host)) return null;
  const strict = holdsSince(version, STRICT_HOST_SINCE) === 'yes';
  const name = strict ? strictName(host) : looseName(host);
  if (name === null) return null;
  // nginx looks at the last dot of the whole header.
  const bare = name.endsWith('.') && host.lastIndexOf('.') === name.length - 1 ? name.slice(0, -1) : name;
  return bare === '' ? null : asciiLower(bare);
}

const UPPER = /[A-Z]/;

/** Only A to Z: bytes beyond them stay. */
export function asciiLower(text: string): string {
  return UPPER.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

const STRICT_HOST_SINCE = '1.29.4';

function looseName(host: string): string | null {
  if (/[\u0000-\u0020/\u007f]/.test(host)) return null;
  const bracket = host.startsWith('[') ? host.indexOf(']') : -1;
  if (bracket >= 0) return host.slice(0, bracket + 1);
  // Inside an unclosed bracket nginx looks for no port.
  if (host.startsWith('[')) return host;
  const colon = host.indexOf(':');
  return colon < 0 ? host : host.slice(0, colon);
}

function strictName(host: string): string | null {
  const match = /^(\[[\w:.~!$&'()*+,;=-]*\]|[\w.~!$&'()*+,;=%-]*)(?::(\d*))?$/.exec(host);
  if (!match || Number(match[2] ?? 0) > 65535) return null;
  return match[1]!;
}
