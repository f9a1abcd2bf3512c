import type { Case } from './case.ts';

/** What F5's controller writes as the one server of a Service without endpoints (NewUpstreamWithDefaultServer). */
const PLACEHOLDER = '127.0.0.1:8181';

/** Pod networks as kubeadm's usual Flannel, kind, k3s and RKE have them. */
const POD = /^10\.(?:244|42)\./;

/**
 * Why the address of a case is no backend's: F5's NGINX Ingress Controller puts 127.0.0.1:8181 where a Service has no
 * ready pod, on which nothing listens. Null for other addresses, and where nothing speaks of a cluster.
 */
export function standsForNoEndpoints({ peer, entry, surroundings }: Case): string | null {
  if (peer?.text !== PLACEHOLDER) return null;
  const cluster = surroundings.platform === 'kubernetes' || POD.test(entry.client ?? '');
  return cluster
    ? `${PLACEHOLDER} is what F5's NGINX Ingress Controller writes for a Service without endpoints`
    : null;
}
