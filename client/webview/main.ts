import type { PanelState, StateMessage, ViewMessage } from '../src/panel-messages.ts';
import { answerView } from './answer.ts';
import { button, h, visible } from './elements.ts';

declare function acquireVsCodeApi(): { postMessage(message: ViewMessage): void };

const vscode = acquireVsCodeApi();
const say = (message: ViewMessage): void => vscode.postMessage(message);

/** Characters of the shown words that are told to the extension. */
const MAX_TOLD = 20_000;

let state: PanelState | null = null;

const box = h('textarea', {
  id: 'box',
  rows: '3',
  spellcheck: 'false',
  autocomplete: 'off',
  'aria-describedby': 'box-hint',
  placeholder: '2026/01/31 03:00:00 [error] 29#29: *8 connect() failed (111: Connection refused) while …',
});
const explain = button('Explain', () => say({ kind: 'explain', text: box.value }), {
  kind: 'primary',
  key: 'explain',
});
const hint = h('p', { class: 'dim hint', id: 'box-hint' });
const form = h(
  'section',
  { class: 'paste' },
  h('label', { for: 'box' }, 'Lines of error.log'),
  h('div', { class: 'box' }, box),
  h('div', { class: 'row' }, explain, hint),
);
/** Told to screen readers whenever it changes. */
const live = h('div', { class: 'live', role: 'status' });
const out = h('div', { id: 'answer' });
document.body.append(
  h('main', {}, h('h1', { class: 'hidden' }, 'Explain this 502 log line'), form, live, out),
);

box.addEventListener('input', () => {
  grow();
  say({ kind: 'draft', text: box.value });
});
box.addEventListener('paste', () => {
  // Whoever pastes into an empty box wants the answer; inside a text they may be at work.
  const whole = box.selectionStart === 0 && box.selectionEnd === box.value.length;
  if (whole) setTimeout(() => say({ kind: 'explain', text: box.value }));
});
box.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  say({ kind: 'explain', text: box.value });
});
// A paste anywhere else in the panel is meant for the box.
document.addEventListener('paste', (event) => {
  const text = event.clipboardData?.getData('text/plain') ?? '';
  if (event.target === box || text === '') return;
  event.preventDefault();
  box.value = text;
  say({ kind: 'explain', text });
});

/** The box is as high as its text, up to where the answer would leave the sight. */
function grow(): void {
  const lines = box.value.split('\n', 8).length;
  box.rows = box.value === '' ? 3 : Math.min(8, Math.max(2, lines));
}

/** The control that has the keyboard, by a key that outlives the redrawing. */
function focusedKey(): string | null {
  return document.activeElement instanceof HTMLElement
    ? (document.activeElement.dataset['key'] ?? null)
    : null;
}

function show(next: PanelState): void {
  const key = focusedKey();
  const open = new Map(
    [...out.querySelectorAll('details')].map((details) => [details.dataset['key'], details.open]),
  );
  state = next;
  if (box.value !== next.text) {
    box.value = next.text;
    grow();
  }
  hint.textContent =
    next.log === null
      ? 'Paste and it is explained. Ctrl+Enter explains again.'
      : visible(`Shown: ${next.log}`);
  document.body.classList.toggle('busy', next.busy);
  out.setAttribute('aria-busy', String(next.busy));
  const first = next.answer?.groups[0]?.group.explanation.verdict;
  const news = next.busy
    ? 'Working…'
    : (next.notice ?? next.failure ?? next.answer?.nothing?.[0] ?? first ?? '');
  const told = h('p', { class: next.notice !== null ? 'notice' : 'hidden' }, news);
  if (live.textContent !== told.textContent || live.firstElementChild?.className !== told.className) {
    live.replaceChildren(told);
  }
  if (!next.busy || next.answer) out.replaceChildren(...answerView(next, say, box));
  for (const details of out.querySelectorAll('details')) {
    details.open = open.get(details.dataset['key']) ?? details.open;
  }
  if (key !== null) out.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

window.addEventListener('message', ({ data }: MessageEvent<StateMessage>) => {
  if (data?.kind !== 'state') return;
  const isNew = JSON.stringify(state) !== JSON.stringify(data.state);
  if (isNew) show(data.state);
  if (data.focus) box.focus();
  say({ kind: 'ack', id: data.id, shown: document.body.innerText.slice(0, MAX_TOLD) });
});

say({ kind: 'ready' });
