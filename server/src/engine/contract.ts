/**
 * The shapes that leave the program as JSON: what `check` and `explain` print and what the editor receives.
 * Users and tests outside this repository rely on them: every named key is present, `null` where the value is
 * unknown and `[]` where there is none.
 */

/** 1-based line and column; columns count UTF-16 code units, a tab is one. */
export type Pos = { line: number; column: number };
/** `end` is exclusive; a range may be empty. */
export type Range = { start: Pos; end: Pos };
/** `file` is an absolute path with "/", or "<stdin>"; virtual files carry the name that `nginx -T` gives. */
export type Site = { file: string; range: Range };
/** Three digits, as nginx writes `$status`: "502", and "009" for a raw answer. */
export type Status = string | null;

export type Severity = 'error' | 'warning' | 'info' | 'hint';
export type Certainty = 'certain' | 'likely' | 'possible';
export type Safety = 'safe' | 'review' | 'choice';

export type Edit = { file: string; range: Range; newText: string };
export type Fix = { title: string; safety: Safety; edits: Edit[] };
/** Half-open: `since` is the first nginx release for which the finding holds, `until` the first for which it no longer does. */
export type VersionSpan = { since: string | null; until: string | null };

export type Finding = Site & {
  id: string;
  severity: Severity;
  certainty: Certainty;
  message: string;
  why: string;
  do: string;
  status: Status;
  versions: VersionSpan | null;
  related: (Site & { message: string })[];
  fixes: Fix[];
};

export type ProblemKind = 'not-found' | 'unreadable' | 'not-text' | 'too-big' | 'internal';
export type Problem = { kind: ProblemKind; file: string; range: Range | null; message: string };

export type NginxVersion = { value: string | null; from: string };

export type Check = {
  schema: 1;
  nginxVersion: NginxVersion;
  files: string[];
  findings: Finding[];
  problems: Problem[];
  fixed: { id: string; file: string }[];
};

export type Place = {
  server: (Site & { names: string[] }) | null;
  location: (Site & { text: string }) | null;
  directive: Site & { text: string };
  errorLog: { path: string; level: string } | null;
  trace: string[];
};

/** A command to copy: where to run it and what its answer means. */
export type ConfirmingCommand = { run: string; where: string; expect: string };

export type Cause = {
  id: string;
  certainty: Certainty;
  because: string[];
  against: string[];
  do: string;
  mitigate: string | null;
  takesEffect: string | null;
  checks: ConfirmingCommand[];
  fixes: Fix[];
};

export type EntryUpstream = {
  raw: string;
  scheme: string | null;
  address: string | null;
  port: number | null;
  socket: string | null;
  uri: string | null;
};

/** The fields of one error-log line, as far as the pasted text had them. */
export type EntryFields = {
  time: string | null;
  level: string | null;
  pid: number | null;
  connection: number | null;
  client: string | null;
  server: string | null;
  request: { method: string; uri: string; protocol: string | null } | null;
  subrequest: string | null;
  upstream: EntryUpstream | null;
  host: string | null;
  referrer: string | null;
  truncated: boolean;
};

/** What the client got: a response, one that ends early, raw bytes, a closed connection, or nothing yet. */
export type Outcome = 'response' | 'cut' | 'raw' | 'closed' | 'none';

export type StatusVerdict = { code: Status; outcome: Outcome | null; certainty: Certainty; note: string };

export type Explanation = {
  verdict: string;
  message: { id: string; text: string; phase: string; level: string | null; errno: number | null } | null;
  entry: EntryFields;
  status: StatusVerdict;
  causes: Cause[];
  place: (Place & { alternatives: Place[] }) | null;
  attempts: { upstream: string; message: string }[];
  notes: string[];
};

/** Where a value comes from: a line of the configuration, or nginx itself. */
export type Source = Site | 'default';

/** What one request meets. */
export type RouteAnswer = {
  schema: 1;
  server: (Site & { names: string[] }) | null;
  location: (Site & { text: string }) | null;
  outcome: {
    kind: 'location' | 'server' | 'redirect' | 'return' | 'error';
    status: Status;
    to: string | null;
  };
  handler: { kind: string; target: string | null } | null;
  sends: { requestLine: string; headers: { name: string; value: string; from: Source }[] } | null;
  effective: { directive: string; value: string; from: Source }[];
  trace: string[];
};

/** Every server and location, for an overview. */
export type RouteOverview = {
  schema: 1;
  nginxVersion: NginxVersion;
  servers: (Site & {
    names: string[];
    listen: string[];
    locations: (Site & {
      text: string;
      handler: RouteAnswer['handler'];
      effective: RouteAnswer['effective'];
    })[];
  })[];
  problems: Problem[];
};

export type ExplainGroup = {
  count: number;
  first: string | null;
  last: string | null;
  sample: string;
  explanation: Explanation;
};

export type Explain = {
  schema: 1;
  nginxVersion: NginxVersion;
  lines: number;
  events: number;
  unrecognised: number;
  groups: ExplainGroup[];
  problems: Problem[];
};
