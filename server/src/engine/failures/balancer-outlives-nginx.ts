import { clientKeepalives } from '../config/client-keepalive.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * A balancer keeps its connections to nginx open and sends the next request on one that nginx closes at the same
 * moment, because keepalive_timeout is over: FIN or RST in place of an answer, and a 502 of the balancer. nginx writes
 * no line of it, neither for the error nor for the request. Seen only as the balancer's own error page, against the
 * time that the configuration sets. Deliberately not for 503 and 504 of a balancer, nor for keepalive_timeout 0: then
 * nginx announces in each answer that it closes.
 */
export const balancerOutlivesNginx: FailureMode = {
  id: 'balancer-outlives-nginx',
  title: 'The load balancer keeps idle connections longer than nginx',
  what: 'keepalive_timeout of nginx is shorter than the time for which the load balancer in front of it keeps an idle connection.',
  why: 'Now and then the balancer sends a request on a connection that nginx is just closing. The balancer answers 502, and neither log of nginx has a line of the request.',
  do: 'Set keepalive_timeout in http or server above the idle time-out of the balancer: above 60s for an AWS ALB, above 600s for Google Cloud.',
  status: '502',
  versions: null,
  hits: 'now and then a request after an idle moment, more of them at quiet hours',
  signatures: [],
  weighAnswer({ status, product }, model) {
    const balancer = BALANCERS.find(({ page }) => page === product);
    if (!balancer || status !== '502') return null;
    const { name, seconds } = balancer;
    const kept = clientKeepalives(model);
    const short = kept.filter((own) => own.seconds > 0 && own.seconds <= seconds);
    const [first] = short;
    if (!first) return null;
    const where = first.node
      ? `${first.node.text} in ${first.node.file}:${first.node.site.range.start.line}`
      : `keepalive_timeout is not set: ${first.seconds}s by default`;
    return {
      certainty: short.length === kept.length ? 'likely' : 'possible',
      because: [`${where}; ${name} keeps an idle connection for ${seconds}s`],
      against: ['a balancer answers 502 too when nginx was down or restarted, or refused its TLS'],
    };
  },
  remedy: {
    cure: () =>
      'set keepalive_timeout in http or server above the idle time-out of the balancer: above 60s for an AWS ALB, above 600s for Google Cloud',
    mitigate: null,
    takesEffect: 'nginx -s reload',
  },
  checks: () => [
    {
      run: "nginx -T 2>/dev/null | grep -n 'keepalive_timeout'",
      where: "on nginx's machine",
      expect:
        'each value above the idle time-out of the balancer. Nothing: it is 75s. Lines in upstream blocks are about backends.',
    },
  ],
  references: ['https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_timeout'],
};

/** Balancers by their error pages, and for how many seconds they keep an idle connection unless told otherwise. */
const BALANCERS: readonly { readonly page: string; readonly name: string; readonly seconds: number }[] = [
  { page: 'an AWS load balancer', name: 'an AWS ALB by default', seconds: 60 },
  { page: 'a Google Cloud load balancer', name: 'Google Cloud', seconds: 600 },
];
