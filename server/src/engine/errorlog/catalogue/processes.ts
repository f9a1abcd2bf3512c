import type { MessageKind } from '../message.ts';
import { processLine } from './example-line.ts';
import { NO_ANSWER, verdict } from './shared.ts';

const ALERT = verdict(null, 'none', 'likely', 'This line is about a process of nginx, not about a request.');

/** Processes of nginx: what keeps a worker from starting, and what ends it. */
export const processes: readonly MessageKind[] = [
  {
    id: 'worker-not-started',
    text: '[setuid(<number>) failed|setgid(<number>) failed|initgroups(<name>) failed|chdir("<path>") failed|capset() failed|prctl(<what>) failed|setpriority(<number>) failed|sigprocmask() failed|sched_setaffinity() failed|cpuset_setaffinity() failed] (<errno>)',
    source: 'os/unix/ngx_process_cycle.c ngx_worker_process_init',
    phase: 'start-up',
    status: ALERT,
    fault: 'host-limit',
    meaning: () =>
      'A worker process was not allowed to become the user, or to take the setting, that the configuration names.',
    since: null,
    example: processLine('emerg', 'setgid(33) failed (1: Operation not permitted)'),
    causes: [],
  },
  {
    id: 'process-not-spawned',
    text: '[socketpair() failed while spawning "<name>"|fork() failed while spawning "<name>"|ioctl(FIOASYNC) failed while spawning "<name>"|fcntl(<what>) failed while spawning "<name>"|ioctl(FIONBIO) failed while spawning "<name>"|ioctlsocket(FIONBIO) failed while spawning "<name>"|execve() failed while executing <name>] (<errno>)',
    source: 'os/unix/ngx_process.c ngx_spawn_process, ngx_execute_proc',
    phase: 'other',
    status: ALERT,
    fault: 'host-limit',
    meaning: () =>
      'nginx could not start one of its processes: a limit of processes, memory or files is reached, or the program cannot be run.',
    since: null,
    example: processLine(
      'alert',
      'execve() failed while executing new binary process "/usr/sbin/nginx" (13: Permission denied)',
    ),
    causes: [],
  },
  {
    id: 'too-many-processes',
    text: '[no more than <count> processes can be spawned|could not respawn <name>]',
    source: 'os/unix/ngx_process.c ngx_spawn_process, os/unix/ngx_process_cycle.c ngx_reap_children',
    phase: 'other',
    status: ALERT,
    fault: 'host-limit',
    meaning: () => 'nginx could not replace a process that had ended; it serves with fewer workers.',
    since: null,
    example: processLine('alert', 'could not respawn worker process'),
    causes: [],
  },
  {
    id: 'worker-aborting',
    text: 'aborting',
    source: 'os/unix/ngx_process_cycle.c ngx_worker_process_exit',
    phase: 'other',
    status: verdict(null, 'closed', 'certain', 'The connections of that worker ended without an answer.'),
    fault: 'unknown',
    meaning: () => 'A worker process stopped itself because debug_points asks for it.',
    since: null,
    example: processLine('alert', 'aborting'),
    causes: [],
  },
  {
    id: 'process-alert',
    text: '[kill(<pid>, <signal>) failed (<errno>)|waitpid() failed (<errno>)|shared memory zone "<zone>" was locked by <pid>|sigaction(<name>) failed, ignored (<errno>)|rename() <path> back to <other> failed after the new binary process "<name>" exited (<errno>)|rename() <path> back to <other> failed after an attempt to execute new binary process "<name>" (<errno>)|rename() <path> to <other> failed before executing new binary process "<name>" (<errno>)|MoveFile() <path> to <other> failed before executing new binary process "<name>" (<errno>)|MoveFile() <path> back to <other> failed after <what> (<errno>)|invalid PID number "<value>" in "<path>"|the changing binary signal is ignored: you should shutdown or terminate before either old or new binary\'s process|sigsuspend() failed (<errno>)|sendmsg() failed (<errno>)]',
    source: 'os/unix/ngx_process.c ngx_process_get_status, ngx_unlock_mutexes, ngx_signal_handler',
    phase: 'other',
    status: NO_ANSWER,
    fault: 'unknown',
    meaning: () => 'Something went wrong between the processes of nginx; the lines around this one say when.',
    since: null,
    example: processLine('alert', 'shared memory zone "app_pool" was locked by 29'),
    causes: [],
  },
];
