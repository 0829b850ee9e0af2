import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../../../src/app/cli/command-line.ts';
import { TorError } from '../../../../src/base/errors/index.ts';

test('options, switches and prefixes are told apart', () => {
  const { command, switches, options } = parseCommandLine([
    '-f',
    'torrc',
    '--SocksPort',
    '9150',
    '+Log',
    'info file x',
    '/DirAuthority',
    'ControlPort',
    '9051',
    '--+MapAddress',
    'a b',
  ]);
  assert.equal(command, 'run');
  assert.deepEqual(switches, [{ name: '-f', value: 'torrc' }]);
  assert.deepEqual(options, [
    { key: 'SocksPort', value: '9150', command: 'set' },
    { key: 'Log', value: 'info file x', command: 'append' },
    { key: 'DirAuthority', value: '', command: 'clear' },
    { key: 'ControlPort', value: '9051', command: 'set' },
    { key: 'MapAddress', value: 'a b', command: 'append' },
  ]);
});

test('the last command wins and keeps its own argument', () => {
  const line = parseCommandLine(['--verify-config', '--dump-config', 'short', '--list-fingerprint', '--quiet']);
  assert.equal(line.command, 'list-fingerprint');
  assert.equal(line.argument, '');
  assert.equal(line.quiet, 'quiet');
});

test('an optional argument never begins with a dash', () => {
  const line = parseCommandLine(['--list-fingerprint', '--Nickname', 'x']);
  assert.equal(line.argument, '');
  assert.deepEqual(line.options, [{ key: 'Nickname', value: 'x', command: 'set' }]);
});

test('quiet only grows', () => {
  assert.equal(parseCommandLine(['--quiet', '--hush']).quiet, 'quiet');
  assert.equal(parseCommandLine(['--hush']).quiet, 'hush');
  assert.equal(parseCommandLine([]).quiet, 'none');
});

test('an option without a value is refused, unless only a look is wanted', () => {
  assert.throws(
    () => parseCommandLine(['--SocksPort']),
    (error) => TorError.is(error) && error.code === 'TORRC_SYNTAX' && /'--SocksPort' with no value/.test(error.message),
  );
  assert.equal(parseCommandLine(['--quiet', '--SocksPort'], { lenient: true }).quiet, 'quiet');
});

test('names that only the command line knows', () => {
  const { options } = parseCommandLine(['--HashedControlPassword', '16:00', '-l', 'debug']);
  assert.deepEqual(
    options.map(({ key }) => key),
    ['__HashedControlSessionPassword', 'Log'],
  );
});
