import { effective } from '../config/inheritance.ts';
import type { ConfigModel } from '../config/model.ts';
import { serverNames } from '../config/routing.ts';
import { parseUpstreamUrl } from '../config/upstream-url.ts';
import type {
  Cause,
  Certainty,
  ConfirmingCommand,
  EntryFields,
  Explanation,
  Place,
  StatusVerdict,
} from '../contract.ts';
import { faultOf, matchMessage, phaseOfKind } from '../errorlog/catalogue.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { HelperLine } from '../errorlog/helper-line.ts';
import type { Fault, MatchedMessage } from '../errorlog/message.ts';
import { causesOf } from '../errorlog/message.ts';
import type { FailureMode } from '../failures/failure-mode.ts';
import { failureMode, failureModes } from '../failures/index.ts';
import { attemptsOf } from './attempts.ts';
import { bestPlace, type Case, type FoundPlace, type Peer, type Weight } from './case.ts';
import { clientStatus } from './client-status.ts';
import { phaseCommands } from './commands.ts';
import { fitted } from './fit-command.ts';
import { causesOfGenerated, generatedBy, generatedNote } from './generated.ts';
import { helperEvidence } from './helper-evidence.ts';
import { findPlaces } from './locate.ts';
import type { PasteClues } from './paste-clues.ts';
import { withPair } from './request-pair.ts';
import { surroundingsOf } from './surroundings.ts';
import { tellApart } from './telling-apart.ts';

export interface ExplainContext {
  readonly model: ConfigModel | null;
  /** Other entries of the paste; a bounded number. */
  readonly neighbours?: readonly LogEntry[];
  readonly pathMap?: ReadonlyMap<string, string>;
  /** Lines of other programs in the paste; a bounded number. */
  readonly helpers?: readonly HelperLine[];
  /** What other lines of the paste tell of the machine. */
  readonly clues?: PasteClues | null;
}

/** Explains one entry: what happened, what the client got, whose fault it is, where it comes from, what to do. */
export function explain(entry: LogEntry, context: ExplainContext): Explanation {
  const matched = matchMessage(entry);
  if (!matched) return unknownMessage(entry);
  const failure = makeCase(entry, matched, context);
  const causes = rankCauses(failure);
  const notes: string[] = [];
  if (matched.note) notes.push(matched.note);
  if (context.model && failure.places.length === 0 && failure.peer) {
    notes.push(
      `no directive of this configuration leads to ${failure.peer.text}: the running nginx may use another file`,
    );
  }
  const remaining = causes.filter((ranked) => !ranked.refuted && !isDoubt(ranked)).map(({ cause }) => cause);
  if (remaining[0]) remaining[0].checks = tellApart(failure, remaining);
  const ranked = causes.map(({ cause }) => cause);
  const generated = generatedBy(failure);
  if (generated) notes.push(generatedNote(generated));
  const says = bestPlace(failure)?.says;
  if (says !== undefined) notes.push(says);
  const older = otherScheme(failure);
  if (older) notes.push(older);
  return {
    verdict: verdict(failure, causes),
    message: {
      id: matched.kind.id,
      text: entry.message,
      phase: phaseOfKind(matched.kind, entry),
      level: entry.level,
      errno: entry.errno?.code ?? null,
    },
    entry: fieldsOf(entry),
    status: statusOfCase(failure),
    causes: generated ? causesOfGenerated(ranked, generated) : ranked,
    place: placeOf(failure),
    attempts: attemptsOf(failure).map(({ upstream, message }) => ({ upstream: upstream!.raw, message })),
    notes,
  };
}

/** The directives that can have led to an entry, best first; none for a message that is not known. */
export function placesFor(entry: LogEntry, context: ExplainContext): readonly FoundPlace[] {
  const matched = matchMessage(entry);
  return matched ? makeCase(entry, matched, context).places : [];
}

