import type { LogEntry } from '../entry.ts';
import { errnoMeaning } from '../errno.ts';
import type { MessageKind } from '../message.ts';
import { requestLine, upstreamLine } from './example-line.ts';
import { between, bodyFailure, NO_ANSWER, peer, phaseOf, sentence, UNCHANGED, verdict } from './shared.ts';

const READING = 'reading upstream';

/** The answer's body, and the files that nginx keeps parts of it in. */
export const body: readonly MessageKind[] = [
  {
    id: 'upstream-invalid-chunked',
    text: 'upstream sent invalid chunked response',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_chunked_filter',
    phase: 'body',
    status: bodyFailure,
    fault: 'backend',
    meaning: (entry) =>
      `${sentence(peer(entry))} announced an answer in chunks and then sent something else.`,
    since: null,
    example: upstreamLine('error', 'upstream sent invalid chunked response', READING),
    causes: ['response-cut'],
  },
  {
    id: 'upstream-more-than-content-length',
    text: 'upstream sent more data than specified in "Content-Length" header',
    source:
      'ngx_event_pipe.c ngx_event_pipe_copy_input_filter, ngx_http_proxy_module.c ngx_http_proxy_copy_filter',
    phase: 'body',
    status: verdict(
      null,
      null,
      'certain',
      'The client gets as much as Content-Length says; the rest is dropped.',
    ),
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} sent more than its Content-Length; nginx dropped the rest.`,
    since: null,
    example: upstreamLine(
      'warn',
      'upstream sent more data than specified in "Content-Length" header',
      READING,
    ),
    causes: [],
  },
  {
    id: 'upstream-data-after-end',
    text: 'upstream sent data after [final chunk|trailers]',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_chunked_filter',
    phase: 'body',
    status: UNCHANGED,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} sent more after the end of its answer; nginx dropped it.`,
    since: '1.19.1',
    example: upstreamLine('warn', 'upstream sent data after final chunk', READING),
    causes: [],
  },
  {
    id: 'upstream-too-big-trailers',
    text: 'upstream sent too big trailers',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_process_trailer',
    phase: 'body',
    status: bodyFailure,
    fault: 'configuration',
    meaning: (entry) => `The trailers of ${peer(entry)} are larger than the buffer that nginx has for them.`,
    since: '1.27.2',
    example: upstreamLine('error', 'upstream sent too big trailers', READING),
    causes: ['response-header-too-big'],
  },
  {
    id: 'upstream-invalid-trailer',
    text: 'upstream sent invalid trailer[: "<line>"| "<line>"|]',
    source:
      'ngx_http_proxy_module.c ngx_http_proxy_process_trailer, ngx_http_grpc_module.c ngx_http_grpc_filter',
    phase: 'body',
    status: bodyFailure,
    fault: 'backend',
    meaning: (entry) => `${sentence(peer(entry))} sent a trailer that nginx does not accept.`,
    since: null,
    example: upstreamLine('error', 'upstream sent invalid trailer: "X\\x20Y..."', READING),
    causes: ['response-cut', 'invalid-response-header'],
  },
  {
    id: 'response-buffered-to-file',
    text: 'an upstream response is buffered to a temporary file <path>',
    source: 'ngx_http_upstream.c ngx_http_upstream_send_response; ngx_file.c ngx_write_chain_to_temp_file',
    phase: 'other',
    status: UNCHANGED,
    fault: 'nobody',
    meaning: () =>
      'The answer did not fit into the buffers, so nginx kept a part of it in a file. That is no error.',
    since: null,
    example: upstreamLine(
      'warn',
      'an upstream response is buffered to a temporary file /var/cache/nginx/proxy_temp/1/00/0000000001',
      READING,
    ),
    causes: [],
  },
  {
    id: 'request-buffered-to-file',
    text: 'a client request body is buffered to a temporary file <path>',
    source: 'ngx_http_request_body.c ngx_http_write_request_body; ngx_file.c ngx_write_chain_to_temp_file',
    phase: 'other',
    status: UNCHANGED,
    fault: 'nobody',
    meaning: () => 'The request was larger than its buffer, so nginx kept it in a file. That is no error.',
    since: null,
    example: requestLine(
      'warn',
      'a client request body is buffered to a temporary file /var/cache/nginx/client_temp/0000000001',
    ),
    causes: [],
  },
  {
    id: 'file-failed',
    text: '[open()|mkdir()|pwrite()|pwritev()|write()|writev()|pread()|preadv2()|read()|rename()|unlink()|rmdir()|stat()|lstat()|fstat()|openat()|openat2()|realpath()|opendir()|readdir()|closedir()|chmod()|chown()|lseek()|ftruncate()|utimes()|mmap(<count>)|munmap(<count>)|CreateFile()|CloseHandle()|ReadFile()|WriteFile()|DeleteFile()|MoveFile()|MoveFileEx()|SetFileTime()|GetFileAttributesEx()|GetFileInformationByHandle()|CreateDirectory()|RemoveDirectory()|FindFirstFile()|FindNextFile()|FindClose()] "<path>" failed (<errno>)',
    source:
      'ngx_file.c ngx_create_temp_file, ngx_create_path; os/unix/ngx_files.c; ngx_http_static_module.c ngx_http_static_handler',
    phase: (entry) => (phaseOf(entry, 'other') === 'body' ? 'body' : 'other'),
    when: (entry) => entry.level !== 'emerg',
    status: fileStatus,
    fault: (entry) => (isTemp(entry) ? 'host-limit' : 'configuration'),
    meaning: fileMeaning,
    since: null,
    example: upstreamLine(
      'crit',
      'open() "/var/lib/nginx/proxy/1/00/0000000001" failed (13: Permission denied)',
      READING,
    ),
    causes: (entry) => {
      const errno = errnoMeaning(entry.errno);
      if (errno === 'too-many-files' || errno === 'too-many-files-system') {
        return ['open-files-exhausted'];
      }
      return isTemp(entry) ? ['temp-files-unwritable'] : [];
    },
  },
  {
    id: 'file-written-short',
    text: '[pwrite|pwritev|writev|write]() "<path>" has written only <number> of <count>',
    source: 'os/unix/ngx_files.c ngx_writev_file',
    phase: (entry) => (phaseOf(entry, 'other') === 'body' ? 'body' : 'other'),
    status: fileStatus,
    fault: 'host-limit',
    meaning: (entry) => `nginx could not write all of ${pathOf(entry)}: the disk is full.`,
    since: null,
    example: upstreamLine(
      'crit',
      'pwritev() "/var/lib/nginx/proxy/1/00/0000000001" has written only 4096 of 8192',
      READING,
    ),
    causes: ['temp-files-unwritable'],
  },
  {
    id: 'cache-header-invalid',
    text: 'cache file "<path>" contains invalid header',
    source: 'ngx_http_upstream.c ngx_http_upstream_cache_send',
    phase: 'other',
    status: UNCHANGED,
    fault: 'nobody',
    meaning: () => 'A file of the cache is damaged; nginx asks the backend instead.',
    since: null,
    example: requestLine(
      'crit',
      'cache file "/var/cache/nginx/c/29/b7f54b2df7773722d382f4809d65029c" contains invalid header',
    ),
    causes: [],
  },
  {
    id: 'buffer-too-small-for-cache-key',
    text: '<module>_buffer_size <number> is not enough for cache key, it should be increased to at least <count>',
    source: 'ngx_http_upstream.c ngx_http_upstream_cache',
    phase: 'other',
    status: UNCHANGED,
    fault: 'configuration',
    meaning: () => 'The key of the cache does not fit into the buffer; this request is not cached.',
    since: null,
    example: requestLine(
      'error',
      'proxy_buffer_size 1024 is not enough for cache key, it should be increased to at least 3072',
    ),
    causes: [],
  },
  {
    id: 'cache-not-found',
    text: 'cache "<name>" not found',
    source: 'ngx_http_upstream.c ngx_http_upstream_cache_get',
    phase: 'other',
    status: verdict(
      '500',
      'response',
      'likely',
      '500: nginx cannot go on without the cache that the variable names.',
    ),
    fault: 'configuration',
    meaning: () => 'The variables of *_cache gave the name of a cache that does not exist.',
    since: null,
    example: requestLine('error', 'cache "blue" not found'),
    causes: [],
  },
  {
    id: 'thread-pool-not-found',
    text: 'thread pool "<name>" not found',
    source: 'ngx_http_upstream.c ngx_http_upstream_thread_handler',
    phase: 'other',
    status: NO_ANSWER,
    fault: 'configuration',
    meaning: () => 'The thread pool that aio names does not exist.',
    since: null,
    example: upstreamLine('error', 'thread pool "pool1" not found', READING),
    causes: [],
  },
];

