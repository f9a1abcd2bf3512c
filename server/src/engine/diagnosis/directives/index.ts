import type { Context } from '../../config/context.ts';
import { type DirectiveFact, FACT_VERSIONS } from '../../config/directive-facts.ts';
import type { ConfigModel, ConfigNode } from '../../config/model.ts';
import { isTemplate } from '../../config/template.ts';
import { hasPlaceholder } from '../../config/variables.ts';
import { possibleReleases } from '../../config/version.ts';
import type { Finding } from '../../contract.ts';
import type { SyntaxDocument } from '../../syntax/document.ts';
import { shapeRefusal } from './arguments.ts';
import { CORE_VALUES } from './core-values.ts';
import { entryRefusal } from './data-blocks.ts';
import { Duplicates, duplicateLocations } from './duplicates.ts';
import { HTTP_PLACED, HTTP_VALUES } from './http-values.ts';
import { KINDS } from './kinds.ts';
import { type Lookup, lookUp, misplaced, unknownName } from './names.ts';
import { passRefusals } from './passes.ts';
import { BlockWalk, knownQuiet } from './quiet-blocks.ts';
import { findingOf, type Refusal, rewriteWord } from './refusal.ts';
import { REWRITE_PLACED, REWRITE_VALUES } from './rewrite-values.ts';
import { scriptFault, scriptWords } from './script.ts';
import { lookAround, type Sight } from './sight.ts';
import {
  definedVariables,
  memcachedKey,
  oddCondition,
  reservedVariable,
  unknownVariables,
  variableFamily,
} from './unknown-variables.ts';
import { UPSTREAM_PLACED, UPSTREAM_VALUES } from './upstream-values.ts';
import type { Fault, PlacedCheck, ValueCheck } from './value.ts';
import { ZONE_VALUES } from './zone-values.ts';
import { unknownZones } from './zones.ts';

/** Setters with code of their own, by the name of their directive. */
const SETTERS: ReadonlyMap<string, ValueCheck> = new Map(
  [CORE_VALUES, HTTP_VALUES, REWRITE_VALUES, UPSTREAM_VALUES, ZONE_VALUES].flatMap((table) =>
    Object.entries(table),
  ),
);

/** Setters that look at what stands around a directive or in it. */
const PLACED: ReadonlyMap<string, PlacedCheck> = new Map(
  [HTTP_PLACED, REWRITE_PLACED, UPSTREAM_PLACED].flatMap((table) => Object.entries(table)),
);

/**
 * Nothing is to be said against a directive by itself in one release: kept with it, so that with a keystroke only what
 * has changed is judged again.
 */
class Sound {
  constructor(
    readonly fact: DirectiveFact,
    readonly context: Context,
    readonly release: string,
    readonly sight: Sight,
    /** No variable stands in it: nothing around it can make one unknown. */
    readonly plain: boolean,
  ) {}
}

function sameSight(a: Sight, b: Sight): boolean {
  return a.modules === b.modules && a.mayLoadModules === b.mayLoadModules && a.foreign === b.foreign;
}

/** Refusals listed of one configuration: enough for people, bounded for hostile input. */
const MAX_REFUSALS = 2000;

/**
 * What nginx refuses of directives, beyond what its tokenizer does: names, places, numbers of arguments, values,
 * and what may stand only once. In the order in which nginx reads, and all of it, where nginx stops at the first.
 */
export function directiveFindings(model: ConfigModel): Finding[] {
  return new Judge(model).findings();
}

class Judge {
  private readonly found: Finding[] = [];
  private readonly sight: Sight;
  /** Releases that the configuration may be for, oldest first. */
  private readonly releases: readonly string[];
  private readonly newest: string;
  private readonly duplicates: Duplicates;
  private readonly lookUps = new Map<Context, Map<string, Lookup>>();
  /** Variables are judged only where everything that may define one is in sight. */
  private readonly variables: ReadonlySet<string> | null;
  /** All that decides over a directive besides the block it stands in. */
  private readonly ground: string;
  /** How often something was to be said, whether it was reported or not. */
  private reports = 0;

  constructor(private readonly model: ConfigModel) {
    this.releases = possibleReleases(model);
    this.newest = this.releases.at(-1) ?? FACT_VERSIONS.at(-1)!;
    this.sight = lookAround(model);
    this.duplicates = new Duplicates(model);
    const { modules, foreign } = this.sight;
    const whole = model.isComplete && !modules && !foreign && !includesUnreadSnippet(model);
    this.variables = whole ? definedVariables(model) : null;
    this.ground = [
      this.newest,
      model.version.value,
      ...[this.sight.modules, this.sight.mayLoadModules, this.sight.foreign],
      ...(this.variables ? [...this.variables].sort() : ['?']),
    ].join(' ');
  }

  findings(): Finding[] {
    this.walk();
    for (const refusal of passRefusals(this.model)) this.report(refusal);
    if (this.model.isComplete) for (const refusal of unknownZones(this.model)) this.report(refusal);
    return this.found;
  }

