import type { ConfigModel, ConfigNode } from '../config/model.ts';
import type { Fix } from '../contract.ts';
import { Editor } from '../diagnosis/editing.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * nginx makes no tree of prefixes below a location given by a regular expression (ngx_http_core_find_location runs
 * only the expressions there): a prefix or exact location inside one is read, and never found. Requests for it are
 * answered by the location around it. Deliberately leaves alone: expressions inside expressions, which do work, and
 * locations that nginx refuses there because they do not begin with the text of the expression.
 */
export const nestedUnderRegex: FailureMode = {
  id: 'nested-under-regex',
  title: 'A prefix location inside a regex location is never used',
  what: 'A prefix or exact location stands inside of a location given by a regular expression.',
  why: 'Inside of a regex location nginx looks for other regular expressions only. The requests meant for the inner location are answered by the outer one, without a word in the log.',
  do: 'Move it out, beside the regex location, as location = or location ^~ so that it goes first, or write it as a regular expression.',
  status: null,
  versions: null,
  hits: 'every request that the inner location was meant for',
  signatures: [],
  detect: (model) => neverFound(model),
  remedy: {
    cure: () => 'move the inner location out of the regex location, or write it as a regular expression',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: () => [],
  references: ['https://nginx.org/en/docs/http/ngx_http_core_module.html#location'],
};

function neverFound(model: ConfigModel): Detection[] {
  return model.named('location').flatMap((node) => {
    const outer = node.parent;
    if (!node.isBlock || node.context !== 'location') return [];
    if (outer?.name !== 'location' || !isRegex(outer) || isRegex(node)) return [];
    // nginx refuses what does not begin with the text of the expression, and names.
    const text = outer.args.length > 1 ? outer.arg(1)! : outer.arg(0)!.replace(/^~\*?/, '');
    const path = pathOf(node);
    if (path.startsWith('@') || !path.startsWith(text)) return [];
    return {
      node,
      severity: 'warning',
      certainty: 'certain',
      message: `nginx never looks for ${node.text} inside of ${outer.text}`,
      related: [{ ...outer.site, message: 'answers its requests' }],
      fixes: asExpression(model, node, path),
    };
  });
}

function isRegex(node: ConfigNode): boolean {
  return node.arg(0)?.startsWith('~') ?? false;
}

/** Path of a prefix or exact location, whether its modifier stands apart or not. */
function pathOf(node: ConfigNode): string {
  return node.args.length > 1 ? node.arg(1)! : node.arg(0)!.replace(/^(?:=|\^~)/, '');
}

/** The same requests, as an expression: those are found there, in the order in which they stand. */
function asExpression(model: ConfigModel, node: ConfigNode, path: string): Fix[] {
  const exact = node.arg(0)!.startsWith('=');
  const pattern = `^${path.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')}${exact ? '$' : ''}`;
  const quoted = /[{};\s"]/.test(pattern) ? `"${pattern.replace(/"/g, '\\"')}"` : pattern;
  const head = `location ~ ${quoted}`;
  const fix = new Editor(model, 'choice').replaceHead(node, head).fix(`write ${head}`);
  return fix ? [fix] : [];
}