/** Why the line may be of another configuration than the one at hand: the directive speaks another protocol now. */
function otherScheme(failure: Case): string | null {
  const scheme = bestPlace(failure)?.proxied?.scheme ?? null;
  const logged = failure.peer?.scheme ?? null;
  if (scheme === null || logged === null || scheme === logged) return null;
  return `the line says ${logged}://, this configuration ${scheme}://: nginx has not loaded it yet, or the line is older`;
}

function makeCase(entry: LogEntry, matched: MatchedMessage, context: ExplainContext): Case {
  const peer = peerOf(entry, matched);
  const lookUp = phaseOfKind(matched.kind, entry) === 'resolve' ? (matched.captures['name'] ?? null) : null;
  const places = context.model ? findPlaces(context.model, entry, peer, lookUp, context.pathMap) : [];
  return {
    entry,
    matched,
    peer,
    model: context.model,
    places,
    neighbours: (context.neighbours ?? []).filter((other) => other.line !== entry.line),
    helpers: context.helpers ?? [],
    surroundings: surroundingsOf(entry, context.model, context.clues ?? null, context.helpers ?? []),
    clues: context.clues ?? null,
  };
}

function statusOfCase(failure: Case): StatusVerdict {
  const status = clientStatus(failure);
  return { ...status, certainty: atMost(failure, status.certainty) };
}

/** The backend's address, from the `upstream:` field or else from the message. */
function peerOf(entry: LogEntry, matched: MatchedMessage): Peer | null {
  if (entry.upstream) {
    const { raw, scheme, address, port, socket, uri } = entry.upstream;
    const text =
      socket !== null
        ? `unix:${socket}`
        : address === null
          ? raw
          : port === null
            ? address
            : `${address}:${port}`;
    return { text, scheme, host: address, port, socket, uri };
  }
  const named = matched.captures['address'] ?? matched.captures['upstream'] ?? matched.captures['host'];
  if (named === undefined) return null;
  const url = parseUpstreamUrl('server', named);
  if (!url) return { text: named, scheme: null, host: named, port: null, socket: null, uri: null };
  return { text: named, scheme: null, host: url.host, port: url.port, socket: url.socket, uri: null };
}

interface Ranked {
  readonly cause: Cause;
  readonly refuted: boolean;
  readonly general: boolean;
  readonly mode: FailureMode;
}

/** Most causes to name when nothing speaks for them. */
const MAX_WITHOUT_EVIDENCE = 3;

/**
 * The order of the catalogue is that of "one cause first": the line's own fields decided it. What the configuration
 * or the neighbours make certain goes before, what they refute goes last, and a general cause gives way to a likely one.
 */
