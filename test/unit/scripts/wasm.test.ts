import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildModule, moduleText } from '../../../scripts/wasm/module.ts';
import { fromBase16 } from '../../../src/base/bytes/index.ts';
import { instantiate } from '../../../src/crypto/relaycell/engine.ts';
import { cellAt, inner } from '../../../src/crypto/relaycell/layout.ts';
import { loadVectors } from '../../support/vectors.ts';

test('the WebAssembly module in the tree is the one its sources make', () => {
  const path = new URL('../../../src/crypto/relaycell/module.ts', import.meta.url);
  assert.equal(readFileSync(path, 'utf8'), moduleText());
});

type Part = (...args: number[]) => void;

const parts = instantiate<Record<string, Part>>(buildModule(true));
const { memory } = parts;
function part(name: string): Part {
  const found = parts[name];
  if (typeof found !== 'function') throw new Error(`no function ${name}`);
  return found;
}

const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => i * i * 31 + seed * 73 + i);
const read = (at: number, length: number): Buffer => Buffer.from(memory.slice(at, at + length));

test('parts: AES blocks both ways, and the counter mode of eight at once', () => {
  for (let seed = 0; seed < 20; seed++) {
    const [blockKey, streamKey, block] = [bytes(16, seed), bytes(16, seed + 100), bytes(16, seed + 200)];
    memory.set(blockKey, cellAt);
    memory.set(streamKey, cellAt + 16);
    part('aesSchedules')(cellAt, cellAt + 16, inner.schedule, inner.planes);

    const ecb = createCipheriv('aes-128-ecb', blockKey, null).setAutoPadding(false);
    memory.set(block, cellAt);
    part('aesEncrypt')(inner.schedule, cellAt);
    assert.deepEqual(read(cellAt, 16), ecb.update(block));
    part('aesDecrypt')(inner.schedule, cellAt);
    assert.deepEqual(read(cellAt, 16), Buffer.from(block));

    const iv = bytes(16, seed + 300);
    iv[15] = (iv[15] ?? 0) & 0xc0;
    memory.set(iv, inner.work);
    memory.fill(0, cellAt, cellAt + 640);
    for (let batch = 0; batch < 5; batch++) {
      part('aes8')(inner.planes, inner.work, inner.counterPlanes + 96 * batch, cellAt + 128 * batch);
    }
    assert.deepEqual(read(cellAt, 640), createCipheriv('aes-128-ctr', streamKey, iv).update(Buffer.alloc(640)));
  }
});

test('parts: POLYVAL', () => {
  for (const v of loadVectors('kdf', 'polyval')) {
    const message = v.bytes('input');
    memory.set(v.bytes('key'), cellAt);
    part('polyvalTable')(cellAt, inner.tableU);
    memory.set(message, cellAt);
    memory.fill(0, inner.work, inner.work + 16);
    part('polyval')(inner.tableU, inner.work, cellAt, message.length / 16);
    assert.deepEqual(read(inner.work, 16), Buffer.from(v.bytes('out')));
  }
});

test('parts: SHA-1 and Keccak', () => {
  const message = new Uint8Array(64);
  message.set(bytes(40, 1));
  message[40] = 0x80;
  new DataView(message.buffer).setUint32(60, 40 * 8);
  const start = fromBase16('67452301efcdab8998badcfe10325476c3d2e1f0');
  memory.set(Buffer.from(start).swap32(), inner.work);
  memory.set(message, cellAt);
  part('sha1Blocks')(inner.work, cellAt, 1);
  assert.deepEqual(read(inner.work, 20).swap32(), createHash('sha1').update(bytes(40, 1)).digest());

  memory.fill(0, cellAt, cellAt + 200);
  memory.set(bytes(40, 2), cellAt);
  memory[cellAt + 40] = 0x06;
  memory[cellAt + 135] = 0x80;
  part('keccak')(cellAt);
  assert.deepEqual(read(cellAt, 32), createHash('sha3-256').update(bytes(40, 2)).digest());
});
