import { describe, expect, it } from 'vitest';
import { catalogue, matchMessage } from '../errorlog/catalogue.ts';
import { causesOf } from '../errorlog/message.ts';
import { readEntries } from '../errorlog/read-entries.ts';
import { failureModes } from './index.ts';
import { otherCause, otherCauses } from './other-causes.ts';

/** The ids of the design's table, in its order. */
const designed = `
  tls-to-plain-backend plain-to-tls-backend grpc-behind-proxy-pass grpc-pass-to-http-backend
  unsupported-upstream-scheme non-http-backend fastcgi-behind-proxy-pass fastcgi-pass-to-http-backend
  uwsgi-scgi-mismatch http2-upstream-mismatch http10-refused proxy-protocol-mismatch http2-stream-reset
  response-not-http invalid-response-header ambiguous-response-length

  websocket-headers-missing websocket-over-http10 websocket-connection-close connection-upgrade-hardcoded
  websocket-idle-timeout set-header-inheritance-lost content-length-without-body

  keepalive-without-http11 keepalive-connection-header stale-keepalive-connection keepalive-before-balancer
  keepalive-starves-workers

  backend-down wrong-upstream-port container-localhost backend-loopback-only ipv6-mismatch unreachable-host
  connect-timeout connect-timeout-too-short selinux-denied ephemeral-ports-exhausted proxy-bind-failed
  open-files-exhausted worker-connections-exhausted max-conns-reached unix-socket-missing unix-socket-forbidden
  unix-socket-refused unix-socket-queue-full unix-socket-path-malformed proxy-loop upstream-port-defaulted
  undefined-upstream invalid-upstream-variable

  host-not-found-at-start resolver-missing resolver-failed resolver-name-not-qualified dns-resolved-once

  read-timeout send-timeout tls-handshake-timeout read-timeout-too-long backend-worker-timeout backend-restarting
  balancer-outlives-nginx

  response-header-too-big buffers-inconsistent request-headers-too-big-for-backend backend-rejects-body
  temp-files-unwritable

  backend-closed-early backend-reset response-cut backend-sent-5xx

  sni-missing verify-without-ca verify-name-mismatch upstream-certificate-rejected tls-version-mismatch
  tls-client-certificate-missing shared-tls-session legacy-tls-refused

  no-live-upstreams all-peers-down pool-marked-down-by-one-failure duplicate-peer retry-disabled

  prefix-stripped prefix-slash-mismatch proxy-pass-uri-not-allowed variable-drops-uri regex-needs-quotes
  nested-under-regex internal-redirect-cycle

  error-page-needs-backend auth-request-failed status-from-config error-log-hides-cause wrong-server-block lua-error
`
  .trim()
  .split(/\s+/);

describe('other causes', () => {
  it('name every designed failure mode that has no file yet', () => {
    const known = new Set([...failureModes, ...otherCauses].map(({ id }) => id));
    expect(designed.filter((id) => !known.has(id))).toEqual([]);
  });

  it('leave out every failure mode that has a file', () => {
    expect(failureModes.map(({ id }) => id).filter(otherCause)).toEqual([]);
  });

  it('are pointed to by no message of a log', () => {
    const pointed = readEntries(catalogue.map(({ example }) => example).join('\n')).entries.flatMap(
      (entry) => {
        const matched = matchMessage(entry);
        return matched ? causesOf(matched.kind, entry) : [];
      },
    );
    expect(pointed).toContain('backend-down');
    expect(pointed.filter((id) => !failureModes.some((mode) => mode.id === id))).toEqual([]);
  });

  it('stand once each, under an id of the design', () => {
    const ids = otherCauses.map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    expect(ids.filter((id) => !designed.includes(id))).toEqual([]);
  });

  it('are found by id, and null otherwise', () => {
    for (const cause of otherCauses) expect(otherCause(cause.id)).toBe(cause);
    expect(otherCause('no-such-cause')).toBeNull();
  });

  it.each(otherCauses.map((cause) => [cause.id, cause] as const))('%s reads like the others', (_, cause) => {
    expect(cause.title.length).toBeLessThanOrEqual(70);
    expect(cause.title).not.toMatch(/\.$/);
    expect(cause.do).toMatch(/\.$/);
    expect(cause.do.length).toBeLessThanOrEqual(260);
    for (const text of [cause.title, cause.do]) {
      expect(text.trim()).not.toBe('');
      expect(text).not.toMatch(/[!\n]/);
      expect(text).not.toMatch(/_ssl_verify off|setenforce/);
    }
  });
});