function rankCauses(failure: Case): Ranked[] {
  const ids = [...causesOf(failure.matched.kind, failure.entry)];
  for (const mode of failureModes) {
    const points = mode.signatures.some(
      (s) => s.message === failure.matched.kind.id && (s.when === undefined || s.when(failure.entry)),
    );
    if (points && !ids.includes(mode.id)) ids.push(mode.id);
  }
  const weights = new Map(ids.map((id) => [id, failureMode(id)?.weigh?.(failure) ?? null]));
  // What the case itself rules out is not what another program speaks of.
  const open = ids.filter((id) => weights.get(id) != null && weights.get(id)!.refuted !== true);
  const helped = helperEvidence(failure, open);
  for (const { id } of [...helped].reverse())
    ids.splice(0, ids.length, id, ...ids.filter((other) => other !== id));
  const ranked = ids.flatMap((id): Ranked[] => {
    const mode = failureMode(id);
    if (!mode) return [];
    const weight = weights.has(id) ? weights.get(id)! : (mode.weigh?.(failure) ?? null);
    if (!weight) return [];
    // What another program says of it makes it a specific one.
    const general = weight.general === true && !helped.some((told) => told.id === id);
    return [{ cause: toCause(failure, mode, weight), refuted: weight.refuted === true, general, mode }];
  });
  for (const { cause } of ranked) {
    const told = helped.find(({ id }) => id === cause.id);
    if (!told) continue;
    cause.because.unshift(told.because);
    if (cause.certainty === 'possible') cause.certainty = 'likely';
  }
  const order = ({ refuted, general, cause }: Ranked): number => {
    if (refuted) return 4;
    if (cause.certainty === 'certain') return 0;
    // What only something speaks against gives way to what something speaks for.
    if (!general && isDoubt({ cause }) && ranked.some((r) => !r.refuted && r.cause.because.length > 0))
      return 3;
    return !general && cause.certainty === 'likely' && ranked.some((r) => r.general) ? 1 : 2;
  };
  const sorted = ranked.map((r, i) => ({ r, i })).sort((a, b) => order(a.r) - order(b.r) || a.i - b.i);
  let bare = 0;
  const before = causesBefore(failure, ids);
  const own = sorted.map(({ r }) => r).filter((r) => !before.some(({ cause }) => cause.id === r.cause.id));
  const [first, ...others] = [...before, ...own];
  if (!first) return [];
  const speaksFor = ({ refuted, cause }: Ranked): boolean => !refuted && cause.because.length > 0;
  // Behind the first, what something speaks for is read before what is merely possible.
  return [first, ...others.filter(speaksFor), ...others.filter((r) => !speaksFor(r))].filter(
    (r) => r.cause.because.length > 0 || bare++ < MAX_WITHOUT_EVIDENCE,
  );
}

/** What only something speaks against. */
function isDoubt({ cause }: Pick<Ranked, 'cause'>): boolean {
  return cause.because.length === 0 && cause.against.length > 0;
}

const MAX_BEFORE = 2;

/** Causes of the lines that a symptom follows from, one for each id. */
function causesBefore(failure: Case, ids: readonly string[]): Ranked[] {
  const found = new Map<string, Ranked>();
  for (const entry of ids.flatMap((id) => failureMode(id)?.follows?.(failure) ?? [])) {
    const matched = matchMessage(entry);
    if (!matched) continue;
    const first = rankCauses(makeCase(entry, matched, failure))[0];
    if (!first || first.refuted || found.has(first.cause.id)) continue;
    const because = `an earlier line tells it${entry.upstream ? ` of ${entry.upstream.raw}` : ''}: ${entry.message}`;
    const certainty = first.cause.certainty === 'possible' ? 'possible' : 'likely';
    found.set(first.cause.id, {
      ...first,
      cause: { ...first.cause, certainty, because: [because, ...first.cause.because] },
    });
  }
  return [...found.values()].slice(0, MAX_BEFORE);
}

/** Nothing is certain of a line whose words are a guess. */
function atMost({ entry }: Pick<Case, 'entry'>, certainty: Certainty): Certainty {
  return entry.guessed && certainty === 'certain' ? 'likely' : certainty;
}

function toCause(failure: Case, mode: FailureMode, weight: Weight): Cause {
  const checks = mode.checks(failure);
  return {
    id: mode.id,
    certainty: atMost(failure, weight.certainty),
    because: [...weight.because],
    against: [...weight.against],
    do: sentence(mode.remedy.cure(failure)),
    mitigate: (mode.remedy.mitigateHere ?? (() => mode.remedy.mitigate))(failure),
    takesEffect: mode.remedy.takesEffect,
    checks: checksOf(failure, checks),
    fixes: [...(mode.fix?.(failure) ?? [])],
  };
}

/** A cause's commands, or those of the phase; with the pair that names the side, and fit for where nginx runs. */
function checksOf(failure: Case, own: readonly ConfirmingCommand[]): ConfirmingCommand[] {
  const commands = own.length > 0 ? own : phaseCommands(failure);
  const onTheWay = ON_THE_WAY.has(phaseOfKind(failure.matched.kind, failure.entry));
  return fitted(onTheWay ? withPair(failure, commands) : commands, failure.surroundings);
}

