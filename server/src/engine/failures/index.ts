import { allPeersDown } from './all-peers-down.ts';
import { ambiguousResponseLength } from './ambiguous-response-length.ts';
import { authRequestFailed } from './auth-request-failed.ts';
import { backendClosedEarly } from './backend-closed-early.ts';
import { backendDown } from './backend-down.ts';
import { backendLoopbackOnly } from './backend-loopback-only.ts';
import { backendRejectsBody } from './backend-rejects-body.ts';
import { backendReset } from './backend-reset.ts';
import { backendRestarting } from './backend-restarting.ts';
import { backendSent5xx } from './backend-sent-5xx.ts';
import { backendWorkerTimeout } from './backend-worker-timeout.ts';
import { balancerOutlivesNginx } from './balancer-outlives-nginx.ts';
import { buffersInconsistent } from './buffers-inconsistent.ts';
import { connectTimeout } from './connect-timeout.ts';
import { connectionUpgradeHardcoded } from './connection-upgrade-hardcoded.ts';
import { containerLocalhost } from './container-localhost.ts';
import { contentLengthWithoutBody } from './content-length-without-body.ts';
import { dnsResolvedOnce } from './dns-resolved-once.ts';
import { duplicatePeer } from './duplicate-peer.ts';
import { ephemeralPortsExhausted } from './ephemeral-ports-exhausted.ts';
import { errorPageNeedsBackend } from './error-page-needs-backend.ts';
import type { FailureMode } from './failure-mode.ts';
import { fastcgiBehindProxyPass } from './fastcgi-behind-proxy-pass.ts';
import { fastcgiPassToHttpBackend } from './fastcgi-pass-to-http-backend.ts';
import { grpcBehindProxyPass } from './grpc-behind-proxy-pass.ts';
import { grpcPassToHttpBackend } from './grpc-pass-to-http-backend.ts';
import { hostNotFoundAtStart } from './host-not-found-at-start.ts';
import { http2StreamReset } from './http2-stream-reset.ts';
import { http2UpstreamMismatch } from './http2-upstream-mismatch.ts';
import { http10Refused } from './http10-refused.ts';
import { internalRedirectCycle } from './internal-redirect-cycle.ts';
import { invalidResponseHeader } from './invalid-response-header.ts';
import { invalidUpstreamVariable } from './invalid-upstream-variable.ts';
import { ipv6Mismatch } from './ipv6-mismatch.ts';
import { keepaliveBeforeBalancer } from './keepalive-before-balancer.ts';
import { keepaliveConnectionHeader } from './keepalive-connection-header.ts';
import { keepaliveStarvesWorkers } from './keepalive-starves-workers.ts';
import { keepaliveWithoutHttp11 } from './keepalive-without-http11.ts';
import { legacyTlsRefused } from './legacy-tls-refused.ts';
import { luaError } from './lua-error.ts';
import { maxConnsReached } from './max-conns-reached.ts';
import { nestedUnderRegex } from './nested-under-regex.ts';
import { noLiveUpstreams } from './no-live-upstreams.ts';
import { nonHttpBackend } from './non-http-backend.ts';
import { openFilesExhausted } from './open-files-exhausted.ts';
import { plainToTlsBackend } from './plain-to-tls-backend.ts';
import { poolMarkedDownByOneFailure } from './pool-marked-down-by-one-failure.ts';
import { prefixSlashMismatch } from './prefix-slash-mismatch.ts';
import { prefixStripped } from './prefix-stripped.ts';
import { proxyBindFailed } from './proxy-bind-failed.ts';
import { proxyLoop } from './proxy-loop.ts';
import { proxyPassUriNotAllowed } from './proxy-pass-uri-not-allowed.ts';
import { proxyProtocolMismatch } from './proxy-protocol-mismatch.ts';
import { readTimeout } from './read-timeout.ts';
import { regexNeedsQuotes } from './regex-needs-quotes.ts';
import { requestHeadersTooBigForBackend } from './request-headers-too-big-for-backend.ts';
import { resolverFailed } from './resolver-failed.ts';
import { resolverMissing } from './resolver-missing.ts';
import { resolverNameNotQualified } from './resolver-name-not-qualified.ts';
import { responseCut } from './response-cut.ts';
import { responseHeaderTooBig } from './response-header-too-big.ts';
import { responseNotHttp } from './response-not-http.ts';
import { retryDisabled } from './retry-disabled.ts';
import { selinuxDenied } from './selinux-denied.ts';
import { sendTimeout } from './send-timeout.ts';
import { setHeaderInheritanceLost } from './set-header-inheritance-lost.ts';
import { sharedTlsSession } from './shared-tls-session.ts';
import { sniMissing } from './sni-missing.ts';
import { staleKeepaliveConnection } from './stale-keepalive-connection.ts';
import { statusFromConfig } from './status-from-config.ts';
import { tempFilesUnwritable } from './temp-files-unwritable.ts';
import { tlsClientCertificateMissing } from './tls-client-certificate-missing.ts';
import { tlsHandshakeTimeout } from './tls-handshake-timeout.ts';
import { tlsToPlainBackend } from './tls-to-plain-backend.ts';
import { tlsVersionMismatch } from './tls-version-mismatch.ts';
import { undefinedUpstream } from './undefined-upstream.ts';
import { unixSocketForbidden } from './unix-socket-forbidden.ts';
import { unixSocketMissing } from './unix-socket-missing.ts';
import { unixSocketPathMalformed } from './unix-socket-path-malformed.ts';
import { unixSocketQueueFull } from './unix-socket-queue-full.ts';
import { unixSocketRefused } from './unix-socket-refused.ts';
import { unreachableHost } from './unreachable-host.ts';
import { unsupportedUpstreamScheme } from './unsupported-upstream-scheme.ts';
import { upstreamCertificateRejected } from './upstream-certificate-rejected.ts';
import { upstreamPortDefaulted } from './upstream-port-defaulted.ts';
import { uwsgiScgiMismatch } from './uwsgi-scgi-mismatch.ts';
import { variableDropsUri } from './variable-drops-uri.ts';
import { verifyNameMismatch } from './verify-name-mismatch.ts';
import { verifyWithoutCa } from './verify-without-ca.ts';
import { websocketConnectionClose } from './websocket-connection-close.ts';
import { websocketHeadersMissing } from './websocket-headers-missing.ts';
import { websocketIdleTimeout } from './websocket-idle-timeout.ts';
import { websocketOverHttp10 } from './websocket-over-http10.ts';
import { workerConnectionsExhausted } from './worker-connections-exhausted.ts';
import { wrongServerBlock } from './wrong-server-block.ts';
import { wrongUpstreamPort } from './wrong-upstream-port.ts';

