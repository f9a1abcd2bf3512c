import type { Drawing, ExplainGroup, NginxVersion, Range } from 'nginx-502/protocol';

/** What the extension and its panel say to each other. The panel shows untrusted text: its messages are checked. */

/** All that the panel shows. */
export interface PanelState {
  /** What stands in the box. */
  readonly text: string;
  /** Name of the log file that was read in place of the box; null: the box counts. */
  readonly log: string | null;
  readonly busy: boolean;
  /** Why there is no answer, when something went wrong. */
  readonly failure: string | null;
  /** What has just been done, to be read out. */
  readonly notice: string | null;
  readonly answer: PanelAnswer | null;
  /** Name of the log in front in the editor, which can be read at a click. */
  readonly openLog: string | null;
  /** Name of the configuration that an answer would be judged by; null: none was found. */
  readonly configuration: string | null;
}

export interface PanelAnswer {
  readonly groups: readonly ShownGroup[];
  /** Kinds of event beyond those shown. */
  readonly more: number;
  /** Log lines that are nginx's but not on the way to a 502, and lines that are not nginx's. */
  readonly others: number;
  readonly unrecognised: number;
  readonly nothing: readonly string[] | null;
  readonly problems: readonly string[];
  readonly judgedBy: { readonly entry: string; readonly files: number } | null;
  readonly version: NginxVersion;
  /** Short names of the files, by URI. */
  readonly names: Readonly<Record<string, string>>;
}

export interface ShownGroup {
  /** Index in the answer of the language server. */
  readonly index: number;
  readonly group: ExplainGroup;
  readonly drawing: Drawing;
}

/** To the panel. `id` grows; the panel acknowledges each. */
export interface StateMessage {
  readonly kind: 'state';
  readonly id: number;
  readonly state: PanelState;
  /** Moves the keyboard into the box. */
  readonly focus: boolean;
}

/** Which fix of which cause of which group. */
export interface FixChoice {
  readonly group: number;
  readonly cause: string;
  readonly fix: string;
}

/** From the panel. */
export type ViewMessage =
  | { readonly kind: 'ready' }
  /** `shown`: the beginning of the words that now stand in the panel. */
  | { readonly kind: 'ack'; readonly id: number; readonly shown: string }
  | { readonly kind: 'draft' | 'explain'; readonly text: string }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'jump'; readonly uri: string; readonly range: Range }
  | ({ readonly kind: 'apply' | 'preview' } & FixChoice)
  | { readonly kind: 'configure' | 'readLog' | 'readOpenLog' | 'restart' };

/** A message from the panel; null for anything else. */
export function readViewMessage(message: unknown): ViewMessage | null {
  if (typeof message !== 'object' || message === null) return null;
  const m = message as Record<string, unknown>;
  const string = (key: string): boolean => typeof m[key] === 'string';
  const known = ((): boolean => {
    switch (m['kind']) {
      case 'ready':
      case 'configure':
      case 'readLog':
      case 'readOpenLog':
      case 'restart':
        return true;
      case 'ack':
        return isCount(m['id']) && string('shown');
      case 'draft':
      case 'explain':
      case 'copy':
        return string('text');
      case 'jump':
        return string('uri') && isRange(m['range']);
      case 'apply':
      case 'preview':
        return isCount(m['group']) && string('cause') && string('fix');
      default:
        return false;
    }
  })();
  return known ? (message as ViewMessage) : null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRange(value: unknown): boolean {
  const ends = value as { start?: Record<string, unknown>; end?: Record<string, unknown> } | null | undefined;
  return [ends?.start, ends?.end].every((at) => isCount(at?.['line']) && isCount(at?.['column']));
}
