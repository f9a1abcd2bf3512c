import path from 'node:path';
import { fromBytes } from '../engine/config/bytes.ts';
import type { ConfigNode } from '../engine/config/model.ts';
import type { SentHeader, UpstreamRequest } from '../engine/config/upstream-request.ts';
import type { Source } from '../engine/contract.ts';
import { blockAt, sampleRequest, settingsAt } from '../engine/diagnosis/about.ts';
import { type Answered, answerRequest } from '../engine/diagnosis/route-answer.ts';
import { upstreamCommand } from '../engine/diagnosis/upstream-command.ts';
import { requestOfUrl } from '../engine/diagnosis/url-request.ts';
import type { DrawnSite, EffectiveReply, RouteReply } from '../protocol.ts';
import { uriOf } from './convert.ts';
import type { Judged } from './workspace.ts';

/** Which server and location serve a URL, with all that an editor shows of it. */
export function routeFor(url: string, judged: Judged): RouteReply {
  const request = requestOfUrl(url);
  if (typeof request === 'string') {
    return { problem: request, answer: null, command: null, request: null, places: [] };
  }
  const { model } = judged;
  const answered = answerRequest(model, request);
  const { route, upstream, answer } = answered;
  const { server, location } = answer;
  const drawn = (text: string, site: { file: string; range: DrawnSite['range'] }): DrawnSite => {
    const { file, range } = judged.inEditor({ file: site.file, range: site.range });
    return { uri: uriOf(file), range, text };
  };
  return {
    problem: null,
    answer,
    command: upstream && route.block ? upstreamCommand(model, route.block, upstream) : null,
    request: upstream && requestText(url, answered, upstream),
    places: [
      ...(route.handler ? [drawn(route.handler.text, route.handler.site)] : []),
      ...(location ? [drawn(`location ${location.text}`, location)] : []),
      ...(server
        ? [drawn(`server ${server.names.filter((name) => name !== '').join(' ')}`.trim(), server)]
        : []),
    ],
  };
}

/** The request that nginx sends as a text to read: each header with where it comes from. */
function requestText(url: string, { answer }: Answered, upstream: UpstreamRequest): string {
  const lines = [
    `# What nginx sends to ${fromBytes(upstream.target)} for ${url}`,
    `# (${upstream.protocol}${upstream.tls ? ' over TLS' : ''})`,
    '',
    ...sentLines(upstream),
    '',
    '# How it came there',
    ...answer.trace.map((step) => `# - ${step}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The request line and the headers, the origins of the headers in a column of their own. */
export function sentLines(upstream: UpstreamRequest): string[] {
  const headers = upstream.headers.map((header) => ({
    text: `${fromBytes(header.name)}: ${fromBytes(header.value)}`,
    from: originOf(header),
  }));
  const width = Math.min(48, Math.max(0, ...headers.map(({ text }) => text.length)));
  return [
    fromBytes(upstream.requestLine),
    ...headers.map(({ text, from }) => `${text.padEnd(width)}  # ${from}`),
    ...(upstream.body === null ? [] : ['', fromBytes(upstream.body)]),
  ];
}

function originOf({ node, fromClient }: SentHeader): string {
  if (node) return placeOf(node);
  return fromClient ? 'as the client sent it' : "nginx's default";
}

function placeOf(node: ConfigNode): string {
  return `${path.posix.basename(node.file)}:${node.site.range.start.line}`;
}

/** The values in effect around a position, each with its line. */
export function effectiveFor(judged: Judged, file: string, offset: number): EffectiveReply {
  const { model } = judged;
  const block = blockAt(model, file, offset);
  if (!block) return { effective: [], url: null };
  const effective = settingsAt(model, block).map(({ directive, value, node }) => {
    const from: Source = node ? judged.inEditor(node.site) : 'default';
    return { directive, value, from };
  });
  const pass = [block, ...block.ancestors()]
    .flatMap((level) => level.children)
    .find(({ name }) => name.endsWith('_pass'));
  const sample = pass ? sampleRequest(model, pass) : null;
  return { effective, url: sample && urlOf(sample.request) };
}

function urlOf({
  listen,
  host,
  target,
}: {
  listen: string | null;
  host: string | null;
  target: string;
}): string {
  const port = /:(\d+)$/.exec(listen ?? '')?.[1] ?? '80';
  const scheme = port === '443' ? 'https' : 'http';
  const usual = scheme === 'https' ? '443' : '80';
  return `${scheme}://${host ?? 'localhost'}${port === usual ? '' : `:${port}`}${target}`;
}