/** Directories in which nginx, as distributions build it, keeps temporary files and caches. */
const TEMP = /temp|tmp|cache|\/(?:body|proxy|fastcgi|uwsgi|scgi)\//;

function isTemp(entry: LogEntry): boolean {
  return TEMP.test(pathOf(entry)) || phaseOf(entry, 'other') === 'body' || entry.message.startsWith('pwrite');
}

function pathOf(entry: LogEntry): string {
  const from = entry.message.indexOf('"');
  const end = entry.message.indexOf('"', from + 1);
  return from < 0 || end < 0 ? 'a file' : entry.message.slice(from + 1, end);
}

function fileStatus(entry: LogEntry): ReturnType<typeof verdict> {
  if (entry.client === null) {
    return NO_ANSWER;
  }
  if (phaseOf(entry, 'other') === 'body') {
    return verdict(
      '200',
      'cut',
      'likely',
      'The status (mostly 200) had been sent already; the answer ends early.',
    );
  }
  if (isTemp(entry)) {
    return verdict(
      '500',
      'response',
      'likely',
      '500, not 502: no backend had been asked yet, or its answer could not be stored.',
    );
  }
  switch (errnoMeaning(entry.errno)) {
    case 'no-such-file':
    case 'not-directory':
    case 'name-too-long':
      return verdict(
        '404',
        'response',
        'likely',
        '404, not 502: a static file is missing; error_page or try_files may go on.',
      );
    case 'permission':
      return verdict('403', 'response', 'likely', '403, not 502: a static file cannot be read.');
    default:
      return verdict('500', 'response', 'likely', '500, not 502.');
  }
}

function fileMeaning(entry: LogEntry): string {
  const path = pathOf(entry);
  switch (errnoMeaning(entry.errno)) {
    case 'no-such-file':
      return `nginx found no file ${path}.`;
    case 'not-directory':
      return `nginx found no file ${path}: a part of the path is not a directory.`;
    case 'permission':
    case 'not-permitted':
      return `nginx is not allowed to use ${path}.`;
    case 'no-space':
    case 'quota':
      return `nginx could not write ${path}: the disk is full.`;
    case 'read-only':
      return `nginx could not write ${path}: the file system is read-only.`;
    case 'too-many-files':
    case 'too-many-files-system':
      return `nginx could not open ${path}: the limit of open files is reached.`;
    default:
      return `nginx could not use ${path}: ${between(entry.message, '(', ')', entry.message.lastIndexOf(' failed')) ?? 'no reason given'}.`;
  }
}
