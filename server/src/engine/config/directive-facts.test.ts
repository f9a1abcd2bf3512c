import { describe, expect, test } from 'vitest';
import { readFile, timeline, tokenize } from '../../../../scripts/generate-directives.mjs';
import {
  acceptsCount,
  commercial,
  type DirectiveFact,
  directiveFacts,
  directiveNames,
  existsIn,
  FACT_VERSIONS,
  factAt,
  factFor,
  isKnownDirective,
  thirdParty,
} from './directive-facts.ts';

const HTTP_LEVELS = ['http', 'server', 'location'];

function http(name: string): DirectiveFact {
  return factFor(name, 'location') ?? factFor(name, 'server')!;
}

describe('the table', () => {
  const all = [...directiveNames()].flatMap((name) => directiveFacts(name));

  test('covers the releases from 1.18.0 on', () => {
    expect(FACT_VERSIONS[0]).toBe('1.18.0');
    expect(FACT_VERSIONS.length).toBeGreaterThanOrEqual(69);
    expect(FACT_VERSIONS).toContain('1.31.4');
  });

  test('has as many entries as the command tables of 1.31.4', () => {
    const newest = all.filter((fact) => existsIn(fact, '1.31.4'));
    expect(newest).toHaveLength(783);
    expect(new Set(newest.map((fact) => fact.name)).size).toBe(655);
    const families: Record<string, number> = {};
    for (const { family } of newest) families[family] = (families[family] ?? 0) + 1;
    expect(families).toEqual({
      core: 27,
      events: 16,
      http: 578,
      stream: 111,
      mail: 50,
      misc: 1,
    });
  });

  test('is consistent in every entry', () => {
    for (const fact of all) {
      const where = `${fact.module} ${fact.name}`;
      expect(fact.contexts.length, where).toBeGreaterThan(0);
      expect(fact.contexts, where).not.toContain('');
      expect(fact.args.min, where).toBeGreaterThanOrEqual(0);
      if (fact.args.counts === null) expect(fact.args.max, where).toBeNull();
      else expect(fact.args.counts, where).toEqual([...fact.args.counts].sort());
      expect(fact.values !== null, where).toBe(fact.kind === 'enum' || fact.kind === 'bitmask');
      if (fact.kind === 'flag') expect(['on', 'off', null], where).toContain(fact.default);
      for (const word of fact.kind === 'bitmask' ? (fact.default?.split(' ') ?? []) : []) {
        if (word !== '') expect(fact.values, where).toContain(word);
      }
      const dates = [fact.since, ...fact.changes.map((change) => change.since), fact.until];
      for (const date of dates) if (date !== null) expect(FACT_VERSIONS, where).toContain(date);
      for (const key of Object.keys(fact.changes.at(-1) ?? {}) as (keyof DirectiveFact)[]) {
        if (key !== 'since') expect(fact[key], where).toEqual(fact.changes.at(-1)?.[key as 'args']);
      }
    }
  });
});

describe('lookup', () => {
  test('tells names apart that nginx does not have', () => {
    expect(isKnownDirective('proxy_pass')).toBe(true);
    expect(isKnownDirective('proxy_pas')).toBe(false);
    expect(isKnownDirective('Proxy_Pass')).toBe(false);
    expect(isKnownDirective('constructor')).toBe(false);
    expect(directiveFacts('proxy_pas')).toEqual([]);
    expect(factFor('proxy_pas', 'location')).toBeNull();
  });

  test('chooses the entry by context', () => {
    expect(factFor('proxy_pass', 'location')?.module).toBe('ngx_http_proxy_module');
    expect(factFor('proxy_pass', 'stream-server')?.module).toBe('ngx_stream_proxy_module');
    expect(factFor('proxy_pass', 'server')).toBeNull();
    expect(factFor('server', 'http')?.block).toBe(true);
    expect(factFor('server', 'upstream')).toMatchObject({ block: false, args: { min: 1, max: null } });
    expect(factFor('resolver', 'upstream')?.since).toBe('1.27.3');
    expect(factFor('resolver', 'http')?.since).toBeNull();
    expect(factFor('error_log', 'main')?.module).toBe('ngx_errlog_module');
    expect(factFor('error_log', 'server')?.module).toBe('ngx_http_core_module');
    expect(factFor('include', 'upstream')?.module).toBe('ngx_conf_module');
    expect(factFor('proxy_pass', 'data')).toBeNull();
    expect(factFor('proxy_pass', 'unknown')).toBeNull();
  });

  test('counts arguments as nginx does', () => {
    const accepted = (name: string, counts: number[]) =>
      counts.filter((n) => acceptsCount(http(name).args, n));
    expect(accepted('proxy_pass', [0, 1, 2])).toEqual([1]);
    expect(accepted('proxy_buffers', [1, 2, 3])).toEqual([2]);
    expect(accepted('listen', [0, 1, 2, 9])).toEqual([1, 2, 9]);
    expect(accepted('tunnel_pass', [0, 1, 2])).toEqual([0, 1]);
    expect(accepted('error_page', [1, 2, 9])).toEqual([2, 9]);
    expect(accepted('internal', [0, 1])).toEqual([0]);
    expect(accepted('proxy_buffering', [0, 1, 2])).toEqual([1]);
  });

  test('knows a hole between two counts', () => {
    const oneOrThree = { min: 1, max: 3, counts: [1, 3], flag: false };
    expect([0, 1, 2, 3, 4].filter((count) => acceptsCount(oneOrThree, count))).toEqual([1, 3]);
  });
});

