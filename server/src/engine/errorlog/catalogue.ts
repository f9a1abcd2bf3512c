import type { StatusVerdict } from '../contract.ts';

import { body } from './catalogue/body.ts';
import { cache } from './catalogue/cache.ts';
import { client } from './catalogue/client.ts';
import { connect } from './catalogue/connect.ts';
import { fastcgi } from './catalogue/fastcgi.ts';
import { grpc } from './catalogue/grpc.ts';
import { header } from './catalogue/header.ts';
import { internal } from './catalogue/internal.ts';
import { limits } from './catalogue/limits.ts';
import { peers } from './catalogue/peers.ts';
import { processes } from './catalogue/processes.ts';
import { request } from './catalogue/request.ts';
import { resolve } from './catalogue/resolve.ts';
import { send } from './catalogue/send.ts';
import { configurationRefused, serverSettings } from './catalogue/server-settings.ts';
import { sockets } from './catalogue/sockets.ts';
import { startUp } from './catalogue/start-up.ts';
import { tls } from './catalogue/tls.ts';
import { tlsFiles } from './catalogue/tls-files.ts';
import { upstreamSettings } from './catalogue/upstream-settings.ts';
import { detach } from './detach.ts';
import type { LogEntry } from './entry.ts';
import { causesOf, type Fault, type MatchedMessage, type MessageKind, type Phase } from './message.ts';
import { readMessageParts } from './message-parts.ts';
import { compileTemplates, matchCut, matchTemplate, type Template } from './template.ts';

/** Every message that the product knows; within a group the most frequent first. */
export const catalogue: readonly MessageKind[] = [
  ...connect,
  ...header,
  ...send,
  ...body,
  ...peers,
  ...resolve,
  ...tls,
  ...fastcgi,
  ...grpc,
  ...limits,
  ...request,
  ...client,
  ...startUp,
  ...upstreamSettings,
  ...tlsFiles,
  ...sockets,
  ...cache,
  ...internal,
  ...processes,
  ...serverSettings,
];

interface Rule {
  readonly kind: MessageKind;
  readonly template: Template;
}

interface Match extends Rule {
  readonly captures: Record<string, string>;
}

/**
 * Texts are looked up by their first characters, by the longest of these lengths that a template's literal beginning
 * has; "upstream sent inv" alone is shared by five. Shorter beginnings are always tried.
 */
const KEY_LENGTHS: readonly number[] = [17, 9, 5];

const rules: readonly Rule[] = catalogue
  .filter((kind) => kind !== configurationRefused)
  .flatMap((kind) => compileTemplates(kind.text).map((template) => ({ kind, template })))
  .sort((a, b) => b.template.weight - a.template.weight);

const byBeginning = KEY_LENGTHS.map(() => new Map<string, Rule[]>());
const otherRules: Rule[] = [];
for (const rule of rules) {
  const beginning = rule.template.literals[0] ?? '';
  const level = KEY_LENGTHS.findIndex((length) => beginning.length >= length);
  const bucket = byBeginning[level];
  if (bucket === undefined) {
    otherRules.push(rule);
    continue;
  }
  const key = beginning.slice(0, KEY_LENGTHS[level]);
  const sharing = bucket.get(key);
  if (sharing === undefined) {
    bucket.set(key, [rule]);
  } else {
    sharing.push(rule);
  }
}

/** So many first characters a text that was cut shares with its template, where that begins with so many. */
const CUT_KEY = 4;

/** Rules for texts that were cut, by those characters; in each list also those that begin with a variable part. */
const byCutBeginning = new Map<string, Rule[]>();
const openBeginning: Rule[] = [];
for (const { template } of rules) {
  byCutBeginning.set(cutKeyOf(template), []);
}
for (const rule of rules) {
  const key = cutKeyOf(rule.template);
  if (key.length === CUT_KEY) {
    byCutBeginning.get(key)?.push(rule);
    continue;
  }
  openBeginning.push(rule);
  for (const sharing of byCutBeginning.values()) {
    sharing.push(rule);
  }
}

function cutKeyOf(template: Template): string {
  return (template.literals[0] ?? '').slice(0, CUT_KEY);
}

function cutCandidates(body: string): readonly Rule[] {
  return byCutBeginning.get(body.slice(0, CUT_KEY)) ?? openBeginning;
}

