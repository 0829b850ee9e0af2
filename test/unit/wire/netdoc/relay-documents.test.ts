import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16Upper, base64Unpadded, fromLatin1 } from '../../../../src/base/bytes/index.ts';
import { parseIp } from '../../../../src/base/ip/index.ts';
import {
  ed25519KeyPair,
  ed25519Sign,
  expandSeed,
  RsaPrivateKey,
  sha256,
  x25519KeyPair,
} from '../../../../src/crypto/primitives/index.ts';
import { CertType, makeEd25519Cert } from '../../../../src/wire/cert/index.ts';
import {
  encodeExtraInfo,
  encodeServerDescriptor,
  makeMicrodescriptor,
  parseConsensus,
  parseExtraInfo,
  parseExtraInfos,
  parseMicrodescriptors,
  parseServerDescriptor,
  parseServerDescriptors,
  type ServerDescriptor,
  type ServerDescriptorFields,
  type ServerDescriptorKeys,
} from '../../../../src/wire/netdoc/index.ts';
import { supports } from '../../../../src/wire/protover/index.ts';
import { documentNames, documentText } from '../../../support/documents.ts';
import { seededRandom } from '../../../support/fake-runtime.ts';

const code =
  (...wanted: string[]) =>
  (error: unknown) =>
    wanted.includes((error as { code?: string }).code ?? '');
// One of them ends with an empty line, which is no part of it.
const all = documentText('network-0.4.9.11/server-all').replaceAll('\n\n', '\n');

test('descriptors of C tor: every signature and certificate holds', () => {
  const { documents, refused } = parseServerDescriptors(all);
  assert.deepEqual(refused, []);
  assert.equal(documents.length, all.split('\nrouter-signature\n').length - 1);
  assert.equal(documents.map(({ text }) => text).join(''), all);
  const relay0 = documents.find(({ nickname }) => nickname === 'relay0') as ServerDescriptor;
  assert.equal(relay0.orPort, 26030);
  assert.equal(base16Upper(relay0.rsaId), '775AB1EAF3467119CB89D37379203F13309FFF95');
  assert.equal(base64Unpadded(relay0.ed25519Id as Uint8Array), 'p6Ktnsi0OMoxjGOcVP/y3wsr6JAge8tQAA8tIPs2GiQ');
  assert.equal(relay0.bandwidthObserved, 129167);
  assert.equal(relay0.uptimeSec, 76);
  assert.equal(relay0.isHsDir, true);
  assert.equal(relay0.tunnelledDirServer, true);
  assert.equal(supports(relay0.protover, 'Relay', 6), true);
  assert.equal(base16Upper(relay0.extraInfoDigest?.sha1 as Uint8Array), 'C8A7EDB47C56D5153913C7F6070E1F09B8BB9319');
  assert.deepEqual(relay0.exitPolicy, [{ accept: true, address: { kind: 'any4' }, lowPort: 1, highPort: 65535 }]);
});

test('cache files have annotations', () => {
  for (const name of ['relay0.cached-descriptors', 'relay0.cached-descriptors.new', 'auth0.cached-descriptors.new']) {
    const text = documentText(`network-0.4.9.11/${name}`);
    const { documents, refused } = parseServerDescriptors(text, { annotations: true });
    assert.deepEqual(refused, [], name);
    assert.equal(documents.length, text.split('\nrouter-signature\n').length - 1, name);
    if (text === '') continue;
    assert.ok(
      documents.every(({ annotations }) => annotations.size > 0),
      name,
    );
    assert.equal(parseServerDescriptors(text).documents.length, 0, 'annotations where none may stand');
  }
});

test('extra-info documents of C tor belong to the descriptors', () => {
  const relays = new Map(
    parseServerDescriptors(all).documents.map((relay) => [base16Upper(relay.rsaId), relay] as const),
  );
  for (const name of ['extra-all', 'auth0.cached-extrainfo.new']) {
    const { documents, refused } = parseExtraInfos(documentText(`network-0.4.9.11/${name}`), {
      identityKey: (fingerprint) => relays.get(fingerprint)?.identityKey,
    });
    assert.deepEqual(refused, []);
    assert.ok(documents.length > 0);
    for (const info of documents) {
      const relay = relays.get(base16Upper(info.rsaId)) as ServerDescriptor;
      assert.equal(info.rsaChecked, true);
      assert.equal(info.nickname, relay.nickname);
      assert.deepEqual(info.ed25519Id, relay.ed25519Id);
      assert.equal(info.lines[0]?.keyword, 'extra-info');
    }
    if (name !== 'extra-all') continue;
    const matching = documents.filter((info) => {
      const named = relays.get(base16Upper(info.rsaId))?.extraInfoDigest;
      return named !== undefined && base16Upper(named.sha1) === base16Upper(info.digest);
    });
    assert.ok(matching.length > 0);
    for (const info of matching) {
      assert.deepEqual(relays.get(base16Upper(info.rsaId))?.extraInfoDigest?.sha256, info.digest256);
    }
  }
});

