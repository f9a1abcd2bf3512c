import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type Diagnostic,
  DiagnosticRelatedInformation,
  DiagnosticSeverity,
  type Range as LspRange,
} from 'vscode-languageserver';
import type { Finding, Problem, Range, Severity, Site } from '../engine/contract.ts';
import { failureMode } from '../engine/failures/index.ts';

/**
 * What the engine calls a file: an absolute path; for a file that only the client can read the path in its scheme and
 * authority, as `/scheme::authority/path`; for documents without neighbours the URI itself.
 */
export function pathOf(uri: string): string {
  if (!uri.startsWith('file:')) return virtualPath(uri) ?? uri;
  try {
    return fileURLToPath(uri).replaceAll('\\', '/');
  } catch {
    // A file URI of another machine (file://host/...): known by its URI only.
    return uri;
  }
}

export function uriOf(path: string): string {
  const virtual = VIRTUAL.exec(path);
  if (virtual) {
    const [, scheme, authority, inside] = virtual;
    return `${scheme}://${authority}${inside!.split('/').map(encodeURIComponent).join('/')}`;
  }
  return path.startsWith('/') || /^[A-Za-z]:\//.test(path) ? pathToFileURL(path).href : path;
}

const VIRTUAL = /^\/([a-z][a-z0-9+.-]+)::([^/]*)(\/.*)$/;

/** Whether only the client can read a file. */
export function isVirtual(path: string): boolean {
  return VIRTUAL.test(path);
}

/** The root of a virtual file's file system; null for others. */
export function virtualRoot(path: string): string | null {
  const virtual = VIRTUAL.exec(path);
  return virtual && `/${virtual[1]}::${virtual[2]}`;
}

function virtualPath(uri: string): string | null {
  const parts = /^([a-z][a-z0-9+.-]+):\/\/([^/?#]*)(\/[^?#]*)$/.exec(uri);
  if (!parts || parts[1] === 'file') return null;
  try {
    return `/${parts[1]}::${parts[2]}${decodeURIComponent(parts[3]!)}`;
  } catch {
    return null;
  }
}

/** A message with virtual paths as the user knows them. */
function readable(message: string): string {
  return message.replace(/(?<=^|[\s"'(])\/[a-z][a-z0-9+.-]+::[^/\s]*(?=\/)/g, '');
}

/** Engine positions count from 1, the protocol's from 0; both count UTF-16. */
export function toLspRange(range: Range): LspRange {
  return {
    start: { line: range.start.line - 1, character: range.start.column - 1 },
    end: { line: range.end.line - 1, character: range.end.column - 1 },
  };
}

const SEVERITIES: Record<Severity, DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

export const SOURCE = 'nginx-502';

/** A finding as the Problems panel shows it: one sentence; the other places are related information. */
export function toDiagnostic(finding: Finding): Diagnostic {
  const diagnostic: Diagnostic = {
    range: toLspRange(finding.range),
    severity: SEVERITIES[finding.severity],
    code: finding.id,
    source: SOURCE,
    message: readable(`${sentence(finding.message)}. ${finding.do}`),
    relatedInformation: finding.related.map((related) =>
      DiagnosticRelatedInformation.create(
        { uri: uriOf(related.file), range: toLspRange(related.range) },
        readable(related.message),
      ),
    ),
  };
  const page = failureMode(finding.id)?.references[0];
  if (page) diagnostic.codeDescription = { href: page };
  return diagnostic;
}

/** A file that could not be read; the place is that of the include that asks for it, when there is one. */
export function problemDiagnostic(problem: Problem, includedAt: Site | null): Diagnostic {
  const start = { line: 0, character: 0 };
  const range = problem.range ?? includedAt?.range;
  return {
    range: range ? toLspRange(range) : { start, end: start },
    severity: DiagnosticSeverity.Error,
    code: problem.kind,
    source: SOURCE,
    message: readable(sentence(problem.message)),
  };
}

/** The engine's texts begin small, for they stand behind a path or a severity there. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