/** Rules by the words of their literal pieces, for texts that begin in the middle. */
const byWord = new Map<string, Rule[]>();
for (const rule of rules) {
  for (const word of new Set(rule.template.literals.flatMap((literal) => literal.split(' ').slice(1)))) {
    const sharing = byWord.get(word);
    if (sharing === undefined) {
      byWord.set(word, [rule]);
    } else {
      sharing.push(rule);
    }
  }
}

function tailCandidates(body: string): readonly Rule[] {
  return byWord.get(firstWordOf(body)) ?? [];
}

function firstWordOf(text: string): string {
  return text.slice(0, Math.max(1, text.indexOf(' ')));
}

/**
 * Texts that articles print and no nginx writes, with the message that nginx writes in that case
 * (ngx_http_proxy_process_status_line).
 */
const FICTIONS: readonly { readonly text: string; readonly id: string; readonly note: string }[] = [
  {
    text: 'upstream sent invalid status line',
    id: 'upstream-not-http',
    note: 'No nginx writes "upstream sent invalid status line". For an answer without a status line it writes "upstream sent no valid HTTP/1.0 header", and that is not a 502.',
  },
  ...[
    'upstream sent invalid HTTP response header',
    'upstream sent invalid HTTP response',
    'invalid HTTP response',
  ].map((text) => ({
    text,
    id: 'upstream-not-http',
    note: `No nginx writes "${text}". For an answer that is not HTTP it writes "upstream sent no valid HTTP/1.0 header", and that is not a 502.`,
  })),
];

/** Messages repeat: what a text matches is remembered, for this many different texts. */
const REMEMBERED = 2000;
const MAX_REMEMBERED_LENGTH = 300;
const remembered = new Map<string, readonly Match[]>();

/** The message of an entry, or null when it is none that the catalogue knows. */
export function matchMessage(entry: LogEntry): MatchedMessage | null {
  const matched = matchText(entry);
  if (matched === null || !entry.guessed) {
    return matched;
  }
  const note = `Words of the line were changed or are missing; it is read as "${entry.message}".`;
  return {
    ...matched,
    certainty: matched.certainty === 'certain' ? 'likely' : matched.certainty,
    note: matched.note === null ? note : `${note} ${matched.note}`,
  };
}

function matchText(entry: LogEntry): MatchedMessage | null {
  for (const match of matchesOf(entry.message)) {
    if (match.kind.when === undefined || match.kind.when(entry)) {
      return { kind: match.kind, captures: match.captures, certainty: 'certain', note: null };
    }
  }
  return matchFiction(entry) ?? matchCutText(entry) ?? matchMiddle(entry) ?? matchRefusal(entry);
}

/**
 * An [emerg] line with its place tells what matters also when a module wrote it that the product does not know: nginx
 * refuses the configuration, there.
 */
function matchRefusal(entry: LogEntry): MatchedMessage | null {
  if (entry.level !== 'emerg' || entry.at === null || entry.client !== null) {
    return null;
  }
  const what = bodyOf(entry.message);
  return { kind: configurationRefused, captures: { what }, certainty: 'certain', note: null };
}

/** So much literal text makes a text without head and fields one of nginx's, and so much one that tells of no failure. */
const MIN_BARE = 16;
const MIN_BARE_NOTICE = 30;
const MIN_BARE_CUT = 12;
/** ... and so much one whose first word, a name or a number, was left out. */
const MIN_BARE_TAIL = 20;

/** Whether a text is, or begins like, a message of the catalogue: for lines that have nothing else of nginx. */
export function isKnownMessage(text: string): boolean {
  const full = matchesOf(text).some(
    ({ kind, template }) => template.weight >= (kind.fault === 'nobody' ? MIN_BARE_NOTICE : MIN_BARE),
  );
  if (full) {
    return true;
  }
  const body = bodyOf(text);
  return (
    FICTIONS.some((fiction) => body.startsWith(fiction.text)) ||
    tailCandidates(body).some(
      (rule) => rule.kind.fault !== 'nobody' && isWholeTail(rule.template, body, MIN_BARE_TAIL),
    ) ||
    cutCandidates(body).some((rule) => rule.kind.fault !== 'nobody' && cutWeight(rule, body) >= MIN_BARE_CUT)
  );
}

