import type { ConfirmingCommand } from '../contract.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';

/** Who made an answer, as far as a line of an access log tells. */
export interface AnswerMaker {
  readonly who: 'backend' | 'nginx';
  readonly because: string;
}

/**
 * `uht=0.012`, `upstream_header_time: "-, 0.010"`: only an answer with a header of the backend has a time. With
 * several attempts, or after an internal redirect, there is a value for each.
 */
const HEADER_TIME =
  /\b(?:upstream_header_time|uht|header_time)["']?\s{0,4}[=:]\s{0,4}["']?((?:-|\d{1,9}\.\d{3})(?:(?:, | : )(?:-|\d{1,9}\.\d{3}))*)/i;
/** Bytes that came from the backend: none where it did not answer. */
const RECEIVED =
  /\b(?:upstream_bytes_received|ubr|bytes_received)["']?\s{0,4}[=:]\s{0,4}["']?((?:-|\d{1,18})(?:(?:, | : )(?:-|\d{1,18}))*)/i;

/** Bytes of nginx's page for 502 without and with its version, and with the padding for old browsers. */
const OWN_PAGE = new Set([150, 157, 158, 552, 559, 560]);

/**
 * $upstream_status is 502 in both cases, for nginx counts its own failure as one of the backend. What tells are the
 * time of the header and the bytes received, where log_format has them under their usual names; then the size.
 */
export function answerMaker({ text, status }: HelperLine): AnswerMaker | null {
  const time = lastOf(HEADER_TIME.exec(text)?.[1]);
  if (time !== undefined)
    return time === '-'
      ? { who: 'nginx', because: 'no header came from the backend: its time is "-"' }
      : { who: 'backend', because: `a header came from the backend, after ${time} s` };
  const received = lastOf(RECEIVED.exec(text)?.[1]);
  if (received !== undefined)
    return /[1-9]/.test(received)
      ? { who: 'backend', because: `${received} bytes came from the backend` }
      : { who: 'nginx', because: 'not a byte came from the backend' };
  const size = Number(/" \d{3} (\d{1,12})(?: |$)/.exec(text)?.[1] ?? Number.NaN);
  if (status === '502' && OWN_PAGE.has(size))
    return { who: 'nginx', because: `${size} bytes is the size of nginx's own page for 502` };
  return null;
}

/** The value of the attempt whose answer the client got. */
function lastOf(values: string | undefined): string | undefined {
  return values?.split(/, | : /).at(-1);
}

/** What to look at when only the status is known. */
export const WHO_ANSWERED: readonly ConfirmingCommand[] = [
  {
    run: 'tail -n 50 /var/log/nginx/error.log',
    where: "on nginx's machine",
    expect:
      "a line of the same second about this request: nginx made the answer, and the line tells why. None: the backend sent it, and the backend's own log tells why.",
  },
  {
    run: "nginx -T 2>/dev/null | grep -E 'log_format|upstream_header_time|upstream_bytes_received'",
    where: "on nginx's machine",
    expect:
      '$upstream_header_time and $upstream_bytes_received in a log_format: "-" and 0 mean that nginx made the answer, a time and bytes that the backend sent it. It reads the files and changes nothing.',
  },
];
