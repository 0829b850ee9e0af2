import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStore } from '../../../../src/network/storage/index.ts';
import { LinkKeyHolder } from '../../../../src/roles/relay/link-keys.ts';
import { OnionKeys } from '../../../../src/roles/relay/onion-keys.ts';
import { loadIdentityKeys } from '../../../../src/roles/relay/relay-keys.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { MemoryState } from '../../../support/memory-state.ts';

const dayMs = 86_400_000;

describe('identity and link keys', () => {
  it('stay the same over a restart, and the signing key is renewed before its certificate ends', async () => {
    const { clock, random, skip } = parts(new FakeRuntime());
    const deps = { store: new MemoryStore(), clock, random };
    const first = await LinkKeyHolder.load(deps, {});
    const again = await LinkKeyHolder.load(deps, {});
    assert.deepEqual(again.identity.ed25519Identity, first.identity.ed25519Identity);
    assert.deepEqual(again.identity.signingKey, first.identity.signingKey);
    assert.deepEqual(
      again.identity.rsaIdentity.publicKey.fingerprint,
      first.identity.rsaIdentity.publicKey.fingerprint,
    );
    assert.equal(await again.refresh(), false);
    skip(29.5 * dayMs);
    assert.equal(await again.refresh(), true);
    assert.notDeepEqual(again.identity.signingKey, first.identity.signingKey);
    assert.deepEqual(again.identity.ed25519Identity, first.identity.ed25519Identity);
  });

  it('give a new TLS key every two hours', async () => {
    const { clock, random, skip } = parts(new FakeRuntime());
    const keys = await LinkKeyHolder.load({ store: new MemoryStore(), clock, random }, {});
    const before = keys.credentials;
    await keys.refresh();
    assert.equal(keys.credentials, before);
    skip(2 * 3600_000);
    assert.equal(await keys.refresh(), false);
    assert.notDeepEqual(keys.credentials.tlsCert, before.tlsCert);
  });

  it('never make a master key when it is kept offline', async () => {
    const { clock, random } = parts(new FakeRuntime());
    const load = LinkKeyHolder.load({ store: new MemoryStore(), clock, random }, { offlineMaster: true });
    await assert.rejects(load, { code: 'RELAY_KEY_OFFLINE' });
  });

  it('are made anew by --keygen, long before the signing key ends', async () => {
    const { clock, random, skip } = parts(new FakeRuntime());
    const deps = { store: new MemoryStore(), clock, random };
    const first = await loadIdentityKeys(deps, { renewSigning: true });
    skip(3 * dayMs);
    const second = await loadIdentityKeys(deps, { renewSigning: true });
    assert.deepEqual(second.ed25519Identity, first.ed25519Identity);
    assert.notDeepEqual(second.signingKey, first.signingKey);
    assert.ok(second.signingExpiresMs > first.signingExpiresMs);
    await deps.store.remove('keys/ed25519_master_id_secret_key');
    await assert.rejects(loadIdentityKeys(deps, { renewSigning: true }), { code: 'RELAY_KEY_OFFLINE' });
    assert.deepEqual((await loadIdentityKeys(deps, { offlineMaster: true })).signingKey, second.signingKey);
  });
});

describe('onion keys', () => {
  it('rotate as the consensus says; the old one answers through its grace time, also after a restart', async () => {
    const { clock, random, skip } = parts(new FakeRuntime());
    const deps = { store: new MemoryStore(), state: new MemoryState(), clock, random };
    const lifetimes = { rotationDays: 28, graceDays: 7 };
    const keys = await OnionKeys.load(deps);
    const first = keys.current;
    assert.equal(await keys.refresh(lifetimes), false);
    skip(28 * dayMs);
    assert.equal(await keys.refresh(lifetimes), true);
    assert.deepEqual(keys.all[1], first);
    const again = await OnionKeys.load(deps);
    assert.deepEqual(again.all, keys.all);
    assert.equal(await again.refresh(lifetimes), false, 'the time of the rotation is remembered');
    skip(7 * dayMs);
    assert.equal(await again.refresh(lifetimes), false);
    assert.equal(again.all.length, 1);
    assert.equal((await OnionKeys.load(deps)).all.length, 1);
  });
});

function parts(runtime: FakeRuntime) {
  return { clock: runtime.clock, random: runtime.random, skip: (ms: number) => runtime.skip(ms) };
}
