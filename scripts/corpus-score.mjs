// How the lines of test/corpus are put to `explain`, and what counts as right.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './set-up.mjs';

/** Of the entries that log or configuration decide, so many per cent must have the confirmed cause first ... */
export const GOAL_FIRST = 85;
/** ... and so many among the first three. */
export const GOAL_THREE = 95;

export function readCorpus() {
  return readFileSync(path.join(root, 'test/corpus/lines.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** How many results have what `key` says ("first", "three"), and in per cent. */
export function share(results, key) {
  const count = results.filter((result) => result[key]).length;
  return { count, percent: results.length === 0 ? 100 : (100 * count) / results.length };
}

/** What the command says to one paste, as its JSON; null when it failed. */
export async function explained(explainCommand, entry, work) {
  const args = ['--format', 'json'];
  if (entry.config !== null) {
    // A folder of its own: what stands beside a configuration is read with it.
    const folder = path.join(work, entry.id);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'nginx.conf'), entry.config);
    args.push('--config', path.join(folder, 'nginx.conf'));
  }
  let text = '';
  const io = {
    cwd: work,
    env: {},
    stdin: { isTTY: false },
    stdout: { isTTY: false },
    out: (piece) => {
      text += piece;
    },
    err: () => {},
    readStdin: async () => entry.paste,
    stdinChunks: async function* () {
      yield Buffer.from(entry.paste);
    },
  };
  try {
    await explainCommand([...args, '-'], io);
    return JSON.parse(text);
  } catch (error) {
    return { failed: error.message };
  }
}

/** How near an answer is to what the thread confirmed. */
export function judge(entry, answer) {
  const right = [entry.cause, ...entry.accept];
  const explanation = answer.groups?.[0]?.explanation ?? null;
  const causes = explanation?.causes ?? [];
  const ids = causes.map(({ id }) => id);
  // A known message and no cause: said to be no failure of nginx or its backend.
  const none = causes.length === 0 && explanation?.message != null;
  const first = (entry.cause === 'none' && none) || right.includes(ids[0]);
  return {
    entry,
    ids,
    first,
    three: first || ids.slice(0, 3).some((id) => right.includes(id)),
    certainty: causes[0]?.certainty ?? null,
    got: answer.failed ?? (ids.join(', ') || whyNothing(explanation)),
    message: explanation?.message?.id ?? null,
  };
}

function whyNothing(explanation) {
  if (explanation === null) return '(no log line seen)';
  return explanation.message === null ? '(message not known)' : '(no cause)';
}
