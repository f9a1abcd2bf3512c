import type { ConfigModel } from '../config/model.ts';
import { holdsMark, isTemplate } from '../config/template.ts';
import { hasPlaceholder } from '../config/variables.ts';
import type { Check, Finding, Fix, Problem, Severity } from '../contract.ts';
import { detectingModes } from '../failures/detecting.ts';
import type { Detection, FailureMode } from '../failures/failure-mode.ts';
import { FAILURE_MODE_IDS } from '../failures/ids.ts';
import type { SyntaxProblem, SyntaxProblemKind } from '../syntax/directive.ts';
import type { SyntaxDocument } from '../syntax/document.ts';
import { directiveFindings } from './directives/index.ts';
import { REFUSED } from './directives/refusal.ts';
import { GENERAL_IDS } from './finding-ids.ts';
import { findingOfGenerated } from './generated.ts';
import { NO_SETTINGS, type Settings } from './settings.ts';
import { applySuppressions, suppressionsIn } from './suppression.ts';

/** Every id that a finding can carry. */
export const FINDING_IDS: ReadonlySet<string> = new Set([
  ...GENERAL_IDS,
  ...detectingModes.map((mode) => mode.id),
]);

/** Ids that a comment may name: also of faults that only a log shows. */
const KNOWN_IDS: ReadonlySet<string> = new Set([...FINDING_IDS, ...FAILURE_MODE_IDS]);

/** All that is to be said about a configuration, in the order of files, positions and ids. */
export function check(model: ConfigModel, settings: Settings = NO_SETTINGS): Check {
  const { snapshot } = model;
  const directives = directiveFindings(model);
  const findings = [
    ...withoutVainFixes(syntaxFindings(model), directives),
    ...directives,
    ...includeFindings(model),
    ...modeFindings(model),
  ].filter(({ file, range }) => {
    const document = snapshot.files.get(file);
    return !document || !holdsMark(document, range);
  });
  const suppressions = [...snapshot.files].flatMap(([file, document]) => suppressionsIn(file, document));
  const visible = applySuppressions(
    adjustSeverity(dropShadowed(merge(findings)), settings),
    suppressions,
    KNOWN_IDS,
  );
  return {
    schema: 1,
    nginxVersion: model.version,
    files: [...snapshot.files.keys()],
    findings: sortFindings(visible, [...snapshot.files.keys()]).map((finding) =>
      findingOfGenerated(model, finding),
    ),
    problems: dedupeProblems(model.problems),
    fixed: [],
  };
}

/**
 * A `}` too many is seen at the end of a file. Where a directive before it stands in the wrong block, the one too many
 * stands above that, and to remove the last one would hide the fault.
 */
function withoutVainFixes(syntax: readonly Finding[], directives: readonly Finding[]): Finding[] {
  const moved = new Set(
    directives.filter(({ id }) => id === 'directive-not-allowed-here').map(({ file }) => file),
  );
  return syntax.map((finding) =>
    finding.id === 'unexpected-brace' && moved.has(finding.file) ? { ...finding, fixes: [] } : finding,
  );
}

/** Findings by the order of files, position and id. */
export function sortFindings(findings: readonly Finding[], files: readonly string[]): Finding[] {
  const order = new Map(files.map((file, i) => [file, i]));
  const placeOf = (finding: Finding): number => order.get(finding.file) ?? Number.MAX_SAFE_INTEGER;
  return [...findings].sort(
    (a, b) =>
      placeOf(a) - placeOf(b) ||
      a.range.start.line - b.range.start.line ||
      a.range.start.column - b.range.start.column ||
      (a.id < b.id ? -1 : 1),
  );
}

function modeFindings(model: ConfigModel): Finding[] {
  return detectingModes.flatMap((mode) =>
    (mode.detect?.(model) ?? []).map((detection) => toFinding(mode, detection)),
  );
}

/** A detection with the texts of its mode. */
export function toFinding(mode: FailureMode, detection: Detection): Finding {
  return {
    ...(detection.site ?? detection.node.site),
    id: mode.id,
    severity: detection.severity,
    certainty: detection.certainty,
    message: detection.message,
    why: detection.why ?? mode.why,
    do: detection.do ?? mode.do,
    status: mode.status,
    versions: detection.versions === undefined ? mode.versions : detection.versions,
    related: [...detection.related],
    fixes: [...detection.fixes],
  };
}

/** Other places listed with one finding: more help nobody. */
const MAX_RELATED = 20;

/** The same line reached by several includes is one finding; what the others add is related. */
function merge(findings: readonly Finding[]): Finding[] {
  const known = new Map<string, { finding: Finding; related: Map<string, Finding['related'][number]> }>();
  for (const finding of findings) {
    const { start, end } = finding.range;
    const key = `${finding.id} ${finding.file} ${start.line}:${start.column} ${end.line}:${end.column}`;
    let entry = known.get(key);
    if (!entry) {
      entry = { finding, related: new Map() };
      known.set(key, entry);
    } else if (entry.finding.fixes.length > 0) {
      entry.finding = { ...entry.finding, fixes: mergeFixes(entry.finding.fixes, finding.fixes) };
    }
    for (const related of finding.related) {
      if (entry.related.size < MAX_RELATED) entry.related.set(JSON.stringify(related), related);
    }
  }
  return [...known.values()].map(({ finding, related }) => ({ ...finding, related: [...related.values()] }));
}

