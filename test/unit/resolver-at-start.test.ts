import { expect, test } from 'vitest';
import type { Explanation } from '../../server/src/engine/contract.ts';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';

/** The name of a DNS server in resolver, which the system has to know when nginx starts. */

function explained(name: string): Explanation {
  const explainer = new LogExplainer({ model: null });
  explainer.push(
    `2026/01/31 03:00:00 [emerg] 1#1: host not found in resolver "${name}" in /etc/nginx/nginx.conf:25\n`,
  );
  return explainer.end({ value: null, from: 'unknown' }, []).groups[0]!.explanation;
}

test('is what the start fails with, and no look-up of a request', () => {
  const { causes } = explained('ns.invalid');
  expect(causes.map(({ id }) => id)).toEqual(['host-not-found-at-start']);
  expect(causes[0]!.do).toMatch(/^Write the address of the DNS server in resolver in place of "ns\.invalid"/);
  expect(causes[0]!.do).toContain('127.0.0.11');
  expect(causes[0]!.checks[0]!.run).toBe('getent ahosts ns.invalid');
});

test('of a cluster: the Service of DNS there', () => {
  const [cause] = explained('kube-dns.kube-system.svc.cluster.local').causes;
  expect(cause!.do).toContain('ClusterIP');
  expect(cause!.checks.map(({ run }) => run)).toContain('kubectl get services -n kube-system -o wide');
});

test('is no variable', () => {
  const [cause] = explained('$resolver_ip').causes;
  expect(cause!.because).toEqual([expect.stringContaining('resolver takes no variable')]);
  expect(cause!.checks.map(({ run }) => run)).toEqual(['nginx -t']);
});
