import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { base16Upper, base64Unpadded } from '../../../../src/base/bytes/index.ts';
import { Logger } from '../../../../src/base/log/index.ts';
import {
  type DirectoryManagerOptions,
  parseBridgeLine,
  TorDirectoryManager,
} from '../../../../src/network/directory/index.ts';
import { GuardManager } from '../../../../src/network/guard/index.ts';
import { MemoryStore } from '../../../../src/network/storage/index.ts';
import {
  parseAuthorityCertificates,
  parseMicrodescriptors,
  parseServerDescriptors,
} from '../../../../src/wire/netdoc/index.ts';
import { documentText } from '../../../support/documents.ts';
import { FakeDirectories, type FakeServe } from '../../../support/fake-directories.ts';
import { advanceUntil, FakeTime, seededRandom } from '../fakes.ts';

const folder = 'network-0.4.9.11';
const consensus = documentText(`${folder}/cons-md-2026-11-21T073600`);
const startMs = Date.UTC(2026, 10, 21, 7, 36, 2);
const certificates = parseAuthorityCertificates(documentText(`${folder}/keys-all`)).documents;
const microdescs = new Map(
  parseMicrodescriptors(documentText(`${folder}/cached-microdescs.new`), { annotations: true }).documents.map(
    (each) => [base64Unpadded(each.digest), each.text],
  ),
);
const [descriptor, other] = parseServerDescriptors(documentText(`${folder}/server-all`)).documents;
assert.ok(descriptor !== undefined && other !== undefined);
const bridgeId = base16Upper(descriptor.rsaId);
const line = `10.0.0.1:443 ${bridgeId}`;

const honest: FakeServe = ({ path }) => {
  if (path === '/tor/server/authority.z') return { body: descriptor.text };
  if (path.includes('/consensus-microdesc/')) return { body: consensus };
  if (path.startsWith('/tor/keys/')) return { body: certificates.map(({ text }) => text).join('') };
  const keys = /^\/tor\/micro\/d\/(.*)\.z$/.exec(path)?.[1]?.split('-');
  return keys === undefined ? undefined : { body: keys.map((key) => microdescs.get(key) ?? '').join('') };
};

function setUp(
  serve: FakeServe = honest,
  lines: readonly string[] = [line],
  options: Partial<DirectoryManagerOptions> = {},
) {
  const time = new FakeTime(startMs);
  const circuits = new FakeDirectories(serve);
  const said: string[] = [];
  const logger = new Logger(() => time.now());
  logger.addSink(({ message }) => said.push(message), 'notice');
  const random = seededRandom(7);
  const guards = new GuardManager({ clock: time, random, logger }, { version: 'test' });
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
    { clock: time, timers: time, random, store: new MemoryStore(), circuits, guards, logger },
    {
      authorities,
      fallbacks: [],
      netdir: { testingNetwork: true },
      bridges: lines.map(parseBridgeLine),
      ...options,
    },
  );
  const isReady = (): boolean => circuits.netdir !== undefined;
  return { time, circuits, guards, manager, isReady, said };
}

describe('bridge lines', () => {
  it('are read as C tor reads them', () => {
    const plain = parseBridgeLine('10.0.0.1');
    assert.deepEqual(
      [...plain.address, plain.port, plain.rsaId, plain.transport],
      [10, 0, 0, 1, 443, undefined, undefined],
    );
    const spaced = parseBridgeLine(`[2001:db8::1]:9001 ${bridgeId.slice(0, 4)} ${bridgeId.slice(4)}`);
    assert.equal(base16Upper(spaced.rsaId ?? new Uint8Array(0)), bridgeId);
    assert.equal(spaced.port, 9001);
    const full = parseBridgeLine(`obfs4 10.0.0.1:5 ${bridgeId.toLowerCase()} cert=a,b iat-mode=0`);
    assert.deepEqual([full.transport, full.args], ['obfs4', ['cert=a,b', 'iat-mode=0']]);
    assert.equal(base16Upper(full.rsaId ?? new Uint8Array(0)), bridgeId);
    assert.deepEqual(parseBridgeLine('snow_flake 10.0.0.1:5 url=x').args, ['url=x']);
  });

  it('are refused when they cannot be meant', () => {
    for (const text of [
      '',
      'obfs4',
      '10.0.0.1:0',
      '10.0.0.1:70000',
      'example.com:1',
      '10.0.0.1 AB',
      `obfs4 10.0.0.1 ${bridgeId} x`,
    ]) {
      assert.throws(() => parseBridgeLine(text), { code: 'BAD_BRIDGE_LINE' }, text);
    }
  });
});

describe('a client with bridges', () => {
  it('asks nobody else', async () => {
    const { time, circuits, manager, isReady, guards, said } = setUp();
    await manager.start();
    assert.equal(await advanceUntil(time, isReady, 60_000), true);
    assert.deepEqual([...new Set(circuits.requests.map(({ from }) => from))], [bridgeId]);
    assert.equal(circuits.paths[0], '/tor/server/authority.z');
    assert.equal(circuits.requests[0]?.headers.get('host'), '10.0.0.1:443');
    assert.equal(guards.selectionName, 'bridges');
    const ticket = guards.pick('traffic');
    assert.equal(ticket.relay.fingerprint, bridgeId);
    assert.equal(ticket.relay.isBridge, true);
    assert.deepEqual([...(ticket.relay.addresses[0]?.address ?? [])], [10, 0, 0, 1]);
    assert.ok(said.some((text) => /^new bridge descriptor '/.test(text)));
    await manager.stop();
  });

  it('waits for a bridge before it asks for anything', async () => {
    const { time, circuits, manager, isReady } = setUp(() => 'refuse');
    await manager.start();
    await time.advance(120_000);
    assert.deepEqual(circuits.requests, []);
    circuits.serve = honest;
    manager.poke();
    assert.equal(await advanceUntil(time, isReady, 60_000), true);
    await manager.stop();
  });

  it('refuses the descriptor of another relay', async () => {
    const { time, manager, guards } = setUp((request) =>
      request.path.startsWith('/tor/server/') ? { body: other.text } : honest(request),
    );
    await manager.start();
    await time.advance(30_000);
    assert.equal(guards.usableBridges(), 0);
    assert.equal(manager.netdir, undefined);
    await manager.stop();
  });

  it('asks again for a descriptor after a long time', async () => {
    const { time, circuits, manager } = setUp();
    await manager.start();
    await time.advance(60_000);
    const count = (): number => circuits.paths.filter((path) => path.startsWith('/tor/server/')).length;
    assert.equal(count(), 1);
    await time.advance(3 * 3600_000);
    assert.equal(count(), 2);
    await manager.stop();
  });

  it('leaves out bridges whose transport nobody speaks', async () => {
    const { manager, said, time, circuits } = setUp(honest, [`obfs4 10.0.0.2:1 ${bridgeId} cert=x`]);
    await manager.start();
    await time.advance(20_000);
    assert.deepEqual(circuits.requests, []);
    assert.ok(said.some((text) => /pluggable transport proxy supporting 'obfs4'/.test(text)));
    await manager.stop();
  });
});
