import {
  type BufferFamily,
  type BufferSettings,
  bufferSettings,
  formatSize,
  raisedBuffers,
  staysConsistent,
} from '../config/buffers.ts';
import { effectiveValue } from '../config/inheritance.ts';
import type { ConfigModel } from '../config/model.ts';
import { allProxied, type Proxied } from '../config/proxied.ts';
import type { Fix } from '../contract.ts';
import { familyOf as handlerOf } from '../diagnosis/case.ts';
import { Editor } from '../diagnosis/editing.ts';
import { repeatToBackend } from '../diagnosis/request-pair.ts';
import type { Detection, FailureMode } from './failure-mode.ts';

/**
 * The response header must fit into one *_buffer_size; *_buffers hold the body only (ngx_http_upstream_process_header).
 * 4k or 8k by default, one memory page. Deliberately leaves alone: grpc trailers, buffers of other handlers than the
 * location's own, and sizes at which nginx refuses to start (buffers-inconsistent). Larger body buffers with the
 * default header buffer are a sound choice by themselves, so they are no more than information.
 */
export const responseHeaderTooBig: FailureMode = {
  id: 'response-header-too-big',
  title: 'The response header does not fit the header buffer',
  what: "The backend's status line and headers together are larger than *_buffer_size, the only buffer they may use.",
  why: 'nginx gives up on the response and answers 502. Large or many cookies, long Content-Security-Policy or Link headers and tokens do this; it often strikes only signed-in users.',
  do: 'Raise proxy_buffer_size (fastcgi_buffer_size, uwsgi_buffer_size, scgi_buffer_size, grpc_buffer_size) and *_buffers with it; *_buffers alone change nothing.',
  status: '502',
  versions: null,
  hits: 'responses with large headers: often those that set or renew cookies',
  signatures: [{ message: 'upstream-too-big-header' }],
  detect: (model) => allProxied(model).flatMap((target) => smallBuffer(model, target) ?? []),
  weigh(failure) {
    const because = ['nginx says so: the header did not fit'];
    const place = failure.places[0];
    const family = place?.proxied ? bufferFamily(place.proxied.handler) : null;
    if (failure.model && place?.proxied && family) {
      const settings = bufferSettings(failure.model, place.proxied.block, family);
      because.push(
        settings.sizeNode
          ? `${settings.sizeNode.text} is in effect there`
          : `${family}_buffer_size is not set there: the default is one memory page, 4k or 8k`,
      );
    }
    return { certainty: 'certain', because, against: [] };
  },
  fix(failure) {
    const target = failure.places[0]?.proxied;
    const fix = failure.model && target ? largerBuffers(failure.model, target, true) : null;
    return fix ? [fix] : [];
  },
  remedy: {
    cure: (failure) => {
      const family = bufferFamily(handlerOf(failure)) ?? 'proxy';
      const target = failure.places[0]?.proxied;
      if (!failure.model || !target || bufferFamily(target.handler) === null)
        return family === 'grpc'
          ? 'raise grpc_buffer_size to 16k'
          : `set ${family}_buffer_size 16k and ${family}_buffers 8 16k together: with the default buffers, 16k alone does not pass nginx -t`;
      const settings = bufferSettings(failure.model, target.block, family);
      const size = sizeAfterFailure(settings);
      if (size <= settings.size)
        return `have the backend send less: ${formatSize(settings.size)} of ${family}_buffer_size are plenty for sound headers; a cookie or header that grows from answer to answer is the usual reason`;
      const lines = raisedBuffers(settings, family, size).map(({ name, value }) => `${name} ${value}`);
      return lines.length === 1
        ? `set ${lines[0]}`
        : `set ${lines.slice(0, -1).join(', ')} and ${lines.at(-1)} together: the first alone does not pass nginx -t`;
    },
    mitigate: 'fewer or smaller cookies: have the client delete its cookies for this host',
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) =>
    repeatToBackend(
      failure,
      `the size of the response header: ${HEADER_LINES[bufferFamily(handlerOf(failure)) ?? 'proxy']}; repeat it with the cookies of a client that fails.`,
    ),
  references: [
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffer_size',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffers',
  ],
};

/** Where a command shows the header that counts. */
const HEADER_LINES: Readonly<Record<BufferFamily, string>> = {
  proxy: 'count the bytes of the lines that begin with "<"',
  fastcgi: 'count the bytes before the empty line',
  uwsgi: 'count the bytes before the empty line',
  scgi: 'count the bytes before the empty line',
  grpc: 'count the bytes of the metadata in the answer',
};

