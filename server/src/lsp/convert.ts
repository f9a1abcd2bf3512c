import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type Diagnostic,
  DiagnosticRelatedInformation,
  DiagnosticSeverity,
  type Range as LspRange,
} from 'vscode-languageserver';
import type { Finding, Problem, Range, Severity } from '../engine/contract.ts';
import { failureMode } from '../engine/failures/index.ts';

/** What the engine calls a file: an absolute path, or for documents that are no files the URI itself. */
export function pathOf(uri: string): string {
  if (!uri.startsWith('file:')) return uri;
  try {
    return fileURLToPath(uri).replaceAll('\\', '/');
  } catch {
    // A file URI of another machine (file://host/...): known by its URI only.
    return uri;
  }
}

export function uriOf(path: string): string {
  return path.startsWith('/') || /^[A-Za-z]:\//.test(path) ? pathToFileURL(path).href : path;
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
    message: `${sentence(finding.message)}. ${finding.do}`,
    relatedInformation: finding.related.map((related) =>
      DiagnosticRelatedInformation.create(
        { uri: uriOf(related.file), range: toLspRange(related.range) },
        related.message,
      ),
    ),
  };
  const page = failureMode(finding.id)?.references[0];
  if (page) diagnostic.codeDescription = { href: page };
  return diagnostic;
}

/** A file that could not be read, where the configuration asks for it. */
export function problemDiagnostic(problem: Problem): Diagnostic {
  const start = { line: 0, character: 0 };
  return {
    range: problem.range ? toLspRange(problem.range) : { start, end: start },
    severity: DiagnosticSeverity.Error,
    code: problem.kind,
    source: SOURCE,
    message: sentence(problem.message),
  };
}

/** The engine's texts begin small, for they stand behind a path or a severity there. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
