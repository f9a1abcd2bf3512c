import type { ConfigModel } from '../engine/config/model.ts';
import type { ClientRequest } from '../engine/config/request-state.ts';
import { type ListenPoint, parseArrival } from '../engine/config/server-choice.ts';
import type { Problem } from '../engine/contract.ts';
import { answerRequest, routeOverview } from '../engine/diagnosis/route-answer.ts';
import { upstreamCommand } from '../engine/diagnosis/upstream-command.ts';
import { requestOfUrl } from '../engine/diagnosis/url-request.ts';
import { NodeHost } from '../node-host.ts';
import { type Input, loadModel, openInput } from './input.ts';
import type { Io } from './io.ts';
import { MainFiles } from './main-file.ts';
import { parse } from './options.ts';
import { partsNotes, problemsOf, splitInput } from './parts.ts';
import { answerBatch } from './route-batch.ts';
import { overviewReport, routeReport } from './route-report.ts';
import { shownPath } from './source-view.ts';
import { printable, printableJson, styleFor } from './style.ts';
import { UsageError } from './usage-error.ts';

export const ROUTE_HELP = `Usage: nginx-502 route [--config PATH] URL
       nginx-502 route [--config PATH] -
       nginx-502 route [--config PATH] --all

Says which server and location serve a URL, why, and what nginx sends to the
backend. "-" answers requests from standard input, one JSON object a line:
{"listen": "127.0.0.1:80", "host": "a.test", "target": "/x"}, and if wanted
"method", "http" ("1.0" or "1.1") and "headers" ([["Name", "value"], ...]).
--all lists every server and location with what it hands its requests to.

  --config PATH           the configuration (nginx.conf here, else
                          /etc/nginx/nginx.conf)
  --method M              GET when absent
  --listen ADDR:PORT      where the request arrives; the URL's port on any
                          address when absent
  --header "NAME: VALUE"  what else the client sends; repeatable
  --http1.0               the client speaks HTTP/1.0
  --format text|json|curl
                          how to print (text); curl prints the request to the
                          backend as a command
  --nginx-version V       judge for this version, like 1.28 or 1.25.3
  --map FROM=TO           where a path of the configuration is here; repeatable

Files on nginx's disk are not looked at: try_files finds nothing, index its
first name, and the answer says so.

Exit status: 0 answered, 2 usage error, a file that could not be read, or a
line of standard input that is no request.
`;

const FORMATS = ['text', 'json', 'curl'];

/** `nginx-502 route`. Returns the exit status. */
export async function routeCommand(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parse('route', argv, {
    config: { type: 'string' },
    method: { type: 'string', default: 'GET' },
    listen: { type: 'string' },
    header: { type: 'string', multiple: true, default: [] },
    'http1.0': { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    format: { type: 'string', default: 'text' },
    'nginx-version': { type: 'string' },
    map: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    io.out(ROUTE_HELP);
    return 0;
  }
  const { format } = values;
  if (!FORMATS.includes(format)) {
    throw new UsageError(`--format ${format} does not exist; there are text, json and curl`);
  }
  const [first, ...more] = positionals;
  if (values.all ? first !== undefined : first === undefined || more.length > 0) {
    throw new UsageError('route takes one URL, "-" for standard input, or --all. See nginx-502 route --help');
  }
  if (first === '-' && values.config === '-') {
    throw new UsageError('standard input can be the configuration or the requests, not both');
  }
  if (format === 'curl' && (values.all || first === '-')) {
    throw new UsageError('--format curl is for one URL');
  }
  const request = first === undefined || first === '-' ? null : readRequest(first, values);
  const options = { map: values.map, nginxVersion: values['nginx-version'] };
  const disk = new NodeHost();
  const mains = new MainFiles(disk);
  const named = await openInput(values.config ?? null, options, disk, io.readStdin, io.cwd, mains);
  const [input, ...others] = (await splitInput(named, mains)) as [Input, ...Input[]];
  if (others.length > 0) {
    const which = `the first of ${1 + others.length} configurations here`;
    const answered = `answered by ${shownPath(input.roots[0]!, io.cwd)}, ${which}`;
    io.err(`nginx-502: ${answered}; name the right one with --config\n`);
  }
  const model = await loadModel(input);
  const problems = problemsOf(input, model);
  if (input.parts) io.err(partsNotes(input.parts, model, io.cwd));
  if (model.top.length === 0 && problems.length > 0) return reportProblems(problems, io);
  const status = request
    ? answerOne(model, request, format, io)
    : values.all
      ? overview(model, problems, format, io)
      : await answerBatch(model, io);
  return reportProblems(problems, io) || status;
}

function reportProblems(problems: readonly Problem[], io: Io): number {
  for (const { message } of problems) io.err(`nginx-502: ${printable(message)}\n`);
  return problems.length > 0 ? 2 : 0;
}

function answerOne(
  model: ConfigModel,
  request: ClientRequest & { url: string },
  format: string,
  io: Io,
): number {
  const answered = answerRequest(model, request);
  const mismatch = schemeMismatch(request.url, answered.route.state.point);
  if (mismatch !== null) answered.answer.trace.unshift(mismatch);
  if (format === 'json') {
    io.out(`${printableJson(answered.answer)}\n`);
    return 0;
  }
  if (format === 'text') {
    io.out(routeReport(model, request, answered, { style: styleFor(io.stdout, io.env), cwd: io.cwd }));
    return 0;
  }
  const { route, upstream } = answered;
  const command = upstream && route.block ? upstreamCommand(model, route.block, upstream) : null;
  if (command !== null) {
    io.out(`${command}\n`);
    return 0;
  }
  const why = upstream
    ? `the address of ${upstream.target} cannot be told from the files`
    : 'nginx sends nothing to a backend for this URL; without --format curl the answer says why';
  io.err(`nginx-502: ${printable(why)}\n`);
  return 2;
}

/** A URL in a scheme that the address does not speak; null when it fits. */
function schemeMismatch(url: string, point: ListenPoint | null): string | null {
  const secure = /^https:/i.test(url);
  if (point === null || point.ssl === secure) return null;
  return secure
    ? `the URL says https, but no listen line has ssl there: the handshake fails; what follows is for http`
    : `the URL says http, but the address speaks TLS: nginx answers 400; what follows is for https`;
}

function overview(model: ConfigModel, problems: readonly Problem[], format: string, io: Io): number {
  const all = { ...routeOverview(model), problems: [...problems] };
  io.out(
    format === 'json'
      ? `${printableJson(all)}\n`
      : overviewReport(all, { style: styleFor(io.stdout, io.env), cwd: io.cwd }),
  );
  return 0;
}

function readRequest(
  url: string,
  values: { method: string; listen?: string | undefined; header: string[]; 'http1.0': boolean },
): ClientRequest & { url: string } {
  if (values.listen !== undefined && !parseArrival(values.listen)) {
    throw new UsageError(`--listen takes an address and a port like 127.0.0.1:8080, not "${values.listen}"`);
  }
  const request = requestOfUrl(url, {
    method: values.method,
    listen: values.listen,
    headers: values.header.map(readHeader),
    http: values['http1.0'] ? '1.0' : '1.1',
  });
  if (typeof request === 'string') throw new UsageError(request);
  return { ...request, url };
}

function readHeader(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon <= 0) throw new UsageError(`--header takes "NAME: VALUE", not "${text}"`);
  return [text.slice(0, colon), text.slice(colon + 1).trim()];
}