describe('contexts and blocks', () => {
  test.each([
    ['proxy_pass', 'ngx_http_proxy_module', ['location', 'if-in-location', 'limit_except']],
    ['if', 'ngx_http_rewrite_module', ['server', 'location']],
    ['return', 'ngx_http_rewrite_module', ['server', 'location', 'if-in-server', 'if-in-location']],
    ['map', 'ngx_http_map_module', ['http']],
    ['upstream', 'ngx_http_upstream_module', ['http']],
    ['listen', 'ngx_http_core_module', ['server']],
    ['location', 'ngx_http_core_module', ['server', 'location']],
    ['proxy_set_header', 'ngx_http_proxy_module', HTTP_LEVELS],
    ['try_files', 'ngx_http_try_files_module', ['server', 'location']],
    ['keepalive', 'ngx_http_upstream_keepalive_module', ['upstream']],
    ['worker_connections', 'ngx_event_core_module', ['events']],
    ['events', 'ngx_events_module', ['main']],
    ['tunnel_pass', 'ngx_http_tunnel_module', ['server', 'location', 'if-in-location']],
    ['proxy_timeout', 'ngx_stream_proxy_module', ['stream', 'stream-server']],
  ])('%s of %s stands in %j', (name, module, contexts) => {
    const fact = directiveFacts(name).find((candidate) => candidate.module === module);
    expect(fact?.contexts).toEqual(contexts);
  });

  test('blocks', () => {
    for (const name of [
      'if',
      'map',
      'geo',
      'types',
      'location',
      'upstream',
      'split_clients',
      'limit_except',
    ]) {
      expect([name, directiveFacts(name).some((fact) => fact.block)]).toEqual([name, true]);
    }
    for (const name of ['proxy_pass', 'listen', 'return', 'include']) {
      expect([name, directiveFacts(name).some((fact) => fact.block)]).toEqual([name, false]);
    }
    expect(factFor('map', 'http')?.args.counts).toEqual([2]);
  });
});

describe('values', () => {
  test('kinds and defaults', () => {
    expect(http('proxy_read_timeout')).toMatchObject({
      kind: 'msec',
      default: '60000',
      merged: true,
      once: true,
    });
    expect(http('proxy_buffer_size')).toMatchObject({ kind: 'size', default: 'pagesize' });
    expect(http('proxy_buffers')).toMatchObject({ kind: 'bufs', default: '8 pagesize' });
    expect(http('proxy_buffering')).toMatchObject({ kind: 'flag', default: 'on', args: { flag: true } });
    expect(http('proxy_ssl_verify').default).toBe('off');
    expect(http('proxy_next_upstream').default).toBe('error timeout');
    expect(http('client_max_body_size')).toMatchObject({ kind: 'off', default: '1048576' });
    expect(http('large_client_header_buffers').default).toBe('4 8192');
    expect(http('proxy_ssl_name').kind).toBe('complex');
    expect(http('proxy_no_cache').kind).toBe('predicate');
    expect(http('proxy_store_access').default).toBe('0600');
    expect(factFor('keepalive_timeout', 'upstream')?.default).toBe('60000');
    expect(factFor('accept_mutex_delay', 'events')?.default).toBe('500');
    expect(factFor('proxy_buffer_size', 'stream')?.default).toBe('16384');
    expect(factFor('proxy_connect_timeout', 'stream')?.default).toBe('60000');
    expect(factFor('proxy_timeout', 'stream')?.default).toBe('600000');
    expect(factFor('proxy_next_upstream', 'stream')?.kind).toBe('flag');
  });

  test('words and bounds', () => {
    expect(http('proxy_http_version').values).toEqual(['1.0', '1.1', '2']);
    expect(http('proxy_next_upstream').values).toContain('non_idempotent');
    expect(factFor('use', 'events')?.values).toBeNull();
    expect(http('limit_req_status').bounds).toEqual([400, 599]);
    expect(http('gzip_comp_level').bounds).toEqual([1, 9]);
  });

  test('lists are told from values that may stand once', () => {
    expect(http('proxy_set_header')).toMatchObject({ kind: 'keyval', once: false, merged: true });
    expect(http('proxy_pass').once).toBe(true);
    expect(http('add_header').once).toBe(false);
    expect(http('root').once).toBe(true);
  });
});

