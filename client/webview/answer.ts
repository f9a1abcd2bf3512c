import type { Cause, Drawing, DrawnCause, DrawnFix, DrawnPlace, Explanation } from 'nginx-502/protocol';
import type { PanelAnswer, PanelState, ShownGroup, ViewMessage } from '../src/panel-messages.ts';
import { button, type Content, h } from './elements.ts';

type Say = (message: ViewMessage) => void;

/** Causes shown in full; the others at a click. */
const MAX_CAUSES = 3;

/** All below the box: the answer, what went wrong, or ways to begin. */
export function answerView(state: PanelState, say: Say, box: HTMLTextAreaElement): Node[] {
  if (state.failure !== null) return [failureView(state.failure, say)];
  if (!state.answer) return [startsView(state, say, box)];
  const { answer } = state;
  return [
    ...answer.problems.map((problem) => h('p', { class: 'problem' }, problem)),
    ...(answer.nothing ? [nothingView(answer.nothing)] : []),
    ...answer.groups.map((shown, i) => groupView(shown, i, state, answer, say)),
    footerView(answer, say),
  ];
}

function failureView(failure: string, say: Say): Node {
  return h(
    'section',
    { class: 'nothing' },
    h('p', {}, failure),
    h(
      'div',
      { class: 'row' },
      button('Restart language server', () => say({ kind: 'restart' }), { key: 'restart' }),
    ),
  );
}

function nothingView(lines: readonly string[]): Node {
  return h(
    'section',
    { class: 'nothing' },
    lines.map((line) => h('p', {}, line)),
  );
}

/** Where error.log is, for people who have only seen the page. */
const WHERE_LOGS_ARE: readonly (readonly [string, string])[] = [
  ['tail -n 50 /var/log/nginx/error.log', 'a package of Debian, Ubuntu, RHEL, Alpine'],
  ['docker logs --tail 50 CONTAINER', 'the official image, Compose'],
  ['kubectl logs --tail=50 POD', 'Kubernetes, ingress-nginx'],
  ['journalctl -u nginx -n 50', 'where error_log is stderr or syslog'],
];

function startsView(state: PanelState, say: Say, box: HTMLTextAreaElement): Node {
  const start = (title: string, text: string, run: () => void, key: string): Node => {
    const element = h(
      'button',
      { type: 'button', class: 'start', 'data-key': key },
      h('strong', {}, title),
      h('span', { class: 'dim' }, text),
    );
    element.addEventListener('click', run);
    return h('li', {}, element);
  };
  return h(
    'section',
    { class: 'starts' },
    h('h2', {}, 'Start with'),
    h(
      'ul',
      {},
      start(
        'A line',
        'Paste it above, or select it in an editor and choose "Explain this 502 log line" from the context menu. Prefixes of docker, journald or Kubernetes may stay.',
        () => box.focus(),
        'start-line',
      ),
      state.openLog !== null
        ? start(
            `This log: ${state.openLog}`,
            'All its lines, equal ones together.',
            () => say({ kind: 'readOpenLog' }),
            'start-open',
          )
        : null,
      start(
        'An error.log',
        'A file of any size, packed or not. It is read here and stays here.',
        () => say({ kind: 'readLog' }),
        'start-file',
      ),
    ),
    h(
      'details',
      { 'data-key': 'start-page' },
      h('summary', {}, 'Only the error page'),
      h('p', {}, 'The page does not hold the cause; the error log does. It is where nginx runs:'),
      WHERE_LOGS_ARE.map(([run, where]) => commandView(run, where, say)),
    ),
    h(
      'p',
      { class: 'dim foot' },
      state.configuration === null
        ? 'No configuration is in sight. '
        : `It will be judged by ${state.configuration}. `,
      button(
        state.configuration === null ? 'Choose one…' : 'Choose another…',
        () => say({ kind: 'configure' }),
        {
          kind: 'link',
          key: 'configure',
        },
      ),
    ),
  );
}

