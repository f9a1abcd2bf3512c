import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigModel } from '../../server/src/engine/config/model.ts';
import { loadSnapshot } from '../../server/src/engine/config/snapshot.ts';
import { check } from '../../server/src/engine/diagnosis/check.ts';
import { NodeHost } from '../../server/src/node-host.ts';
import { findNginx, nginxVersion } from '../../test-fixtures/toolbox/nginx.ts';

/**
 * Checks folders of public configurations against a real nginx: where nginx accepts one, once its missing certificates,
 * names, files and modules are stubbed, we must see no error in it. Works on copies; nothing leaves the machine.
 */

/** Repairs of one configuration before it is given up. */
const MAX_STUBS = 60;

/** In a network of its own, where any address may be listened on. */
const RUN =
  'ip link set lo up 2>/dev/null; echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind; echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind; exec "$@"';

const found = findNginx();
if (!found) throw new Error('no nginx found: apt-get install nginx, or set NGINX_502_NGINX to its path');
const nginx: string = found;
const version = { value: nginxVersion(nginx), from: 'the sweep' };
const work = mkdtempSync(path.join(tmpdir(), 'nginx-502-sweep-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const stub = makeStubs();

const counts = { configurations: 0, accepted: 0, refused: 0, errors: 0, warnings: 0 };
const reasons = new Map<string, number>();

for (const folder of process.argv.slice(2)) {
  const copy = path.join(work, path.basename(path.resolve(folder)));
  cpSync(folder, copy, { recursive: true, filter: (file) => path.basename(file) !== '.git' });
  for (const main of mainFiles(copy)) await judge(main, copy, folder);
}
process.stdout.write(
  `\n${counts.configurations} configurations: nginx ${version.value} accepts ${counts.accepted}, of which ${counts.errors} have errors and ${counts.warnings} warnings of ours; it refuses ${counts.refused}:\n`,
);
for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1]))
  process.stdout.write(`  ${count}  ${reason}\n`);
process.exitCode = counts.errors > 0 ? 1 : 0;

async function judge(main: string, copy: string, folder: string): Promise<void> {
  counts.configurations++;
  const says = stubbed(main, copy);
  if (says !== null) {
    counts.refused++;
    const reason = says
      .replace(/"[^"]*"/g, '"..."')
      .replace(/ in \/\S+:\d+$/, '')
      .slice(0, 90);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return;
  }
  counts.accepted++;
  const snapshot = await loadSnapshot(new NodeHost(), [main]);
  for (const target of [version, null]) {
    const { findings } = check(new ConfigModel(snapshot, { version: target }));
    for (const { severity, file, range, message, id } of findings) {
      if (severity !== 'error' && (severity !== 'warning' || target === null)) continue;
      counts[severity === 'error' ? 'errors' : 'warnings']++;
      const at = path.join(folder, path.relative(copy, file));
      process.stdout.write(`${at}:${range.start.line}: ${severity}: ${message} [${id}]\n`);
    }
  }
}

