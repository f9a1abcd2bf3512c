import { allProxied } from '../config/proxied.ts';
import { definitionsOf, variablesIn } from '../config/variables.ts';
import { bestPlace, type Case, type FoundPlace } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { operand } from '../diagnosis/shell.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * What the variables of a *_pass come to is no URL: empty because a map has no default or nothing set the variable on
 * this way, without a scheme, with two, or with a port that is none (ngx_http_proxy_eval, ngx_parse_url). nginx finds
 * out with the request and answers 500 before it connects to anybody. The line has no upstream field. Deliberately
 * leaves alone: names that cannot be resolved (resolver-failed) and addresses refused at start.
 */
export const invalidUpstreamVariable: FailureMode = {
  id: 'invalid-upstream-variable',
  title: 'The variable in *_pass does not give a usable address',
  what: 'proxy_pass (or another *_pass) holds a variable, and the text that it became for this request is no address of a backend.',
  why: 'nginx cannot connect anywhere and answers 500, not 502. Mostly the variable was empty: no line of a map matched and it has no default, or no set ran on the way to this location.',
  do: 'Make sure that proxy_pass and the value together give http://HOST:PORT: scheme once, a valid port, no spaces. Give the map a default, or set the variable on every way to this location.',
  status: '500',
  versions: null,
  hits: 'requests for which the variable has that value',
  signatures: [
    { message: 'invalid-url-prefix-in-variable' },
    { message: 'zero-length-uri' },
    ...['invalid-host', 'invalid-port', 'no-host', 'no-port', 'invalid-ipv6-address'].map((reason) => ({
      message: `${reason}-in-upstream`,
      when: ({ level, at }: { level: string | null; at: object | null }) => level !== 'emerg' && at === null,
    })),
    { message: 'uninitialised-variable' },
  ],
  weigh(failure) {
    const { entry, matched, model } = failure;
    if (matched.kind.id === 'uninitialised-variable') {
      const name = /"([^"]+)"/.exec(entry.message)?.[1];
      const used = model !== null && name !== undefined && allProxied(model).some(usesVariable(name));
      if (model !== null && !used) return null;
      const because = used ? [`$${name} stands in a *_pass, and nothing set it for this request`] : [];
      return { certainty: used ? 'likely' : 'possible', because, against: [] };
    }
    if (matched.kind.id === 'variable-cycle') {
      const because = ['a variable is made of itself, so it stays empty'];
      return { certainty: 'likely', because, against: [] };
    }
    if (isStart(failure)) {
      const because = [
        'nginx reads this address when it starts: a template that makes the file left a part empty',
      ];
      return { certainty: 'possible', because, against: [] };
    }
    const text = textOf(failure);
    const because = [text === '' ? 'the variables came to nothing' : `the variables came to "${text}"`];
    const place = holder(failure);
    if (place?.proxied?.target.kind === 'variable') because.push(`${place.node.text} holds a variable`);
    because.push(...emptyFor(failure, place));
    return { certainty: 'certain', because, against: [] };
  },
  remedy: {
    cure(failure) {
      if (isStart(failure))
        return 'set the environment variable that the template of this file has there (envsubst makes nothing of one that is not set), or write the address as http://HOST:PORT';
      const text = textOf(failure);
      const place = holder(failure);
      const pass = place?.node.text ?? 'proxy_pass';
      if (/^https?:\/\/https?:/i.test(text))
        return `write the scheme once: it stands in ${pass} and in the value of the variable`;
      if (emptyFor(failure, place).length > 0)
        return 'give the map a default that is a backend, so that the variable is never empty';
      if (EMPTY.test(text))
        return `set the variable of ${pass} on every way to this location: a default in its map, or set before it is used`;
      if (/^invalid URL prefix/.test(failure.entry.message))
        return `let ${pass} and the value together begin with http:// or https://`;
      return `make sure that ${pass} and the value together give http://HOST:PORT: a port from 1 to 65535, no spaces`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks(failure) {
    const { at } = failure.entry;
    if (isStart(failure))
      return at?.line == null
        ? []
        : [
            {
              run: `sed -n ${at.line}p ${operand(at.file)}`,
              where: onNginx(failure),
              expect: 'the directive as nginx reads it, with the gap where a host or a port is missing.',
            },
          ];
    const names = variablesOf(holder(failure));
    return [
      {
        run: `nginx -T 2>/dev/null | grep -nE '${names.length > 0 ? names.map((name) => `[$][{]?${name}`).join('|') : 'proxy_pass.*[$]'}'`,
        where: onNginx(failure),
        expect:
          'every line that sets or uses the variable: one that covers this request is missing, or gives another text than it should.',
      },
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
    'https://nginx.org/en/docs/http/ngx_http_map_module.html#map',
  ],
};

/** Whether nginx found it in the file, before there was a request. */
function isStart({ entry }: Case): boolean {
  return entry.level === 'emerg' || entry.at !== null;
}

/** What nginx made of the directive, as the message quotes it. */
function textOf({ entry }: Case): string {
  return /"(.*)"/.exec(entry.message)?.[1] ?? '';
}

/** The *_pass with the variable: the location of the request, as the line names no backend. */
function holder(failure: Case): FoundPlace | null {
  const place = bestPlace(failure);
  return place?.proxied?.target.kind === 'variable' ? place : null;
}

function variablesOf(place: FoundPlace | null): readonly string[] {
  const target = place?.proxied?.target;
  return target?.kind === 'variable' ? variablesIn(target.text) : [];
}

function usesVariable(name: string): (target: ReturnType<typeof allProxied>[number]) => boolean {
  return ({ target }) => target.kind === 'variable' && variablesIn(target.text).includes(name.toLowerCase());
}

/** Maps without a default among what makes the address, where the text lacks its host. */
function emptyFor(failure: Case, place: FoundPlace | null): string[] {
  const { model } = failure;
  if (!model || !EMPTY.test(textOf(failure))) return [];
  return variablesOf(place).flatMap((name) =>
    (definitionsOf(model).get(name) ?? [])
      .filter(({ node, kind }) => kind === 'map' && !node.children.some((entry) => entry.name === 'default'))
      .map(({ node }) => `${node.text} has no default, so what it does not list is empty`),
  );
}

/** No host behind the scheme, or not even one. */
const EMPTY = /^(?:https?:\/\/)?(?:$|[:/])/i;
