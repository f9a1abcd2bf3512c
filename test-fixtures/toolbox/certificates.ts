import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/**
 * The certificates, all for `backend.internal` unless said otherwise:
 *
 * - `self`: signed by itself.
 * - `good`: signed by the root.
 * - `other`: signed by the root, for `other.internal`.
 * - `expired`: signed by the root, over since 2020-02-01.
 * - `chain`: signed by an intermediate, which is sent along.
 * - `nochain`: the same, with the intermediate left out.
 * - `deep`: signed by an intermediate of that intermediate; both are sent along.
 */
export type CertificateName = 'self' | 'good' | 'other' | 'expired' | 'chain' | 'nochain' | 'deep';

/** The folder of certificates, and the pair of files of each. */
export interface Certificates {
  /** Holds `<name>.crt` and `<name>.key` for each name and for `client`, and `ca.crt`, the root. */
  folder: string;
  read(name: CertificateName | 'client'): Promise<{ cert: string; key: string }>;
  /** The root certificate. */
  ca(): Promise<string>;
}

// The number goes up whenever what is in the folder changes.
const FOLDER = join(tmpdir(), `nginx-502-certificates-2-${userInfo().uid}`);
const LOCK_IS_STALE_MS = 60_000;

/** Makes the certificates with `openssl` the first time on this machine. Safe in parallel processes. */
export async function certificates(): Promise<Certificates> {
  const lock = `${FOLDER}.lock`;
  while (!(await exists(FOLDER))) {
    try {
      await mkdir(lock);
    } catch {
      // Another process is at work. One that was killed leaves its lock behind.
      const since = await stat(lock)
        .then((entry) => entry.mtimeMs)
        .catch(() => Date.now());
      if (Date.now() - since > LOCK_IS_STALE_MS) await rm(lock, { recursive: true, force: true });
      await sleep(50);
      continue;
    }
    try {
      if (!(await exists(FOLDER))) await make();
    } finally {
      await rm(lock, { recursive: true, force: true });
    }
  }
  return {
    folder: FOLDER,
    async read(name) {
      const [cert, key] = await Promise.all([text(`${name}.crt`), text(`${name}.key`)]);
      return { cert, key };
    },
    ca: () => text('ca.crt'),
  };
}

function text(file: string): Promise<string> {
  return readFile(join(FOLDER, file), 'utf8');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function make(): Promise<void> {
  const work = await mkdtemp(`${FOLDER}.`);
  try {
    await makeAll(work);
    // A complete folder appears at once, so that readers never meet half of it.
    await rename(work, FOLDER);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    throw error;
  }
}

async function makeAll(cwd: string): Promise<void> {
  const run = promisify(execFile);
  const openssl = (...args: string[]) => run('openssl', args, { cwd });
  const write = (file: string, content: string) => writeFile(join(cwd, file), content);
  const key = (name: string) =>
    openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', `${name}.key`);
  const request = async (name: string, commonName: string) => {
    await key(name);
    await openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${commonName}`, '-out', `${name}.csr`);
  };
  const selfSigned = async (name: string, commonName: string, ...more: string[]) => {
    await key(name);
    const subject = [
      '-key',
      `${name}.key`,
      '-subj',
      `/CN=${commonName}`,
      '-days',
      '3650',
      '-out',
      `${name}.crt`,
    ];
    await openssl('req', '-x509', '-new', ...subject, ...more);
  };
  const signed = async (name: string, commonName: string, extensions: string, by = 'ca') => {
    await request(name, commonName);
    await write(`${name}.ext`, extensions);
    const signer = ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial', '-days', '3650'];
    await openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...signer,
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.crt`,
    );
  };
  const san = (name: string) => `subjectAltName=DNS:${name}\n`;

  await selfSigned('ca', 'Toolbox Root CA');
  await selfSigned('self', 'backend.internal', '-addext', 'subjectAltName=DNS:backend.internal');
  await signed('good', 'backend.internal', san('backend.internal'));
  await signed('other', 'other.internal', san('other.internal'));
  await signed('client', 'toolbox client', '');
  await signed('intermediate', 'Toolbox Intermediate CA', 'basicConstraints=critical,CA:true\n');
  await signed('nochain', 'backend.internal', san('backend.internal'), 'intermediate');
  const read = (file: string) => readFile(join(cwd, file), 'utf8');
  await write('chain.crt', (await read('nochain.crt')) + (await read('intermediate.crt')));
  await write('chain.key', await read('nochain.key'));
  await signed(
    'deeper',
    'Toolbox Lower Intermediate CA',
    'basicConstraints=critical,CA:true\n',
    'intermediate',
  );
  await signed('deep', 'backend.internal', san('backend.internal'), 'deeper');
  await write(
    'deep.crt',
    (await read('deep.crt')) + (await read('deeper.crt')) + (await read('intermediate.crt')),
  );

  // Only `openssl ca` takes dates in the past in every version, and it wants a configuration and a data base.
  await request('expired', 'backend.internal');
  await write('index.txt', '');
  await write('serial', '01\n');
  await write(
    'ca.cnf',
    `[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n` +
      `x509_extensions=e\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\n${san('backend.internal')}`,
  );
  const dates = ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z'];
  const signer = ['-cert', 'ca.crt', '-keyfile', 'ca.key', '-notext', '-out', 'expired.crt'];
  await openssl('ca', '-batch', '-config', 'ca.cnf', '-in', 'expired.csr', ...dates, ...signer);
}
