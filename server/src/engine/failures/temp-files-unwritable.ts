import { dirname } from '../config/paths.ts';
import type { Case } from '../diagnosis/case.ts';
import { onNginx } from '../diagnosis/commands.ts';
import { operand } from '../diagnosis/shell.ts';
import { errnoMeaning } from '../errorlog/errno.ts';
import type { FailureMode } from './failure-mode.ts';

const KEEP_OFF_DISK =
  'proxy_max_temp_file_size 0 keeps answers off the disk (fastcgi_, uwsgi_, scgi_ likewise), except those to be cached';

/**
 * nginx writes request bodies above client_body_buffer_size, answers above *_buffers and cached answers to temporary
 * files, and cannot. The master makes the folders and gives them to the worker's user when it starts, so 13 mostly
 * means a folder above them that this user may not search; 28 is a full disk or no inodes, 30 a read-only file
 * system. A body that cannot be stored is 500 before any backend is asked; an answer is cut after its header.
 * Deliberately ignores 24 (open-files-exhausted) and files to be served.
 */
export const tempFilesUnwritable: FailureMode = {
  id: 'temp-files-unwritable',
  title: 'nginx cannot write its temporary files',
  what: 'A request body or an answer is too large for the buffers in memory, and the file that nginx wants to store it in cannot be made or written.',
  why: 'With a request body nginx answers 500 and asks no backend; an answer that had begun is cut, with its status (mostly 200) sent. Small requests and answers are served.',
  do: "For 13, give nginx's user the right to search every folder above the one in the line; for 28, free the disk; for 30, mount something writable there. Or name another one: proxy_temp_path, fastcgi_temp_path, client_body_temp_path.",
  status: '500',
  versions: null,
  hits: 'requests with large bodies (500) and large answers (cut)',
  signatures: [
    {
      message: 'file-failed',
      when: (entry) => TEMP_ERRORS.has(errnoMeaning(entry.errno) ?? '') && TEMP.test(entry.message),
    },
    { message: 'file-written-short' },
  ],
  weigh(failure) {
    const path = pathOf(failure);
    if (path === null) return { certainty: 'possible', because: [], against: [] };
    const folder = temporaryFolder(path);
    const reason = REASONS[errnoMeaning(failure.entry.errno) ?? ''];
    const short = failure.matched.kind.id === 'file-written-short';
    const because = short ? [`the disk of ${folder} took only a part`] : reason ? [reason(folder)] : [];
    const temporary = NUMBERED.test(path);
    if (temporary) because.push(`${path} has the form of a temporary file of nginx's`);
    return {
      certainty: temporary && (short || reason) ? 'certain' : because.length > 0 ? 'likely' : 'possible',
      because,
      against: [],
    };
  },
  remedy: {
    cure(failure) {
      const path = pathOf(failure);
      const folder = path === null ? 'the folder in the line' : temporaryFolder(path);
      switch (errnoMeaning(failure.entry.errno)) {
        case 'permission':
        case 'not-permitted':
          return `let the user of nginx's workers search every folder above ${folder} (chmod o+x), and own ${folder} itself; or name another folder in *_temp_path`;
        case 'read-only':
          return `mount a writable file system at ${folder} (tmpfs or emptyDir in a container), or name a writable folder in *_temp_path`;
        case 'no-space':
        case 'quota':
          return `free space or inodes on the disk of ${folder}, or name a folder on another disk in *_temp_path`;
        default:
          return `make ${folder} writable, with room on its disk, or name another folder in *_temp_path`;
      }
    },
    mitigate: KEEP_OFF_DISK,
    mitigateHere: (failure) => (isAnswer(failure) ? KEEP_OFF_DISK : null),
    takesEffect: 'rights and space: with the next request; directives: nginx -s reload',
  },
  checks(failure) {
    const path = pathOf(failure);
    if (path === null) return [];
    const folder = temporaryFolder(path);
    return [
      {
        run: `namei -l ${operand(folder)}; ps -o user= -C nginx | sort | uniq -c`,
        where: onNginx(failure),
        expect:
          "each folder above needs x for the workers' user, the last one rwx. A folder without is the fault of errno 13; all there: SELinux (ausearch -m avc -ts recent).",
      },
      {
        run: `df -h ${operand(folder)}; df -i ${operand(folder)}; findmnt -T ${operand(folder)}`,
        where: onNginx(failure),
        expect:
          '100 % in one of the first two: the disk is full (28). "ro" in the last: it is read-only (30).',
      },
    ];
  },
  references: [
    'https://nginx.org/en/docs/http/ngx_http_core_module.html#client_body_temp_path',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_temp_path',
  ],
};

const REASONS: Readonly<Record<string, ((folder: string) => string) | undefined>> = {
  permission: (folder) => `the user of nginx's workers may not write below ${folder}, or not get there`,
  'not-permitted': (folder) => `the user of nginx's workers may not write below ${folder}`,
  'no-space': (folder) => `the disk of ${folder} is full, or has no inodes left`,
  quota: (folder) => `the quota on the disk of ${folder} is used up`,
  'read-only': (folder) => `${folder} is on a file system that is mounted read-only`,
};

const TEMP_ERRORS = new Set(Object.keys(REASONS));

/** Temporary files are numbered with ten digits, in folders of the levels (ngx_create_temp_file). */
const NUMBERED = /(?:\/[0-9a-f]{1,3}){0,3}\/\d{10}$/;
const TEMP = /"[^"]*(?:\/\d{10}|_temp(?:\/[^"]*)?|\/(?:body|proxy|fastcgi|uwsgi|scgi)\/[^"]*)"/;

function pathOf({ entry }: Case): string | null {
  return /\(\) "([^"]+)"/.exec(entry.message)?.[1] ?? null;
}

/** Whether it was an answer that did not fit, by what nginx was doing or by the folder; else a request body. */
function isAnswer(failure: Case): boolean {
  if (/^reading (?:upstream|response)/.test(failure.entry.action ?? '')) return true;
  return /(?:^|[/_])(?:proxy|fastcgi|uwsgi|scgi)(?:_temp)?(?:\/|$)/.test(pathOf(failure) ?? '');
}

/** The folder that *_temp_path names: without number and levels. */
function temporaryFolder(path: string): string {
  const match = NUMBERED.exec(path);
  return match && match.index > 0 ? path.slice(0, match.index) : dirname(path);
}
