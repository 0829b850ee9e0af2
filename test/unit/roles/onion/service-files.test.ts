import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { latin1 } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import { ed25519Sign, ed25519Verify } from '../../../../src/crypto/primitives/index.ts';
import { MemoryStore } from '../../../../src/network/storage/index.ts';
import {
  formatAuthorizedClient,
  loadAuthorizedClients,
  loadServiceKey,
  onionHostname,
  parseAuthorizedClient,
} from '../../../../src/roles/onion/index.ts';
import {
  formatPublicKeyFile,
  formatSecretKeyFile,
  parseSecretKeyFile,
} from '../../../../src/roles/onion/service/service-keys.ts';
import { proxyLine } from '../../../../src/roles/onion/service/stream-server.ts';

const { random } = nodeRuntime;
const folder = new URL('../../../documents/network-0.4.9.11/hs0/', import.meta.url);
const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));

test("C tor's folder: the key gives C tor's address, and our file is C tor's byte for byte", () => {
  const key = parseSecretKeyFile(file('hs_ed25519_secret_key'));
  assert.equal(`${onionHostname(key.publicKey)}\n`, latin1(file('hostname')));
  assert.deepEqual(formatSecretKeyFile(key), file('hs_ed25519_secret_key'));
  const message = new Uint8Array([1, 2, 3]);
  assert.ok(ed25519Verify(ed25519Sign(message, key), message, key.publicKey));
});

test('a new folder gets a key and keeps it', async () => {
  const store = new MemoryStore();
  const made = await loadServiceKey(store, random);
  const again = await loadServiceKey(store, random);
  assert.deepEqual(again.expanded, made.expanded);
  assert.equal(await store.readText('hostname'), `${onionHostname(made.publicKey)}\n`);
  assert.equal((await store.read('hs_ed25519_public_key'))?.length, 64);
});

test('a broken key file is refused, never replaced', async () => {
  const store = new MemoryStore();
  await store.write('hs_ed25519_secret_key', new Uint8Array(95));
  await assert.rejects(loadServiceKey(store, random), (e) => TorError.is(e) && e.code === 'BAD_KEY_FILE');
  const other = new MemoryStore();
  await loadServiceKey(other, random);
  await other.write('hs_ed25519_public_key', formatPublicKeyFile(new Uint8Array(32)));
  await assert.rejects(loadServiceKey(other, random), (e) => TorError.is(e) && e.code === 'BAD_KEY_FILE');
});

test('a lost secret key is not replaced by that of another address', async () => {
  const store = new MemoryStore();
  await loadServiceKey(store, random);
  await store.remove('hs_ed25519_secret_key');
  await assert.rejects(loadServiceKey(store, random), { code: 'BAD_KEY_FILE', message: /no hs_ed25519_secret_key/ });
  assert.equal(await store.read('hs_ed25519_secret_key'), undefined);
});

test('a public key that is lost or broken is made again', async () => {
  const store = new MemoryStore();
  const { publicKey } = await loadServiceKey(store, random);
  const notices: string[] = [];
  for (const broken of [undefined, new Uint8Array(64), new Uint8Array(200)]) {
    if (broken === undefined) await store.remove('hs_ed25519_public_key');
    else await store.write('hs_ed25519_public_key', broken);
    await loadServiceKey(store, random, (message) => notices.push(message));
    assert.deepEqual(await store.read('hs_ed25519_public_key'), formatPublicKeyFile(publicKey));
  }
  assert.equal(notices.length, 3);
});

test('authorized clients: broken files are told and skipped, but never open the service to everyone', async () => {
  const store = new MemoryStore();
  assert.deepEqual(await loadAuthorizedClients(store, assert.fail), []);
  await store.write('authorized_clients/broken.auth', 'descriptor:x25519:short');
  const warnings: string[] = [];
  await assert.rejects(
    loadAuthorizedClients(store, (w) => warnings.push(w)),
    (e) => TorError.is(e) && e.code === 'ONION_AUTH_FILE_INVALID',
  );
  for (let i = 0; i < 300; i++) {
    await store.write(`authorized_clients/c${i}.auth`, formatAuthorizedClient(new Uint8Array(32).fill(i + 1)));
  }
  await store.write('authorized_clients/readme.txt', 'not a key');
  assert.equal((await loadAuthorizedClients(store, (w) => warnings.push(w))).length, 300);
  assert.deepEqual(
    warnings.map((w) => /\S+\.(auth|txt)/.exec(w)?.[0]),
    ['broken.auth', 'readme.txt', 'broken.auth'],
  );
});

test('the PROXY line of HiddenServiceExportCircuitID is as C tor writes it', () => {
  assert.equal(latin1(proxyLine(0x12345678, 80)), 'PROXY TCP6 fc00:dead:beef:4dad::1234:5678 ::1 22136 80\r\n');
});

test('a client key of small order is refused: no descriptor could be made with it', () => {
  const zeros = `descriptor:x25519:${'A'.repeat(52)}`;
  assert.throws(() => parseAuthorizedClient(zeros), { code: 'ONION_AUTH_FILE_INVALID' });
  assert.equal(parseAuthorizedClient(formatAuthorizedClient(new Uint8Array(32).fill(9))).length, 32);
});
