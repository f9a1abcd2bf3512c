import { type GeneratorId, generatorOf, generatorOfSocket, ingressOf } from '../config/generators.ts';
import type { ConfigModel } from '../config/model.ts';
import type { Cause, Finding, Fix } from '../contract.ts';
import type { Case } from './case.ts';
import { familyOf, GENERATORS } from './generator-remedies.ts';

/** What is said of configurations that a program writes: edits there are lost, so the answer names what makes them. */

interface Generated {
  readonly id: GeneratorId;
  /** What says so. */
  readonly because: string;
  /** The object to change, where it is known: `Ingress shop/web`. */
  readonly object: string | null;
}

/** Who has written the configuration of a case: by the file of its place, by the line, by an access line beside it. */
export function generatedBy(failure: Case): Generated | null {
  const place = failure.places[0];
  if (place && failure.model) {
    const id = generatorOf(failure.model, place.node.file);
    const ingress = id === 'ingress-nginx' && place.location ? ingressOf(place.location) : null;
    if (id) return { id, because: place.node.file, object: ingress === null ? null : `Ingress ${ingress}` };
    // A file that people write beside generated ones.
    if (!failure.peer?.socket) return null;
  }
  const { peer } = failure;
  const bySocket = peer?.socket ? generatorOfSocket(peer.socket) : null;
  if (bySocket && !place) return { id: bySocket, because: `unix:${peer!.socket}`, object: null };
  if (peer?.text === 'upstream_balancer')
    return { id: 'ingress-nginx', because: 'upstream_balancer', object: null };
  const service = place ? null : ingressService(failure);
  return service === null
    ? null
    : {
        id: 'ingress-nginx',
        because: `[${service}] in an access line`,
        object: `the backend is ${service} (namespace-service-port)`,
      };
}

/** ingress-nginx's access lines name the backend in brackets before its address (its log-format-upstream). */
const UPSTREAM_INFO =
  / \[([a-z0-9][a-z0-9.-]{2,250}-(?:\d{1,5}|[a-z][a-z0-9-]{0,14}))\] \[[a-z0-9.-]{0,250}\] (\S{3,60})/;

function ingressService({ helpers, peer }: Case): string | null {
  if (!peer) return null;
  for (const { kind, text } of helpers) {
    const match = kind === 'access-log' ? UPSTREAM_INFO.exec(text) : null;
    if (match && match[2]!.replace(/,$/, '') === peer.text) return match[1]!;
  }
  return null;
}

/** The note for the whole answer. */
export function generatedNote({ id, because, object }: Generated): string {
  const { name } = GENERATORS[id];
  const what = object === null ? '' : `; ${object}`;
  return `${name} writes this configuration (${because}) and overwrites what is edited there${what}`;
}

/** Causes with the place to change in the generator, where nginx's configuration is what cures them. */
export function causesOfGenerated(causes: readonly Cause[], generated: Generated): Cause[] {
  const said = new Set<string>();
  return causes.map((cause) => causeOfGenerated(cause, generated, said));
}

function causeOfGenerated(cause: Cause, { id, object }: Generated, said: Set<string>): Cause {
  const { name, takesEffect } = GENERATORS[id];
  const fixes = cause.fixes.map(reviewed);
  const reloads = cause.takesEffect?.startsWith('nginx -s reload') === true;
  const where = remedyIn(id, cause.id, fixes.length > 0 || reloads);
  if (where === null) return { ...cause, fixes };
  // Several causes can have one remedy, which is read once.
  const again = said.has(where);
  said.add(where);
  const onObject = object?.startsWith('Ingress ') ? where.replace('on the Ingress', `on ${object}`) : where;
  return {
    ...cause,
    do: again ? cause.do : `${cause.do} ${name} writes this file: ${onObject}.`,
    // What stops the bleeding in nginx's files is overwritten as well.
    mitigate: /upstream block|_next_upstream|_pass/.test(cause.mitigate ?? '') ? null : cause.mitigate,
    takesEffect: reloads ? takesEffect : cause.takesEffect,
    fixes,
  };
}

/** A finding in a generated file, the same way. */
export function findingOfGenerated(model: ConfigModel, finding: Finding): Finding {
  const id = generatorOf(model, finding.file);
  if (id === null) return finding;
  const where = remedyIn(id, finding.id, false);
  return {
    ...finding,
    do:
      where === null
        ? finding.do
        : `${finding.do.replace(/\.$/, '')}. ${GENERATORS[id].name} writes this file: ${where}.`,
    fixes: finding.fixes.map(reviewed),
  };
}

/** Where the remedy of a cause is set; what a generator knows no name for only where nginx's own files cure it. */
function remedyIn(id: GeneratorId, cause: string, inNginx: boolean): string | null {
  const { where } = GENERATORS[id];
  const family = familyOf(cause);
  if (family === 'target') return where.target ?? null;
  if (family) return where[family] ?? where.other;
  return inNginx ? where.other : null;
}

/** What the generator overwrites is no safe cure. */
function reviewed(fix: Fix): Fix {
  return fix.safety === 'safe' ? { ...fix, safety: 'review' } : fix;
}
