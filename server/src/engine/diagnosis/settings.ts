import { isVersion } from '../config/compare-versions.ts';
import type { Severity } from '../contract.ts';

/** What `.nginx-502.json` may say. Every key is optional in the file. */
export interface Settings {
  readonly nginxVersion: string | null;
  readonly severity: ReadonlyMap<string, Severity | 'off'>;
  readonly pathMap: ReadonlyMap<string, string>;
  readonly entryFiles: readonly string[];
}

export const NO_SETTINGS: Settings = {
  nginxVersion: null,
  severity: new Map(),
  pathMap: new Map(),
  entryFiles: [],
};

const SEVERITIES = ['error', 'warning', 'info', 'hint', 'off'];

/** Reads a settings file. What is wrong in it is said; the rest holds. Never throws. */
export function readSettings(text: string): { settings: Settings; complaints: string[] } {
  const complaints: string[] = [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { settings: NO_SETTINGS, complaints: ['it is not valid JSON'] };
  }
  if (!isRecord(value)) return { settings: NO_SETTINGS, complaints: ['it must be an object'] };
  const severity = new Map<string, Severity | 'off'>();
  let nginxVersion: string | null = null;
  const pathMap = new Map<string, string>();
  let entryFiles: string[] = [];
  for (const [key, setting] of Object.entries(value)) {
    if (key === 'nginxVersion') {
      if (typeof setting === 'string' && isVersion(setting)) nginxVersion = setting;
      else complaints.push('nginxVersion must be a text like "1.25.3"');
    } else if (key === 'severity' && isRecord(setting)) {
      for (const [id, level] of Object.entries(setting)) {
        if (typeof level === 'string' && SEVERITIES.includes(level))
          severity.set(id, level as Severity | 'off');
        else complaints.push(`severity of ${id} must be one of ${SEVERITIES.join(', ')}`);
      }
    } else if (key === 'pathMap' && isRecord(setting)) {
      for (const [from, to] of Object.entries(setting)) {
        if (typeof to !== 'string') complaints.push(`pathMap of ${from} must be a text`);
        else if (!from.startsWith('/')) complaints.push(`pathMap takes absolute paths, not "${from}"`);
        else pathMap.set(from, to);
      }
    } else if (
      key === 'entryFiles' &&
      Array.isArray(setting) &&
      setting.every((file) => typeof file === 'string')
    ) {
      entryFiles = setting;
    } else if (key !== '$schema') {
      complaints.push(`"${key}" is not a setting, or its value has the wrong form`);
    }
  }
  return { settings: { nginxVersion, severity, pathMap, entryFiles }, complaints };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
