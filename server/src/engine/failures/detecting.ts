import { allPeersDown } from './all-peers-down.ts';
import { buffersInconsistent } from './buffers-inconsistent.ts';
import { connectionUpgradeHardcoded } from './connection-upgrade-hardcoded.ts';
import { duplicatePeer } from './duplicate-peer.ts';
import type { FailureMode } from './failure-mode.ts';
import { grpcBehindProxyPass } from './grpc-behind-proxy-pass.ts';
import { internalRedirectCycle } from './internal-redirect-cycle.ts';
import { keepaliveBeforeBalancer } from './keepalive-before-balancer.ts';
import { keepaliveConnectionHeader } from './keepalive-connection-header.ts';
import { keepaliveWithoutHttp11 } from './keepalive-without-http11.ts';
import { nestedUnderRegex } from './nested-under-regex.ts';
import { poolMarkedDownByOneFailure } from './pool-marked-down-by-one-failure.ts';
import { prefixSlashMismatch } from './prefix-slash-mismatch.ts';
import { prefixStripped } from './prefix-stripped.ts';
import { proxyLoop } from './proxy-loop.ts';
import { proxyPassUriNotAllowed } from './proxy-pass-uri-not-allowed.ts';
import { regexNeedsQuotes } from './regex-needs-quotes.ts';
import { resolverMissing } from './resolver-missing.ts';
import { responseHeaderTooBig } from './response-header-too-big.ts';
import { retryDisabled } from './retry-disabled.ts';
import { setHeaderInheritanceLost } from './set-header-inheritance-lost.ts';
import { tlsToPlainBackend } from './tls-to-plain-backend.ts';
import { undefinedUpstream } from './undefined-upstream.ts';
import { unixSocketPathMalformed } from './unix-socket-path-malformed.ts';
import { unsupportedUpstreamScheme } from './unsupported-upstream-scheme.ts';
import { upstreamPortDefaulted } from './upstream-port-defaulted.ts';
import { variableDropsUri } from './variable-drops-uri.ts';
import { verifyWithoutCa } from './verify-without-ca.ts';
import { websocketConnectionClose } from './websocket-connection-close.ts';
import { websocketHeadersMissing } from './websocket-headers-missing.ts';
import { websocketOverHttp10 } from './websocket-over-http10.ts';

/**
 * The modes that a configuration shows: those with `detect`. A check loads them alone, for what explains logs is three
 * quarters of the program, and its start would wait for it. The order is that of `failureModes`.
 */
export const detectingModes: readonly FailureMode[] = [
  tlsToPlainBackend,
  websocketHeadersMissing,
  resolverMissing,
  responseHeaderTooBig,
  unsupportedUpstreamScheme,
  proxyPassUriNotAllowed,
  regexNeedsQuotes,
  buffersInconsistent,
  verifyWithoutCa,
  undefinedUpstream,
  unixSocketPathMalformed,
  nestedUnderRegex,
  keepaliveBeforeBalancer,
  keepaliveWithoutHttp11,
  keepaliveConnectionHeader,
  setHeaderInheritanceLost,
  variableDropsUri,
  prefixSlashMismatch,
  prefixStripped,
  upstreamPortDefaulted,
  grpcBehindProxyPass,
  websocketOverHttp10,
  websocketConnectionClose,
  connectionUpgradeHardcoded,
  allPeersDown,
  duplicatePeer,
  retryDisabled,
  poolMarkedDownByOneFailure,
  internalRedirectCycle,
  proxyLoop,
];
