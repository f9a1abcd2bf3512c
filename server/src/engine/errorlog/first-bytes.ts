/**
 * Who answered, by the first bytes of the answer. nginx writes them where it takes them for something else: three as
 * the length of an HTTP/2 frame (`too large http2 frame: 4740180` is "HTT"), one as the version of FastCGI
 * (`protocol version: 72` is "H"), a line of text from memcached or a PROXY header. uWSGI does the same with what
 * nginx sends (`invalid request block size: 21573` is "ET" of GET).
 */

export type Protocol =
  | 'http'
  | 'http2'
  | 'tls-alert'
  | 'tls-handshake'
  | 'html'
  | 'json'
  | 'ssh'
  | 'smtp'
  | 'pop3'
  | 'imap'
  | 'redis'
  | 'memcached'
  | 'mysql'
  | 'postgresql'
  | 'amqp'
  | 'rtsp'
  | 'sip'
  | 'icecast'
  | 'ajp'
  | 'fastcgi'
  | 'scgi'
  | 'proxy-protocol'
  | 'vnc'
  | 'ftp';

export interface FirstBytes {
  readonly protocol: Protocol;
  /** In words, with what the bytes spell: `HTTP/1 ("HTT")`. */
  readonly words: string;
}

/** Beginnings of what protocols say first, longer ones before shorter ones of the same kind. */
const BEGINNINGS: readonly (readonly [bytes: string, protocol: Protocol, name: string])[] = [
  ['HTTP', 'http', 'HTTP/1'],
  ['PRI ', 'http2', 'HTTP/2'],
  ['GET ', 'http', 'an HTTP request'],
  ['POST', 'http', 'an HTTP request'],
  ['HEAD', 'http', 'an HTTP request'],
  ['PUT ', 'http', 'an HTTP request'],
  ['OPTI', 'http', 'an HTTP request'],
  ['DELE', 'http', 'an HTTP request'],
  ['PATC', 'http', 'an HTTP request'],
  ['CONN', 'http', 'an HTTP request'],
  ['PROX', 'proxy-protocol', 'the PROXY protocol'],
  ['\r\n\r\n\0\r\nQUIT', 'proxy-protocol', 'the PROXY protocol, version 2'],
  ['\x15\x03', 'tls-alert', 'a TLS alert'],
  ['\x16\x03', 'tls-handshake', 'a TLS handshake'],
  ['SSH-', 'ssh', 'SSH'],
  ['220 ', 'smtp', 'a greeting of SMTP or FTP'],
  ['220-', 'smtp', 'a greeting of SMTP or FTP'],
  ['421 ', 'smtp', 'a refusal of SMTP or FTP'],
  ['554 ', 'smtp', 'a refusal of SMTP'],
  ['500 ', 'smtp', 'an error of SMTP or FTP'],
  ['+OK ', 'pop3', 'POP3 or Redis'],
  ['* OK', 'imap', 'IMAP'],
  ['-ERR', 'redis', 'an error of Redis'],
  ['-DENI', 'redis', 'an error of Redis'],
  ['-NOAU', 'redis', 'an error of Redis'],
  ['ERRO', 'memcached', 'an error of memcached'],
  ['CLIE', 'memcached', 'an error of memcached'],
  ['AMQP', 'amqp', 'AMQP'],
  ['RTSP', 'rtsp', 'RTSP'],
  ['SIP/', 'sip', 'SIP'],
  ['ICY ', 'icecast', 'an Icecast stream'],
  ['RFB ', 'vnc', 'VNC'],
  ['<!DO', 'html', 'a page without HTTP header'],
  ['<!do', 'html', 'a page without HTTP header'],
  ['<htm', 'html', 'a page without HTTP header'],
  ['<HTM', 'html', 'a page without HTTP header'],
  ['<?xm', 'html', 'XML without HTTP header'],
  ['{"', 'json', 'JSON without HTTP header'],
  ['{\n', 'json', 'JSON without HTTP header'],
  ['[{', 'json', 'JSON without HTTP header'],
  ['AB\0', 'ajp', 'AJP'],
  ['E\0\0', 'postgresql', 'an error of PostgreSQL'],
  ['\x01\x03', 'fastcgi', 'FastCGI'],
  ['\x01\x06', 'fastcgi', 'FastCGI'],
  ['\x01\x07', 'fastcgi', 'FastCGI'],
];