function groupView(shown: ShownGroup, i: number, state: PanelState, answer: PanelAnswer, say: Say): Node {
  const { group, drawing } = shown;
  const { explanation } = group;
  const body = [
    trackView(shown),
    // A single line stands in the box already.
    state.log === null && state.text.trim() === group.sample.trim() ? null : sampleView(group.sample, i),
    ...(drawing.place ? placeView(drawing.place, drawing.alternatives, i, answer, say) : []),
    ...causesView(shown, i, answer, say),
    ...checksView(explanation, say),
    ...notesView(shown),
  ];
  if (i === 0) return h('article', { class: 'event' }, verdictView(explanation, 'h2'), body);
  return h(
    'details',
    { class: 'event', 'data-key': `event-${i}` },
    h('summary', {}, verdictView(explanation, 'h2'), h('span', { class: 'chip' }, times(group.count))),
    body,
  );
}

function sampleView(sample: string, i: number): Node {
  return h(
    'details',
    { class: 'sample', 'data-key': `sample-${i}` },
    h('summary', {}, 'The line'),
    h('pre', { class: 'wrap', tabindex: '0' }, sample),
  );
}

function verdictView({ verdict, status, message }: Explanation, heading: 'h2'): Node {
  const code = status.code ?? (message?.phase === 'start-up' ? 'start' : null);
  const sure = status.certainty === 'certain' ? '' : ` (${status.certainty})`;
  return h(
    'div',
    { class: 'verdict' },
    code === null ? null : h('span', { class: `code${code.length > 3 ? ' word' : ''}` }, code),
    h(
      'div',
      {},
      h(heading, {}, verdict),
      status.note === '' ? null : h('p', { class: 'dim' }, `${status.note}${sure}`),
    ),
  );
}

const STATES = {
  passed: 'done',
  failed: 'failed here',
  absent: 'not part of this',
  unknown: 'not known',
  ahead: 'not reached',
} as const;

function trackView({ drawing }: ShownGroup): Node | null {
  const { track } = drawing;
  if (!track) return null;
  const way = h(
    'div',
    { class: 'way' },
    h(
      'ol',
      { class: 'track', 'aria-label': 'The way to the backend' },
      track.map(({ name, state }) =>
        h(
          'li',
          { class: state, title: `${name}: ${STATES[state]}` },
          h('span', { class: 'name' }, name),
          h('span', { class: 'hidden' }, `: ${STATES[state]}`),
        ),
      ),
    ),
  );
  if (drawing.errno !== null) {
    const errno = h('p', { class: 'errno' }, drawing.errno);
    // Below the failing step, and never beyond the ends of the track.
    const at = (track.findIndex(({ state }) => state === 'failed') + 0.5) / track.length;
    errno.style.setProperty('--at', `${Math.round(at * 100)}%`);
    way.append(errno);
  }
  return way;
}

function placeView(
  place: DrawnPlace,
  others: Drawing['alternatives'],
  i: number,
  answer: PanelAnswer,
  say: Say,
): Node[] {
  const name = ({ uri, range }: DrawnPlace): string => `${answer.names[uri] ?? uri}:${range.start.line}`;
  // What stands in the paste itself is no file to go to.
  const jump = (to: DrawnPlace, key: string): Content =>
    !to.uri.includes(':')
      ? h('span', { class: 'dim' }, `line ${to.range.start.line} of the paste`)
      : button(name(to), () => say({ kind: 'jump', uri: to.uri, range: to.range }), {
          kind: 'link',
          label: `Go to ${to.text}, ${name(to)}`,
          key,
        });
  return [
    h('h3', {}, 'Where'),
    h(
      'div',
      { class: 'place' },
      h('div', { class: 'head' }, h('code', {}, place.text), jump(place, `jump-${i}`)),
      place.lines.length === 0 ? null : sourceView(place),
    ),
    ...(others.length === 0
      ? []
      : [
          h('p', { class: 'also dim' }, 'Also possible:'),
          h(
            'ul',
            { class: 'also dim' },
            others.map((other, k) =>
              h('li', {}, jump(other, `jump-${i}-${k}`), ` ${other.text}: ${other.why}`),
            ),
          ),
        ]),
  ];
}

