/** The head of an HTTP/1 message, and where its body begins. */
export interface MessageHead {
  startLine: string;
  headers: [name: string, value: string][];
  /** Offset of the first byte behind the empty line. */
  bodyAt: number;
}

/** Reads the head of an HTTP/1 message; null while the empty line at its end is missing. */
export function readHead(bytes: Buffer): MessageHead | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { startLine, headers, bodyAt: end + 4 };
}

/** The first value of a header, whatever its case. */
export function headerOf(headers: readonly [string, string][], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/** What is there of a body. */
export interface MessageBody {
  body: Buffer;
  complete: boolean;
  /** Bytes of the wire used up, chunk framing included. */
  used: number;
}

/** Decodes a chunked body as far as it goes. Trailers are skipped. */
export function readChunked(bytes: Buffer): MessageBody {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) return { body: Buffer.concat(parts), complete: false, used: at };
    const from = lineEnd + 2;
    if (size === 0) {
      const trailerEnd = bytes.indexOf('\r\n\r\n', lineEnd);
      const complete = trailerEnd >= 0;
      return { body: Buffer.concat(parts), complete, used: complete ? trailerEnd + 4 : at };
    }
    parts.push(bytes.subarray(from, from + size));
    if (from + size + 2 > bytes.length)
      return { body: Buffer.concat(parts), complete: false, used: bytes.length };
    at = from + size + 2;
  }
}

/** Takes the body of a request off the bytes behind its head. A request without a length has no body. */
export function readRequestBody(head: MessageHead, bytes: Buffer): MessageBody {
  const rest = bytes.subarray(head.bodyAt);
  if (/\bchunked\b/i.test(headerOf(head.headers, 'transfer-encoding') ?? '')) return readChunked(rest);
  const length = Number(headerOf(head.headers, 'content-length') ?? 0);
  const body = rest.subarray(0, length);
  return { body, complete: body.length >= length, used: body.length };
}
