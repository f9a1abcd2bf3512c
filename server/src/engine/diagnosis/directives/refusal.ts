import type { ConfigModel, ConfigNode } from '../../config/model.ts';
import type { Finding, Fix, Severity, Site } from '../../contract.ts';
import type { Word } from '../../syntax/directive.ts';
import { Editor } from '../editing.ts';
import type { GeneralId } from '../finding-ids.ts';

/** Why anything that nginx refuses matters. */
export const REFUSED =
  'nginx refuses the whole configuration: a start fails, a reload leaves the old configuration running.';

/** What nginx says against one directive, and where. */
export interface Refusal {
  readonly id: GeneralId;
  readonly node: ConfigNode;
  /** The word at fault; null for the directive as a whole. */
  readonly word: Word | null;
  /** Narrower than the word: offsets in it. */
  readonly part?: readonly [start: number, end: number];
  /** In nginx's words. */
  readonly says: string;
  readonly do: string;
  /** Null: an error, for nginx refuses it for certain. */
  readonly severity?: Severity;
  readonly related?: readonly (Site & { message: string })[];
  /** Worked out only for what is shown. */
  readonly fixes?: (model: ConfigModel) => readonly (Fix | null)[];
}

/** A finding with what the releases that differ have to say. */
export function findingOf(
  model: ConfigModel,
  refusal: Refusal,
  versions: Finding['versions'],
  severity: Severity,
): Finding {
  const { node, word, part } = refusal;
  const start = (word?.at ?? 0) + (part?.[0] ?? 0);
  const end = part ? (word?.at ?? 0) + part[1] : word ? word.at + word.raw.length : node.directive.headEnd;
  return {
    file: node.file,
    range: node.range(start, end),
    id: refusal.id,
    severity,
    certainty: severity === 'error' ? 'certain' : severity === 'hint' ? 'possible' : 'likely',
    message: refusal.says,
    why: REFUSED,
    do: refusal.do,
    status: null,
    versions,
    related: [...(refusal.related ?? [])],
    fixes: (refusal.fixes?.(model) ?? []).filter((fix) => fix !== null),
  };
}

/** A fix that writes another text in a word's place, in the quotes that stand there. */
export function rewriteWord(
  node: ConfigNode,
  word: Word,
  text: string,
  title = `write ${text}`,
): (model: ConfigModel) => readonly (Fix | null)[] {
  const quote = word.quote ?? '';
  return (model) => [
    new Editor(model, 'review').replaceWord(node, word, `${quote}${text}${quote}`).fix(title),
  ];
}
