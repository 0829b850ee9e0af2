import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base16Upper, fromLatin1, latin1 } from '../../../src/base/bytes/index.ts';
import { nodeRuntime as runtime } from '../../../src/base/runtime/index.ts';
import { dialDirect } from '../../../src/network/channels/index.ts';
import { dirPortRequest } from '../../../src/network/directory/index.ts';
import { makeAuthorityKeys } from '../../../src/roles/authority/index.ts';
import { splitVotes } from '../../../src/roles/authority/voting/vote-box.ts';
import { parseVote, type Vote } from '../../../src/wire/netdoc/index.ts';
import { makePaperAuthority, type PaperAuthority } from '../../support/random-votes.ts';

const intervalMs = 30_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export interface Oracle {
  readonly pid: number;
  readonly folder: string;
  readonly dirPort: number;
  readonly paper: readonly PaperAuthority[];
  readonly log: () => string;
  stop(): Promise<void>;
}

/** One authority of C tor in a network whose other authorities exist on paper only. */
export async function startOracle(paperCount: number): Promise<Oracle> {
  const folder = await mkdtemp(join(tmpdir(), 'tropea-oracle-'));
  const keys = join(folder, 'keys');
  await mkdir(keys, { mode: 0o700 });
  const made = await makeAuthorityKeys({ passphrase: 'oracle', dirAddress: undefined }, runtime.clock);
  await writeFile(join(keys, 'authority_signing_key'), made.signingKey, { mode: 0o600 });
  await writeFile(join(keys, 'authority_certificate'), made.certificate);
  const [orPort, dirPort] = [await freePort(), await freePort()];
  const base = [
    `DataDirectory ${folder}`,
    'Nickname oracle',
    'Address 127.0.0.1',
    `ORPort 127.0.0.1:${orPort} IPv4Only`,
    'SocksPort 0',
  ];
  const torrc = join(folder, 'torrc');
  await writeFile(torrc, base.join('\n'));
  const list = await run(['--list-fingerprint', '--quiet', '-f', torrc]);
  const fingerprint = /((?: [0-9A-F]{4}){10})/.exec(list)?.[1]?.replaceAll(' ', '') ?? '';
  const paper = await Promise.all(
    Array.from({ length: paperCount }, (_, i) => makePaperAuthority(`paper${i}`, runtime.clock.now())),
  );
  const line = (name: string, port: number, v3: string, id: string): string =>
    `DirAuthority ${name} orport=${port + 1} no-v2 v3ident=${v3} 127.0.0.1:${port} ${id}`;
  await writeFile(
    torrc,
    [
      ...base,
      'TestingTorNetwork 1',
      `DirPort 127.0.0.1:${dirPort}`,
      'AuthoritativeDirectory 1',
      'V3AuthoritativeDirectory 1',
      'ContactInfo oracle@example.invalid',
      'AssumeReachable 1',
      'V3AuthVotingInterval 30 seconds',
      'V3AuthVoteDelay 4 seconds',
      'V3AuthDistDelay 4 seconds',
      'TestingV3AuthInitialVotingInterval 30 seconds',
      'TestingV3AuthInitialVoteDelay 7 seconds',
      'TestingV3AuthInitialDistDelay 7 seconds',
      'Log notice stdout',
      'LogTimeGranularity 1',
      `__OwningControllerProcess ${process.pid}`,
      `DirAuthority oracle orport=${orPort} no-v2 v3ident=${base16Upper(made.identity)} 127.0.0.1:${dirPort} ${fingerprint}`,
      // Nobody listens there.
      ...paper.map(({ nickname, certificate }, i) =>
        line(nickname, 2 * i + 1, base16Upper(certificate.identity), base16Upper(certificate.signingKeyDigest)),
      ),
    ].join('\n'),
  );
  const tor = spawn('tor', ['-f', torrc], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  tor.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  const ended = new Promise((resolve) => tor.once('exit', resolve));
  return {
    pid: tor.pid ?? 0,
    folder,
    dirPort,
    paper,
    log: () => said,
    async stop() {
      tor.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('tor', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('latin1');
    });
    child.once('error', reject);
    child.once('close', () => resolve(out));
  });
}

export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let tries = 0; tries < 1500; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not happen`);
}

const read = async (file: string): Promise<string> => latin1(await readFile(file).catch(() => new Uint8Array(0)));

/** Gives votes to C tor for its next round, and resolves with the votes it used and what it made of them. */
export async function askOracle(
  oracle: Oracle,
  votes: (validAfterMs: number) => readonly string[],
): Promise<{ readonly ns: string; readonly microdesc: string; readonly used: readonly Vote[] }> {
  const before = (await read(join(oracle.folder, 'my-consensus-ns'))).slice(0, 400);
  const now = (): number => runtime.clock.now();
  await until('an early moment', () => (now() % intervalMs > 2000 && now() % intervalMs < 8000 ? true : undefined));
  const validAfterMs = Math.ceil(now() / intervalMs) * intervalMs;
  for (const text of votes(validAfterMs)) {
    const answer = await dirPortRequest(
      { ...runtime, dial: dialDirect },
      { address: Uint8Array.of(127, 0, 0, 1), port: oracle.dirPort },
      { method: 'POST', path: '/tor/post/vote', body: fromLatin1(text) },
    );
    assert.equal(answer.status, 200, `${answer.reason}\n${oracle.log().slice(-2000)}`);
  }
  return until('a consensus of C tor', async () => {
    const ns = await read(join(oracle.folder, 'my-consensus-ns'));
    const microdesc = await read(join(oracle.folder, 'my-consensus-microdesc'));
    const sameTime = /^valid-after (.*)$/m.exec(ns)?.[1] === /^valid-after (.*)$/m.exec(microdesc)?.[1];
    if (ns === '' || ns.slice(0, 400) === before || !sameTime || !microdesc.includes('directory-footer'))
      return undefined;
    const used: Vote[] = splitVotes(await read(join(oracle.folder, 'v3-status-votes'))).map((text) => parseVote(text));
    return { ns, microdesc, used };
  });
}
