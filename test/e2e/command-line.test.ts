import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../interop/support/clients.ts';
import { confCases } from '../support/conf-cases.ts';
import { logLines, runMain } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'tropea-cli-'));
after(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
/** Nothing of this machine's own Tor gets in. */
const empty = file('empty', '');
const alone = ['--defaults-torrc', empty];

async function tor(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await runCommand(['tor', ...args], { timeoutMs: 20_000 });
  return { code, stdout: stdout.toString(), stderr };
}

const hasTor = (await tor(['--version']).catch(() => undefined))?.code === 0;
const beside = hasTor ? {} : { skip: 'no tor is installed' };

test('--verify-config has the exit codes of tor on every golden configuration', beside, async () => {
  for (const { name, folder: where, outcome } of confCases()) {
    const args = [...alone, '-f', join(where, 'torrc'), '--DataDirectory', join(folder, 'data'), '--verify-config'];
    const [theirs, ours] = [await tor(args), await runMain(args)];
    assert.equal(ours.code, theirs.code, `${name}\n${ours.stdout}\n--- tor:\n${theirs.stdout}`);
    assert.equal(ours.stdout.includes('Configuration was valid'), outcome.kind === 'valid', name);
  }
});

for (const args of [
  ['--SocksPort'],
  ['-f', '/no/such/torrc', '--verify-config'],
  ['--dump-config', 'nonsense', '-f', empty],
  ['--list-fingerprint', '-f', empty],
  ['--list-fingerprint', 'nonsense', '-f', empty],
  ['--key-expiration', 'nonsense', '-f', empty],
  ['--ignore-missing-torrc', '-f', '/no/such/torrc', '--verify-config'],
  ['--allow-missing-torrc', '-f', '/no/such/torrc', '--verify-config'],
  ['-f', '/dev/null/torrc', '--verify-config'],
  ['--defaults-torrc', '/dev/null/torrc', '-f', empty, '--verify-config'],
  ['--no-passphrase', '-f', empty],
  ['--passphrase-fd', '0', '-f', empty],
  ['--User', 'nobodyatall', '-f', empty, '--verify-config'],
  ['--__OwningControllerProcess', 'me', '-f', empty, '--verify-config'],
]) {
  test(`as tor: ${args.join(' ').replace(empty, 'torrc')}`, beside, async () => {
    const all = [...alone, '--DataDirectory', join(folder, 'data'), ...args];
    const [theirs, ours] = [await tor(all), await runMain(all)];
    assert.equal(ours.code, theirs.code);
    const problems = (output: string): string[] => logLines(output).filter((line) => /^\[(warn|err)\]/.test(line));
    assert.deepEqual(problems(ours.stdout), problems(theirs.stdout));
    assert.equal(ours.stderr, theirs.stderr);
  });
}

test('an unknown option gets the nearest name', async () => {
  const { code, stdout } = await runMain([...alone, '-f', empty, '--SoksPort', '9150', '--verify-config']);
  assert.equal(code, 1);
  assert.match(stdout, /Unknown option 'SoksPort'\. {2}Failing\. Did you mean 'SocksPort'\?/);
  assert.match(stdout, /\[err\] Reading config failed--see warnings above\./);
});

test('--quiet and --hush', async () => {
  const args = [...alone, '-f', empty, '--verify-config'];
  assert.equal((await runMain([...args, '--quiet'])).stdout, '');
  const hushed = logLines((await runMain([...args, '--hush', '--SocksPort', '0'])).stdout);
  assert.ok(hushed.length > 0 && hushed.every((line) => line.startsWith('[warn]')));
});

test('a torrc with the line ends of Windows', async () => {
  const windows = file('windows', `%include ${file('part', 'SocksPort 9150\r\n')}\r\nContactInfo a \\\r\n b\r\n`);
  const { stdout } = await runMain([...alone, '-f', windows, '--dump-config', 'short']);
  assert.equal(stdout, 'ContactInfo a  b\nSocksPort 9150\n');
});

test('%include without a name, and a Bridge line that is none', async () => {
  for (const [text, why] of [
    ['%include\n', /Error reading included configuration file or directory: ""/],
    ['Bridge nowhere\n', /Bridge line did not parse\. See logs for details\./],
  ] as const) {
    const { code, stdout } = await runMain([...alone, '-f', file('wrong', text), '--verify-config']);
    assert.equal(code, 1);
    assert.match(stdout, why);
  }
});

test('a torrc on standard input', async () => {
  const { code, stdout } = await runMain([...alone, '-f', '-', '--dump-config', 'short'], 'SocksPort 9150\n');
  assert.equal(code, 0);
  assert.equal(stdout, 'SocksPort 9150\n');
});

test('--dump-config prints what tor prints', beside, async () => {
  const torrc = file(
    'dump',
    'SocksPort 9150\nNumCPUs 2\nMaxCircuitDirtiness 5 minutes\nMapAddress a.example b.example\n',
  );
  for (const how of ['short', 'full']) {
    const args = [...alone, '-f', torrc, '--DataDirectory', join(folder, 'data'), '--dump-config', how];
    const [theirs, ours] = [await tor(args), await runMain(args)];
    assert.equal(ours.code, 0);
    assert.equal(ours.stdout, theirs.stdout, how);
  }
});

test('the options are those of tor', beside, async () => {
  for (const what of ['--list-torrc-options', '--list-modules']) {
    assert.equal((await runMain([what])).stdout, (await tor([what])).stdout);
  }
});

test('--version is read by what reads the version of tor', async () => {
  const { code, stdout } = await runMain(['--version']);
  assert.equal(code, 0);
  // stem's pattern for a version, and how it takes it from the line.
  const line = stdout.split('\n').find((each) => each.startsWith('Tor version ') && each.endsWith('.'));
  assert.match(line?.slice(12, -1) ?? '', /^([0-9]+)\.([0-9]+)\.([0-9]+)(\.[0-9]+)?(-\S*)?(( \(\S*\))*)$/);
});

test('tor takes a password hashed here', beside, async () => {
  const { code, stdout } = await runMain(['--hash-password', 'a secret']);
  assert.equal(code, 0);
  const hash = /^16:[0-9A-F]{58}$/m.exec(stdout)?.[0] ?? '';
  const args = [...alone, '-f', empty, '--verify-config', '--ControlPort', '9051', '--HashedControlPassword', hash];
  assert.equal((await tor(args)).code, 0);
});

test("--list-fingerprint on tor's own keys, and tor's on ours", beside, async () => {
  for (const [first, second] of [
    [tor, runMain],
    [runMain, tor],
  ] as const) {
    const data = mkdtempSync(join(folder, 'keys-'));
    const relay = ['-f', empty, '--DataDirectory', data, '--ORPort', '9', '--Nickname', 'onion', '--quiet'];
    for (const kind of ['rsa', 'ed25519']) {
      const args = [...alone, ...relay, '--list-fingerprint', kind];
      const made = await first(args);
      const read = await second(args);
      assert.equal(made.code, 0, made.stdout);
      assert.equal(read.code, 0, read.stdout);
      assert.match(made.stdout, /^onion \S/);
      assert.equal(read.stdout, made.stdout);
    }
    const expiry = [...alone, ...relay, '--key-expiration', 'sign', '--format', 'timestamp'];
    assert.equal((await runMain(expiry)).stderr, (await tor(expiry)).stderr);
  }
});

test('--keygen makes keys for a torrc that keeps the master key offline, and new ones each time', async () => {
  const data = join(folder, 'offline');
  const args = [
    ...alone,
    '-f',
    empty,
    '--DataDirectory',
    data,
    '--OfflineMasterKey',
    '1',
    '--ORPort',
    '9001',
    '--keygen',
  ];
  const signing = (): Buffer => readFileSync(join(data, 'keys', 'ed25519_signing_secret_key'));
  assert.equal((await runMain(args)).code, 0);
  const before = signing();
  assert.equal((await runMain(args)).code, 0);
  assert.notDeepEqual(signing(), before);
});

test('--keygen-family makes what tor makes, once', beside, async () => {
  const name = join(folder, 'family');
  const args = [...alone, '-f', empty, '--quiet', '--keygen-family', name];
  const { code, stdout } = await runMain(args);
  assert.equal(code, 0);
  const id = /^FamilyId (\S{43})$/m.exec(stdout)?.[1];
  assert.equal(readFileSync(`${name}.public_family_id`, 'utf8'), `${id}\n`);
  assert.equal(statSync(`${name}.secret_family_key`).size, 96);
  assert.equal((await runMain(args)).code, 1);
  const theirs = join(folder, 'theirs');
  await tor([...alone, '-f', empty, '--quiet', '--keygen-family', theirs]);
  const head = (path: string): Buffer => readFileSync(`${path}.secret_family_key`).subarray(0, 32);
  assert.deepEqual(head(name), head(theirs));
});

test('nothing is made by looking', async () => {
  const data = join(folder, 'untouched');
  await runMain([...alone, '-f', empty, '--DataDirectory', data, '--verify-config']);
  assert.ok(!existsSync(data));
});

test('tropea onion: addresses and client keys', async () => {
  const made = await runMain(['onion', 'auth', 'new']);
  const [, publicKey] = /^descriptor:x25519:([A-Z2-7]{52})$/m.exec(made.stdout) ?? [];
  assert.equal(made.code, 0);
  assert.ok(made.stdout.includes(`# Public key: ${publicKey}`));
  const noKey = await runMain(['onion', 'address', empty]);
  assert.equal(noKey.code, 1);
  assert.match(noKey.stderr, /is no key of an onion service: give/);
  assert.match((await runMain(['onion', 'publish', 'unix:'])).stderr, /needs the path of a socket/);
  assert.match((await runMain(['onion', 'check', 'http://x.onion:99999/'])).stderr, /is no address of a page/);
  for (const target of ['99999999', '0', 'everything']) {
    const refused = await runMain(['onion', 'publish', target]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is not a port from 1 to 65535/);
  }
  assert.match((await runMain(['onion', 'publish', '80', '--help'])).stdout, /^tropea onion address KEYFILE/);
  const wrong = await runMain(['onion', 'check', 'x.onion']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /56 characters/);
});

test('a first word that is no command is told', async () => {
  const { code, stderr } = await runMain(['strat']);
  assert.equal(code, 1);
  assert.match(stderr, /no command 'strat'/);
});
