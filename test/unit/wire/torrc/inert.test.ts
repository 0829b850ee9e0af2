import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOptions, validateOptions } from '../../../../src/wire/torrc/index.ts';

function messages(torrc: string): string[] {
  const out: string[] = [];
  const report = ({ message }: { readonly message: string }): void => {
    out.push(message);
  };
  const { options } = loadOptions({ torrc, report });
  validateOptions(options, { report });
  return out;
}

test('who sets an option that changes nothing is told why, and nobody else', () => {
  assert.deepEqual(messages('SocksPort 9050\n'), []);
  assert.deepEqual(messages('SocksPort 9050\nHardwareAccel 0\nSandbox 1\n'), [
    'Sandbox has no effect: Node.js cannot install a system call filter.',
  ]);
});

test('what would be unsafe to ignore stops the start', () => {
  for (const line of ['ClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy', 'TransPort 9040']) {
    assert.throws(() => messages(`${line}\n`), { code: 'TORRC_VALUE' });
  }
});
