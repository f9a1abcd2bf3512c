import type { ConfigModel } from '../config/model.ts';
import { passSpeaking } from '../config/proxied.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';
import { readListening } from '../errorlog/listening.ts';
import { toldAlone } from './helper-evidence.ts';

/**
 * What a paste tells that holds no line of nginx, only lines of what runs behind it or beside it: people look into the
 * log that they know. Such a line is evidence for a failure and not the failure, so nothing here is certain.
 */
export interface ToldAlone {
  /** Kebab-case, for the message's id: whose line it is. */
  readonly kind: string;
  readonly line: HelperLine;
  /** Whose log it is, for a sentence. */
  readonly whose: string;
  /** Most likely first; never empty. */
  readonly ids: readonly string[];
  readonly because: string;
}

const WHOSE: Partial<Record<HelperLine['kind'], string>> = {
  'php-fpm': "php-fpm's log",
  gunicorn: "gunicorn's log",
  kernel: "the kernel's log",
  selinux: 'the audit log',
};

/** Protocols of `*_pass` that a server of HTTP does not understand, with the cause that this is. */
const NOT_HTTP: readonly (readonly [schemes: readonly string[], id: string])[] = [
  [['uwsgi', 'suwsgi', 'scgi'], 'uwsgi-scgi-mismatch'],
  [['fastcgi'], 'fastcgi-pass-to-http-backend'],
];

/** The evidence of lines without a line of nginx, one for each kind of line; what the files add goes first. */
export function evidenceOnly(lines: readonly HelperLine[], model: ConfigModel | null): ToldAlone[] {
  const found = new Map<string, ToldAlone>();
  for (const line of lines) {
    const told = mismatch(line, model) ?? spoken(line);
    if (told && !found.has(told.kind)) found.set(told.kind, told);
  }
  return [...found.values()].sort((a, b) => Number(b.kind === 'listening') - Number(a.kind === 'listening'));
}

function spoken(line: HelperLine): ToldAlone | null {
  const whose = WHOSE[line.kind];
  const told = whose === undefined ? null : toldAlone(line);
  return whose && told ? { kind: line.kind, line, whose, ...told } : null;
}

/** A program that says that it serves HTTP on an address to which nginx speaks another protocol. */
function mismatch(line: HelperLine, model: ConfigModel | null): ToldAlone | null {
  if (!model || line.kind !== 'listening' || !/\bhttps?:\/\//.test(line.text)) return null;
  const listening = readListening(line.text);
  if (!listening) return null;
  const host = listening.host === null || listening.host === '0.0.0.0' ? '127.0.0.1' : listening.host;
  for (const [schemes, id] of NOT_HTTP) {
    const target = passSpeaking(model, { host, port: listening.port, socket: null }, ...schemes);
    if (!target) continue;
    return {
      kind: 'listening',
      line,
      whose: 'the log of what listens behind nginx',
      ids: [id],
      because: `a program says that it serves HTTP on port ${listening.port}, and ${target.pass.text} leads there`,
    };
  }
  return null;
}
