import type { Phase } from './message.ts';

/** What nginx was doing, by the words behind ` while ` (log->action in the http, stream and OCSP modules). */
const ACTIONS: readonly { readonly action: string; readonly phase: Phase }[] = [
  { action: 'connecting to upstream', phase: 'connect' },
  { action: 'SSL handshaking to upstream', phase: 'tls' },
  // ngx.fetch() of njs: a connection of the script's own.
  { action: 'SSL handshaking to fetch target', phase: 'other' },
  { action: 'sending request to upstream', phase: 'send' },
  { action: 'sending PROXY protocol header to upstream', phase: 'send' },
  { action: 'reading response header from upstream', phase: 'header' },
  { action: 'sending early hints to client', phase: 'header' },
  { action: 'reading upstream', phase: 'body' },
  { action: 'proxying upgraded connection', phase: 'upgraded' },
  { action: 'proxying connection', phase: 'body' },
  { action: 'proxying and reading from upstream', phase: 'body' },
  { action: 'proxying and sending to upstream', phase: 'body' },
  { action: 'resolving', phase: 'resolve' },
  { action: 'resolving service', phase: 'resolve' },
  { action: 'SSL handshaking', phase: 'client' },
  { action: 'accepting new connection on', phase: 'client' },
  { action: 'reading client request line', phase: 'client' },
  { action: 'reading client request headers', phase: 'client' },
  { action: 'reading client pipelined request line', phase: 'client' },
  { action: 'reading PROXY protocol', phase: 'client' },
  { action: 'prereading client data', phase: 'client' },
  { action: 'initializing session', phase: 'client' },
  { action: 'waiting for request', phase: 'client' },
  { action: 'processing HTTP/2 connection', phase: 'client' },
  { action: 'sending to client', phase: 'client' },
  { action: 'sending response to client', phase: 'client' },
  { action: 'keepalive', phase: 'client' },
  { action: 'closing request', phase: 'client' },
  { action: 'requesting certificate status', phase: 'client' },
];

/** The actions, as nginx writes them behind ` while `. */
export const ACTION_WORDS: readonly string[] = ACTIONS.map(({ action }) => action);

const PHASES: ReadonlyMap<string, Phase> = new Map(ACTIONS.map(({ action, phase }) => [action, phase]));

/** Whether nginx has an action of exactly these words. */
export function isKnownAction(action: string): boolean {
  return PHASES.has(action);
}

/** Whether these words are the beginning of an action, or an action with something behind it. */
export function mayBeAction(words: string): boolean {
  return ACTIONS.some(({ action }) => action.startsWith(words) || words.startsWith(action));
}

/** The phase of an action, also of one that was cut or has something behind it; null when it is not known. */
export function phaseOfAction(words: string): Phase | null {
  const known = PHASES.get(words);
  if (known !== undefined) {
    return known;
  }
  let longest = '';
  const possible = new Set<Phase>();
  for (const { action, phase } of ACTIONS) {
    // "connecting to upstream(proxy_connect)", "accepting new connection on 0.0.0.0:80".
    if (words.startsWith(action) && action.length > longest.length) {
      longest = action;
    }
    if (action.startsWith(words)) {
      possible.add(phase);
    }
  }
  const [only] = possible;
  return PHASES.get(longest) ?? (possible.size === 1 ? (only ?? null) : null);
}

/** Whether nginx was waiting for the header of the answer. */
export function beforeHeader({ action }: { readonly action: string | null }): boolean {
  return action?.startsWith('reading response header') === true;
}