function sourceView({ lines }: DrawnPlace): Node {
  const width = String(lines.at(-1)?.number ?? 0).length;
  return h(
    'pre',
    { class: 'source', tabindex: '0', 'aria-label': 'The configuration there' },
    lines.map(
      ({ number, text, mark }, i): Content => [
        i > 0 && number > lines[i - 1]!.number + 1 ? h('span', { class: 'gap' }, '\u22ef') : null,
        h(
          'span',
          { class: 'line' },
          h('span', { class: 'number' }, String(number).padStart(width)),
          mark ? [text.slice(0, mark[0]), h('mark', {}, text.slice(...mark)), text.slice(mark[1])] : text,
          '\n',
        ),
      ],
    ),
  );
}

/** A cause against which alone something speaks. */
function isRefuted({ because, against }: Cause): boolean {
  return against.length > 0 && because.length === 0;
}

function causesView({ index, group, drawing }: ShownGroup, i: number, answer: PanelAnswer, say: Say): Node[] {
  const all = group.explanation.causes.map((cause, k) => ({ cause, drawn: drawing.causes[k]! }));
  const likely = all.filter(({ cause }) => !isRefuted(cause));
  const shown = likely.slice(0, MAX_CAUSES);
  const rest = all.filter((entry) => !shown.includes(entry));
  const view = (entry: (typeof all)[number], rank: number): Node =>
    causeView(entry.cause, entry.drawn, rank, index, `${i}-${entry.cause.id}`, answer, say);
  return [
    ...(shown.length > 0 ? [h('h3', {}, shown.length === 1 ? 'Cause' : 'Causes'), ...shown.map(view)] : []),
    ...(rest.length > 0
      ? [
          h(
            'details',
            { class: 'rest', 'data-key': `rest-${i}` },
            h('summary', {}, `${rest.length} less likely`),
            rest.map((entry) => view(entry, MAX_CAUSES)),
          ),
        ]
      : []),
  ];
}

function causeView(
  cause: Cause,
  drawn: DrawnCause,
  rank: number,
  index: number,
  key: string,
  answer: PanelAnswer,
  say: Say,
): Node {
  const first = rank === 0;
  return h(
    'section',
    { class: `cause${first ? ' first' : ''}` },
    h('h4', {}, drawn.title, h('span', { class: `chip ${cause.certainty}` }, cause.certainty)),
    cause.because.length + cause.against.length === 0
      ? null
      : h(
          'ul',
          { class: 'evidence' },
          cause.because.map((text) => h('li', {}, h('span', { class: 'hidden' }, 'For: '), text)),
          cause.against.map((text) =>
            h('li', { class: 'no' }, h('span', { class: 'hidden' }, 'Against: '), text),
          ),
        ),
    h('p', { class: 'do' }, cause.do),
    first && cause.mitigate !== null ? labelled('Right now', cause.mitigate) : null,
    first && cause.takesEffect !== null ? labelled('Takes effect', cause.takesEffect) : null,
    drawn.fixes.map((fix) => fixView(fix, first, index, cause.id, key, answer, say)),
    first
      ? null
      : cause.checks.length === 0
        ? null
        : h(
            'details',
            { 'data-key': `checks-${key}` },
            h('summary', {}, 'How to tell'),
            cause.checks.map(({ run, where, expect }) => commandView(run, `${where}: ${expect}`, say)),
          ),
    h(
      'p',
      { class: 'id dim' },
      h('code', {}, cause.id),
      drawn.page === null ? null : [' \u00b7 ', h('a', { href: drawn.page }, 'nginx.org')],
    ),
  );
}

function labelled(label: string, text: string): Node {
  return h('p', { class: 'labelled' }, h('span', { class: 'dim' }, `${label}: `), text);
}

const SAFETY = {
  safe: 'changes nothing that works',
  review: 'look at it before you save',
  choice: 'one way of several: your decision',
} as const;

