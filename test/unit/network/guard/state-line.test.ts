import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GuardManager } from '../../../../src/network/guard/index.ts';
import { formatGuardLine, parseGuardLine } from '../../../../src/network/guard/state-line.ts';
import { MemoryStore, StateFile } from '../../../../src/network/storage/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { snapshot } from '../../../support/relays.ts';

const nowSec = Date.UTC(2026, 10, 21) / 1000;
const stateText = readFileSync(new URL('../../../documents/state/ctor-0.4.9.11', import.meta.url), 'utf8');
const guardLines = stateText
  .split('\n')
  .filter((line) => line.startsWith('Guard '))
  .map((line) => line.slice('Guard '.length));
const id = 'A04E4F7A9F58DC7D8CE5D3D4DA9C8B6DB2ED0C4A';

describe('Guard lines', () => {
  it('of C tor come back as they were', () => {
    assert.equal(guardLines.length, 3);
    for (const line of guardLines) {
      const guard = parseGuardLine(line, nowSec);
      assert.ok(guard !== undefined);
      assert.equal(formatGuardLine(guard, guard.sampledIndex), line);
    }
  });

  it('say what they say', () => {
    const [alpha, beta, bridge] = guardLines.map((line) => parseGuardLine(line, nowSec));
    assert.equal(alpha?.fingerprint, id);
    assert.equal(alpha?.nickname, 'alpha');
    assert.equal(alpha?.confirmedOnSec, Date.UTC(2026, 10, 10) / 1000);
    assert.deepEqual([alpha?.confirmedIndex, alpha?.sampledIndex, alpha?.listed], [0, 0, true]);
    assert.equal(alpha?.pathBias.circAttempts, 5);
    assert.deepEqual(alpha?.extra, ['future=field']);
    assert.deepEqual([beta?.confirmedIndex, beta?.listed], [-1, false]);
    assert.equal(beta?.unlistedSinceSec, Date.parse('2026-11-12T01:02:03Z') / 1000);
    assert.deepEqual(bridge?.bridge, { address: Uint8Array.of(192, 0, 2, 5), port: 443 });
    assert.equal(bridge?.selectionName, 'bridges');
  });

  it('are no guard without selection and identity, or of the legacy kind', () => {
    for (const line of [
      '',
      'in=default',
      `rsa_id=${id}`,
      `in= rsa_id=${id}`,
      'in=default rsa_id=12',
      `in=legacy rsa_id=${id}`,
    ]) {
      assert.equal(parseGuardLine(line, nowSec), undefined, line);
    }
  });

  it('take harmless values for what cannot be read, and go last', () => {
    const broken = `in=default rsa_id=${id} sampled_on=then sampled_idx=x confirmed_idx=-3 listed=2 pb_timeouts=lots bridge_addr=nowhere`;
    const guard = parseGuardLine(broken, nowSec);
    assert.equal(guard?.sampledOnSec, nowSec);
    assert.ok((guard?.sampledIndex ?? 0) > 10_000);
    assert.deepEqual(
      [guard?.confirmedIndex, guard?.listed, guard?.pathBias.timeouts, guard?.bridge],
      [-1, true, 0, undefined],
    );
  });

  it('take the place of confirmation where an old version kept no other', () => {
    assert.equal(parseGuardLine(`in=default rsa_id=${id} confirmed_idx=4`, nowSec)?.sampledIndex, 4);
  });

  it('keep the second of two equal words as unknown', () => {
    const guard = parseGuardLine(`in=default rsa_id=${id} nickname=a nickname=b`, nowSec);
    assert.deepEqual([guard?.nickname, guard?.extra], ['a', ['nickname=b']]);
  });

  it('never fail, whatever they hold', () => {
    const word = fc.constantFrom(
      'in=default',
      `rsa_id=${id}`,
      'sampled_on=2026-11-21T00:00:00',
      'listed=',
      '=',
      'a=b',
      'pb_timeouts=1e300',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string())), (words) => {
        const guard = parseGuardLine(words.join(' '), nowSec);
        if (guard === undefined) return;
        const again = parseGuardLine(formatGuardLine(guard, 0), nowSec);
        assert.equal(again?.fingerprint, guard.fingerprint);
      }),
    );
  });
});

describe('the state file of C tor', () => {
  it('keeps its guards in all selections when ours is written', async () => {
    const runtime = new FakeRuntime(nowSec * 1000);
    const store = new MemoryStore();
    await store.write('state', stateText.replace('sampled_idx=1 ', 'sampled_idx=7 '));
    const state = await StateFile.load({ store, ...runtime }, { version: 'Tor 0.4.9.11' });
    const guards = new GuardManager({ ...runtime, state }, { version: '0.4.9.11' });
    guards.setNetDir(undefined);
    assert.deepEqual(guards.stateLines(), guardLines);
    await state.save();
    const lines = ((await store.readText('state')) ?? '').split('\n').filter((line) => line.startsWith('Guard '));
    assert.deepEqual(
      lines,
      guardLines.map((line) => `Guard ${line}`),
    );
  });

  it('is cleaned of a line that is no guard, and the others stay', async () => {
    const runtime = new FakeRuntime(nowSec * 1000);
    const store = new MemoryStore();
    await store.write('state', `Guard nonsense\n${stateText}`);
    const state = await StateFile.load({ store, ...runtime }, { version: 'Tor 0.4.9.11' });
    const guards = new GuardManager({ ...runtime, state }, { version: '0.4.9.11' });
    guards.setNetDir(snapshot([]));
    assert.equal(guards.stateLines().length, 3);
  });
});
