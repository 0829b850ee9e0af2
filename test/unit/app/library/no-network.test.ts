import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** Nobody listens there; AbortSignal.timeout() keeps no process alive. */
const program = (folder: string): string => `
import { Tor } from './src/index.ts';
const authority = 'DirAuthority a orport=9 v3ident=${'A'.repeat(40)} 127.0.0.1:9 ${'B'.repeat(40)}';
await Tor.start({
  dataDirectory: ${JSON.stringify(join(folder, 'data'))},
  network: { torrc: ['TestingTorNetwork 1', authority] },
  signal: AbortSignal.timeout(3000),
}).catch((error) => console.log(error.code));
`;

test('a program that waits for a network is not ended because there is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tropea-no-network-'));
  try {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program(folder)],
      { cwd: root, encoding: 'utf8', timeout: 100_000 },
    );
    assert.equal(stdout, 'ABORTED\n', stderr);
    assert.equal(status, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
