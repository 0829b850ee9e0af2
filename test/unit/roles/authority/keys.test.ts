import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16Upper } from '../../../../src/base/bytes/index.ts';
import { MemoryStore } from '../../../../src/network/storage/index.ts';
import {
  type AuthorityKeyTexts,
  ExpiryWatch,
  expiryWarning,
  loadAuthorityKeys,
  makeAuthorityKeys,
} from '../../../../src/roles/authority/index.ts';
import { addMonths } from '../../../../src/roles/authority/keys/gencert.ts';
import { parseAuthorityCertificate } from '../../../../src/wire/netdoc/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';

const { clock } = new FakeRuntime(Date.UTC(2026, 10, 21, 12));
const address = { address: Uint8Array.of(127, 0, 0, 1), port: 9030 };

async function stored(texts: AuthorityKeyTexts): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.write('keys/authority_signing_key', texts.signingKey);
  await store.write('keys/authority_certificate', texts.certificate);
  return store;
}

test('keys are made, loaded, and certified anew', async () => {
  const texts = await makeAuthorityKeys({ passphrase: 'secret', dirAddress: address, months: 3 }, clock);
  const certificate = parseAuthorityCertificate(texts.certificate);
  assert.equal(base16Upper(certificate.identity), base16Upper(texts.identity));
  assert.equal(certificate.expiresMs, Date.UTC(2027, 1, 21, 12));
  assert.deepEqual(certificate.dirAddress, address);
  const keys = await loadAuthorityKeys(await stored(texts));
  assert.equal(keys.certificate.text, texts.certificate);

  const again = await makeAuthorityKeys(
    { passphrase: 'secret', identityKey: texts.identityKey, signingKey: texts.signingKey },
    clock,
  );
  assert.deepEqual(
    [again.identity, again.signingKey, again.identityKey],
    [texts.identity, texts.signingKey, undefined],
  );
  assert.equal(parseAuthorityCertificate(again.certificate).dirAddress, undefined);
  await assert.rejects(makeAuthorityKeys({ passphrase: 'wrong', identityKey: texts.identityKey }, clock), {
    code: 'BAD_KEY',
  });

  const other = await makeAuthorityKeys({ passphrase: 'secret', identityKey: texts.identityKey }, clock);
  const mixed = await stored({ ...texts, certificate: other.certificate });
  await assert.rejects(loadAuthorityKeys(mixed), { code: 'BAD_KEY_FILE', message: /does not match/ });
  await mixed.write('keys/authority_certificate', 'nonsense');
  await assert.rejects(loadAuthorityKeys(mixed), { code: 'BAD_KEY_FILE' });
  await mixed.remove('keys/authority_certificate');
  await assert.rejects(loadAuthorityKeys(mixed), { code: 'BAD_KEY_FILE', message: /no certificate/ });
  await assert.rejects(loadAuthorityKeys(new MemoryStore()), { code: 'BAD_KEY_FILE' });
});

test('months are those of the calendar', () => {
  assert.equal(addMonths(Date.UTC(2026, 10, 21), 12), Date.UTC(2027, 10, 21));
  assert.equal(addMonths(Date.UTC(2026, 0, 31), 1), Date.UTC(2026, 2, 3));
});

test('a certificate that runs out is spoken of in time and not too often', () => {
  const day = 24 * 3600_000;
  assert.equal(expiryWarning(31 * day, 0), undefined);
  assert.match(expiryWarning(29.5 * day, 0)?.message ?? '', /expires in 29 days; Generate a new one soon/);
  assert.match(expiryWarning(0.5 * day, 0)?.message ?? '', /expires in 12 hours; Generate a new one NOW/);
  assert.equal(expiryWarning(0, 1)?.severity, 'err');
  const watch = new ExpiryWatch();
  const said = [0, 1, 4.9, 5, 5.1].map((days) => watch.check(40 * day, (10 + days) * day) !== undefined);
  assert.deepEqual(said, [true, false, false, true, false]);
});
