import { isVersion } from '../engine/config/compare-versions.ts';
import type { Severity } from '../engine/contract.ts';

/** The settings nginx502.* as the editor has them. */
export interface ClientSettings {
  readonly nginxVersion: string | null;
  readonly severity: ReadonlyMap<string, Severity | 'off'>;
  readonly pathMap: ReadonlyMap<string, string>;
  readonly entryFiles: readonly string[];
}

export const DEFAULT_SETTINGS: ClientSettings = {
  nginxVersion: null,
  severity: new Map(),
  pathMap: new Map(),
  entryFiles: [],
};

const LEVELS = ['error', 'warning', 'info', 'hint', 'off'];

/** Reads what an editor sends, which may be anything; what is wrong is said and the default stands. */
export function readClientSettings(value: unknown): { settings: ClientSettings; complaints: string[] } {
  const complaints: string[] = [];
  if (value === null || value === undefined) return { settings: DEFAULT_SETTINGS, complaints };
  if (typeof value !== 'object' || Array.isArray(value)) {
    return { settings: DEFAULT_SETTINGS, complaints: ['nginx502 must be an object of settings'] };
  }
  let { nginxVersion, entryFiles } = DEFAULT_SETTINGS;
  const severity = new Map<string, Severity | 'off'>();
  const pathMap = new Map<string, string>();
  for (const [key, setting] of Object.entries(value)) {
    const empty = setting === null || setting === '' || setting === undefined;
    switch (key) {
      case 'nginxVersion':
        if (empty) break;
        if (typeof setting === 'string' && isVersion(setting)) nginxVersion = setting;
        else complaints.push('nginx502.nginxVersion must be a version like "1.28" or "1.25.3"');
        break;
      case 'severity':
        for (const [id, level] of entriesOf(setting)) {
          if (typeof level === 'string' && LEVELS.includes(level))
            severity.set(id, level as Severity | 'off');
          else complaints.push(`nginx502.severity of ${id} must be one of ${LEVELS.join(', ')}`);
        }
        break;
      case 'pathMap':
        for (const [from, to] of entriesOf(setting)) {
          if (typeof to === 'string') pathMap.set(from, to);
          else complaints.push(`nginx502.pathMap of ${from} must be a path`);
        }
        break;
      case 'entryFiles':
        if (Array.isArray(setting) && setting.every((file) => typeof file === 'string')) entryFiles = setting;
        else if (!empty) complaints.push('nginx502.entryFiles must be a list of paths');
        break;
      case 'trace':
        // Belongs to the client library.
        break;
      default:
        complaints.push(`nginx502.${key} is not a setting`);
    }
  }
  return { settings: { nginxVersion, severity, pathMap, entryFiles }, complaints };
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
