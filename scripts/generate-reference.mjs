// npm run reference: server/data/reference.json, the beginnings of nginx's own documentation of each directive and
// variable, from @nginx/reference-lib. An editor shows them in its hovers; the file is read at the first of these.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Format, getDirectives, getVariables } from '@nginx/reference-lib';
import { root } from './set-up.mjs';

/** Characters of a description, cut between paragraphs: a hover is no manual. */
const MAX = 400;

/** Where nginx.org has a module's page. */
const page = (module) => {
  const family = /^ngx_(http|stream|mail)_/.exec(module)?.[1];
  const name = module.startsWith('ngx_') ? module : 'ngx_core_module';
  return `https://nginx.org/en/docs/${family ? `${family}/` : ''}${name}.html`;
};

function beginning(markdown) {
  const paragraphs = markdown.trim().split(/\n{2,}/);
  let text = '';
  for (const paragraph of paragraphs) {
    if (text !== '' && text.length + paragraph.length > MAX) break;
    text += `${text === '' ? '' : '\n\n'}${paragraph}`;
  }
  // A paragraph that announces what was cut off announces nothing.
  return text.replace(/\n\n[^\n]*(?:\n[^\n]+)*:$/, '');
}

const directives = {};
for (const { name, module, syntax, description } of getDirectives(Format.Markdown)) {
  directives[name] ??= [];
  directives[name].push({ module, syntax, text: beginning(description) });
}
const variables = {};
for (const { name, description } of getVariables(Format.Markdown)) {
  const bare = name.replace(/^\$/, '');
  variables[bare] ??= beginning(description);
}
const sorted = (object) =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
const pages = Object.fromEntries(
  [...new Set(Object.values(directives).flatMap((list) => list.map(({ module }) => module)))]
    .sort()
    .map((module) => [module, page(module)]),
);
const file = path.join(root, 'server/data/reference.json');
mkdirSync(path.dirname(file), { recursive: true });
const lines = [
  `"pages": ${JSON.stringify(pages)}`,
  `"directives": {\n${Object.entries(sorted(directives))
    .map(([name, list]) => `${JSON.stringify(name)}: ${JSON.stringify(list)}`)
    .join(',\n')}\n}`,
  `"variables": {\n${Object.entries(sorted(variables))
    .map(([name, text]) => `${JSON.stringify(name)}: ${JSON.stringify(text)}`)
    .join(',\n')}\n}`,
];
writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
