import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildModule } from '../../../../scripts/wasm/module.ts';
import { relaxSwizzles } from '../../../../src/crypto/relaycell/engine.ts';

/** Node 20 takes it, later versions have it. */
const flags = process.versions.v8.startsWith('11.3.') ? ['--experimental-wasm-relaxed-simd'] : [];

test('a platform with relaxed SIMD gets other instructions in one place', () => {
  const module = buildModule();
  const count = (bytes: Uint8Array, pattern: readonly number[]): number =>
    Buffer.from(bytes).toString('latin1').split(Buffer.from(pattern).toString('latin1')).length - 1;
  // One for each column of the table of POLYVAL's key, and nowhere by chance.
  assert.equal(count(module, [0xfd, 0x8e, 0x00]), 33);
  const relaxed = relaxSwizzles(module);
  assert.equal(relaxed.length, module.length);
  assert.ok([0, 33].includes(count(relaxed, [0xfd, 0x80, 0x02])));
});

test('the vectors hold there too', () => {
  const file = fileURLToPath(new URL('./cgo.test.ts', import.meta.url));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [...flags, '--import', 'tsx', file], { env });
  assert.equal(status, 0, stdout.toString());
});