function fixView(
  fix: DrawnFix,
  first: boolean,
  index: number,
  cause: string,
  key: string,
  answer: PanelAnswer,
  say: Say,
): Node {
  const choice = { group: index, cause, fix: fix.title };
  return h(
    'div',
    { class: 'fix' },
    h('p', { class: 'fix-title' }, sentence(fix.title), h('span', { class: 'chip' }, SAFETY[fix.safety])),
    fix.files.map(({ uri, lines }) =>
      h(
        'figure',
        { class: 'diff' },
        fix.files.length > 1 ? h('figcaption', { class: 'dim' }, answer.names[uri] ?? uri) : null,
        h(
          'pre',
          { tabindex: '0', 'aria-label': `Changes in ${answer.names[uri] ?? uri}` },
          lines.map(({ kind, text }) =>
            kind === 'gap'
              ? h('span', { class: 'gap' }, '\u22ef')
              : h('span', { class: `line ${kind}` }, SIGNS[kind], text, '\n'),
          ),
        ),
      ),
    ),
    fix.files.some(({ uri }) => !uri.includes(':'))
      ? null
      : h(
          'div',
          { class: 'row' },
          button('Apply fix', () => say({ kind: 'apply', ...choice }), {
            kind: first && fix.safety !== 'choice' ? 'primary' : 'secondary',
            label: `Apply fix: ${fix.title}`,
            key: `apply-${key}-${fix.title}`,
          }),
          button('Preview', () => say({ kind: 'preview', ...choice }), {
            label: `Preview fix: ${fix.title}`,
            key: `preview-${key}-${fix.title}`,
          }),
        ),
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const SIGNS = { add: '+ ', remove: '\u2212 ', same: '  ' } as const;

function checksView({ causes }: Explanation, say: Say): Node[] {
  const checks = causes.find((cause) => !isRefuted(cause))?.checks ?? [];
  if (checks.length === 0) return [];
  return [
    h('h3', {}, 'To be sure'),
    ...checks.map(({ run, where, expect }) => commandView(run, `${where}: ${expect}`, say)),
  ];
}

function commandView(run: string, then: string, say: Say): Node {
  const copy = button(
    'Copy',
    () => {
      say({ kind: 'copy', text: run });
      copy.textContent = 'Copied';
      setTimeout(() => {
        copy.textContent = 'Copy';
      }, 1500);
    },
    { label: `Copy: ${run}`, key: `copy-${run}` },
  );
  return h(
    'div',
    { class: 'command' },
    h('div', { class: 'run' }, h('code', { tabindex: '0' }, run), copy),
    h('p', { class: 'dim then' }, then),
  );
}

function notesView({ group }: ShownGroup): Node[] {
  const { explanation } = group;
  const notes = [...explanation.notes];
  if (explanation.attempts.length > 0) {
    notes.unshift(`Tried: ${explanation.attempts.map(({ upstream }) => upstream).join(', then ')}.`);
  }
  if (group.count > 1) {
    const span =
      group.first !== null && group.last !== null && group.first !== group.last
        ? `, ${group.first} to ${group.last}`
        : '';
    notes.unshift(`Seen ${times(group.count)}${span}.`);
  }
  if (notes.length === 0) return [];
  return [
    h('h3', {}, 'Notes'),
    h(
      'ul',
      { class: 'notes' },
      notes.map((note) => h('li', {}, sentence(note))),
    ),
  ];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count.toLocaleString('en')} times`;
}

function footerView(answer: PanelAnswer, say: Say): Node {
  const { judgedBy, version } = answer;
  const words: string[] = [];
  if (answer.more > 0) words.push(`${answer.more} more kinds of event are not shown.`);
  if (answer.others > 0)
    words.push(`${answer.others} other nginx message${answer.others === 1 ? '' : 's'} in the text.`);
  if (answer.unrecognised > 0) {
    words.push(`${answer.unrecognised} line${answer.unrecognised === 1 ? '' : 's'} not read as nginx's.`);
  }
  const others = judgedBy ? judgedBy.files - 1 : 0;
  const by = judgedBy
    ? `Judged by ${judgedBy.entry}${others > 0 ? ` and ${others} more file${others === 1 ? '' : 's'}` : ''}, ${
        version.value === null ? 'nginx of any version' : `nginx ${version.value} (${version.from})`
      }. `
    : 'Judged by the text alone: with a configuration there would be a place and surer causes. ';
  return h(
    'footer',
    { class: 'dim' },
    words.length > 0 ? h('p', {}, words.join(' ')) : null,
    h(
      'p',
      {},
      by,
      button(
        judgedBy ? 'Judge by another\u2026' : 'Choose a configuration\u2026',
        () => say({ kind: 'configure' }),
        {
          kind: 'link',
          key: 'configure',
        },
      ),
    ),
  );
}