function cutWeight(rule: Rule, body: string): number {
  return matchCut(rule.template, withoutElision(body))?.weight ?? 0;
}

/** `SSL_do_handshake() failed ... SSL alert number 40`: what a person left out is where the message is cut. */
function withoutElision(body: string): string {
  const at = body.indexOf('...');
  return at > 0 ? body.slice(0, at).trimEnd() : body;
}

function matchesOf(message: string): readonly Match[] {
  const known = remembered.get(message);
  if (known !== undefined) {
    return known;
  }
  // What stands in quotes differs from line to line.
  if (message.length > MAX_REMEMBERED_LENGTH || message.includes('"')) {
    return findMatches(message);
  }
  if (remembered.size >= REMEMBERED) {
    remembered.clear();
  }
  const own = detach(message);
  const matches = findMatches(own);
  remembered.set(own, matches);
  return matches;
}

/** Full matches, the one with the most literal text first; several only where `when` has to choose. */
function findMatches(message: string): Match[] {
  const found: Match[] = [];
  for (const body of bodiesOf(message)) {
    for (let level = 0; level < KEY_LENGTHS.length; level++) {
      addMatches(byBeginning[level]?.get(body.slice(0, KEY_LENGTHS[level])), body, found);
    }
    if (found.length === 0) {
      addMatches(otherRules, body, found);
    }
    if (found.length > 0) {
      break;
    }
  }
  return found.length < 2 ? found : found.sort((a, b) => b.template.weight - a.template.weight);
}

function addMatches(candidates: readonly Rule[] | undefined, body: string, found: Match[]): void {
  if (candidates === undefined) {
    return;
  }
  for (const { kind, template } of candidates) {
    const captures = matchTemplate(template, body);
    if (captures !== null) {
      found.push({ kind, template, captures });
    }
  }
}

