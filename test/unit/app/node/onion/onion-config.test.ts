import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkOnions } from '../../../../../src/app/node/onion/check.ts';
import { onionServiceConfigs } from '../../../../../src/app/node/onion/config.ts';
import { parseServicePort } from '../../../../../src/app/node/onion/service-port.ts';
import { Logger } from '../../../../../src/base/log/index.ts';
import { ed25519PublicKey } from '../../../../../src/crypto/primitives/index.ts';
import { formatClientCredential, onionLabel } from '../../../../../src/roles/onion/index.ts';
import { loadOptions, type TorOptions } from '../../../../../src/wire/torrc/index.ts';

const options = (...lines: string[]): TorOptions =>
  loadOptions({ torrc: `${lines.join('\n')}\n`, report: () => undefined }).options;
const refused = (...lines: string[]): string => {
  try {
    onionServiceConfigs(options(...lines));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'taken';
};
const dir = 'HiddenServiceDir /h';
const port = 'HiddenServicePort 80';

describe('HiddenService blocks', () => {
  test('defaults, and what a block says', () => {
    const [one, two] = onionServiceConfigs(
      options(dir, port, 'HiddenServiceDir /i', 'HiddenServicePort 81 82', 'HiddenServiceMaxStreams 7'),
    );
    assert.deepEqual([one?.folder, one?.introPoints, one?.maxStreams, one?.introDos], ['/h', 3, 0, undefined]);
    assert.deepEqual([two?.folder, two?.maxStreams, two?.ports.length], ['/i', 7, 1]);
  });

  test("mistakes are refused in C tor's words", () => {
    assert.equal(refused(dir), 'Hidden service ("/h") with no ports configured.');
    assert.equal(refused(port, dir), 'HiddenServicePort with no preceding HiddenServiceDir directive');
    assert.equal(refused(dir, port, dir, port), 'Another hidden service is already configured for directory "/h"');
    assert.match(refused(dir, port, 'HiddenServiceVersion 2'), /^Onion services version 2 are obsolete\./);
    assert.equal(refused(dir, port, 'HiddenServiceVersion 4'), 'HiddenServiceVersion must be 3, not 4.');
    assert.equal(
      refused(dir, port, 'HiddenServiceNumIntroductionPoints 2'),
      'HiddenServiceNumIntroductionPoints must be between 3 and 20, not 2.',
    );
    assert.equal(
      refused(dir, port, 'HiddenServiceMaxStreams x'),
      "Can't parse configuration for onion service: Could not parse HiddenServiceMaxStreams: Integer x is malformed or " +
        'out of bounds. Allowed values are between 0 and 2147483647.',
    );
    assert.equal(
      refused(dir, port, 'HiddenServiceEnableIntroDoSDefense 1', 'HiddenServiceEnableIntroDoSBurstPerSec 5'),
      'Hidden service DoS defenses burst (5) can not be smaller than the rate value (25).',
    );
    assert.equal(refused(dir, port, 'HiddenServiceExportCircuitID none'), 'taken');
    assert.equal(refused(dir, port, 'HiddenServiceOnionBalanceInstance 0'), 'taken');
  });

  test('an option that is there twice counts once, with a warning', () => {
    const said: string[] = [];
    const twice = options(dir, port, 'HiddenServiceMaxStreams 5', 'HiddenServiceMaxStreams 6');
    assert.equal(onionServiceConfigs(twice, (message) => said.push(message))[0]?.maxStreams, 6);
    assert.deepEqual(said, [
      "Option 'HiddenServiceMaxStreams' used more than once; all but the last value will be ignored.",
    ]);
  });
});

test('where a HiddenServicePort may lead', () => {
  const target = (line: string): unknown => {
    try {
      return parseServicePort(line).target;
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };
  const tcp = (host: string, number: number): unknown => ({ kind: 'tcp', host, port: number });
  assert.deepEqual(target('80'), tcp('127.0.0.1', 80));
  assert.deepEqual(target('+80 8080'), tcp('127.0.0.1', 8080));
  assert.deepEqual(target('80 [::1]'), tcp('::1', 80));
  assert.deepEqual(target('80 192.0.2.1:81'), tcp('192.0.2.1', 81));
  assert.deepEqual(target('80 web.internal'), tcp('web.internal', 80));
  assert.deepEqual(target('80 web:8080'), tcp('web', 8080));
  assert.deepEqual(target('80 unix:/a'), { kind: 'unix', path: '/a' });
  assert.deepEqual(target('80 unix:"/a b"'), { kind: 'unix', path: '/a b' });
  assert.equal(target('80 unix:/a b'), 'HiddenServicePort parse error: invalid port mapping');
  assert.equal(target('80 192.0.2.1:81 x'), 'HiddenServicePort parse error: invalid port mapping');
  assert.match(String(target('80 web')), /^Unparseable or out-of-range port "web"/);
  for (const bad of ['80 192.0.2.1:0', '80 web:', '80 *:80', '80 :80', '80 [::1:80', '80 web:http']) {
    assert.equal(target(bad), 'Unparseable address in hidden service port configuration.', bad);
  }
  for (const bad of ['0', '65536', '80,81', 'x', '80\t81'])
    assert.match(String(target(bad)), /^Missing or invalid port/);
});

describe('folders of services and of client keys', () => {
  let base: string;
  const lines: string[] = [];
  const log = new Logger(() => 0);
  log.addSink(({ severity, message }) => {
    if (severity === 'warn') lines.push(message);
  }, 'warn');
  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'tropea-onion-config-'));
  });
  after(() => rm(base, { recursive: true, force: true }));

  const told = async (...torrc: string[]): Promise<readonly string[]> => {
    lines.length = 0;
    await assert.rejects(checkOnions(options(...torrc), log), { code: 'TORRC_VALUE', message: /See logs for details/ });
    return [...lines];
  };

  test('one that others may read, or that is a file, is refused; none at all is fine and not made', async () => {
    const folder = join(base, 'wide');
    const block = [`HiddenServiceDir ${folder}`, port];
    await checkOnions(options(...block), log);
    assert.ok(!(await readdir(base)).includes('wide'));
    await mkdir(folder);
    await chmod(folder, 0o750);
    assert.deepEqual(await told(...block), [`Permissions on directory ${folder} are too permissive.`]);
    await checkOnions(options(...block, 'HiddenServiceDirGroupReadable 1'), log);
    await checkOnions(options('TestingTorNetwork 1', 'DirAuthority x 127.0.0.1:1 00', ...block), log);
    const file = join(base, 'file');
    await writeFile(file, '');
    assert.deepEqual(await told(`HiddenServiceDir ${file}`, port), [`${file} is not a directory`]);
  });

  test('ClientOnionAuthDir must be there, becomes private, and has one key for a service', async () => {
    const folder = join(base, 'auth');
    assert.deepEqual(await told(`ClientOnionAuthDir ${folder}`), [`Directory ${folder} does not exist.`]);
    await mkdir(folder);
    await chmod(folder, 0o755);
    const line = formatClientCredential(
      onionLabel(ed25519PublicKey(new Uint8Array(32).fill(1))),
      new Uint8Array(32).fill(2),
    );
    await writeFile(join(folder, 'a.auth_private'), line);
    await checkOnions(options(`ClientOnionAuthDir ${folder}`), log);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    await writeFile(join(folder, 'b.auth_private'), line);
    const [warning = ''] = await told(`ClientOnionAuthDir ${folder}`);
    assert.match(warning, /^Duplicate authorization for the same hidden service address/);
  });
});
