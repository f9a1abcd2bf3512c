import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { firstAnswer } from '../diagnosis/commands.ts';
import { ownListens, spokenElsewhere } from '../diagnosis/spoken.ts';
import { protocolInMessage } from '../errorlog/first-bytes.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * fastcgi_pass sends FastCGI records to an HTTP server, which answers "HTTP/1.1 400": nginx reads its first byte, 72,
 * as the version of FastCGI, of which there is only 1. Where the answer began with another byte the server speaks
 * something else, and where records came at all (an invalid type or request id) it is FastCGI indeed. A TLS port may
 * answer 400 in plain HTTP too: the remedy is the same, with https://.
 */
export const fastcgiPassToHttpBackend: FailureMode = {
  id: 'fastcgi-pass-to-http-backend',
  title: 'fastcgi_pass leads to a backend that speaks HTTP',
  what: 'fastcgi_pass speaks FastCGI to a backend that speaks HTTP.',
  why: 'The backend answers with an HTTP error, whose first letter nginx takes for a FastCGI version that does not exist (72 is "H"): every request through this location ends with 502.',
  do: 'Use proxy_pass http:// with that address. If php-fpm is meant, name the address of "listen" in its pool file.',
  status: '502',
  versions: null,
  hits: 'every request through this location',
  signatures: [{ message: 'fastcgi-unsupported-version' }],
  weigh(failure) {
    const { entry } = failure;
    const answer = protocolInMessage(entry.message);
    const because: string[] = [];
    const against: string[] = [];
    if (answer) {
      const textual = answer.protocol === 'http' || answer.protocol === 'html' || answer.protocol === 'json';
      if (textual) because.push(`the answer began with ${answer.words}`);
      else against.push(`the answer began with ${answer.words}`);
    }
    const http = httpEvidence(failure);
    if (http !== null) because.push(http);
    const target = bestPlace(failure)?.proxied;
    if (target && target.handler !== 'fastcgi')
      against.push(`${target.pass.text} does not speak FastCGI in this file`);
    if (because.length === 0) return { certainty: 'possible', because, against };
    const sure = answer?.protocol === 'http' && http !== null && against.length === 0;
    return { certainty: sure ? 'certain' : 'likely', because, against };
  },
  remedy: {
    cure: (failure) => {
      const address = failure.peer ? peerAddress(failure.peer) : 'ADDRESS';
      return `use proxy_pass http://${address} in place of fastcgi_pass, without the fastcgi_ lines; if php-fpm is meant, name the address of "listen" in its pool file`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => [
    ...firstAnswer(failure),
    {
      run: "grep -rE '^ *listen *=' /etc/php*",
      where: 'on the machine of php-fpm',
      expect: 'the addresses on which php-fpm listens: one of them belongs into fastcgi_pass.',
    },
  ],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass',
  ],
};

/** What in the files says that the address speaks HTTP. */
function httpEvidence(failure: Case): string | null {
  const other = spokenElsewhere(failure, 'http', 'https');
  if (other) return `${other.pass.text} speaks HTTP to the same address`;
  const own = ownListens(failure)[0];
  return own ? `nginx itself listens there: ${own.node.text}` : null;
}
