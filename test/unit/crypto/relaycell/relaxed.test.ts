import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildModule } from '../../../../scripts/wasm/module.ts';
import { instantiate, loadShuffles, relaxSwizzles } from '../../../../src/crypto/relaycell/engine.ts';
import { bodyLength, cellAt, cgoState, rowShuffles } from '../../../../src/crypto/relaycell/layout.ts';

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

test('loads take the place of the constants of the rounds', () => {
  const module = buildModule();
  const loading = Buffer.from(loadShuffles(module));
  assert.equal(loading.length, module.length);
  for (const lanes of rowShuffles.lanes) {
    const constant = Buffer.from([0xfd, 0x0c, ...lanes]);
    assert.ok(Buffer.from(module).includes(constant));
    assert.ok(!loading.includes(constant));
  }
  const [plain, loads] = [module, loading].map((each) => {
    const { memory, cgoDecrypt } = instantiate<{ cgoDecrypt(command: number, update: number): number }>(each);
    memory.set(
      Uint8Array.from({ length: cgoState.size }, (_, i) => i * 7),
      cgoState.at,
    );
    for (let cells = 0; cells < 3; cells++) cgoDecrypt(3, 1);
    return Buffer.from(memory.subarray(cgoState.at, cellAt + bodyLength));
  });
  assert.deepEqual(loads, plain);
});

test('the vectors hold there too', () => {
  const file = fileURLToPath(new URL('./cgo.test.ts', import.meta.url));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [...flags, '--import', 'tsx', file], { env });
  assert.equal(status, 0, stdout.toString());
});
