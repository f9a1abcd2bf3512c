import type { EntryUpstream } from '../contract.ts';

const SLASH = 47;
const COLON = 58;
const QUESTION = 63;

/**
 * Takes the `upstream:` field apart. nginx joins the scheme of the *_pass directive, the peer's name, a colon if the
 * peer is a unix socket, and the URI sent (ngx_http_log_error_handler); the stream module and tunnel_pass write the
 * peer alone. A name without a port is an upstream group: that is what stands there until a peer was chosen.
 *
 * `complete` is false when the field's closing quote is missing: a number that the cut may have shortened is then
 * no port. `requestUri` helps where nginx leaves the colon out: it forgets the peer's address before it writes
 * "upstream timed out" (ngx_http_upstream_next), so that socket and URI run into one another.
 */
export function readUpstream(raw: string, complete: boolean, requestUri: string | null): EntryUpstream {
  const schemeEnd = raw.indexOf('://');
  const hasScheme = schemeEnd > 0 && isScheme(raw, schemeEnd);
  const scheme = hasScheme ? raw.slice(0, schemeEnd) : null;
  // Text recognition puts a space behind the slashes.
  const rest = hasScheme ? raw.slice(schemeEnd + 3).trimStart() : raw;
  if (rest.startsWith('unix:')) {
    return { raw, scheme, address: null, port: null, ...readSocket(rest.slice(5), complete, requestUri) };
  }
  if (!complete && (!hasScheme ? mayBecomeScheme(raw) : 'unix:'.startsWith(rest))) {
    return { raw, scheme, address: null, port: null, socket: null, uri: null };
  }
  const end = addressEnd(rest);
  const address = rest.slice(0, end);
  let uriStart = end;
  let port: number | null = null;
  if (rest.charCodeAt(end) === COLON) {
    uriStart = digitsEnd(rest, end + 1);
    const digits = uriStart - end - 1;
    // A port at the very end of a cut field may be 80 of 8080.
    if (digits > 0 && digits <= 5 && (complete || uriStart < rest.length)) {
      port = Number(rest.slice(end + 1, uriStart));
    }
    if (digits === 0) {
      // A port that was blanked out ("XX.XX.XX.XX:YYYY/path"): the URI begins behind it.
      const slash = rest.indexOf('/', uriStart);
      uriStart = slash < 0 ? rest.length : slash;
    }
  }
  const uri = rest.slice(uriStart);
  return {
    raw,
    scheme,
    address: address === '' ? null : address,
    port,
    socket: null,
    uri: uri === '' ? null : uri,
  };
}

/** What people call their sockets: where the colon is missing the path ends there. */
const SOCKET_NAME = /\.sock(?:et)?(?=[/?:]|$)/;

function readSocket(
  rest: string,
  complete: boolean,
  requestUri: string | null,
): { socket: string | null; uri: string | null } {
  const named = SOCKET_NAME.exec(rest);
  const nameEnd = named === null ? -1 : named.index + named[0].length;
  if (nameEnd >= 0 && rest.charCodeAt(nameEnd) === COLON) {
    return split(rest, nameEnd, nameEnd + 1);
  }
  if (!complete) {
    // The cut may have taken the colon: what is sure is the path up to its usual ending.
    return { socket: (nameEnd < 0 ? rest : rest.slice(0, nameEnd)) || null, uri: null };
  }
  const before = requestUri !== null && rest.endsWith(requestUri) ? rest.length - requestUri.length : -1;
  if (before > 0 && nameEnd < 0 && rest.lastIndexOf(':', before - 2) < 0) {
    return split(rest, rest.charCodeAt(before - 1) === COLON ? before - 1 : before, before);
  }
  // A colon inside a query is the client's, and so is one with no URI behind it.
  const query = rest.indexOf('?');
  const limit = query < 0 ? rest.length : query;
  for (let colon = rest.indexOf(':'); colon >= 0 && colon < limit; colon = rest.indexOf(':', colon + 1)) {
    const code = rest.charCodeAt(colon + 1);
    if (colon + 1 === rest.length || code === SLASH || code === QUESTION) {
      return split(rest, colon, colon + 1);
    }
  }
  return nameEnd >= 0 ? split(rest, nameEnd, nameEnd) : { socket: rest || null, uri: null };
}

function split(
  rest: string,
  socketEnd: number,
  uriStart: number,
): { socket: string | null; uri: string | null } {
  return { socket: rest.slice(0, socketEnd) || null, uri: rest.slice(uriStart) || null };
}

/** Whether a text that was cut may be the beginning of `SCHEME://`. */
function mayBecomeScheme(text: string): boolean {
  const colon = text.indexOf(':');
  return colon < 0
    ? isScheme(text, text.length)
    : '://'.startsWith(text.slice(colon)) && isScheme(text, colon);
}

function isScheme(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i) | 0x20;
    if ((code < 97 || code > 122) && (code < 48 || code > 57)) {
      return false;
    }
  }
  return true;
}

/** Offset behind host or address: at the port's colon, the URI or the end. */
function addressEnd(text: string): number {
  let i = 0;
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf(']');
    return close < 0 ? text.length : close + 1;
  }
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON || code === SLASH || code === QUESTION) {
      break;
    }
  }
  return i;
}

function digitsEnd(text: string, from: number): number {
  let i = from;
  while (i < text.length && text.charCodeAt(i) >= 48 && text.charCodeAt(i) <= 57) {
    i++;
  }
  return i;
}
