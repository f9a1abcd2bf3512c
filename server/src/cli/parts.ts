import { filesUnder } from '../engine/config/main-files.ts';
import type { ConfigModel } from '../engine/config/model.ts';
import type { Snapshot } from '../engine/config/snapshot.ts';
import type { Fix, Problem } from '../engine/contract.ts';
import type { Input } from './input.ts';
import type { MainFiles, Parts } from './main-file.ts';
import { shownPath } from './source-view.ts';
import { printable } from './style.ts';

/**
 * An input as the configurations that it holds: several main files are one each, as are the parts of a main file that
 * lies elsewhere. What is left is a heap of fragments.
 */
export async function splitInput(input: Input, mains: MainFiles): Promise<Input[]> {
  const { roots, entryFiles, pathMap } = input;
  if (input.virtual || input.parts || roots.length < 2) return [input];
  const own: string[] = [];
  for (const root of roots) if (await mains.isMain(root)) own.push(root);
  if (own.length === 1) return [input];
  const split = own.map((root): Input => ({ ...input, roots: [root] }));
  const left: string[] = [];
  for (const root of roots.filter((root) => !own.includes(root))) {
    const parts = await mains.of([root], [...own, ...entryFiles], pathMap);
    if (parts) split.push({ ...input, roots: [parts.main], parts });
    else left.push(root);
  }
  if (left.length > 0) split.push({ ...input, roots: left });
  return split;
}

/**
 * Parts of one main file under the same settings as one input, so that it is read and checked once for all of them;
 * none where the main file was named as well.
 */
export function joinInputs(inputs: readonly Input[]): Input[] {
  const keyOf = ({ roots, settings, pathMap }: Input): string =>
    JSON.stringify([roots, settings.nginxVersion, [...settings.severity], [...pathMap]]);
  const whole = new Set(inputs.filter(({ parts }) => parts === null).map(keyOf));
  const joined = new Map<unknown, Input>();
  for (const input of inputs) {
    const key = keyOf(input);
    const first = joined.get(key);
    if (!input.parts) joined.set(input, input);
    else if (!first?.parts) joined.set(key, input);
    else
      joined.set(key, {
        ...first,
        problems: [...first.problems, ...input.problems],
        parts: joinParts(first.parts, input.parts),
      });
  }
  return [...joined.values()].filter((input) => input.parts === null || !whole.has(keyOf(input)));
}

/** Parts of the same main file as one. */
function joinParts(a: Parts, b: Parts): Parts {
  return {
    main: a.main,
    files: [...new Set([...a.files, ...b.files])],
    nameOf: async (file) => b.nameOf(await a.nameOf(file)),
  };
}

/** What was wrong with the input, and could not be read of what was asked for. */
export function problemsOf(input: Input, model: ConfigModel): Problem[] {
  const asked = askedIn(input, model.snapshot);
  return [...input.problems, ...model.problems.filter(({ file }) => asked(file))];
}

/** Whether somebody asked for a file: it was named, or what was named includes it, readable or not. */
export function askedIn({ parts }: Input, snapshot: Snapshot): (file: string) => boolean {
  if (!parts) return () => true;
  const read = new Set(filesUnder(snapshot, parts.files));
  return (file) => read.has(file) || read.has(snapshot.includedAt.get(file)?.file ?? '');
}

/** Files that a fix changes and that were not named: nobody expects them to change. */
export function filesBeyond(
  judged: readonly { readonly input: Input; readonly model: ConfigModel }[],
  { edits }: Fix,
): string[] {
  const files = new Set(edits.map(({ file }) => file));
  return [...files].filter(
    (file) =>
      !judged.some(({ input, model }) =>
        input.parts ? input.parts.files.includes(file) : model.snapshot.files.has(file),
      ),
  );
}

/**
 * For a person to see: through which main file parts were read, and what could not be read around them, on which the
 * answer may depend. Lines for standard error.
 */
export function partsNotes({ files, main }: Parts, model: ConfigModel, cwd: string): string {
  const [first, ...more] = files;
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  const [verb, them] = more.length > 0 ? ['were', 'them'] : ['was', 'it'];
  const notes = [
    `${shownPath(first!, cwd)}${others} ${verb} read as part of ${shownPath(main, cwd)}, which includes ${them}`,
  ];
  const [fault, ...faults] = faultsAround(files, model, cwd);
  if (fault !== undefined) {
    const rest = faults.length > 0 ? `, and ${faults.length} more like this` : '';
    notes.push(
      `what is around ${them} could not be read in full, so the answer may be wrong: ${fault}${rest}`,
    );
  }
  return notes.map((note) => `nginx-502: ${printable(note)}\n`).join('');
}

/** What could not be read elsewhere, and what is no syntax in the files through whose includes the parts are reached. */
function faultsAround(files: readonly string[], model: ConfigModel, cwd: string): string[] {
  const { snapshot } = model;
  const asked = new Set(filesUnder(snapshot, files));
  const faults = model.problems.filter(({ file }) => !asked.has(file)).map(({ message }) => message);
  const above = new Set<string>();
  for (const file of files)
    for (let at = snapshot.includedAt.get(file); at && !above.has(at.file); ) {
      above.add(at.file);
      at = snapshot.includedAt.get(at.file);
    }
  for (const file of above) {
    const document = snapshot.files.get(file);
    const [problem] = asked.has(file) ? [] : (document?.problems ?? []);
    if (!document || !problem) continue;
    const { line } = document.lines.range(problem.start, problem.end).start;
    faults.push(`${shownPath(file, cwd)}:${line}: ${problem.message}`);
  }
  return faults;
}