/** Every failure mode, in the order in which lists show them. */
export const failureModes: readonly FailureMode[] = [
  tlsToPlainBackend,
  plainToTlsBackend,
  tlsHandshakeTimeout,
  websocketHeadersMissing,
  backendDown,
  backendRestarting,
  unreachableHost,
  connectTimeout,
  proxyBindFailed,
  wrongUpstreamPort,
  openFilesExhausted,
  workerConnectionsExhausted,
  dnsResolvedOnce,
  ipv6Mismatch,
  containerLocalhost,
  backendLoopbackOnly,
  unixSocketMissing,
  unixSocketForbidden,
  unixSocketRefused,
  unixSocketQueueFull,
  selinuxDenied,
  ephemeralPortsExhausted,
  hostNotFoundAtStart,
  resolverMissing,
  invalidUpstreamVariable,
  resolverFailed,
  resolverNameNotQualified,
  responseHeaderTooBig,
  invalidResponseHeader,
  ambiguousResponseLength,
  requestHeadersTooBigForBackend,
  tempFilesUnwritable,
  backendClosedEarly,
  backendWorkerTimeout,
  backendRejectsBody,
  backendReset,
  responseCut,
  readTimeout,
  sendTimeout,
  backendSent5xx,
  unsupportedUpstreamScheme,
  http10Refused,
  proxyPassUriNotAllowed,
  regexNeedsQuotes,
  buffersInconsistent,
  verifyWithoutCa,
  sniMissing,
  verifyNameMismatch,
  upstreamCertificateRejected,
  sharedTlsSession,
  tlsClientCertificateMissing,
  tlsVersionMismatch,
  legacyTlsRefused,
  undefinedUpstream,
  unixSocketPathMalformed,
  nestedUnderRegex,
  keepaliveBeforeBalancer,
  keepaliveWithoutHttp11,
  keepaliveConnectionHeader,
  staleKeepaliveConnection,
  keepaliveStarvesWorkers,
  setHeaderInheritanceLost,
  contentLengthWithoutBody,
  variableDropsUri,
  prefixSlashMismatch,
  prefixStripped,
  upstreamPortDefaulted,
  grpcBehindProxyPass,
  grpcPassToHttpBackend,
  http2StreamReset,
  http2UpstreamMismatch,
  proxyProtocolMismatch,
  nonHttpBackend,
  responseNotHttp,
  fastcgiBehindProxyPass,
  fastcgiPassToHttpBackend,
  uwsgiScgiMismatch,
  websocketOverHttp10,
  websocketConnectionClose,
  connectionUpgradeHardcoded,
  websocketIdleTimeout,
  allPeersDown,
  noLiveUpstreams,
  maxConnsReached,
  duplicatePeer,
  retryDisabled,
  poolMarkedDownByOneFailure,
  internalRedirectCycle,
  errorPageNeedsBackend,
  statusFromConfig,
  balancerOutlivesNginx,
  luaError,
  authRequestFailed,
  proxyLoop,
  wrongServerBlock,
];

const byId = new Map(failureModes.map((mode) => [mode.id, mode]));

export function failureMode(id: string): FailureMode | null {
  return byId.get(id) ?? null;
}
