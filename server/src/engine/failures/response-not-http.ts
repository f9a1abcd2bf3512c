import { effectiveValue } from '../config/inheritance.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { firstAnswer, whoListens } from '../diagnosis/commands.ts';
import { accessLineOf } from '../diagnosis/request-age.ts';
import { spread } from '../diagnosis/same-peer.ts';
import { sentHttp } from '../diagnosis/spoken.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * The first bytes of the answer are no HTTP/1 status line. nginx takes them for HTTP/0.9 and passes them on as they
 * are: no status, no headers, "009" in the access log, and never a 502. The text says HTTP/1.0 whatever is spoken
 * (ngx_http_proxy_process_status_line). Deliberately what remains: whose bytes they are, the protocol ids say as soon
 * as a port, a path or the configuration tells. With a cache the same happens without any line.
 */
export const responseNotHttp: FailureMode = {
  id: 'response-not-http',
  title: 'The answer does not begin like an HTTP answer',
  what: 'What came from the backend does not begin with "HTTP/1.": the port speaks another protocol, or something was sent before the status line.',
  why: 'nginx takes it for an answer of HTTP/0.9 and passes the bytes on without status line and headers. The client gets no 502 but raw bytes; browsers and curl refuse them. The access log has 009.',
  do: 'Find out what listens on that address, and name the HTTP port in proxy_pass. Another protocol wants another directive: https:// for TLS, grpc_pass, fastcgi_pass, or stream {}.',
  status: '009',
  versions: null,
  hits: 'every request where the port speaks another protocol; some where the application writes before its header',
  signatures: [{ message: 'upstream-not-http' }],
  weigh(failure) {
    const { entry, peer } = failure;
    const because = [
      `the first bytes from ${peer ? peerAddress(peer) : 'the backend'} were no HTTP/1 status line`,
    ];
    const access = accessLineOf(failure, entry);
    if (access?.status === '009')
      because.push(`line ${access.line}: the access log has 009 for it, as for an answer without a status`);
    const http = sentHttp(failure);
    if (http)
      because.push(
        `line ${http.line}: the same backend answered in HTTP; to this request it wrote something before its status line`,
      );
    because.push(...spread(failure));
    return { certainty: 'likely', because, against: [], general: true };
  },
  remedy: {
    cure: (failure) => {
      const address = failure.peer ? peerAddress(failure.peer) : 'the backend';
      if (sentHttp(failure))
        return `find what the application at ${address} writes before its header: output of a script, a log line on the same descriptor, the rest of an answer that was longer than its Content-Length`;
      return `see with the command below what ${address} says, then name the HTTP port in proxy_pass, or use what the protocol wants: https:// for TLS, grpc_pass for frames of HTTP/2, fastcgi_pass, uwsgi_pass, or a server in stream {}`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload for a changed address; on the backend: with the next request',
  },
  checks: (failure) => [...firstAnswer(failure), ...whoListens(failure), ...silentCache(failure)],
  references: ['https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass'],
};

/** What a cache took in without a word it goes on giving out. */
function silentCache(failure: Case): ReturnType<FailureMode['checks']> {
  const target = bestPlace(failure)?.proxied;
  if (!failure.model || !target) return [];
  const zone = effectiveValue(failure.model, 'proxy_cache', target.block, 'off');
  if (zone === 'off') return [];
  return [
    {
      run: "grep -c '\" 009 ' /var/log/nginx/access.log",
      where: "on nginx's machine",
      expect: `how many such answers were given out in all: with proxy_cache ${zone} most of them leave no line in the error log.`,
    },
  ];
}