/** The texts that a template may stand for: without place and action, without the action, the whole. */
function bodiesOf(message: string): string[] {
  const parts = readMessageParts(message, true);
  const bodies: string[] = [];
  if (parts.at !== null) {
    const at = message.lastIndexOf(` in ${parts.at.file}:`);
    if (message.endsWith(`:${parts.at.line}`)) {
      bodies.push(message.slice(0, at));
    }
  }
  // ` in FILE` whose line number was cut off.
  const file = parts.at === null ? / in \/[^\s":]{1,300}$/.exec(message) : null;
  if (file !== null) {
    bodies.push(message.slice(0, file.index));
  }
  if (parts.action !== null) {
    bodies.push(message.slice(0, Math.max(0, message.length - parts.action.length - ' while '.length)));
  }
  bodies.push(message);
  return bodies;
}

function bodyOf(message: string): string {
  return bodiesOf(message)[0] ?? message;
}

function matchFiction(entry: LogEntry): MatchedMessage | null {
  const body = bodyOf(entry.message);
  for (const { text, id, note } of FICTIONS) {
    const kind = catalogue.find((candidate) => candidate.id === id);
    if (kind !== undefined && body.startsWith(text)) {
      return { kind, captures: {}, certainty: 'possible', note };
    }
  }
  return null;
}

/** So much literal text has to stand there before a text that was cut says anything. */
const MIN_CUT = 8;

/** A message that ends in the middle: "connect() failed (111: Connection ref". */
function matchCutText(entry: LogEntry): MatchedMessage | null {
  const body = withoutElision(bodyOf(entry.message));
  const found: Match[] = [];
  let best = MIN_CUT;
  for (const rule of cutCandidates(body)) {
    const cut = matchCut(rule.template, body);
    if (cut === null || cut.weight < best || (rule.kind.when !== undefined && !rule.kind.when(entry))) {
      continue;
    }
    if (cut.weight > best) {
      found.length = 0;
      best = cut.weight;
    }
    if (!found.some((match) => match.kind === rule.kind)) {
      found.push({ ...rule, captures: cut.captures });
    }
  }
  // What lacks only its end is likelier than what would have needed other words behind the cut.
  const least = Math.min(...found.map(({ template }) => template.weight));
  const quotes = found.filter(({ template }) => template.weight === least && endsInQuote(template));
  return choose(quotes.length > 0 ? quotes : found, 'The message is cut short.');
}

/** Whether nothing but a closing quote follows a variable part: any text at all may stand in there. */
function endsInQuote({ literals }: Template): boolean {
  return literals.length === 2 && literals[1] === '"';
}

/**
 * A message whose beginning is missing: "failed (113: No route to host) while connecting to upstream". Many messages
 * end in the same words; those count whose example was written in the same action and that have a cause for this line.
 */
function matchMiddle(entry: LogEntry): MatchedMessage | null {
  const body = bodyOf(entry.message);
  const found: Match[] = [];
  for (const rule of tailCandidates(body)) {
    const captures = matchTail(rule.template, body);
    if (captures === null || (rule.kind.when !== undefined && !rule.kind.when(entry))) {
      continue;
    }
    if (!found.some((match) => match.kind === rule.kind)) {
      found.push({ ...rule, captures });
    }
  }
  const note = 'The beginning of the message is missing.';
  if (found.length > 1 && entry.action !== null) {
    const fitting = found
      .filter(
        ({ kind }) => kind.example.includes(` while ${entry.action}`) && causesOf(kind, entry).length > 0,
      )
      .sort((a, b) => catalogue.indexOf(a.kind) - catalogue.indexOf(b.kind));
    const first = fitting[0];
    if (first !== undefined) {
      return { kind: first.kind, captures: first.captures, certainty: 'likely', note };
    }
  }
  return choose(found, note);
}

/** The step in which a line of this kind failed. */
export function phaseOfKind(kind: MessageKind, entry: LogEntry): Phase {
  return typeof kind.phase === 'function' ? kind.phase(entry) : kind.phase;
}

/** What the client gets with a line of this kind. */
export function statusOf(kind: MessageKind, entry: LogEntry): StatusVerdict {
  return typeof kind.status === 'function' ? kind.status(entry) : kind.status;
}

/** Who has to act on a line of this kind. */
export function faultOf(kind: MessageKind, entry: LogEntry): Fault {
  return typeof kind.fault === 'function' ? kind.fault(entry) : kind.fault;
}

/** `could not be resolved (3: Host not found)`: a text that begins at the first literal piece behind a variable part. */
function isWholeTail({ literals, names }: Template, text: string, least: number): boolean {
  const [head, ...rest] = literals;
  const [next = '', ...others] = rest;
  if (head !== '' || !text.startsWith(next.trimStart())) {
    return false;
  }
  const tail = [next.trimStart(), ...others];
  return (
    tail.reduce((sum, piece) => sum + piece.length, 0) >= least &&
    matchTemplate({ literals: tail, names: names.slice(1), weight: 0 }, text) !== null
  );
}

/** Captures of a text that begins inside one of the template's literal pieces, at the start of a word. */
function matchTail(template: Template, text: string): Record<string, string> | null {
  const { literals, names } = template;
  const firstWord = firstWordOf(text);
  if (firstWord.length < 3) {
    return null;
  }
  for (let i = 0; i < literals.length; i++) {
    const literal = literals[i] ?? '';
    for (let at = literal.indexOf(firstWord, 1); at > 0; at = literal.indexOf(firstWord, at + 1)) {
      if (literal.charCodeAt(at - 1) !== 32) {
        continue;
      }
      const rest: Template = {
        literals: [literal.slice(at), ...literals.slice(i + 1)],
        names: names.slice(i),
        weight: 0,
      };
      const captures = matchTemplate(rest, text);
      if (captures !== null) {
        return captures;
      }
    }
  }
  return null;
}

/** A message with the names of its parts, for people. */
function wordingOf({ literals, names }: Template): string {
  return literals.map((literal, i) => literal + (i < names.length ? `<${names[i]}>` : '')).join('');
}

/** What to make of several possible kinds: one is likely, a few are named, more say nothing. */
function choose(found: readonly Match[], note: string): MatchedMessage | null {
  const first = found[0];
  if (first === undefined || found.length > 3) {
    return null;
  }
  if (found.length === 1) {
    return { kind: first.kind, captures: first.captures, certainty: 'likely', note };
  }
  const others = found.slice(1).map(({ template }) => `"${wordingOf(template)}"`);
  return {
    kind: first.kind,
    captures: first.captures,
    certainty: 'possible',
    note: `${note} It may also be ${others.join(' or ')}.`,
  };
}