  /** In the order in which nginx reads, with a stack of its own. */
  private walk(): void {
    const stack = [new BlockWalk(this.model.top, null, 0)];
    for (let level = stack.at(-1); level && this.found.length < MAX_REFUSALS; level = stack.at(-1)) {
      const at = level.next();
      const node = level.nodes[at];
      if (!node) {
        stack.pop();
        const quiet = this.reports === level.reportsBefore;
        const outer = stack.at(-1);
        if (outer) level.leave(outer, quiet ? this.ground : null);
        continue;
      }
      if (!skipped(node)) this.node(node);
      level.passed(node, at);
      if (node.children.length > 0)
        stack.push(
          new BlockWalk(node.children, { node, at, known: knownQuiet(node, this.ground) }, this.reports),
        );
    }
  }

  private node(node: ConfigNode): void {
    const { name, context } = node;
    if (context === 'data') {
      this.report(entryRefusal(node, this.newest));
      this.entryVariables(node);
      return;
    }
    const lookup = this.lookUp(name, context);
    if (lookup.kind !== 'fact') {
      this.judge(node, lookup);
      return;
    }
    const { fact } = lookup;
    if (this.judge(node, lookup)) return;
    const call = { node, args: node.directive.args, fact, release: this.newest, sight: this.sight };
    this.report(this.duplicates.refusalOf(call));
    const holdsLocations = context === 'http' || context === 'server' || context === 'location';
    if (node.isBlock && holdsLocations && !knownQuiet(node, this.ground))
      for (const refusal of duplicateLocations(node)) this.report(refusal);
    const { verdict } = node.directive;
    // Only what passes to memcached needs a variable that does not stand in it.
    if (verdict instanceof Sound && verdict.plain && name !== 'memcached_pass') return;
    const family = variableFamily(context);
    if (family) this.report(reservedVariable(node, family, this.model.version.value));
    if (!this.variables) return;
    this.report(memcachedKey(node, this.variables));
    if (family) for (const word of scriptWords(call)) this.unknownVariables(node, word, family);
    if (family && name === 'if') this.report(oddCondition(node, this.variables));
    if (family && name === 'if') for (const word of call.args) this.unknownVariables(node, word, family);
    if (family && name === 'geo' && call.args.length > 1) this.unknownVariables(node, call.args[0]!, family);
  }

  private entryVariables(node: ConfigNode): void {
    const family = variableFamily(node.parent?.context ?? 'unknown');
    if (!this.variables || !family || node.parent?.name !== 'map') return;
    for (const word of node.directive.args) this.unknownVariables(node, word, family);
  }

  private unknownVariables(
    node: ConfigNode,
    word: Parameters<typeof unknownVariables>[1],
    family: 'http' | 'stream',
  ): void {
    const release = this.model.version.value;
    for (const refusal of unknownVariables(node, word, family, this.variables!, release))
      this.report(refusal);
  }

  private lookUp(name: string, context: Context): Lookup {
    let names = this.lookUps.get(context);
    if (!names) {
      names = new Map();
      this.lookUps.set(context, names);
    }
    let lookup = names.get(name);
    if (!lookup) {
      lookup = lookUp(name, context, this.newest);
      names.set(name, lookup);
    }
    return lookup;
  }

  /** What the newest possible release refuses. Where an older one takes it, that decides, and nobody knows. */
  private judge(node: ConfigNode, lookup: Lookup): boolean {
    const refusal = this.refusal(node, lookup, this.newest);
    if (!refusal) return false;
    const accepting =
      this.releases.length < 2
        ? []
        : this.releases.filter(
            (release) => !this.refusal(node, lookUp(node.name, node.context, release), release),
          );
    if (accepting.length === 0) this.report(refusal);
    else {
      const since = FACT_VERSIONS[FACT_VERSIONS.indexOf(accepting.at(-1)!) + 1] ?? null;
      // Of a name that is gone, one of the two releases is enough.
      const says = `${refusal.says.replace(/: nginx has it until [\d.]+$/, '')} since nginx ${since}`;
      this.report({ ...refusal, severity: 'info', says }, { since, until: null });
    }
    return true;
  }

  private refusal(node: ConfigNode, lookup: Lookup, release: string): Refusal | null {
    if (lookup.kind === 'unknown') return this.unknownName(node);
    if (lookup.kind === 'misplaced') return misplaced(node, lookup.facts);
    const { fact } = lookup;
    const { sight } = this;
    const { verdict } = node.directive;
    if (
      verdict instanceof Sound &&
      verdict.fact === fact &&
      verdict.context === node.context &&
      verdict.release === release &&
      sameSight(verdict.sight, sight)
    )
      return this.placedRefusal(node, fact, release);
    const sounds = this.soundsOf(node, release);
    const head = headOf(node);
    const known = sounds.get(head);
    if (known) {
      node.directive.verdict = known;
      return this.placedRefusal(node, fact, release);
    }
    const refusal = shapeRefusal(node, fact);
    if (refusal) return refusal;
    if (fact.obsolete) return null;
    const call = { node, args: node.directive.args, fact, release, sight };
    const fault = SETTERS.get(node.name)?.(call) ?? KINDS[fact.kind]?.(call) ?? scriptFault(call);
    if (fault) return this.refusalOf(node, fault);
    const sound = new Sound(fact, node.context, release, sight, !head.includes('$'));
    node.directive.verdict = sound;
    sounds.set(head, sound);
    return this.placedRefusal(node, fact, release);
  }