/** Two places that need different edits of the same lines cannot both be served: only what all agree on is offered. */
function mergeFixes(a: readonly Fix[], b: readonly Fix[]): Fix[] {
  const offered = new Set(b.map((fix) => JSON.stringify(fix)));
  return a.filter((fix) => offered.has(JSON.stringify(fix)));
}

/** One fault, one id: a failure mode says more than a general id on the same range or within it. */
function dropShadowed(findings: readonly Finding[]): Finding[] {
  const general = new Set<string>(GENERAL_IDS);
  const taken = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (general.has(finding.id)) continue;
    const key = lineKey(finding);
    taken.set(key, [...(taken.get(key) ?? []), finding]);
  }
  return findings.filter((finding) => {
    if (!general.has(finding.id)) return true;
    const { start, end } = finding.range;
    return !taken.get(lineKey(finding))?.some(({ range, severity }) => {
      // What nginx takes all the same cannot stand for what it refuses.
      if (severity !== 'error' && finding.severity === 'error') return false;
      if (JSON.stringify(range) === JSON.stringify(finding.range)) return true;
      return (
        severity === 'error' &&
        range.start.column <= start.column &&
        (end.line < range.end.line || end.column <= range.end.column)
      );
    });
  });
}

function lineKey({ file, range }: Finding): string {
  return `${file} ${range.start.line}`;
}

function adjustSeverity(findings: readonly Finding[], settings: Settings): Finding[] {
  return findings.flatMap((finding) => {
    const severity = settings.severity.get(finding.id) ?? finding.severity;
    return severity === 'off' ? [] : [{ ...finding, severity }];
  });
}

function syntaxFindings(model: ConfigModel): Finding[] {
  return [...model.snapshot.files].flatMap(([file, document]) =>
    // What a template engine leaves for nginx is not what stands here.
    isTemplate(document) ? [] : document.problems.map((problem) => syntaxFinding(file, document, problem)),
  );
}

const SYNTAX_ADVICE: Record<SyntaxProblemKind, { do: string; fix: string }> = {
  syntax: { do: 'Correct the text so that nginx can read it.', fix: 'correct it' },
  'missing-semicolon': { do: 'Put ";" behind the last argument.', fix: 'insert ";"' },
  'unclosed-block': { do: 'Close the block with "}".', fix: 'insert "}"' },
  'unexpected-brace': { do: 'Remove the brace, or open the block it should close.', fix: 'remove the brace' },
  'unterminated-string': { do: 'Close the quote.', fix: 'close the quote' },
  'token-too-long': {
    do: 'Shorten it, or split it over several directives or lines.',
    fix: 'shorten it',
  },
};

function syntaxFinding(file: string, document: SyntaxDocument, problem: SyntaxProblem): Finding {
  const advice = SYNTAX_ADVICE[problem.kind];
  const { edit } = problem;
  return {
    file,
    range: document.lines.range(problem.start, problem.end),
    id: problem.kind,
    severity: 'error',
    certainty: 'certain',
    message: problem.message,
    why: REFUSED,
    do: advice.do,
    status: null,
    versions: null,
    related: [],
    fixes: edit
      ? [
          {
            title: advice.fix,
            // Nothing works with the file as it stands, so a plain semicolon cannot change what works.
            safety: problem.kind === 'missing-semicolon' ? 'safe' : 'review',
            edits: [{ file, range: document.lines.range(edit.start, edit.end), newText: edit.newText }],
          },
        ]
      : [],
  };
}

/**
 * Files that are asked for by name and are not here. Beside the main file they are certainly missing; elsewhere they
 * may well be on the machine that runs nginx. A fragment's relative includes start at a folder that is not known.
 */
function includeFindings(model: ConfigModel): Finding[] {
  const whole = [...model.rootContexts.values()].every((context) => context === 'main');
  if (!whole || !model.snapshot.hasNeighbours) return [];
  return model.missingIncludes
    .filter(
      ({ node, required }) =>
        required && !hasPlaceholder(model, node.arg(0) ?? '') && !/__\w+__|@\w+@/.test(node.arg(0) ?? ''),
    )
    .map(({ node, path, link }) => {
      // A link with an absolute path is right where it was made.
      const beside =
        path.startsWith(`${model.snapshot.prefix.replace(/\/$/, '')}/`) && !link?.startsWith('/');
      const severity: Severity = beside ? 'error' : 'hint';
      return {
        ...node.site,
        id: 'include-not-found',
        severity,
        certainty: beside ? 'likely' : 'possible',
        message:
          link === null
            ? `the included file ${path} does not exist here`
            : `the included file ${path} is a link to ${link}, which does not exist here`,
        why:
          link === null
            ? 'nginx refuses a configuration whose include names a single file that is not there; only patterns with * may match nothing.'
            : 'a pattern matches the link whether it leads somewhere or not, and nginx refuses a file that it cannot open.',
        do:
          link !== null
            ? 'Remove the link, or put back what it leads to.'
            : 'Correct the path: it starts at the directory of the main configuration file. If the files are elsewhere on this machine, map the path with --map.',
        status: null,
        versions: null,
        related: [],
        fixes: [],
      };
    });
}

function dedupeProblems(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
