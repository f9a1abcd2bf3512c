import { Format, getDirectives } from '@nginx/reference-lib';
import { expect, test } from 'vitest';
import { directiveFacts, FACT_VERSIONS } from '../../server/src/engine/config/directive-facts.ts';
import { defaultValue } from '../../server/src/engine/config/effective.ts';
import { modelOfTexts } from '../support/engine.ts';

/** Where nginx's source and its documentation differ, the source is right. */
const IN_THE_SOURCE: Readonly<Record<string, string>> = {
  ssi_value_length: '255',
  tunnel_buffer_size: '4k',
};

/** Written otherwise, and the same. */
const SAME: Readonly<Record<string, string>> = {
  auth_delay: '0',
  listen: '*:80',
  ssl_session_timeout: '300s',
};

/** No value of a configuration file, or one that was compiled in, or a list that other questions answer. */
const NONE =
  /^(?:\w+_temp_path|\w+_param|(?:proxy|grpc)_set_header|(?:grpc|uwsgi)_ssl_name|access_log|log_format|types|userid_service|ssl_trusted_certificate|keepalive)$/;

/** Machines with 64 bits and pages of 4 KiB: of "4k|8k" the first, of what counts in pointers the second. */
function documented(name: string, value: string): string {
  if (name === 'connection_pool_size') return '512';
  if (value === '32|64|128') return '64';
  return value
    .split('|')[0]!
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/(?<=\d)[KM]$/, (unit) => unit.toLowerCase());
}

test('nginx has the defaults that its documentation states', async () => {
  const newest = FACT_VERSIONS.at(-1)!;
  const model = await modelOfTexts(
    { '/etc/nginx/nginx.conf': 'events {}\n' },
    { value: newest, from: 'the test' },
  );
  const other: string[] = [];
  let compared = 0;
  for (const { name, module, default: value, contexts } of getDirectives(Format.Markdown)) {
    const facts = directiveFacts(name).filter(({ family, until }) => family === 'http' && until === null);
    if (!value || !module.startsWith('ngx_http_') || facts.length === 0) continue;
    if (NONE.test(name) || facts.every(({ obsolete }) => obsolete)) continue;
    compared++;
    const ours = defaultValue(model, name, contexts.includes('upstream') ? 'upstream' : 'location');
    const wanted = IN_THE_SOURCE[name] ?? SAME[name] ?? documented(name, value);
    if (ours !== wanted) other.push(`${name}: documented ${wanted}, ours ${ours}`);
  }
  expect(other).toEqual([]);
  expect(compared).toBeGreaterThan(350);
});

test('a default is that of the target version', async () => {
  const of = async (version: string, name: string): Promise<string | null> =>
    defaultValue(
      await modelOfTexts({ '/etc/nginx/nginx.conf': 'events {}\n' }, { value: version, from: 'the test' }),
      name,
    );
  expect(await of('1.19.9', 'keepalive_requests')).toBe('100');
  expect(await of('1.19.10', 'keepalive_requests')).toBe('1000');
  expect(await of('1.29.6', 'proxy_http_version')).toBe('1.0');
  expect(await of('1.29.7', 'proxy_http_version')).toBe('1.1');
});