/** Files that are whole configurations, and those that stand in here-documents of nginx-tests. */
function mainFiles(folder: string): string[] {
  const mains: string[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = path.join(folder, name);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile() || statSync(file).size > 1_000_000) continue;
    if (name.endsWith('.t')) {
      for (const [i, [, , text]] of [
        ...readFileSync(file, 'utf8').matchAll(/<<\s?(['"]?)EOF\1.*\n([\s\S]*?)\nEOF\n/g),
      ].entries()) {
        if (!/^\s*events\s*\{/m.test(text!)) continue;
        const own = `${file}.${i}.conf`;
        writeFileSync(own, filled(text!));
        mains.push(own);
      }
    } else if (
      /\.conf(?:\.\w+)?$|nginx\.conf/.test(name) &&
      /^\s*(?:events|http)\s*\{/m.test(readFileSync(file, 'utf8'))
    )
      mains.push(file);
  }
  return mains;
}

/** A here-document as Test::Nginx fills it in. */
function filled(text: string): string {
  return text
    .replace(/%%TEST_GLOBALS\w*%%/g, '')
    .replace(/%%PORT_(\d+)(?:_UDP)?%%/g, '$1')
    .replace(/%%TESTDIR%%/g, work)
    .replace(/%%\w+%%/g, '');
}

function makeStubs(): { cert: string; key: string; file: string } {
  const cert = path.join(work, 'stub.crt');
  const key = path.join(work, 'stub.key');
  const file = path.join(work, 'stub');
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=stub.test',
      '-days',
      '2',
    ],
    { stdio: 'ignore' },
  );
  writeFileSync(file, '');
  return { cert, key, file };
}

/** Null when nginx accepts the configuration, perhaps after repairs of what the machine lacks; else what it says. */
function stubbed(main: string, copy: string): string | null {
  for (let round = 0; ; round++) {
    const says = tested(main, copy);
    if (says === null || round === MAX_STUBS || !repair(says, copy)) return says;
  }
}

function tested(main: string, copy: string): string | null {
  const pid = /^\s*pid\s/m.test(readFileSync(main, 'utf8')) ? [] : ['-g', `pid ${work}/nginx.pid;`];
  const arguments_ = [
    '-n',
    'sh',
    '-c',
    RUN,
    'sh',
    nginx,
    '-t',
    '-q',
    '-p',
    copy,
    '-c',
    main,
    '-e',
    'stderr',
    ...pid,
  ];
  const { status, stderr } = spawnSync('unshare', arguments_, { encoding: 'utf8' });
  if (status === 0) return null;
  return /\[(?:emerg|crit|alert)\] (?:\d+#\d+: )?(.*)/.exec(stderr)?.[1] ?? stderr.slice(0, 200);
}

/** Puts something in the place of what the machine lacks; false when the fault is the configuration's own. */
function repair(says: string, copy: string): boolean {
  const replaceEverywhere = (from: string, to: string): boolean => {
    let changed = false;
    for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
      const file = path.join(copy, name);
      if (!statSync(file, { throwIfNoEntry: false })?.isFile() || !/conf|\.t\./.test(name)) continue;
      const text = readFileSync(file, 'utf8');
      if (!text.includes(from)) continue;
      writeFileSync(file, text.replaceAll(from, to));
      changed = true;
    }
    return changed;
  };
  const rewritten = (absolute: string, to: string): boolean =>
    replaceEverywhere(absolute, to) || replaceEverywhere(path.relative(copy, absolute), to);
  const quoted = /"([^"]+)"/.exec(says)?.[1] ?? '';
  if (/^cannot load certificate key|PEM_read_bio_PrivateKey|key values mismatch/.test(says))
    return rewritten(quoted, stub.key);
  if (/^cannot load certificate|SSL_CTX_load_verify|PEM_read_bio_X509/.test(says))
    return rewritten(quoted, stub.cert);
  const host = /^host not found in (?:upstream |resolver |")?"?([\w.-]+)/.exec(says)?.[1];
  if (host) return replaceEverywhere(host, '127.0.0.1');
  const placed = / in (\/\S+):(\d+)$/.exec(says);
  if (placed && /^dlopen\(\)|^module ".*" is not binary compatible/.test(says))
    return without(placed[1]!, Number(placed[2]));
  if (placed && /^getpwnam|^getgrnam/.test(says)) return without(placed[1]!, Number(placed[2]));
  if (/^(?:open|BIO_new_file|stat)\(\)|BIO_new_file/.test(says) && path.isAbsolute(quoted)) {
    if (existsSync(quoted)) return false;
    if (!quoted.startsWith(work)) return rewritten(quoted, stub.file);
    mkdirSync(path.dirname(quoted), { recursive: true });
    writeFileSync(quoted, '');
    return true;
  }
  if (/^mkdir\(\)/.test(says) && path.isAbsolute(quoted) && quoted.startsWith(work)) {
    mkdirSync(quoted, { recursive: true });
    return true;
  }
  return /^mkdir\(\)/.test(says) && rewritten(path.dirname(quoted), work);
}

function without(file: string, line: number): boolean {
  const lines = readFileSync(file, 'utf8').split('\n');
  if (lines[line - 1] === undefined || lines[line - 1]!.trim() === '') return false;
  lines[line - 1] = '';
  writeFileSync(file, lines.join('\n'));
  return true;
}