/** What a text that was quoted in a message begins with; null when it says nothing. */
export function protocolOfText(text: string): FirstBytes | null {
  return find(text, (bytes) => text.startsWith(bytes) || (text.length >= 2 && bytes.startsWith(text)));
}

/** What an HTTP/2 frame of this length began with: its length is the first three bytes of the answer. */
export function protocolOfFrame(length: number): FirstBytes | null {
  if (!Number.isInteger(length) || length < 0x010000 || length > 0xffffff) {
    return null;
  }
  const text = String.fromCharCode(length >> 16, (length >> 8) & 0xff, length & 0xff);
  const known = find(text, (bytes) => text.startsWith(bytes) || bytes.startsWith(text));
  if (known !== null) {
    return known;
  }
  // MySQL greets with the length of its packet, low byte first, and 0 as its number.
  return (length & 0xffff) === 0 && length >> 16 >= 0x30 ? { protocol: 'mysql', words: 'MySQL' } : null;
}

/** What a FastCGI record with this version began with: the version is the first byte of the answer. */
export function protocolOfByte(byte: number): FirstBytes | null {
  switch (byte) {
    case 0x48:
      return { protocol: 'http', words: 'HTTP ("H" is 72)' };
    case 0x15:
      return { protocol: 'tls-alert', words: 'a TLS alert (its first byte is 21)' };
    case 0x16:
      return { protocol: 'tls-handshake', words: 'a TLS handshake (its first byte is 22)' };
    case 0x3c:
      return { protocol: 'html', words: 'a page without header ("<" is 60)' };
    case 0x7b:
      return { protocol: 'json', words: 'JSON without header ("{" is 123)' };
    case 0x53:
      return { protocol: 'scgi', words: '"S" (83), as in "Status:" of SCGI, or in SSH' };
    case 0x43:
      return { protocol: 'scgi', words: '"C" (67), as in "Content-Type:" of SCGI' };
    case 0x32:
    case 0x35:
      return { protocol: 'smtp', words: `SMTP or FTP ("${String.fromCharCode(byte)}" is ${byte})` };
    case 0x2d:
      return { protocol: 'redis', words: 'an error of Redis ("-" is 45)' };
    case 0x2b:
      return { protocol: 'pop3', words: 'POP3 or Redis ("+" is 43)' };
    case 0x45:
      return { protocol: 'memcached', words: 'an error of memcached or PostgreSQL ("E" is 69)' };
    default:
      return byte >= 0x20 && byte < 0x7f
        ? { protocol: 'html', words: `text that begins with "${String.fromCharCode(byte)}" (${byte})` }
        : null;
  }
}

/** What a message of nginx shows of the bytes that it could not use; null when it shows none, or they say nothing. */
export function protocolInMessage(message: string): FirstBytes | null {
  const frame = /too large http2 frame: (\d{1,9})/.exec(message)?.[1];
  if (frame !== undefined) return protocolOfFrame(Number(frame));
  const byte = /unsupported FastCGI protocol version: (\d{1,9})/.exec(message)?.[1];
  if (byte !== undefined) return protocolOfByte(Number(byte));
  const text = /^(?:memcached sent invalid response|broken header): "([^"]*)/.exec(message)?.[1];
  return text === undefined ? null : protocolOfText(text);
}

/** What uWSGI took for the size of a request: the second and third byte that it got, low byte first. */
export function requestOfBlockSize(size: number): FirstBytes | null {
  if (!Number.isInteger(size) || size < 0 || size > 0xffff) {
    return null;
  }
  const text = String.fromCharCode(size & 0xff, size >> 8);
  const method = ['GET ', 'POST', 'HEAD', 'PUT ', 'DELETE', 'OPTIONS', 'PATCH', 'PRI '].find(
    (name) => name.slice(1, 3) === text,
  );
  if (method !== undefined) {
    return { protocol: method === 'PRI ' ? 'http2' : 'http', words: `HTTP ("${text}" of ${method.trim()})` };
  }
  return (size & 0xff) === 3 && size >> 8 <= 4
    ? { protocol: 'tls-handshake', words: 'a TLS handshake' }
    : null;
}

function find(text: string, fits: (bytes: string) => boolean): FirstBytes | null {
  const found = BEGINNINGS.find(([bytes]) => fits(bytes));
  if (found === undefined) {
    return null;
  }
  const [, protocol, name] = found;
  const shown = text.slice(0, 4).trimEnd();
  return { protocol, words: /^[\x20-\x7e]+$/.test(shown) ? `${name} ("${shown}")` : name };
}