function bufferFamily(handler: string): BufferFamily | null {
  switch (handler) {
    case 'proxy':
    case 'fastcgi':
    case 'uwsgi':
    case 'scgi':
    case 'grpc':
      return handler;
    default:
      return null;
  }
}

/** The size to try after the one in effect was too small: doubled until 64k, as is the usual practice. */
function sizeAfterFailure({ size }: BufferSettings): number {
  return size >= 16_384 ? Math.max(size, Math.min(size * 2, 65_536)) : 16_384;
}

/** Smallest page size nginx runs with: its default *_buffer_size (ngx_pagesize). */
const PAGE = 4096;

function smallBuffer(model: ConfigModel, target: Proxied): Detection | null {
  const family = bufferFamily(target.handler);
  if (!family || !(model.has(`${family}_buffer_size`) || model.has(`${family}_buffers`))) return null;
  const settings = bufferSettings(model, target.block, family);
  if (!settings.consistent) return null;
  const told = (): Pick<Detection, 'related' | 'fixes'> => {
    const fix = largerBuffers(model, target, false);
    const message = `${target.pass.text} is answered through it`;
    return { related: [{ ...target.pass.site, message }], fixes: fix ? [fix] : [] };
  };
  if (settings.sizeNode && settings.size < PAGE) {
    return {
      node: settings.sizeNode,
      severity: 'warning',
      certainty: 'likely',
      message: `${family}_buffer_size ${formatSize(settings.size)} is below nginx's default: larger response headers are answered with 502`,
      ...told(),
    };
  }
  // Without buffering the pool is not used; in a fragment the size may be set outside.
  const known = model.isComplete && effectiveValue(model, `${family}_buffering`, target.block, 'on') === 'on';
  if (known && !settings.sizeNode && settings.buffersNode && settings.one > PAGE * 2) {
    return {
      node: settings.buffersNode,
      severity: 'info',
      certainty: 'possible',
      message: `${family}_buffers are raised, but response headers must fit ${family}_buffer_size, which keeps its default of one page (4k or 8k)`,
      why: 'That is right for large bodies. Against "upstream sent too big header" it does nothing.',
      ...told(),
    };
  }
  return null;
}

/**
 * Raises the buffers as a consistent group: at the level that owns each line where everybody who shares it can live
 * with that, else in the location alone.
 */
function largerBuffers(model: ConfigModel, target: Proxied, logged: boolean): Fix | null {
  const family = bufferFamily(target.handler);
  if (!family) return null;
  const settings = bufferSettings(model, target.block, family);
  const size = logged ? sizeAfterFailure(settings) : 16_384;
  if (size <= settings.size) return null;
  const title = `give response headers ${formatSize(size)}`;
  const changes = raisedBuffers(settings, family, size);
  const shared = new Editor(model, 'review');
  const missing = changes.filter((change) => !change.node);
  for (const change of changes)
    if (change.node) shared.replaceHead(change.node, `${change.name} ${change.value}`);
  const anchor = settings.sizeNode ?? settings.buffersNode ?? target.pass;
  if (missing.length > 0)
    shared.insertAfter(
      anchor,
      missing.map((change) => `${change.name} ${change.value};`),
    );
  const touched = [
    ...changes.flatMap((change) => change.node ?? []),
    ...(missing.length > 0 ? [anchor] : []),
  ];
  if (touched.every((node) => node.parent === target.block && node.file === target.block.file))
    return shared.fix(title);
  // nginx compares the sizes of every level, whether or not something is passed there.
  const others = model.named('server', 'location').filter((node) => node !== target.block && node.isBlock);
  if (others.every((other) => staysConsistent(bufferSettings(model, other, family), changes, family))) {
    return shared.fix(title);
  }
  const own = changes.filter((change) => change.node?.parent === target.block);
  const lines = changes
    .filter((change) => !own.includes(change))
    .map((change) => `${change.name} ${change.value};`);
  const alone = new Editor(model, 'review');
  for (const change of own) alone.replaceHead(change.node!, `${change.name} ${change.value}`);
  if (target.pass.file === target.block.file) alone.insertAfter(target.pass, lines);
  else alone.insertAtStart(target.block, lines);
  return alone.fix(title);
}