  /** The same line stands in many blocks: what was said of one holds for all. */
  private soundsOf({ context, isBlock }: ConfigNode, release: string): Map<string, Sound> {
    const place = isBlock ? this.soundBlocks : this.soundLines;
    let byRelease = place.get(context);
    if (!byRelease) {
      byRelease = new Map();
      place.set(context, byRelease);
    }
    let sounds = byRelease.get(release);
    if (!sounds) {
      sounds = new Map();
      byRelease.set(release, sounds);
    }
    return sounds;
  }

  private readonly soundBlocks = new Map<Context, Map<string, Map<string, Sound>>>();
  private readonly soundLines = new Map<Context, Map<string, Map<string, Sound>>>();

  /** Releases differ in whether they know a name, and not in what an unknown one was meant to be. */
  private unknownName(node: ConfigNode): Refusal | null {
    let refusal = this.unknownNames.get(node);
    if (refusal === undefined) {
      refusal = unknownName(node, this.sight);
      this.unknownNames.set(node, refusal);
    }
    return refusal;
  }

  private readonly unknownNames = new Map<ConfigNode, Refusal | null>();

  private placedRefusal(node: ConfigNode, fact: DirectiveFact, release: string): Refusal | null {
    const check = PLACED.get(node.name);
    if (!check || fact.obsolete) return null;
    const fault = check({ node, args: node.directive.args, fact, release, sight: this.sight });
    return fault && this.refusalOf(node, fault);
  }

  private refusalOf(node: ConfigNode, fault: Fault): Refusal {
    const { word = null, meant } = fault;
    return {
      id: 'invalid-value',
      node,
      word,
      says: fault.says,
      do: fault.do,
      ...(fault.severity && { severity: fault.severity }),
      ...(word && meant && { fixes: rewriteWord(node, word, meant) }),
    };
  }

  /**
   * A brace too many or too few moves all that follows into the wrong block: one fault, one finding. Where one is
   * missing, that is the finding; one too many is seen at the end of the file only, and the first directive that it
   * moved tells more.
   */
  private movedByBrace({ document, at }: ConfigNode): boolean {
    const braces = document.problems.filter(
      ({ kind }) => kind === 'unclosed-block' || kind === 'unexpected-brace',
    );
    if (braces.length === 0) return false;
    const moved = this.moved.has(document);
    this.moved.add(document);
    return moved || braces.some(({ kind, start }) => kind === 'unclosed-block' && start <= at);
  }

  private readonly moved = new Set<SyntaxDocument>();

  private report(refusal: Refusal | null, versions: Finding['versions'] = null): void {
    if (!refusal) return;
    this.reports++;
    const { node } = refusal;
    if (isPlaceholder(this.model, node)) return;
    const wrongBlock = refusal.id === 'directive-not-allowed-here' || refusal.says === 'unexpected "{"';
    if (wrongBlock && this.movedByBrace(node)) return;
    this.found.push(findingOf(this.model, refusal, versions, refusal.severity ?? 'error'));
  }
}

/** Name and arguments as they stand in the file. */
function headOf({ document, at, directive }: ConfigNode): string {
  return document.text.slice(at, at + directive.headEnd);
}

/** Directives that say nothing as they stand: of unknown blocks, of Lua, of templates, of broken text. */
function skipped(node: ConfigNode): boolean {
  const { directive } = node;
  if (node.context === 'unknown' || directive.lua || directive.name.raw === '') return true;
  if (isTemplate(node.document)) return true;
  return !directive.clean && (!directive.block || headBroken(node));
}

/** Whether the words of a block's head are not what was meant. */
function headBroken({ document, at, directive }: ConfigNode): boolean {
  return document.problems.some(({ kind, start }) => {
    const inHead = start >= at && start < at + directive.headEnd;
    return inHead && kind !== 'unclosed-block';
  });
}

/** What a template engine fills in before nginx reads it. */
function isPlaceholder(model: ConfigModel, node: ConfigNode): boolean {
  const { text } = node;
  if (/\{%|%\}|<%|%>|__\w+__|@\w+@|%\w+%|\{\{|(?<!\(\??P?)<[A-Za-z_][\w-]*>/.test(text)) return true;
  return text.includes('$') && hasPlaceholder(model, text);
}

/** Snippets of packages that define variables, included and not here. */
function includesUnreadSnippet(model: ConfigModel): boolean {
  return model.nodes.some(
    (node) =>
      node.name === 'include' &&
      /snippets\//.test(node.arg(0) ?? '') &&
      !model.nodes.some((other) => other.includedBy === node),
  );
}
