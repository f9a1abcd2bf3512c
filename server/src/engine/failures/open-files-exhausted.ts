import { loopThrough } from '../config/proxy-loops.ts';
import { fileLimit, workerConnections } from '../config/worker-limits.ts';
import { bestPlace, type Case } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

/**
 * Every connection of a worker is a file descriptor, a proxied request has two, and files on disk come on top. At the
 * limit socket(), accept() and open() fail with 24 (the process) or 23 (the whole system), and nginx answers 500
 * without trying another server. The limit is worker_rlimit_nofile, else the one that nginx was started with.
 * Deliberately leaves alone: connections that worker_connections itself ends (worker-connections-exhausted).
 */
export const openFilesExhausted: FailureMode = {
  id: 'open-files-exhausted',
  title: 'nginx has no file descriptors left',
  what: 'A worker process of nginx has as many files and connections open as the system allows it.',
  why: 'nginx cannot open a socket to the backend and answers 500, not 502; where it cannot accept, new clients wait. A proxied request takes two descriptors, a file that is served or cached one more.',
  do: 'Set worker_rlimit_nofile, outside all blocks, to at least twice worker_connections. If nginx may not raise the limit itself, set LimitNOFILE in the systemd unit (ulimits nofile for a container).',
  status: '500',
  versions: null,
  hits: 'whatever comes while the worker is at its limit',
  signatures: [
    { message: 'socket-failed', when: ({ errno }) => OUT_OF_FILES.has(errnoMeaning(errno) ?? '') },
    { message: 'accept-failed', when: ({ errno }) => OUT_OF_FILES.has(errnoMeaning(errno) ?? '') },
    { message: 'socket-number-too-high' },
    { message: 'worker-connections-above-open-files' },
    { message: 'setrlimit-failed' },
  ],
  weigh(failure) {
    const { entry, matched, model } = failure;
    const because: string[] = [];
    const files = model && fileLimit(model);
    const connections = model && workerConnections(model);
    const compared = /(\d+) worker_connections exceed open file resource limit: (\d+)/.exec(entry.message);
    if (compared)
      because.push(`worker_connections is ${compared[1]}, and a worker may open ${compared[2]} files`);
    else if (matched.kind.id === 'setrlimit-failed')
      because.push('the system did not let nginx raise the limit to worker_rlimit_nofile');
    else
      because.push(
        isSystemWide(failure)
          ? 'error 23: the limit of the whole system is reached'
          : 'the system refuses another file descriptor',
      );
    const pass = bestPlace(failure)?.proxied?.pass;
    if (model && pass && loopThrough(model, pass)) {
      const against = [`${pass.text} leads back to itself: the loop takes all descriptors there are`];
      return { certainty: 'possible', because, against };
    }
    if (isSystemWide(failure)) return { certainty: 'likely', because, against: [] };
    if (files)
      because.push(
        connections && files.value < 2 * connections.value
          ? `${files.node.text} is less than twice worker_connections (${connections.value})`
          : `${files.node.text} is the limit in this configuration`,
      );
    return { certainty: compared || files === null ? 'likely' : 'certain', because, against: [] };
  },
  remedy: {
    cure(failure) {
      if (isSystemWide(failure))
        return 'raise fs.file-max of the machine (sysctl), or find the process that holds most files (lsof -n | cut -d" " -f1 | sort | uniq -c | sort -n)';
      const connections = failure.model === null ? null : workerConnections(failure.model).value;
      const files = failure.model && fileLimit(failure.model);
      const wanted = connections === null ? 'twice worker_connections' : String(connections * 2);
      const how = files
        ? `raise ${files.node.text} to ${wanted} or more`
        : `set worker_rlimit_nofile, outside all blocks, to ${wanted} or more`;
      return `${how}; if nginx may not raise the limit itself, set LimitNOFILE in the systemd unit (ulimits nofile for a container)`;
    },
    mitigate: 'prlimit --pid PID --nofile=65536:65536 raises it in a running worker',
    takesEffect:
      'worker_rlimit_nofile: nginx -s reload; LimitNOFILE: systemctl daemon-reload and a restart of nginx',
  },
  checks: (failure) => [
    {
      run: 'for p in $(pgrep -x nginx); do echo "$p: $(ls /proc/$p/fd | wc -l) open,$(grep "open files" /proc/$p/limits)"; done',
      where: onNginx(failure),
      expect:
        'for each process the number of open files, the soft limit and the hard one. A worker near its soft limit: this is it.',
    },
    {
      run: failure.surroundings.container
        ? 'cat /proc/sys/fs/file-nr'
        : 'systemctl show nginx -p LimitNOFILE; cat /proc/sys/fs/file-nr',
      where: onNginx(failure),
      expect: failure.surroundings.container
        ? "files in use on the host, and the most there may be (third number); the container's own limit is its ulimits."
        : "the unit's own limit; then the system's: files in use, and the most there may be (third number).",
    },
  ],
  references: [
    'https://nginx.org/en/docs/ngx_core_module.html#worker_rlimit_nofile',
    'https://nginx.org/en/docs/ngx_core_module.html#worker_connections',
  ],
};

const OUT_OF_FILES = new Set(['too-many-files', 'too-many-files-system']);

function isSystemWide({ entry }: Case): boolean {
  return errnoMeaning(entry.errno) === 'too-many-files-system';
}