test('archived extra-info documents are named by their digests', () => {
  for (const folder of ['0/0', '0/7']) {
    for (const name of documentNames(`extra-infos-2019-04/extra-infos-2019-04/${folder}`, '')) {
      const info = parseExtraInfo(documentText(name));
      assert.equal(base16Upper(info.digest).toLowerCase(), name.slice(name.lastIndexOf('/') + 1));
      assert.equal(info.rsaChecked, false);
    }
  }
});

test('microdescriptors are those that C tor made', () => {
  const listed = new Map<string, string>();
  for (const name of documentNames('network-0.4.9.11', 'cons-md-')) {
    for (const relay of parseConsensus(documentText(name)).dangerouslyUnverified().relays) {
      listed.set(base64Unpadded(relay.descriptorDigest), relay.nickname);
    }
  }
  const known = new Set<string>();
  for (const descriptor of parseServerDescriptors(all).documents) {
    const text = makeMicrodescriptor(descriptor, 35) ?? '';
    const digest = base64Unpadded(sha256(fromLatin1(text)));
    assert.equal(listed.get(digest), descriptor.nickname);
    known.add(digest);
    const [parsed] = parseMicrodescriptors(text).documents;
    assert.deepEqual(parsed?.ntorKey, descriptor.ntorKey);
  }
  assert.ok(known.size >= 9);
});

test('what was changed is refused', () => {
  const text = all.slice(0, all.indexOf('router relay1 '));
  parseServerDescriptor(text);
  for (const [from, to] of [
    ['relay0 127.0.0.1', 'relay0 127.0.0.2'],
    ['uptime 76', 'uptime 77'],
    ['router-sig-ed25519 Q', 'router-sig-ed25519 R'],
    ['ntor-onion-key-crosscert 0', 'ntor-onion-key-crosscert 1'],
    ['cdefdWJ0', 'cdefdWJ1'],
    ['kLjA5oPO', 'kLjA5oPP'],
    ['AQoAB56YAaeirZ7', 'AQoAB56YAaeirZ8'],
  ] as const) {
    assert.ok(text.includes(from));
    assert.throws(() => parseServerDescriptor(text.replace(from, to)), code('NETDOC_SIGNATURE'), from);
  }
  for (const [from, to] of [
    ['router relay0', 'router relay-0'],
    ['accept *:*', 'accept *:0'],
    ['accept *:*', 'accept [::]:*'],
    ['accept *:*', 'accept6 *:*'],
    ['accept *:*\n', ''],
    ['775A B1EA', '775A B1EB'],
    ['master-key-ed25519 p6', 'master-key-ed25519 p7'],
    ['bandwidth 1073741824', 'bandwidth 0'],
    ['proto ', 'protos '],
    [' 26030 ', ' 0 '],
    ['uptime 76', 'uptime -76'],
    ['platform ', '@platform '],
  ] as const) {
    assert.ok(text.includes(from));
    assert.throws(() => parseServerDescriptor(text.replace(from, to)), code('NETDOC_SYNTAX'), `${from} ${to}`);
  }
  const list = parseServerDescriptors(all.replace('uptime 76', 'uptime 77'));
  assert.equal(list.refused.length, 1);
  assert.equal(list.refused[0]?.offset, 0);
  assert.equal(list.documents.length, parseServerDescriptors(all).documents.length - 1);
});

