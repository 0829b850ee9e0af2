import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Logger } from '../../../../src/base/log/index.ts';
import { ed25519PublicKey } from '../../../../src/crypto/primitives/index.ts';
import { onionLabel } from '../../../../src/roles/onion/index.ts';
import { dropCredential, keepCredential } from '../../../../src/views/control/commands/credential-files.ts';
import { isAddress } from '../../../../src/views/control/commands/onion-client.ts';

const log = new Logger(() => 0);
const identityKey = ed25519PublicKey(new Uint8Array(32).fill(1));
const other = ed25519PublicKey(new Uint8Array(32).fill(2));
const secretKey = new Uint8Array(32).fill(3);

test('an address of a command is the 56 characters alone', () => {
  const label = onionLabel(identityKey);
  assert.ok(isAddress(label));
  for (const wrong of [`${label}.onion`, `www.${label}`, label.slice(1), '']) assert.ok(!isAddress(wrong), wrong);
});

test('a permanent key is kept in a private file, and goes with every file that has it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tropea-credentials-'));
  try {
    await keepCredential(folder, { identityKey, secretKey }, log);
    await keepCredential(folder, { identityKey: other, secretKey }, log);
    await writeFile(join(folder, 'broken.auth_private'), 'no key');
    assert.equal((await stat(join(folder, `${onionLabel(identityKey)}.auth_private`))).mode & 0o777, 0o600);
    await dropCredential(folder, identityKey, log);
    assert.deepEqual(await readdir(folder), [`${onionLabel(other)}.auth_private`, 'broken.auth_private'].sort());
    const noFolder = join(folder, 'broken.auth_private');
    await assert.rejects(keepCredential(noFolder, { identityKey, secretKey }, log), { code: 'STORAGE_FAILED' });
    await assert.rejects(dropCredential(noFolder, identityKey, log), { code: 'STORAGE_FAILED' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
