import { describe, expect, test } from 'vitest';
import { LogExplainer } from '../../server/src/engine/diagnosis/explain-log.ts';
import { modelOfTexts } from '../support/engine.ts';

async function causes(paste: string, config: string): Promise<string[]> {
  const model = await modelOfTexts({ '/etc/nginx/nginx.conf': `events {}\nhttp {\n${config}\n}\n` });
  const explainer = new LogExplainer({ model });
  explainer.push(`${paste}\n`);
  const [group] = explainer.end({ value: null, from: '' }, []).groups;
  return group!.explanation.causes.map(({ id, certainty }) => `${id} ${certainty}`);
}

const access = (uri: string): string =>
  `203.0.113.5 - - [29/Dec/2018:16:02:02 +0000] "GET ${uri} HTTP/1.1" 502 157 "-" "curl"`;
const PROXIED = 'location / { proxy_pass http://127.0.0.1:3001; }';
const RETURNS = 'location /old/ { return 502; }';

describe('an answer without a line in the error log', () => {
  test('comes from the configuration, where its URI ends at a return', async () => {
    const one = `server { server_name a.test; ${RETURNS} ${PROXIED} }`;
    expect((await causes(access('/old/x'), one))[0]).toBe('status-from-config certain');
    expect((await causes(access('/new/x'), one))[0]).toBe('backend-sent-5xx possible');
    const two = `${one}\nserver { server_name b.test; ${PROXIED} }`;
    expect((await causes(access('/old/x'), two))[0]).toBe('status-from-config likely');
  });

  test('may come from an error_page, or be a page of it', async () => {
    const page = `server { server_name a.test; error_page 404 =502 /x.html; ${PROXIED} }`;
    expect((await causes(access('/y'), page))[0]).toBe('status-from-config possible');
    const html =
      '<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n<hr><center>nginx/1.22.1</center>\n</body>\n</html>';
    expect(await causes(html, page)).toEqual(['status-from-config possible']);
    expect(await causes(html, `server { ${PROXIED} }`)).toEqual([]);
  });
});