test('samples of the archives', () => {
  const options = { annotations: true, dangerouslySkipSignatures: true } as const;
  const ed = documentText('server_descriptor_with_ed25519.txt');
  assert.throws(() => parseServerDescriptor(ed, options), code('NETDOC_SYNTAX'), 'no proto line');
  const destiny = parseServerDescriptor(ed, { ...options, historic: true });
  assert.deepEqual(destiny.ipv6, { address: parseIp('2a01:608:ffff:ff07::1:23'), port: 9003 });
  assert.equal(destiny.exitPolicy.length, 19);
  assert.equal(destiny.ipv6Policy?.accepts, false);
  assert.equal(parseServerDescriptor(ed, { annotations: true, historic: true }).digest.length, 20, 'signatures hold');
  for (const [name, check] of [
    ['old_descriptor.txt', (relay: ServerDescriptor) => relay.hibernating && relay.ed25519Id === undefined],
    ['non-ascii_descriptor.txt', (relay: ServerDescriptor) => relay.contact?.includes('\xc3\xa9') === true],
    ['cr_in_contact_line.txt', (relay: ServerDescriptor) => relay.contact?.includes('\r') === true],
    ['negative_uptime.txt', (relay: ServerDescriptor) => relay.uptimeSec === -31081285],
  ] as const) {
    assert.throws(() => parseServerDescriptor(documentText(name), options), code('NETDOC_SYNTAX'), name);
    assert.ok(check(parseServerDescriptor(documentText(name), { annotations: true, historic: true })), name);
  }
  const sanitized = documentText('bridge_descriptor_with_ed25519.txt');
  assert.throws(() => parseServerDescriptor(sanitized, { ...options, historic: true }), code('NETDOC_SYNTAX'));
  const info = parseExtraInfo(documentText('extrainfo_descriptor_with_ed25519.txt'));
  assert.equal(info.lines.find(({ keyword }) => keyword === 'dirreq-v3-ips')?.args, '');
  assert.throws(() => parseExtraInfo(documentText('extrainfo_nonascii_v3_reqs.txt')), code('NETDOC_SYNTAX'));
  const ninja = documentText('extrainfo_relay_descriptor.txt');
  assert.throws(() => parseExtraInfo(ninja), code('NETDOC_SYNTAX'));
  assert.equal(parseExtraInfo(ninja, { historic: true }).nickname, 'NINJA');
});

async function makeKeys(seed: number, tap: boolean, expanded: boolean): Promise<ServerDescriptorKeys> {
  const random = seededRandom(seed);
  const master = ed25519KeyPair(random.bytes(32));
  const signingSeed = random.bytes(32);
  const signing = expanded ? expandSeed(signingSeed) : ed25519KeyPair(signingSeed);
  const cert = makeEd25519Cert(
    {
      type: CertType.IDENTITY_SIGNING,
      certifiedKey: signing.publicKey,
      expiresAtMs: Date.UTC(2031, 0, 1),
      signingKey: master.publicKey,
    },
    (message) => ed25519Sign(message, master),
  );
  return {
    identityKey: await RsaPrivateKey.generate(1024),
    ed25519Id: master.publicKey,
    ed25519SigningKey: signing,
    ed25519SigningCert: cert,
    ntorKey: x25519KeyPair(random),
    ...(tap && { onionKey: await RsaPrivateKey.generate(1024) }),
    familyKeys: [ed25519KeyPair(random.bytes(32)), ed25519KeyPair(random.bytes(32))],
  };
}

const fields: ServerDescriptorFields = {
  nickname: 'tropea',
  address: parseIp('192.0.2.7') as Uint8Array,
  orPort: 9001,
  dirPort: 0,
  ipv6: { address: parseIp('2001:db8::7') as Uint8Array, port: 9001 },
  platform: 'Tropea 0.1 on Linux',
  protover: 'Link=4-5 Relay=2-4',
  publishedMs: Date.UTC(2030, 5, 1, 12),
  uptimeSec: 3600,
  bandwidthRate: 1e6,
  bandwidthBurst: 2e6,
  bandwidthObserved: 5e5,
  extraInfoDigest: { sha1: new Uint8Array(20).fill(1), sha256: new Uint8Array(32).fill(2) },
  hibernating: true,
  isHsDir: true,
  cachesExtraInfo: true,
  contact: 'somebody <x AT example>',
  family: ['$775AB1EAF3467119CB89D37379203F13309FFF95', 'Friend'],
  bridgeDistribution: 'Any',
  overloadGeneralMs: Date.UTC(2030, 5, 1, 11),
  exitPolicy: [
    {
      accept: false,
      address: { kind: 'net', address: parseIp('10.0.0.0') as Uint8Array, bits: 8 },
      lowPort: 1,
      highPort: 65535,
    },
    { accept: false, address: { kind: 'any6' }, lowPort: 1, highPort: 65535 },
    { accept: true, address: { kind: 'any4' }, lowPort: 80, highPort: 443 },
    { accept: false, address: { kind: 'any' }, lowPort: 1, highPort: 65535 },
  ],
  ipv6Policy: { accepts: true, ranges: Uint16Array.of(80, 80, 443, 444) },
  tunnelledDirServer: true,
};