describe('versions', () => {
  test.each([
    ['http2', 'server', '1.25.1'],
    ['early_hints', 'location', '1.29.0'],
    ['tunnel_pass', 'location', '1.31.0'],
    ['proxy_pass_trailers', 'location', '1.27.2'],
    ['max_headers', 'server', '1.29.8'],
    ['add_header_inherit', 'location', '1.29.3'],
    ['sticky', 'upstream', '1.29.6'],
    ['least_time', 'upstream', '1.31.0'],
    ['resolver', 'upstream', '1.27.3'],
    ['keepalive_time', 'upstream', '1.19.10'],
    ['proxy_pass', 'location', null],
    ['keepalive', 'upstream', null],
  ] as const)('%s in %s since %s', (name, context, since) => {
    expect(factFor(name, context)?.since).toBe(since);
  });

  test('a fact as it stood in a release', () => {
    const version = http('proxy_http_version');
    expect(factAt(version, '1.22.1')).toMatchObject({ default: '1.0', values: ['1.0', '1.1'] });
    expect(factAt(version, '1.29.4')).toMatchObject({ default: '1.0', values: ['1.0', '1.1', '2'] });
    expect(factAt(version, '1.29.7')).toMatchObject({ default: '1.1', values: ['1.0', '1.1', '2'] });
    expect(factAt(version, '1.30')).toMatchObject({ default: '1.1' });
    const keepalive = factFor('keepalive', 'upstream')!;
    expect(factAt(keepalive, '1.29.6')?.args).toMatchObject({ min: 1, max: 1 });
    expect(factAt(keepalive, '1.29.7')?.args).toMatchObject({ min: 1, max: 2 });
    expect(factAt(http('http2'), '1.25.0')).toBeNull();
    expect(factAt(http('http2'), '1.25')).not.toBeNull();
    const protocols = http('proxy_ssl_protocols');
    expect(factAt(protocols, '1.22.1')?.default).toBe('TLSv1 TLSv1.1 TLSv1.2');
    expect(factAt(protocols, '1.26.3')?.default).toBe('TLSv1 TLSv1.1 TLSv1.2 TLSv1.3');
    expect(factAt(protocols, '1.28.0')?.default).toBe('TLSv1.2 TLSv1.3');
    const requests = factFor('keepalive_requests', 'upstream')!;
    expect([factAt(requests, '1.18.0')?.default, factAt(requests, '1.19.10')?.default]).toEqual([
      '100',
      '1000',
    ]);
    expect(factAt(http('proxy_ssl_certificate'), '1.20.2')?.kind).toBe('str');
    expect(http('proxy_ssl_certificate').kind).toBe('complex');
  });

  test('what a distribution has put into older releases', () => {
    expect(http('max_headers')).toMatchObject({ since: '1.29.8', backported: true });
    expect(http('early_hints').backported).toBe(false);
  });

  test('what was removed or has become void', () => {
    const ssl = factFor('ssl', 'server')!;
    expect(ssl).toMatchObject({ until: '1.25.0', replacedBy: 'listen ... ssl' });
    expect([existsIn(ssl, '1.24.0'), existsIn(ssl, '1.25.1')]).toEqual([true, false]);
    expect(http('http2_push')).toMatchObject({ obsolete: true, until: null });
    expect(factAt(http('http2_push'), '1.25.0')?.obsolete).toBe(false);
    expect(http('http2_max_requests').replacedBy).toBe('keepalive_requests');
  });
});

