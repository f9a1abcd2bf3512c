import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';

/** What `nginx -t` says of a configuration. */
export interface Verdict {
  readonly ok: boolean;
  /** Its first [emerg] without the place; empty when it is content. */
  readonly says: string;
  /** Line of the main file that it names; null when it names none. */
  readonly line: number | null;
  /** All that it printed. */
  readonly output: string;
}

/** One shell for many tests: what costs is starting processes. */
const WORKER = `
ip link set lo up 2> /dev/null || ifconfig lo up 2> /dev/null || echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind
cd "$2" || exit 1
while read -r n; do
  "$1" -t -q -p "$2/" -e stderr -c "$2/$n.conf" 2> "$2/$n.out"
  echo $? >> "$2/$n.out"
done
`;

/**
 * Has a real nginx test many configurations, each in the same empty folder, without network but for loopback. Names
 * are not looked up: there is nobody to ask.
 */
export async function verdicts(nginx: string, texts: readonly string[]): Promise<Verdict[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nginx-502-verdicts-'));
  try {
    await Promise.all(['logs', 'conf', 'html', 'tmp'].map((name) => mkdir(path.join(folder, name))));
    for (const [n, text] of texts.entries())
      await writeFile(path.join(folder, `${n}.conf`), withPid(text, folder));
    const workers = availableParallelism();
    await Promise.all(
      Array.from({ length: workers }, (_, worker) => {
        const numbers = texts.map((_text, n) => n).filter((n) => n % workers === worker);
        return runWorker(nginx, folder, numbers);
      }),
    );
    const read: Verdict[] = [];
    for (const n of texts.keys()) read.push(await readVerdict(folder, n));
    return read;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** nginx's own pid file may be another's; a line of ours in front would move the others. */
function withPid(text: string, folder: string): string {
  return /^\s*pid\s/m.test(text) ? text : `pid ${folder}/nginx.pid; ${text}`;
}

function runWorker(nginx: string, folder: string, numbers: readonly number[]): Promise<void> {
  const isolated = process.getuid?.() === 0 ? ['-n'] : ['-rn'];
  return new Promise((resolve, reject) => {
    const child = execFile('unshare', [...isolated, 'sh', '-c', WORKER, 'sh', nginx, folder], (error) =>
      error ? reject(error) : resolve(),
    );
    child.stdin!.end(numbers.map((n) => `${n}\n`).join(''));
  });
}

async function readVerdict(folder: string, n: number): Promise<Verdict> {
  const lines = (await readFile(path.join(folder, `${n}.out`), 'latin1')).trimEnd().split('\n');
  const ok = lines.pop() === '0';
  const output = lines.join('\n').replaceAll(folder, '');
  const message = /\[(?:emerg|crit|alert)\] (?:\d+#\d+: )?(.*)$/m.exec(output)?.[1] ?? '';
  const placed = /^(.*) in \/\d+\.conf:(\d+)$/.exec(message);
  return { ok, says: placed?.[1] ?? message, line: placed ? Number(placed[2]) : null, output };
}
