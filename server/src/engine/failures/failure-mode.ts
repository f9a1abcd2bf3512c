import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { Certainty, ConfirmingCommand, Fix, Severity, Site, Status, VersionSpan } from '../contract.ts';
import type { Case, Weight } from '../diagnosis/case.ts';
import type { LogEntry } from '../errorlog/entry.ts';

/**
 * One way in which nginx comes to answer 502 (or a neighbour of it). A mode is data and a few pure functions; it
 * asks the model questions and never walks raw blocks.
 */
export interface FailureMode {
  /** kebab-case; names the wrong pattern. File name, diagnostic code, fixture folder, docs page, suppression. */
  readonly id: string;
  readonly title: string;
  /** What is wrong, one or two sentences. */
  readonly what: string;
  /** Why it matters: what happens on the wire, what the client sees. */
  readonly why: string;
  /** What to do; names the directives. */
  readonly do: string;
  /** What the client gets when it strikes; null when the backend decides. */
  readonly status: Status;
  readonly versions: VersionSpan | null;
  /** Which requests it strikes, for people. */
  readonly hits: string;
  /** Log messages that point here. */
  readonly signatures: readonly Signature[];
  /** Findings in a configuration. */
  readonly detect?: (model: ConfigModel) => readonly Detection[];
  /** Evidence for and against this mode in a case; null when the case has nothing to do with it. */
  readonly weigh?: (failure: Case) => Weight | null;
  /** For a mode that is a mere symptom: the earlier lines that it follows from, whose causes go before it. */
  readonly follows?: (failure: Case) => readonly LogEntry[];
  /** Evidence in an answer of which the error log has no line; null when it has nothing to do with this mode. */
  readonly weighAnswer?: (answer: LoggedAnswer, model: ConfigModel) => Weight | null;
  /** Fixes for the place that a log entry leads to. Detections bring their own. */
  readonly fix?: (failure: Case) => readonly Fix[];
  readonly remedy: Remedy;
  /** Commands that confirm or refute, with the case's own addresses. */
  readonly checks: (failure: Case) => readonly ConfirmingCommand[];
  /** Pages of nginx.org. */
  readonly references: readonly string[];
}

/** A message of the catalogue by id, narrowed by the entry where the message alone does not tell. */
export interface Signature {
  readonly message: string;
  readonly when?: (entry: LogEntry) => boolean;
}

/** An answer as a line of an access log or an error page shows it. */
export interface LoggedAnswer {
  /** Three digits. */
  readonly status: string;
  /** Whose page it is: "nginx", "AWS load balancer"; null for a line of an access log. */
  readonly product: string | null;
  readonly request: { readonly method: string; readonly uri: string } | null;
}

export interface Remedy {
  /** The cure, with the case's own names. */
  readonly cure: (failure: Case) => string;
  /** What stops the bleeding now, apart from the cure. */
  readonly mitigate: string | null;
  /** The same with the case's own names, or null where it has no effect, if the case makes a difference. */
  readonly mitigateHere?: (failure: Case) => string | null;
  readonly takesEffect: string | null;
}

/** A failure seen in the configuration. */
export interface Detection {
  /** The directive that a user would edit; where an absent directive is the fault, the `*_pass`. */
  readonly node: ConfigNode;
  /** Narrower than the directive, where one word is the fault. */
  readonly site?: Site;
  readonly severity: Severity;
  readonly certainty: Certainty;
  /** What is wrong, one sentence with the names of this place. */
  readonly message: string;
  readonly why?: string;
  readonly do?: string;
  /** Where this place differs from the mode. */
  readonly versions?: VersionSpan | null;
  readonly related: readonly (Site & { message: string })[];
  /** Best first. */
  readonly fixes: readonly Fix[];
}
