import type { MessageKind } from '../message.ts';
import { requestLine, startUpLine } from './example-line.ts';
import { UNCHANGED } from './shared.ts';
import { quotedFirst, refused, warned } from './start-up-kind.ts';

/** The cache of answers: broken files, and zones and paths that do not fit. */
export const cache: readonly MessageKind[] = [
  {
    id: 'cache-file-unusable',
    text: 'cache file "<path>" [has incorrect vary length|has incorrect vary hash|has md5 collision|has too long header|is too small|version mismatch]',
    source: 'ngx_http_file_cache.c ngx_http_file_cache_read',
    phase: 'other',
    status: UNCHANGED,
    fault: 'nobody',
    meaning: () => 'A file of the cache is not what nginx expects; it asks the backend instead.',
    since: null,
    example: requestLine(
      'crit',
      'cache file "/var/cache/nginx/c/29/b7f54b2df7773722d382f4809d65029c" has md5 collision',
    ),
    causes: [],
  },
  {
    id: 'cache-lock-timeout',
    text: 'cache lock timeout',
    source: 'ngx_http_file_cache.c ngx_http_file_cache_lock_wait',
    phase: 'other',
    status: UNCHANGED,
    fault: 'backend',
    meaning: () =>
      'The request waited for another one to fill the cache; that took too long, so it asks the backend itself.',
    since: null,
    example: requestLine('info', 'cache lock timeout'),
    causes: [],
  },
  {
    id: 'cache-copy-incomplete',
    text: '[read() has read only <number> of <count> from <path>|read() read only <number> of <count> from "<path>"|write() has written only <number> of <count> to <path>|read() has read only <number> of <count> from "<path>"|pread() read only <number> of <count> from "<path>"|ReadFile() has read only <number> of <count> from <path>|ReadFile() read only <number> of <count> from "<path>"|WriteFile() has written only <number> of <count> to <path>]',
    source: 'ngx_file.c ngx_copy_file, ngx_http_file_cache.c ngx_http_file_cache_update_header',
    phase: 'other',
    status: UNCHANGED,
    fault: 'host-limit',
    meaning: () =>
      'nginx could not copy a file completely: the disk is full, or something else changed the file.',
    since: null,
    example: requestLine('alert', 'write() has written only 4096 of 8192 to /var/cache/nginx/0000000001'),
    causes: ['temp-files-unwritable'],
  },
  refused({
    id: 'cache-zone-unknown',
    text: '"<directive>" zone "<zone>" is unknown',
    source: 'ngx_http_proxy_module.c ngx_http_proxy_merge_loc_conf and its siblings',
    meaning: (entry) => `${quotedFirst(entry).slice(1, -1)} names a zone that no *_cache_path defines.`,
    example: 'nginx: [emerg] "proxy_cache" zone "one" is unknown',
  }),
  warned({
    id: 'cache-key-missing',
    text: 'no "<directive>" for "<cache>"',
    source: 'ngx_http_fastcgi_module.c ngx_http_fastcgi_merge_loc_conf and its siblings',
    meaning: (entry) =>
      `${quotedFirst(entry).slice(1, -1)} is not set, so all requests share one key of the cache.`,
    example: 'nginx: [warn] no "fastcgi_cache_key" for "fastcgi_cache"',
  }),
  refused({
    id: 'cache-path-refused',
    text: '["<directive>" must have "keys_zone" parameter|duplicate zone "<zone>"|keys zone "<zone>" is too small|invalid keys zone size "<value>"|invalid "levels" "<value>"|invalid inactive value "<value>"|invalid max_size value "<value>"|invalid min_free value "<value>"|invalid loader_files value "<value>"|invalid loader_sleep value "<value>"|invalid loader_threshold value "<value>"|invalid manager_files value "<value>"|invalid manager_sleep value "<value>"|invalid manager_threshold value "<value>"|invalid use_temp_path value "<value>", it must be "on" or "off"|invalid time value "<value>"|invalid status "<value>"|cache "<zone>" had previously different levels|cache "<zone>" uses the "<path>" cache path while previously it used the "<other>" cache path]',
    source:
      'ngx_http_file_cache.c ngx_http_file_cache_set_slot, ngx_http_file_cache_valid_set_slot, ngx_http_file_cache_init',
    meaning: (entry) => `nginx does not accept ${quotedFirst(entry)} in the settings of a cache.`,
    example: startUpLine('invalid keys zone size "one:"'),
  }),
  refused({
    id: 'path-used-twice',
    text: '[the same path name "<path>" in <file>|the same path name "<path>" used in <file>|the path name "<path>" in <file>|the default path name "<path>" has the same name as another default path, but the different levels, you need to redefine one of them in http section|chown("<path>", <number>) failed (<errno>)]',
    source: 'ngx_file.c ngx_add_path, ngx_create_paths',
    meaning: (entry) =>
      `nginx cannot use the directory ${quotedFirst(entry)}: two settings want it in different ways, or it belongs to someone else.`,
    example: startUpLine(
      'the default path name "/tmp/nginx" has the same name as another default path, but the different levels, you need to redefine one of them in http section',
    ),
  }),
];
