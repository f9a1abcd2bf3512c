import { fromBytes } from '../engine/config/bytes.ts';
import type { ConfigModel } from '../engine/config/model.ts';
import type { ClientRequest } from '../engine/config/request-state.ts';
import type { RouteAnswer, RouteOverview, Site, Source } from '../engine/contract.ts';
import type { Answered } from '../engine/diagnosis/route-answer.ts';
import { shownPath, WIDTH } from './source-view.ts';
import { printable, type Style, wrapText } from './style.ts';

export interface RouteReportOptions {
  readonly style: Style;
  readonly cwd: string;
}

/** Width of the words in front of a line. */
const LABEL = 10;

/** Settings that people ask for, shown even where nobody sets them. */
const ALWAYS = /^(?!client_)\w+_(?:http_version|connect_timeout|read_timeout|buffer_size|next_upstream)$/;

/** The answer to one URL: where it goes, why, and what nginx sends on. */
export function routeReport(
  model: ConfigModel,
  request: ClientRequest & { url: string },
  { route, upstream, answer }: Answered,
  options: RouteReportOptions,
): string {
  const { style } = options;
  const { server, location, sends } = answer;
  const lines = [style.bold(printable(`${request.method} ${request.url}`)), ''];
  if (server) {
    const names = server.names.filter((name) => name !== '').join(' ');
    lines.push(placed('Server', names === '' ? '(without a name)' : names, server, options));
  }
  if (location) lines.push(placed('Location', location.text, location, options));
  else if (server) lines.push(labelled('Location', 'none: the server block itself'));
  lines.push(...hanging('Answer', outcomeText(answer, route.body)));
  lines.push('', ...numbered('Why', answer.trace));
  if (!route.certain)
    lines.push(...hanging('', 'Not everything here is known from the files: see the steps that say so.'));
  if (sends && upstream) {
    lines.push('', labelled('Sends', printable(sends.requestLine)));
    for (const [i, { name, value, from }] of sends.headers.entries()) {
      const text = `${' '.repeat(LABEL)}${printable(`${name}: ${value}`)}`;
      lines.push(
        upstream.headers[i]!.fromClient
          ? aligned(text, "client's")
          : sourced(`${name}: ${value}`, from, options),
      );
    }
  }
  const settings = answer.effective.filter(
    ({ directive, from }) =>
      !/_(?:set_header|param)$/.test(directive) && (from !== 'default' || ALWAYS.test(directive)),
  );
  if (settings.length > 0) {
    lines.push('', 'Settings');
    for (const { directive, value, from } of settings)
      lines.push(sourced(`${directive} ${value}`, from, options));
  }
  lines.push('', ...versionText(model));
  return `${lines.join('\n')}\n`;
}

function versionText(model: ConfigModel): string[] {
  const { value } = model.version;
  const text =
    value === null
      ? 'nginx version unknown: defaults as before 1.29.7. --nginx-version tells it. --format curl prints the request to the backend as a command.'
      : `nginx ${value}. --format curl prints the request to the backend as a command.`;
  return wrapText(text, WIDTH);
}

function outcomeText({ outcome, handler }: RouteAnswer, body: string | null): string {
  const { kind, status, to } = outcome;
  switch (kind) {
    case 'redirect':
      return `${status} to ${to}`;
    case 'return':
      if (status === '444') return 'the connection is closed without an answer';
      return body === null || body === '' ? `${status}` : `${status} "${fromBytes(body).slice(0, 200)}"`;
    case 'error':
      return status === null ? 'none' : `${status} from nginx itself`;
    default: {
      const by = handler ? `${handler.kind}${handler.target === null ? '' : ` ${handler.target}`}` : 'a file';
      return status === null ? by : `${status}, ${by}`;
    }
  }
}

function labelled(label: string, text: string): string {
  return `${label.padEnd(LABEL)}${text}`;
}

function hanging(label: string, text: string): string[] {
  return wrapText(printable(text), WIDTH - LABEL).map((line, i) => labelled(i === 0 ? label : '', line));
}

function numbered(label: string, steps: readonly string[]): string[] {
  const lines = steps.flatMap((step, n) => {
    const number = `${n + 1} `.padStart(3);
    return wrapText(printable(step), WIDTH - LABEL - 3).map(
      (line, i) => `${i === 0 ? number : '   '}${line}`,
    );
  });
  return lines.map((line, i) => labelled(i === 0 ? label : '', line));
}

function where({ file, range }: Site, { cwd }: RouteReportOptions): string {
  return `${shownPath(file, cwd)}:${range.start.line}`;
}

/** A text with its place at the right edge, or on a line of its own where it does not fit. */
function aligned(text: string, place: string): string {
  const room = WIDTH - place.length - 2;
  return text.length <= room ? `${text.padEnd(room)}  ${place}` : `${text}\n${place.padStart(WIDTH)}`;
}

function placed(label: string, text: string, site: Site, options: RouteReportOptions): string {
  return aligned(labelled(label, printable(text)), where(site, options));
}

function sourced(text: string, from: Source, options: RouteReportOptions): string {
  const place = from === 'default' ? 'default' : where(from, options);
  return aligned(`${' '.repeat(LABEL)}${printable(text)}`, place);
}

/** Every server and location, with what it hands its requests to. */
export function overviewReport({ servers }: RouteOverview, options: RouteReportOptions): string {
  const lines: string[] = [];
  for (const server of servers) {
    const names = server.names.filter((name) => name !== '').join(' ');
    const title = `${names === '' ? '(without a name)' : names}  listen ${server.listen.join(', ')}`;
    if (lines.length > 0) lines.push('');
    lines.push(aligned(options.style.bold(printable(title)), where(server, options)));
    for (const location of server.locations) {
      const target = location.handler
        ? `${location.handler.kind} ${location.handler.target ?? ''}`.trimEnd()
        : 'nothing: files, or what stands in it';
      lines.push(aligned(`  ${printable(location.text)}`, where(location, options)));
      lines.push(`    ${printable(target)}`);
      for (const { directive, value, from } of location.effective) {
        if (from !== 'default' && directive.startsWith(`${location.handler!.kind}_`))
          lines.push(aligned(`    ${printable(`${directive} ${value}`)}`, where(from, options)));
      }
    }
  }
  if (lines.length === 0) lines.push('There is no server block.');
  return `${lines.join('\n')}\n`;
}