/** Phases of a request that was on its way to a backend. */
const ON_THE_WAY: ReadonlySet<string> = new Set([
  ...['prepare', 'resolve', 'connect', 'tls', 'send', 'header', 'body', 'upgraded'],
]);

const WHOSE: Record<Fault, string> = {
  configuration: 'the configuration causes it',
  backend: "it is the backend's fault, not nginx's",
  network: "it is the network's fault, not nginx's",
  'host-limit': "a limit of nginx's machine causes it",
  client: "it is the client's side, not the backend's",
  nobody: 'nothing is broken',
  unknown: '',
};

function verdict(failure: Case, causes: readonly Ranked[]): string {
  const { matched, entry } = failure;
  const happened = matched.kind.meaning(entry).trim().replace(/\.$/, '');
  const first = causes[0];
  // A certain cause that the file itself holds outweighs what the message alone says.
  const configured =
    first?.cause.certainty === 'certain' && first.mode.detect !== undefined && first.cause.fixes.length > 0;
  const fault = configured ? 'configuration' : faultOf(matched.kind, entry);
  // Several causes and no evidence for any that says more than the message: the verdict must not be surer than they are.
  const open =
    causes.length > 1 && causes.every(({ cause, general }) => general || cause.because.length === 0);
  // A likely cause that a reload of nginx cures: then nobody is to say that it is the backend.
  const ownCure =
    fault === 'backend' &&
    first !== undefined &&
    !first.general &&
    first.cause.certainty !== 'possible' &&
    first.mode.remedy.takesEffect?.startsWith('nginx -s reload') === true;
  const whose = ownCure || (fault === 'configuration' && open) ? '' : WHOSE[fault];
  return whose === '' ? `${happened}.` : `${happened}; ${whose}.`;
}

function placeOf(failure: Case): Explanation['place'] {
  const [best, ...others] = failure.places;
  if (!best || !failure.model) return null;
  const model = failure.model;
  // What fits clearly worse is no alternative.
  const close = others.filter((place) => best.fit - place.fit < 0.2).slice(0, 5);
  return { ...toPlace(model, best), alternatives: close.map((place) => toPlace(model, place)) };
}

function toPlace(model: ConfigModel, place: FoundPlace): Place {
  const block = place.location ?? place.server ?? place.node.parent;
  const log = block ? effective(model, 'error_log', block).nodes[0] : undefined;
  return {
    server: place.server
      ? { ...place.server.site, names: [...serverNames(place.server)].filter((name) => name !== '') }
      : null,
    location: place.location ? { ...place.location.site, text: place.location.text } : null,
    directive: place.site ? { ...place.site } : { ...place.node.site, text: place.node.text },
    errorLog: log ? { path: log.arg(0) ?? '', level: log.arg(1) ?? 'error' } : null,
    trace: [...place.trace],
  };
}

/** Lines of the same request, in order: one for each peer that was tried. */
/** What of an entry stands in the answer. */
const FIELDS = [
  'time',
  'level',
  'pid',
  'connection',
  'client',
  'server',
  'request',
  'subrequest',
  'upstream',
  'host',
  'referrer',
  'truncated',
] as const satisfies readonly (keyof EntryFields)[];

function fieldsOf(entry: LogEntry): EntryFields {
  return Object.fromEntries(FIELDS.map((name) => [name, entry[name]])) as EntryFields;
}

function unknownMessage(entry: LogEntry): Explanation {
  return {
    verdict: 'This is an nginx log line, but its message is not among those that lead to a 502.',
    message: null,
    entry: fieldsOf(entry),
    status: {
      code: null,
      outcome: null,
      certainty: 'possible',
      note: 'the message tells nothing about the answer',
    },
    causes: [],
    place: null,
    attempts: [],
    notes: [],
  };
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return `${trimmed[0]!.toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
}
