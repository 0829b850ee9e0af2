import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ed25519PublicKey } from '../../../../src/crypto/primitives/index.ts';
import { onionLabel } from '../../../../src/roles/onion/index.ts';
import { dropCredential, keepCredential } from '../../../../src/views/control/commands/credential-files.ts';
import { isAddress } from '../../../../src/views/control/commands/onion-client.ts';

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
    assert.ok(await keepCredential(folder, { identityKey, secretKey }));
    assert.ok(await keepCredential(folder, { identityKey: other, secretKey }));
    await writeFile(join(folder, 'broken.auth_private'), 'no key');
    assert.equal((await stat(join(folder, `${onionLabel(identityKey)}.auth_private`))).mode & 0o777, 0o600);
    await dropCredential(folder, identityKey);
    assert.deepEqual(await readdir(folder), [`${onionLabel(other)}.auth_private`, 'broken.auth_private'].sort());
    assert.equal(await keepCredential(join(folder, 'nowhere'), { identityKey, secretKey }), false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
