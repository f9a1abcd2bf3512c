import { endpoints } from '../config/proxied.ts';
import { isServerName, tlsName, tlsSetting } from '../config/upstream-tls.ts';
import { hasVariables } from '../config/variables.ts';
import type { ConfirmingCommand } from '../contract.ts';
import { isSocket } from '../errorlog/catalogue/shared.ts';
import { bestPlace, type Case } from './case.ts';
import {
  containerPorts,
  firstAnswer,
  isLoopback,
  onBackend,
  onNginx,
  resolves,
  searchLog,
  speaksTls,
  whoListens,
} from './commands.ts';
import { repeatThroughNginx, repeatToBackend } from './request-pair.ts';
import { isLiteralHost } from './same-end.ts';
import { operand, shellQuote } from './shell.ts';

/** A command with an answer of its own for each of several causes. */
export interface Question {
  /** The command, if the case gives what it needs; `ids` are the causes that it is to tell apart. */
  readonly ask: (failure: Case, expect: string, ids: readonly string[]) => readonly ConfirmingCommand[];
  /** What is seen, by cause. */
  readonly answers: Readonly<Record<string, string>>;
}

/** What a command gets where the line lost the address; the reader has it in the *_pass. */
const BACKEND = 'BACKEND:PORT';
const FROM_PASS = `, with ${BACKEND} as *_pass has it`;

/** A question that looks for words in nginx's files. */
function inFiles(answers: Question['answers']): Question {
  return {
    ask: (failure, expect) => [
      {
        run: "grep -rnE '^[[:space:]]*(upstream|[a-z]+_pass|proxy_http_version)[[:space:]]' /etc/nginx",
        where: onNginx(failure),
        expect,
      },
    ],
    answers,
  };
}

const withExpect =
  (commands: (failure: Case) => readonly ConfirmingCommand[]): Question['ask'] =>
  (failure, expect) =>
    commands(failure)
      .slice(0, 1)
      .map((command) => ({ ...command, expect }));

