import { effective } from '../config/inheritance.ts';
import type { ConfigNode } from '../config/model.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { operand, shellQuote } from '../diagnosis/shell.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * Code of lua-nginx-module (OpenResty, or Debian's libnginx-mod-http-lua) ends with an error: nginx answers 500, or
 * closes the connection where the header had been sent. The message holds file and line, a traceback stands below it,
 * and nginx's own fields follow on the last line of that. Deliberately only "possible" for what a script logs itself
 * (`[lua] file:line: ...`): that may be any word of its author.
 */
export const luaError: FailureMode = {
  id: 'lua-error',
  title: 'Lua code in nginx failed',
  what: 'Lua code that the configuration or a library of it runs inside nginx ended with an error.',
  why: 'nginx answers 500, not 502; in a filter of the header or body it closes the connection without an answer. What the code was to do, often the check of a token or the choice of a backend, has not been done.',
  do: 'Correct the code at the file and line in the message; "context:" tells the phase in which it ran.',
  status: '500',
  versions: null,
  hits: 'requests for which the code takes that path: often those without a header, cookie or entry that it expects',
  signatures: [
    { message: 'lua-aborted' },
    { message: 'lua-thread-aborted' },
    { message: 'lua-phase-failed' },
    { message: 'lua-not-loaded' },
    { message: 'lua-certificate-rejected' },
    { message: 'lua-log' },
    { message: 'header-sent-twice' },
  ],
  weigh(failure) {
    const { entry, matched } = failure;
    const because: string[] = [];
    const at = scriptOf(failure);
    const line = directiveOf(failure);
    if (at) because.push(`the code stopped at line ${at.line} of ${at.file}`);
    if (line) because.push(`that is in the ${line.name} that begins at line ${line.site.range.start.line}`);
    const context = /, context: ([\w.*]{1,60})/.exec(entry.raw)?.[1];
    if (context) because.push(`it ran in ${context}`);
    switch (matched.kind.id) {
      case 'header-sent-twice':
        return withoutLua(failure)
          ? { certainty: 'possible', because: [], against: ['no Lua runs in that location'], refuted: true }
          : { certainty: 'possible', because: [], against: ['any module of others can do so'] };
      case 'lua-log':
        return {
          certainty: 'possible',
          because,
          against: ['a script wrote the line itself: it may be no error'],
        };
      case 'lua-certificate-rejected':
        return { certainty: 'possible', because, against: [] };
      default:
        return { certainty: line ? 'certain' : 'likely', because, against: [] };
    }
  },
  remedy: {
    cure: (failure) => {
      const { message } = failure.entry;
      const at = scriptOf(failure);
      const where = at ? `in ${at.file}, line ${at.line}` : 'at the file and line in the traceback';
      if (/cannot (?:open|read) /.test(message))
        return "put the Lua file where the directive names it, readable for the workers' user; a relative path counts from nginx's prefix";
      if (/module '[^']{1,200}' not found/.test(message))
        return 'install the module that the message names, or name its folder in lua_package_path (a C module: lua_package_cpath)';
      if (failure.matched.kind.id === 'lua-certificate-rejected')
        return 'set lua_ssl_trusted_certificate to the CA of the server that the script connects to, and lua_ssl_verify_depth 2 or more: no proxy_ssl_* directive counts for Lua';
      if (/a nil value/.test(message))
        return `test the value for nil before it is used, ${where}: a header, cookie, variable or answer is missing in this request`;
      return `correct the code ${where}; the lines below the message tell who called it`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks(failure) {
    const at = scriptOf(failure);
    const where = onNginx(failure);
    const traceback = {
      run: `grep -n -A 12 -E 'lua|_by_lua' /var/log/nginx/error.log | tail -n 40`,
      where,
      expect: 'below the message its traceback, innermost call first: file, line and function of each.',
    };
    // A path as the traceback shortens it ("...resty/core.lua") cannot be opened, nor can a name without folder.
    if (!at?.file.startsWith('/')) return [traceback];
    const from = Math.max(1, at.line - 5);
    return [
      {
        run: `sed -n ${shellQuote(`${from},${at.line + 2}p`)} ${operand(at.file)}`,
        where,
        expect: `the code around line ${at.line}, at which it failed.`,
      },
      traceback,
    ];
  },
  references: ['https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page'],
};

interface Script {
  readonly file: string;
  readonly line: number;
}

/** `access_by_lua(nginx.conf:52):5:` is code in the configuration, anything else before a line number a file. */
const IN_CONFIGURATION = /\b(\w{1,40}_by_lua)\(([^():]{1,200}):(\d{1,7})\)(?::(\d{1,7}))?/;
const IN_FILE = /(?:^|[\s"])([^\s":]{1,300}\.lua):(\d{1,7}):/;

/** Where the code stopped: in a Lua file, or in a line of the configuration counted from where its block begins. */
function scriptOf({ entry }: Case): Script | null {
  const inside = IN_CONFIGURATION.exec(entry.message);
  if (inside) return { file: inside[2]!, line: Number(inside[3]) + Math.max(0, Number(inside[4] ?? 1) - 1) };
  const file = IN_FILE.exec(entry.message);
  return file ? { file: file[1]!, line: Number(file[2]) } : null;
}

/** The *_by_lua_block at the line of the configuration that the message names. */
function directiveOf({ entry, model }: Case): ConfigNode | null {
  const inside = IN_CONFIGURATION.exec(entry.message);
  if (!inside || !model) return null;
  const [, phase, file, line] = inside;
  return (
    model.nodes.find(
      (node) =>
        node.name === `${phase}_block` &&
        node.site.range.start.line === Number(line) &&
        (node.file === file || node.file.endsWith(`/${file}`)),
    ) ?? null
  );
}

/** Whether no directive of Lua stands in the location that the request leads to, or around it. */
function withoutLua(failure: Case): boolean {
  const { model } = failure;
  const block = bestPlace(failure)?.location ?? null;
  if (!model || !block) return false;
  return !PHASES.some((phase) =>
    ['', '_block', '_file'].some(
      (form) => effective(model, `${phase}_by_lua${form}`, block).nodes.length > 0,
    ),
  );
}

const PHASES = ['rewrite', 'access', 'content', 'header_filter', 'body_filter', 'log'];