for (const [tap, expanded] of [
  [true, false],
  [false, true],
] as const) {
  test(`a descriptor of our own reads back${tap ? '' : ' without a TAP key'}`, async () => {
    const keys = await makeKeys(7, tap, expanded);
    const text = encodeServerDescriptor(fields, keys);
    const parsed = parseServerDescriptor(text);
    for (const name of [
      'nickname',
      'address',
      'orPort',
      'dirPort',
      'ipv6',
      'platform',
      'publishedMs',
      'uptimeSec',
      'bandwidthRate',
      'bandwidthBurst',
      'bandwidthObserved',
      'extraInfoDigest',
      'hibernating',
      'isHsDir',
      'cachesExtraInfo',
      'contact',
      'family',
      'overloadGeneralMs',
      'ipv6Policy',
      'tunnelledDirServer',
    ] as const) {
      assert.deepEqual(parsed[name], fields[name], name);
    }
    assert.equal(parsed.protoverText, fields.protover);
    assert.equal(parsed.bridgeDistribution, 'any');
    assert.equal(parsed.exitPolicy.length, 3, 'the rule about IPv6 is left out');
    assert.deepEqual(parsed.rsaId, keys.identityKey.publicKey.fingerprint);
    assert.deepEqual(parsed.ntorKey, keys.ntorKey.publicKey);
    assert.deepEqual(parsed.ed25519Id, keys.ed25519Id);
    assert.equal(parsed.onionKey === undefined, !tap);
    assert.equal(parsed.certExpiresMs, fields.publishedMs + 28 * 86_400_000);
    const ids = (keys.familyKeys ?? []).map(({ publicKey }) => `ed25519:${base64Unpadded(publicKey)}`);
    assert.deepEqual(parsed.familyIds, ids.sort());
    const microdesc = makeMicrodescriptor(parsed, 35);
    if (!tap) {
      assert.equal(microdesc, undefined);
      return;
    }
    const [md] = parseMicrodescriptors(microdesc ?? '').documents;
    assert.deepEqual(md?.familyIds, ids);
    const own = `$${base16Upper(parsed.rsaId)}`;
    assert.deepEqual([...(md?.family ?? [])], [own, '$775AB1EAF3467119CB89D37379203F13309FFF95', 'friend'].sort());
    assert.match(microdesc ?? '', /\np accept 80-443\np6 accept 80,443-444\nid ed25519 /);
    assert.doesNotMatch(makeMicrodescriptor(parsed, 34) ?? '', /family-ids/);
  });
}

/** Keywords in order, without what C tor's relay of the recorded network had no reason to write. */
const keywords = (text: string): string[] =>
  text
    .replace(/-----BEGIN [^-]*-----[^-]*-----END [^-]*-----\n/g, '')
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');

test('lines stand in the order of C tor', async () => {
  const keys = await makeKeys(8, true, false);
  for (const descriptor of parseServerDescriptors(all).documents) {
    const { protoverText = '' } = descriptor;
    const again = encodeServerDescriptor({ ...descriptor, protover: protoverText }, { ...keys, familyKeys: [] });
    assert.deepEqual(keywords(again), keywords(descriptor.text));
    const same = (text: string): string =>
      text
        .replace(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----\n/g, '')
        .replace(
          /(master-key-ed25519|fingerprint|ntor-onion-key|ntor-onion-key-crosscert|router-sig-ed25519) .*\n/g,
          '$1\n',
        );
    assert.equal(same(again), same(descriptor.text));
  }
});

test('an extra-info document of our own reads back; too much of it is left out', async () => {
  const keys = await makeKeys(9, false, true);
  const rsaId = keys.identityKey.publicKey.fingerprint;
  const lines = ['write-history 2030-06-01 12:00:00 (86400 s) 1,2,3', 'dirreq-v3-ips '];
  const make = (statistics: readonly string[]) =>
    encodeExtraInfo({ nickname: 'tropea', rsaId, publishedMs: fields.publishedMs, lines: statistics }, keys);
  const parsed = parseExtraInfo(make(lines), { identityKey: () => keys.identityKey.publicKey });
  assert.equal(parsed.rsaChecked, true);
  assert.deepEqual(parsed.ed25519SigningKey, keys.ed25519SigningKey.publicKey);
  assert.equal(
    parsed.lines.find(({ keyword }) => keyword === 'write-history')?.args,
    '2030-06-01 12:00:00 (86400 s) 1,2,3',
  );
  const other = await RsaPrivateKey.generate(1024);
  assert.throws(() => parseExtraInfo(make(lines), { identityKey: () => other.publicKey }), code('NETDOC_SIGNATURE'));
  const big = make(Array.from({ length: 1000 }, (_, i) => `x-line-${i} ${'y'.repeat(100)}`));
  assert.ok(big.length < 50_000 && big.length > 45_000);
  parseExtraInfo(big, { identityKey: () => keys.identityKey.publicKey });
});
