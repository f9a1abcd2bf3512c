// npm run new:failure -- <id>: the file of a failure mode, its line in the list, and its fixture folder.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { giveUp, root } from './set-up.mjs';

const id = process.argv[2] ?? '';
if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/.test(id))
  giveUp('Usage: npm run new:failure -- some-wrong-pattern (kebab-case, two words or more)');
const file = path.join(root, 'server/src/engine/failures', `${id}.ts`);
const folder = path.join(root, 'test-fixtures', id);
if (existsSync(file) || existsSync(folder)) giveUp(`${id} exists already.`);

const name = id.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
writeFileSync(
  file,
  `import type { FailureMode } from './failure-mode.ts';

/**
 * What happens on the wire, since which release, and what this mode deliberately ignores.
 */
export const ${name}: FailureMode = {
  id: '${id}',
  title: '',
  what: '',
  why: '',
  do: '',
  status: '502',
  versions: null,
  hits: '',
  signatures: [],
  remedy: {
    cure: () => '',
    mitigate: null,
    takesEffect: null,
  },
  checks: () => [],
  references: [],
};
`,
);

const index = path.join(root, 'server/src/engine/failures/index.ts');
const listed = readFileSync(index, 'utf8')
  .replace(
    "import type { FailureMode } from './failure-mode.ts';",
    (line) => `import { ${name} } from './${id}.ts';\n${line}`,
  )
  .replace(/\n\];/, `\n  ${name},\n];`);
writeFileSync(index, listed);
const ids = path.join(root, 'server/src/engine/failures/ids.ts');
writeFileSync(ids, readFileSync(ids, 'utf8').replace(/\n\];/, `\n  '${id}',\n];`));

mkdirSync(path.join(folder, 'silent'), { recursive: true });
writeFileSync(
  path.join(folder, 'nginx.conf'),
  `events {}
http {
    server {
        listen 127.0.0.1:8080;
        server_name app.test;

        location / {
            proxy_pass http://127.0.0.1:3001;
        }
    }
}
`,
);
const fixture = {
  observe: 'log',
  backends: [{ kind: 'echo', listen: '127.0.0.1:3001' }],
  requests: [{ path: '/', meant: { requestLine: 'GET / HTTP/1.0' }, location: 'location /' }],
  silent: { '*': { backends: [{ kind: 'echo', listen: '127.0.0.1:3001' }], path: '/', status: 200 } },
};
writeFileSync(path.join(folder, 'fixture.json'), `${JSON.stringify(fixture, null, 2)}\n`);
process.stdout.write(
  `Made ${path.relative(root, file)}, its lines in index.ts and ids.ts, and test-fixtures/${id}/. Next: CONTRIBUTING.md, step 1.\n`,
);