/** Of those that tell a group of causes equally well, the first is asked. */
export const QUESTIONS: readonly Question[] = [
  {
    ask: (failure, expect) =>
      failure.peer !== null && failure.peer.socket === null && isLoopback(failure.peer)
        ? containerPorts(failure, '').map((command) => ({ ...command, expect }))
        : [],
    answers: {
      'container-localhost': 'the backend in a container of its own, or in none (it runs on the host)',
      'backend-down': 'only the container that nginx and the backend share',
      'wrong-upstream-port': "only that shared container, and the backend's log names another port",
    },
  },
  {
    ask: (failure, expect) =>
      isSocket(failure.entry) || failure.peer?.socket != null
        ? []
        : [{ run: 'ss -ltnp', where: onBackend(failure), expect }],
    answers: {
      'backend-down': 'no line of the backend',
      'wrong-upstream-port': 'the backend with another port',
      'container-localhost': 'the backend with this port, while nginx is in a container',
      'backend-loopback-only': 'the port with 127.0.0.1 or [::1] only',
      'ipv6-mismatch': 'the port with 127.0.0.1 or 0.0.0.0, not [::]',
      'backend-restarting': 'the port with an address that others reach',
    },
  },
  {
    ask: (failure, expect) => {
      const known = firstAnswer(failure);
      if (known.length > 0) return known.map((command) => ({ ...command, expect }));
      const run = `curl -g -sS -i --http0.9 --max-time 5 -o - http://${BACKEND}/ | head -c 200 | cat -v`;
      return [{ run, where: `${onNginx(failure)}${FROM_PASS}`, expect }];
    },
    answers: {
      'response-not-http': 'the page or text without a first line "HTTP/1"',
      'grpc-behind-proxy-pass': 'a few unreadable bytes (^@)',
      'non-http-backend': '"SSH-", "220 ", "-ERR" and the like',
      'plain-to-tls-backend': 'a 400 that speaks of HTTPS, or ^U^C^A',
    },
  },
  {
    ask: withExpect(firstAnswer),
    answers: {
      'tls-to-plain-backend': 'a line "HTTP/1"',
      'non-http-backend': '"SSH-", "220 ", "-ERR" and the like',
    },
  },
  {
    ask: withExpect((failure) =>
      speaksTls(failure).map((command) => ({ ...command, run: `timeout 20 ${command.run}` })),
    ),
    answers: {
      'tls-handshake-timeout':
        '"CONNECTION ESTABLISHED", or nothing for 20 seconds while plain http:// gets nothing either',
      'tls-to-plain-backend': '"wrong version number" or "packet length too long"',
    },
  },
  {
    ask: (failure, expect, ids) => {
      const { peer } = failure;
      // The name decides: a command without it would not be told what nginx is not told.
      const named = !ids.includes('sni-missing') || (peer?.host != null && !isLiteralHost(peer.host));
      const known = named ? speaksTls(failure) : [];
      if (known.length > 0) return known.map((command) => ({ ...command, expect }));
      return [tlsTo(failure, '-brief', expect)];
    },
    answers: {
      'tls-to-plain-backend': '"wrong version number" or "packet length too long"',
      'sni-missing': '"CONNECTION ESTABLISHED"',
      'tls-version-mismatch': '"protocol version"',
      'tls-client-certificate-missing': '"certificate required"',
    },
  },
  {
    ask: (failure, expect) => [tlsTo(failure, '-verify_return_error -verify_hostname NAME', expect)],
    answers: {
      'sni-missing': '"Verify return code: 0"',
      'upstream-certificate-rejected': 'another "Verify return code", or "verify error"',
      'verify-name-mismatch': '"hostname mismatch"',
    },
  },
  {
    ask: (failure, expect) => {
      const options = ['-w', shellQuote('%{time_total}s\\n')];
      const known = repeatToBackend(failure, expect, { seconds: 75, options });
      if (known.length > 0) return known;
      const [through] = repeatThroughNginx(failure);
      if (through && failure.peer) return [{ ...through, expect }];
      const run = `curl -g -sS -v -o /dev/null ${options.join(' ')} --max-time 75 http://${BACKEND}/`;
      return [{ run, where: `${onNginx(failure)}${FROM_PASS}`, expect }];
    },
    answers: {
      'stale-keepalive-connection': 'an answer each time',
      'backend-closed-early': '"Empty reply from server" at once',
      'backend-reset': '"reset by peer" at once',
      'backend-worker-timeout': 'an end without answer after a round number of seconds',
      'backend-restarting': 'refused at first, then an answer',
      'read-timeout': 'a late answer',
      'content-length-without-body': 'an answer at once',
      'backend-rejects-body': 'an answer at once, without a body',
      'request-headers-too-big-for-backend': "an answer: it has not the client's long headers",
      'plain-to-tls-backend': '400, or an answer with https:// and -k only',
      'http10-refused': '426, or an answer with --http1.1 only',
      'proxy-protocol-mismatch': 'an answer with --haproxy-protocol only',
      'response-cut': 'an answer that ends early (curl: "transfer closed")',
      'invalid-response-header': 'a header line that is none (see the lines with "<")',
      'http2-stream-reset': 'a status with a code, such as "code = Internal"',
    },
  },
  {
    ask: withExpect(whoListens),
    answers: {
      'fastcgi-behind-proxy-pass': 'php-fpm',
      'uwsgi-scgi-mismatch': 'uwsgi',
      'non-http-backend': 'a database, a cache, mail or SSH',
      'proxy-loop': 'nginx itself',
      'proxy-protocol-mismatch': 'haproxy or another balancer',
      'backend-closed-early': 'the application',
      'backend-reset': 'the application',
      'plain-to-tls-backend': 'a web server, whose port is a TLS one',
      'invalid-response-header': 'the program that this *_pass is for',
    },
  },
  {
    ask: (failure, expect) => [
      { run: 'ausearch -m avc -ts today -c nginx', where: onNginx(failure), expect },
    ],
    answers: { 'selinux-denied': 'a line with "denied"' },
  },
  {
    ask: reachable,
    answers: {
      'connect-timeout': 'replies to ping (a firewall drops the port, or its queue is full)',
      'unreachable-host': 'no reply to ping, or "unreachable"',
      'dns-resolved-once': 'addresses of getent without the one that ping asks',
    },
  },
  {
    ask: (failure, expect, ids) => {
      const look = ids.includes('dns-resolved-once') ? `getent ahosts ${nameIn(failure)}; ` : '';
      return [{ run: `${look}ip -6 route show default`, where: withNames(failure, look), expect }];
    },
    answers: {
      'ipv6-mismatch': 'no line "default" (no way to IPv6 from here)',
      'dns-resolved-once': 'addresses of getent without the one in the log',
    },
  },
  {
    ask: (failure, expect) => [{ run: 'ss -s', where: onNginx(failure), expect }],
    answers: { 'ephemeral-ports-exhausted': '20000 and more in "timewait" or "estab"' },
  },
  {
    ask: (failure, expect) => [
      {
        run: "ss -Htn state established | awk '{print $4}' | sort | uniq -c | sort -rn | head -n 5",
        where: onNginx(failure),
        expect,
      },
    ],
    answers: { 'proxy-loop': "hundreds of connections to nginx's own port" },
  },
  {
    ask: (failure, expect) => [
      { ...searchLog(failure, "grep -E 'upstream|connect\\(\\)' | tail -n 50"), expect },
    ],
    answers: {
      'backend-down': '"Connection refused" for each server',
      'no-live-upstreams': 'time-outs or other errors for each server',
      'ipv6-mismatch': 'only servers in brackets ("[::1]") refuse',
      'pool-marked-down-by-one-failure': 'a single error of a server that answers else',
      'all-peers-down': 'no error of any server',
      'max-conns-reached': 'no error of any server, and only at busy times',
    },
  },
  {
    ask: (failure, expect) => [
      { ...resolves(failure, failure.matched.captures['name'] ?? 'NAME', 'request'), expect },
    ],
    answers: {
      'resolver-name-not-qualified': 'addresses (the system adds its search domain)',
      'resolver-failed': 'nothing',
    },
  },
  inFiles({
    'unsupported-upstream-scheme': 'a *_pass with another scheme, or with none and no "unix:"',
    'unix-socket-path-malformed': '"unix:" without http:// in front',
    'invalid-upstream-variable': 'a "$" in the address of the *_pass',
    'undefined-upstream': 'no "upstream" of that name, but one of nearly that name',
  }),
  inFiles({
    'grpc-pass-to-http-backend': 'a grpc_pass at that location',
    'http2-upstream-mismatch': 'a proxy_pass there, with "proxy_http_version 2"',
  }),
  {
    ask: (failure, expect) => [tlsTo(failure, '-verify_return_error', expect)],
    answers: { 'upstream-certificate-rejected': 'a "verify error"' },
  },
];

