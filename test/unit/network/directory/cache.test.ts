import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { base16Upper, base64Unpadded, utf8 } from '../../../../src/base/bytes/index.ts';
import { TorDirectoryManager } from '../../../../src/network/directory/index.ts';
import { MemoryStore } from '../../../../src/network/storage/index.ts';
import {
  parseAuthorityCertificates,
  parseMicrodescriptors,
  parseNsConsensus,
  parseServerDescriptors,
} from '../../../../src/wire/netdoc/index.ts';
import { documentText } from '../../../support/documents.ts';
import { FakeDirectories, type FakeServe } from '../../../support/fake-directories.ts';
import { advanceUntil, FakeTime, seededRandom } from '../fakes.ts';

const folder = 'network-0.4.9.11';
const ns = documentText(`${folder}/cons-ns-2026-11-21T073600`);
const microdesc = documentText(`${folder}/cons-md-2026-11-21T073600`);
const startMs = Date.UTC(2026, 10, 21, 7, 36, 2);
const certificates = parseAuthorityCertificates(documentText(`${folder}/keys-all`)).documents;
const microdescs = new Map(
  parseMicrodescriptors(documentText(`${folder}/cached-microdescs.new`), { annotations: true }).documents.map(
    (each) => [base64Unpadded(each.digest), each.text],
  ),
);
const descriptors = new Map(
  parseServerDescriptors(documentText(`${folder}/server-all`)).documents.map((each) => [
    base16Upper(each.digest),
    each.text,
  ]),
);
const wanted = parseNsConsensus(ns)
  .dangerouslyUnverified()
  .relays.map((relay) => base16Upper(relay.descriptorDigest));
const there = wanted.filter((key) => descriptors.has(key));

const serve: FakeServe = ({ path }) => {
  if (path.startsWith('/tor/status-vote/current/consensus-microdesc/')) return { body: microdesc };
  if (path.startsWith('/tor/status-vote/current/consensus/')) return { body: ns };
  if (path.startsWith('/tor/keys/')) return { body: certificates.map(({ text }) => text).join('') };
  const names = /^\/tor\/(micro|server)\/d\/(.*)\.z$/.exec(path);
  const all = names?.[1] === 'micro' ? microdescs : descriptors;
  const keys = names?.[2]?.split(names[1] === 'micro' ? '-' : '+');
  return keys === undefined ? undefined : { body: keys.map((key) => all.get(key) ?? '').join('') };
};

function setUp(options: { readonly isCache?: boolean; readonly flavor?: 'ns' }, store = new MemoryStore()) {
  const time = new FakeTime(startMs);
  const circuits = new FakeDirectories(serve);
  const authorities = certificates.map(({ identity }, i) => ({
    nickname: `auth${i}`,
    address: '127.0.0.1',
    dirPort: 7000 + i,
    orPort: 5000 + i,
    fingerprint: `${i}`.repeat(40),
    v3Ident: base16Upper(identity),
    bridge: false,
    weight: 1,
  }));
  const manager = new TorDirectoryManager(
    { clock: time, timers: time, random: seededRandom(7), store, circuits },
    { authorities, fallbacks: [], netdir: { testingNetwork: true }, ...options },
  );
  return { time, circuits, manager, store };
}

describe('a directory cache', () => {
  it('has server descriptors in its documents', () => {
    assert.ok(there.length > 0 && there.length <= wanted.length);
  });

  it('keeps both flavours and the server descriptors', async () => {
    const { manager, time, circuits, store } = setUp({ isCache: true });
    await manager.start();
    const isComplete = (): boolean =>
      there.every((key) => manager.descriptor(Buffer.from(key, 'hex')) !== undefined) && manager.netdir !== undefined;
    assert.equal(await advanceUntil(time, isComplete, 60_000), true);
    assert.equal(manager.consensus('ns')?.text, ns);
    assert.equal(manager.consensus('microdesc')?.text, microdesc);
    assert.equal(manager.netdir?.flavor, 'microdesc');
    assert.equal(manager.certificates().length, certificates.length);
    assert.ok(
      circuits.requests.every(({ from }) => /^([0-9])\1{39}$/.test(from)),
      'authorities are asked',
    );
    for (const each of manager.descriptorsOfAll()) {
      assert.equal(manager.descriptorOf(each.rsaId), each);
      assert.equal(descriptors.get(base16Upper(each.digest)), each.text);
    }
    await manager.stop();
    assert.match(
      utf8(store.files.get('cached-descriptors.new') ?? new Uint8Array(0)),
      /^@downloaded-at 2026-11-21 07:36:/,
    );

    const again = setUp({ isCache: true }, store);
    await again.manager.start();
    await again.time.advance(1500);
    assert.equal(again.manager.consensus('ns')?.text, ns);
    assert.ok(there.every((key) => again.manager.descriptor(Buffer.from(key, 'hex')) !== undefined));
    assert.deepEqual(
      again.circuits.paths.filter((path) => !path.startsWith('/tor/server/')),
      [],
      'only what nobody had is asked for again',
    );
    await again.manager.stop();
  });

  it('mends descriptors that were cut short by a crash', async () => {
    const { manager, time, store } = setUp({ isCache: true });
    await manager.start();
    await time.advance(20_000);
    await manager.stop();
    const whole = store.files.get('cached-descriptors.new') ?? new Uint8Array(0);
    store.files.set('cached-descriptors.new', whole.slice(0, whole.length - 700));
    const again = setUp({ isCache: true }, store);
    await again.manager.start();
    await again.time.advance(20_000);
    assert.ok(there.every((key) => again.manager.descriptor(Buffer.from(key, 'hex')) !== undefined));
    await again.manager.stop();
  });

  it('takes a consensus and certificates that we made ourselves', async () => {
    const { manager, circuits } = setUp({ isCache: true });
    circuits.serve = () => 'refuse';
    await manager.start();
    await manager.offerCertificates(Buffer.from(certificates.map(({ text }) => text).join(''), 'latin1'));
    await manager.offerConsensus('ns', Buffer.from(ns, 'latin1'));
    assert.equal(manager.consensus('ns')?.text, ns);
    await manager.stop();
  });
});

describe('a client of server descriptors', () => {
  it('chooses paths from them', async () => {
    const { manager, time, circuits } = setUp({ flavor: 'ns' });
    await manager.start();
    assert.equal(await advanceUntil(time, () => circuits.netdir !== undefined, 60_000), true);
    assert.equal(manager.netdir?.flavor, 'ns');
    assert.equal(manager.netdir?.relays.filter((relay) => relay.hasDescriptor).length, there.length);
    assert.ok(circuits.paths.every((path) => !path.startsWith('/tor/micro/')));
    await manager.stop();
  });
});
