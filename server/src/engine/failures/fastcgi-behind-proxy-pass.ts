import { locationMatch } from '../config/location-choice.ts';
import { bestPlace, type Case, peerAddress } from '../diagnosis/case.ts';
import { firstAnswer, whoListens } from '../diagnosis/commands.ts';
import { againstOtherProtocol, spokenElsewhere } from '../diagnosis/spoken.ts';
import { isHttp } from '../errorlog/catalogue/shared.ts';
import type { LogEntry } from '../errorlog/entry.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * proxy_pass sends HTTP to php-fpm or another FastCGI server, which finds no FastCGI record in it ("G" is no version)
 * and resets or closes the connection. Port 9000 is php-fpm's, and that of others too (MinIO, SonarQube): likely, never
 * certain. Deliberately ignores: backends that answered in HTTP before, and the reverse (fastcgi-pass-to-http-backend).
 */
export const fastcgiBehindProxyPass: FailureMode = {
  id: 'fastcgi-behind-proxy-pass',
  title: 'proxy_pass leads to a FastCGI backend such as php-fpm',
  what: 'proxy_pass speaks HTTP to a backend that speaks FastCGI, such as php-fpm.',
  why: 'php-fpm does not understand the request and resets the connection: every request through this location ends with 502.',
  do: 'Use fastcgi_pass with the same address, without http://. With it go include fastcgi_params and fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name.',
  status: '502',
  versions: null,
  hits: 'every request through this location',
  signatures: [
    { message: 'upstream-prematurely-closed', when: overHttp },
    { message: 'recv-failed', when: overHttp },
  ],
  weigh(failure) {
    const { entry } = failure;
    const target = bestPlace(failure)?.proxied;
    if (!overHttp(entry) || (target && target.handler !== 'proxy')) return null;
    const because = evidence(failure);
    const against = againstOtherProtocol(failure);
    if (against.length > 0) return { certainty: 'possible', because, against, refuted: true };
    if (because.length > 0) return { certainty: 'likely', because, against };
    // php-fpm resets; a plain close without a sign of PHP says nothing of it.
    return entry.errno === null ? null : { certainty: 'possible', because, against };
  },
  remedy: {
    cure: (failure) => {
      const { peer } = failure;
      const address = peer === null ? 'ADDRESS' : peerAddress(peer);
      return `use fastcgi_pass ${address} in place of proxy_pass, with include fastcgi_params and fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; or name the address of the HTTP server that is meant`;
    },
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: (failure) => [...whoListens(failure), ...firstAnswer(failure)],
  references: [
    'https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_pass',
    'https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_param',
  ],
};

function overHttp({ action, upstream }: LogEntry): boolean {
  const scheme = upstream?.scheme ?? null;
  return isHttp(scheme) && (action === null || action.startsWith('reading response header'));
}

/** What speaks for FastCGI: another line of the files, the port, and names that say PHP. */
function evidence(failure: Case): string[] {
  const { peer, entry } = failure;
  const because: string[] = [];
  const other = spokenElsewhere(failure, 'fastcgi');
  if (other) because.push(`${other.pass.text} speaks FastCGI to the same address`);
  if (peer?.port === 9000) because.push("port 9000 is php-fpm's usual one");
  const named = namesPhp(failure);
  if (named !== null) because.push(`the name ${named} says PHP`);
  // The path alone is that of many an HTTP backend too.
  const script = /\.php(?:[/?]|$)/.test(entry.request?.uri ?? '') || isPhpLocation(failure);
  if (script && because.length > 0) because.push('the request is for a PHP script');
  return because;
}

/** The socket, group or host that is named after php-fpm. */
function namesPhp(failure: Case): string | null {
  const { peer } = failure;
  const target = bestPlace(failure)?.proxied?.target;
  const group =
    target?.kind === 'upstream' ? target.upstream.name : target?.kind === 'host' ? target.host : null;
  return [peer?.socket, group].find((name) => name != null && /php|fpm|fcgi|fastcgi/i.test(name)) ?? null;
}

function isPhpLocation(failure: Case): boolean {
  const location = bestPlace(failure)?.location;
  return location != null && /\.php/.test(locationMatch(location).path.replaceAll('\\', ''));
}
