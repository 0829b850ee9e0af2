import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { base64Unpadded, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import { authorityConfig } from '../../../../src/roles/authority/index.ts';
import { ApprovedRouters } from '../../../../src/roles/authority/uploads/approved-routers.ts';
import { differsOnlyCosmetically } from '../../../../src/roles/authority/uploads/cosmetic.ts';
import { RelayJudge } from '../../../../src/roles/authority/uploads/judge.ts';
import { KeyPins, openingLines } from '../../../../src/roles/authority/uploads/key-pins.ts';
import { RouterStore } from '../../../../src/roles/authority/uploads/router-store.ts';
import { acceptUpload } from '../../../../src/roles/authority/uploads/upload.ts';
import { parseExtraInfos, parseServerDescriptors, type ServerDescriptor } from '../../../../src/wire/netdoc/index.ts';
import { parseConfigLines, TorOptions } from '../../../../src/wire/torrc/index.ts';
import { documentText } from '../../../support/documents.ts';

const descriptors = parseServerDescriptors(documentText('network-0.4.9.11/server-all')).documents;
const extraInfos = parseExtraInfos(documentText('network-0.4.9.11/extra-all')).documents;
const nowMs = Math.max(...descriptors.map(({ publishedMs }) => publishedMs)) + 60_000;
const [first, second] = descriptors as [ServerDescriptor, ServerDescriptor];

function configOf(...lines: string[]) {
  const text = ['TestingTorNetwork 1', 'DirAllowPrivateAddresses 1', ...lines].join('\n');
  const options = TorOptions.defaults({ testing: true }).assign(parseConfigLines(text));
  return authorityConfig(options);
}

function makeStore(config = configOf(), approved = '') {
  const journal: string[] = [];
  const warnings: string[] = [];
  const pins = new KeyPins((line) => journal.push(line));
  let rules = ApprovedRouters.parse(approved, (message) => warnings.push(message));
  const judge = new RelayJudge({ config, pins, approved: () => rules });
  const store = new RouterStore({ config, judge, pins, isMe: () => false });
  return {
    store,
    pins,
    journal,
    warnings,
    setRules(text: string) {
      rules = ApprovedRouters.parse(text, (message) => warnings.push(message));
    },
  };
}

const upload = (store: RouterStore, text: string, atMs = nowMs) => acceptUpload(store, fromLatin1(text), atMs);

describe('uploads', () => {
  test('descriptors of C tor with their extra-infos are taken, and told apart from what is not new', () => {
    const { store, journal } = makeStore();
    const text = documentText('network-0.4.9.11/server-all') + documentText('network-0.4.9.11/extra-all');
    const answer = upload(store, text);
    assert.deepEqual([answer.status, answer.message, answer.headers], [200, '(no message)', undefined]);
    assert.equal(answer.descriptors.length, descriptors.length);
    assert.equal(answer.test.length, descriptors.length);
    assert.equal(store.size, descriptors.length);
    assert.equal(journal.length, descriptors.length);
    for (const descriptor of descriptors) {
      assert.equal(store.find(descriptor.rsaId)?.descriptor.text, descriptor.text);
      assert.equal(store.descriptorByDigest(descriptor.digest)?.text, descriptor.text);
    }
    assert.equal(answer.extraInfos.length, extraInfos.length);
    const again = upload(store, text);
    assert.deepEqual([again.status, again.headers], [200, ['X-Descriptor-Not-New: Yes']]);
    assert.deepEqual([again.test, again.descriptors], [[], []]);
  });

  test('an upload with nothing in it, and one that is no text', () => {
    const { store } = makeStore();
    const { status, message, headers } = upload(store, 'nonsense');
    assert.deepEqual([status, message, headers], [200, '[None]', undefined]);
    const answer = acceptUpload(store, Uint8Array.of(0xff, 0xfe), nowMs);
    assert.equal(answer.status, 400);
    assert.equal(acceptUpload(store, Uint8Array.of(0xef, 0xbb, 0xbf, 65), nowMs).status, 400);
  });

  test('a descriptor with a broken signature is not even looked at', () => {
    const { store } = makeStore();
    const answer = upload(store, first.text.replace(/^uptime \d+/m, 'uptime 99999999'));
    assert.equal(answer.descriptors.length, 0);
    assert.equal(store.size, 0);
  });

  test('too old, too new, private', () => {
    const { store } = makeStore();
    assert.match(upload(store, first.text, first.publishedMs + 25 * 3600_000).message, /^Rejected: Server is expired/);
    assert.match(
      upload(store, first.text, first.publishedMs - 13 * 3600_000).message,
      /clock is set too far in the future/,
    );
    const strict = makeStore({ ...configOf(), allowPrivateAddresses: false });
    assert.equal(upload(strict.store, first.text).message, 'Rejected: Address is a private address.');
  });

  test('versions, rejected relays and addresses', () => {
    const newer = makeStore(configOf('MinimalAcceptedServerVersion 0.5.0.0'));
    assert.equal(upload(newer.store, first.text).message, 'Tor version is insecure or unsupported. Please upgrade!');
    const hex = Buffer.from(first.rsaId).toString('hex').toUpperCase();
    const ed25519 = base64Unpadded(first.ed25519Id as Uint8Array);
    for (const line of [`!reject ${hex}`, `!Reject ${hex.replace(/(....)/g, '$1 ')}`, `!reject ${ed25519}`]) {
      const { store } = makeStore(configOf(), `# comment\n${line}\n`);
      assert.match(upload(store, first.text).message, /marked rejected -- if you think this is a mistake/);
      assert.equal(upload(store, second.text).status, 200);
    }
    const address = makeStore(configOf('AuthDirReject 127.0.0.0/8:*'));
    assert.match(upload(address.store, first.text).message, /^Suspicious relay address range/);
  });

  test('what operators say of a relay holds at once and after a reload', () => {
    const hex = Buffer.from(first.rsaId).toString('hex');
    const made = makeStore(configOf(), `!invalid ${hex}\n!stripguard ${hex}\nnickname ${hex}\n!badexit zz\n`);
    upload(made.store, first.text);
    assert.equal(made.store.find(first.rsaId)?.rules.invalid, true);
    assert.equal(made.store.find(first.rsaId)?.rules.stripGuard, true);
    assert.equal(made.warnings.length, 1);
    made.setRules(`!middleonly ${hex}`);
    assert.deepEqual(made.store.rejudge(), []);
    assert.deepEqual(
      [made.store.find(first.rsaId)?.rules.invalid, made.store.find(first.rsaId)?.rules.middleOnly],
      [false, true],
    );
    made.setRules(`!reject ${hex}`);
    assert.equal(made.store.rejudge().length, 1);
    assert.equal(made.store.size, 0);
  });

  test('an identity that changes is refused, and accepted when keys are not pinned', () => {
    const made = makeStore();
    made.pins.checkAndAdd(first.rsaId, new Uint8Array(32).fill(1), false);
    assert.match(upload(made.store, first.text).message, /^Looks like your keypair has changed\?/);
    const loose = makeStore({ ...configOf(), pinKeys: false });
    loose.pins.checkAndAdd(first.rsaId, new Uint8Array(32).fill(1), false);
    assert.equal(upload(loose.store, first.text).status, 200);
    assert.equal(loose.pins.check(first.rsaId, first.ed25519Id as Uint8Array), 'found');
  });

  test('extra-infos need their descriptor', () => {
    const { store } = makeStore();
    const [extraInfo] = extraInfos;
    assert.ok(extraInfo !== undefined);
    assert.match(upload(store, extraInfo.text).message, /^No corresponding router descriptor/);
    const other = descriptors.find(({ rsaId }) => Buffer.compare(rsaId, extraInfo.rsaId) === 0) as ServerDescriptor;
    store.add({ ...other, publishedMs: other.publishedMs + 1000 }, nowMs);
    assert.equal(store.addExtraInfo(extraInfo).outcome, 'bad-extrainfo');
  });

  test('too long is too long', () => {
    const { store } = makeStore();
    const long = { ...first, text: first.text + ' '.repeat(20_000) };
    assert.equal(store.addUploaded(long, nowMs).message, 'Router descriptor was too large.');
    assert.equal(store.addUploaded({ ...first, onionKey: undefined }, nowMs).message, 'Missing TAP key in descriptor.');
    assert.equal(store.add({ ...first, certExpiresMs: 0 }, nowMs).outcome, 'too-old');
  });

  test('relays that went silent are forgotten', () => {
    const { store } = makeStore();
    upload(store, first.text);
    store.removeOld(first.publishedMs + 47 * 3600_000);
    assert.equal(store.size, 1);
    store.removeOld(first.publishedMs + 49 * 3600_000);
    assert.deepEqual([store.size, store.descriptorByDigest(first.digest)], [0, undefined]);
  });
});

describe('what is new about a descriptor', () => {
  const later: ServerDescriptor = {
    ...first,
    publishedMs: first.publishedMs + 3600_000,
    uptimeSec: (first.uptimeSec ?? 0) + 3600,
  };
  test('an hour later with nothing changed is only cosmetic', () => {
    assert.ok(differsOnlyCosmetically(first, later));
    assert.ok(differsOnlyCosmetically(later, first));
  });
  for (const [name, change] of Object.entries<Partial<ServerDescriptor>>({
    nickname: { nickname: 'other' },
    port: { orPort: 1 },
    contact: { contact: 'me' },
    hibernating: { hibernating: true },
    'bandwidth more than doubled': { bandwidthObserved: first.bandwidthObserved * 3 },
    rate: { bandwidthRate: 1 },
    policy: { exitPolicy: [] },
    family: { family: ['$x'] },
    'more than two hours': { publishedMs: first.publishedMs + 3 * 3600_000 },
    restarted: { uptimeSec: (first.uptimeSec ?? 0) + 48 * 3600 },
    ipv6: { ipv6: { address: new Uint8Array(16), port: 1 } },
  })) {
    test(`${name} is not`, () => assert.ok(!differsOnlyCosmetically(first, { ...later, ...change })));
  }
});

describe('key pins', () => {
  const key = (fill: number, length: number) => new Uint8Array(length).fill(fill);
  test('survive a restart, with what contradicts resolved for the later', () => {
    const lines: string[] = [];
    const pins = new KeyPins((line) => lines.push(line));
    assert.equal(pins.checkAndAdd(key(1, 20), key(1, 32), false), 'unknown');
    assert.equal(pins.checkAndAdd(key(1, 20), key(1, 32), false), 'found');
    assert.equal(pins.checkAndAdd(key(1, 20), key(2, 32), false), 'mismatch');
    assert.equal(pins.checkAndAdd(key(2, 20), key(1, 32), false), 'mismatch');
    assert.equal(pins.checkLoneRsa(key(1, 20)), 'mismatch');
    assert.equal(pins.checkLoneRsa(key(3, 20)), 'unknown');
    pins.checkAndAdd(key(1, 20), key(2, 32), true);
    assert.equal(lines.length, 2);
    const again = new KeyPins(() => undefined);
    const report = again.load(`${openingLines(0)}# x\n${lines.join('')}${lines[1]}rubbish\n`);
    assert.deepEqual(report, { entries: 3, corrupt: 1, duplicates: 1, conflicts: 1 });
    assert.equal(again.check(key(1, 20), key(2, 32)), 'found');
    assert.equal(again.check(key(9, 20), key(1, 32)), 'unknown');
    assert.equal(again.size, 1);
  });
});
