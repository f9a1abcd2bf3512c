import path from 'node:path';
import { type Hover, MarkupKind } from 'vscode-languageserver';
import { directiveFacts } from '../engine/config/directive-facts.ts';
import { defaultValue } from '../engine/config/effective.ts';
import { inheritanceOf } from '../engine/config/inheritance.ts';
import type { ConfigModel, ConfigNode } from '../engine/config/model.ts';
import { type AtPlace, directiveAt, sampleRequest, standingOf } from '../engine/diagnosis/about.ts';
import { reference } from '../reference.ts';
import { toLspRange } from './convert.ts';
import { sentLines } from './route.ts';
import type { Judged } from './workspace.ts';

/** Lines of outer levels named one by one. */
const MAX_NAMED = 5;

/**
 * What an editor shows over a word: over a *_pass what nginx sends, over another directive where its value comes from
 * and goes to, over a variable what it is. Texts of the configuration stand in code spans and blocks only.
 */
export async function hoverAt(judged: Judged, file: string, offset: number): Promise<Hover | null> {
  const { model } = judged;
  const place = directiveAt(model, file, offset);
  if (!place || place.word < 0) return null;
  const { node, word } = place;
  const range = toLspRange(node.wordSite([node.directive.name, ...node.directive.args][word]!).range);
  const variable = variableAt(place, offset);
  const parts = variable === null ? await directiveParts(model, node, word) : await variableParts(variable);
  return parts.length === 0
    ? null
    : { range, contents: { kind: MarkupKind.Markdown, value: parts.join('\n\n') } };
}

async function directiveParts(model: ConfigModel, node: ConfigNode, word: number): Promise<string[]> {
  if (node.name.endsWith('_pass')) {
    const sent = sends(model, node);
    // Over the address only what is sent; over the name its documentation too.
    return [...sent, ...(word === 0 ? await documentation(node) : [])];
  }
  if (word !== 0) return [];
  return [...standing(model, node), ...(await documentation(node))];
}

function sends(model: ConfigModel, pass: ConfigNode): string[] {
  const sample = sampleRequest(model, pass);
  if (!sample?.upstream) return [];
  const { request, upstream } = sample;
  return [
    `**nginx sends** for ${code(`${request.method} ${request.target}`)} with host ${code(request.host ?? '')}:`,
    fenced(sentLines(upstream).join('\n'), 'http'),
  ];
}

/** Where a line's value holds, what it keeps out, and what holds without it. */
function standing(model: ConfigModel, node: ConfigNode): string[] {
  const fact = directiveFacts(node.name).find(({ family }) => family === 'http');
  const inHttp = ['http', 'server', 'location', 'upstream'].includes(node.context);
  if (!fact || !inHttp || node.isBlock || node.context === 'upstream') return [];
  const { replaces, inEffect } = standingOf(model, node);
  const lines: string[] = [];
  if (inheritanceOf(node.name) === 'list') {
    lines.push(
      `**In effect here**: ${inEffect.length === 1 ? 'this line alone' : `${inEffect.length} lines of this block`}.`,
    );
    if (replaces.length > 0) {
      lines.push(
        `Because of them ${replaces.length === 1 ? 'a line' : `${replaces.length} lines`} of outer levels ${replaces.length === 1 ? 'does' : 'do'} not hold here:\n${replaces
          .slice(0, MAX_NAMED)
          .map((other) => `- ${code(other.text)}, ${lineOf(other)}`)
          .join('\n')}`,
      );
    }
  } else if (replaces.length > 0) {
    lines.push(`**Here instead of** ${code(replaces[0]!.text)}, ${lineOf(replaces[0]!)}.`);
  }
  const value = defaultValue(model, node.name, node.context);
  if (value !== null) lines.push(`Without any such line: ${code(value)}.`);
  return lines;
}

async function documentation(node: ConfigNode): Promise<string[]> {
  const { directives, pages } = await reference();
  const family = node.context === 'stream' ? 'stream' : node.context === 'mail' ? 'mail' : 'http';
  const texts = directives[node.name] ?? [];
  const text =
    texts.find(({ module }) => module.startsWith(`ngx_${family}_`)) ??
    texts.find(({ module }) => !/^ngx_(?:http|stream|mail)_/.test(module)) ??
    texts[0];
  if (!text) return [];
  const page = pages[text.module];
  return [
    ...(page ? [`${text.text}\n\n[nginx.org](${page}#${encodeURIComponent(node.name)})`] : [text.text]),
  ];
}

async function variableParts(name: string): Promise<string[]> {
  const { variables } = await reference();
  const text =
    variables[name] ?? variables[name.replace(/^(arg|http|cookie|sent_http|upstream_http)_.+$/, '$1_')];
  return text ? [`**${code(`$${name}`)}** ${text}`] : [];
}

/** The variable under an offset, without its `$`. */
function variableAt({ node, word }: AtPlace, offset: number): string | null {
  const { raw, at } = [node.directive.name, ...node.directive.args][word]!;
  for (const match of raw.matchAll(/\$(?:\{(\w{1,100})\}|(\w{1,100}))/g)) {
    const start = node.at + at + match.index;
    if (offset >= start && offset <= start + match[0].length) return match[1] ?? match[2]!;
  }
  return null;
}

function lineOf(node: ConfigNode): string {
  return code(`${path.posix.basename(node.file)}:${node.site.range.start.line}`);
}

/** A text of the configuration within a line: nothing in it is Markdown. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, ' ').slice(0, 200);
  const ticks = '`'.repeat(1 + longestRun(flat));
  return `${ticks}${flat.startsWith('`') || flat.endsWith('`') ? ` ${flat} ` : flat}${ticks}`;
}

function fenced(text: string, language: string): string {
  const ticks = '`'.repeat(Math.max(3, 1 + longestRun(text)));
  return `${ticks}${language}\n${text}\n${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