/** A handshake with a name and the CA that nginx has; the reader fills the name in where nothing tells it. */
function tlsTo(failure: Case, options: string, expect: string): ConfirmingCommand {
  const { peer, model } = failure;
  const target = bestPlace(failure)?.proxied;
  const to = peer?.host != null && peer.port !== null ? shellQuote(`${peer.host}:${peer.port}`) : BACKEND;
  const host = peer?.host != null && !isLiteralHost(peer.host) ? peer.host : null;
  const known = (model && target ? tlsName(model, target) : null) ?? host;
  const named = known !== null && isServerName(known);
  const name = named ? shellQuote(known) : 'NAME';
  const ca = model && target ? tlsSetting(model, target, 'trusted_certificate').value : null;
  const trusted = ca?.startsWith('/') && !hasVariables(ca) ? ` -CAfile ${shellQuote(ca)}` : '';
  const words = options.replace('NAME', () => name);
  return {
    run: `openssl s_client -connect ${to} -servername ${name}${trusted} ${words} </dev/null`,
    where: `${onNginx(failure)}${named ? '' : ", with NAME as in the backend's certificate"}`,
    expect,
  };
}

/** Whether a machine answers at all, and where its name may have moved. */
function reachable(failure: Case, expect: string, ids: readonly string[]): ConfirmingCommand[] {
  const host = failure.peer?.host?.replace(/^\[|\]$/g, '') ?? null;
  const to = host !== null && /^[\w.:-]{1,253}$/.test(host) ? operand(host) : 'BACKEND';
  const look = ids.includes('dns-resolved-once') ? `getent ahosts ${nameIn(failure)}; ` : '';
  return [{ run: `${look}ping -c 3 -W 2 ${to}`, where: withNames(failure, look), expect }];
}

/** Where it runs, and what to put for a name that nothing tells. */
function withNames(failure: Case, run: string): string {
  return run.endsWith(' NAME; ') ? `${onNginx(failure)}, with NAME as in *_pass` : onNginx(failure);
}

/** The first name that the place's target has, quoted; NAME where it has none. */
function nameIn(failure: Case): string {
  const target = bestPlace(failure)?.proxied;
  const named = target
    ? endpoints(target).find(({ host }) => host !== null && !isLiteralHost(host) && /[a-z]/i.test(host))
    : undefined;
  return named?.host ? operand(named.host) : 'NAME';
}