describe('directives of other sources', () => {
  test('commercial ones', () => {
    expect(commercial('health_check')).toMatchObject({
      module: 'ngx_http_upstream_hc_module',
      openSince: null,
    });
    for (const name of [
      'queue',
      'ntlm',
      'state',
      'api',
      'status',
      'zone_sync_server',
      'auth_jwt',
      'keyval',
    ]) {
      expect([name, commercial(name)?.openSince, isKnownDirective(name)]).toEqual([name, null, false]);
    }
    expect(commercial('sticky')?.openSince).toBe('1.29.6');
    expect(commercial('least_time')?.openSince).toBe('1.31.0');
    expect(commercial('match')?.block).toBe(true);
    expect(commercial('license_token')?.inside).toBe('mgmt');
    for (const name of ['proxy_pass', 'zone', 'slow_start', 'constructor'])
      expect(commercial(name)).toBeNull();
  });

  test('those of other modules and forks', () => {
    const modules = {
      content_by_lua_block: 'ngx_http_lua_module',
      preread_by_lua_file: 'ngx_http_lua_module',
      lua_shared_dict: 'ngx_http_lua_module',
      lua_not_known_yet: 'ngx_http_lua_module',
      more_set_headers: 'ngx_http_headers_more_filter_module',
      echo: 'ngx_http_echo_module',
      brotli_types: 'ngx_http_brotli_filter_module',
      modsecurity_rules_file: 'ngx_http_modsecurity_module',
      vhost_traffic_status_zone: 'ngx_http_vhost_traffic_status_module',
      geoip2: 'ngx_http_geoip2_module',
      js_content: 'ngx_http_js_module',
      passenger_enabled: 'ngx_http_passenger_module',
      pagespeed: 'ngx_pagespeed',
      upload_pass: 'ngx_http_upload_module',
      dav_ext_methods: 'ngx_http_dav_ext_module',
      fancyindex: 'ngx_http_fancyindex_module',
      proxy_cache_purge: 'ngx_http_cache_purge_module',
      nchan_pubsub: 'ngx_nchan_module',
      rtmp: 'ngx_rtmp_module',
      doh_pass: 'Angie',
      dyups_interface: 'Tengine',
    };
    for (const [name, module] of Object.entries(modules))
      expect([name, thirdParty(name)?.module]).toEqual([name, module]);
    expect(thirdParty('content_by_lua_block')?.block).toBe(true);
    expect(thirdParty('content_by_lua_file')?.block).toBe(false);
    expect(thirdParty('rtmp')).toMatchObject({ block: true, inside: null });
    expect(thirdParty('application')).toMatchObject({ block: true, inside: 'rtmp' });
    for (const name of ['perl', 'image_filter', 'proxy_pass', 'upstream_max_fails', 'constructor']) {
      expect(thirdParty(name)).toBeNull();
    }
  });
});

describe('the reader of C sources', () => {
  const source = `
#define NAME_OF_IT  "made_by_macro"
#if 0
static ngx_command_t  dead[] = {
#endif
static ngx_conf_enum_t  some_words[] = {
    { ngx_string("a"), 1 }, /* { ngx_string("comment"), 2 }, */
#if (SOMETHING)
    { ngx_string("b"), 2 },
#endif
    { ngx_null_string, 0 }
};
char *setter(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_thing_t  *a, *other = conf;
#if (ONE)
    if (x) {
#else
    if (y) {
#endif
        return "is duplicate";
    }
    ngx_conf_merge_msec_value(other->up.wait,
                              prev->up.wait, 60 * 1000);
}
static ngx_command_t  table[] = { { ngx_string(NAME_OF_IT), 0, setter, 0, 0, NULL }, ngx_null_command };
`;

  test('reads tables, macros and merge calls of all branches', () => {
    const facts = readFile(source);
    expect([...facts.tables.keys()]).toEqual(['some_words', 'table']);
    expect(facts.tables.get('some_words')?.rows).toHaveLength(3);
    expect(facts.macros.get('NAME_OF_IT')).toBe('"made_by_macro"');
    expect(facts.functions.get('setter')).toMatchObject({ refusesDuplicates: true });
    expect(facts.merges).toMatchObject([{ field: 'ngx_thing_t.up.wait', merged: true }]);
  });

  test('tokens keep strings whole', () => {
    const { tokens } = tokenize('a->b, "x /* \\" , }" // end\n#define M 1 \\\n 2\n\'}\'');
    expect(tokens.map((token) => token.value)).toEqual(['a', '->', 'b', ',', 'x /* " , }', '}']);
  });

  test('a timeline tells what changed, appeared and went', () => {
    const state = { family: 'http', module: 'm', in: 'http', args: '1' };
    const [kept, added, removed] = timeline([
      { version: '1.0.0', directives: [{ ...state, name: 'kept' }] },
      {
        version: '1.0.1',
        directives: [
          { ...state, name: 'kept' },
          { ...state, name: 'added' },
        ],
      },
      {
        version: '1.0.2',
        directives: [
          { ...state, name: 'kept', args: '1 2' },
          { ...state, name: 'added' },
        ],
      },
    ] as never).concat(
      timeline([
        { version: '1.0.0', directives: [{ ...state, name: 'removed' }] },
        { version: '1.0.1', directives: [] },
      ] as never),
    );
    expect(kept).toMatchObject({ since: null, until: null, args: '1 2' });
    expect(kept?.changes).toEqual([
      { since: null, args: '1' },
      { since: '1.0.2', args: '1 2' },
    ]);
    expect(added).toMatchObject({ since: '1.0.1', until: null, changes: [] });
    expect(removed).toMatchObject({ since: null, until: '1.0.0' });
  });
});
