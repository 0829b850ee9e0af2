import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { base16Upper, fromBase16, fromBase64 } from '../../src/base/bytes/index.ts';
import { formatIpPort } from '../../src/base/ip/index.ts';
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { createFastClient } from '../../src/crypto/handshake/index.ts';
import { tor1ClientLayer, tor1KeyLength } from '../../src/crypto/relaycell/index.ts';
import {
  ChannelManager,
  type ChannelManagerOptions,
  type ChannelTarget,
  type LinkCredentialSet,
  type LinkKeys,
  makeLinkCredentials,
  OrListener,
} from '../../src/network/channels/index.ts';
import type { LinkChannel } from '../../src/protocol/channel/index.ts';
import { CellCommand, cellBodyLength, DestroyReason } from '../../src/wire/cell/index.ts';
import type { RelayIdentity } from '../../src/wire/linkspec/index.ts';
import { encodeExtend2, RelayCommand, writeRelayCell } from '../../src/wire/relaymsg/index.ts';
import { makeLinkKeys } from '../unit/protocol/channel/harness.ts';
import { Child } from './support/child.ts';
import { commandOf } from './support/implementation.ts';
import { FreePorts } from './support/ports.ts';
import { waitFor } from './support/wait.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);
const timeoutMs = 30_000;
const ports = new FreePorts();

/** One `tor` process by itself: no network, one fake authority that does not answer. */
async function startTor(name: string, lines: readonly string[]): Promise<{ child: Child; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'tropea-link-'));
  const nobody = await ports.take();
  const torrc = [
    `DataDirectory ${join(directory, 'data')}`,
    'TestingTorNetwork 1',
    `DirAuthority nobody orport=${nobody} v3ident=${'1'.repeat(40)} 127.0.0.1:${nobody} ${'2'.repeat(40)}`,
    'SocksPort 0',
    'SafeLogging 0',
    'ProtocolWarnings 1',
    'Log info stdout',
    ...lines,
  ];
  const file = join(directory, 'torrc');
  await writeFile(file, `${torrc.join('\n')}\n`);
  const command = [...commandOf('tor'), '-f', file, '--defaults-torrc', '/dev/null'];
  const child = new Child({ name, command, logFile: join(directory, 'log') });
  return { child, directory };
}

/** What a circuit on a channel answers next; fails when the circuit ends. */
function ask(channel: LinkChannel, command: number, body: Uint8Array): { id: number; answer: Promise<Uint8Array[]> } {
  const cells: Uint8Array[] = [];
  let id = 0;
  const answer = new Promise<Uint8Array[]>((resolve, reject) => {
    id = channel.openCircuit({
      cell: (answered, answerBody) => {
        cells.push(Uint8Array.of(answered, ...answerBody));
        resolve(cells);
      },
      destroyed: (reason) => reject(new Error(`destroyed ${reason}`)),
      writable: () => undefined,
    });
  });
  channel.send(id, command, body);
  return { id, answer };
}

describe('links with C tor', () => {
  const cleanups: (() => void | Promise<void>)[] = [];
  const eachCleanups: (() => void | Promise<void>)[] = [];
  let relay: Child;
  /** Lines the relay had said when the test began. */
  let heard = 0;
  let identity: RelayIdentity;
  let target: ChannelTarget;
  let keys: LinkKeys;
  let credentials: LinkCredentialSet;

  before(async () => {
    keys = await makeLinkKeys(7, Date.now());
    credentials = await makeLinkCredentials(nodeRuntime, keys);
    const port = await ports.take();
    const { child, directory } = await startTor('relay', [
      `ORPort 127.0.0.1:${port} IPv4Only`,
      'Address 127.0.0.1',
      'Nickname linkpeer',
      'AssumeReachable 1',
      'ExitRelay 0',
      'PublishServerDescriptor 0',
      'ShutdownWaitLength 0',
    ]);
    relay = child;
    cleanups.push(async () => {
      await child.stop();
      await rm(directory, { recursive: true, force: true });
    });
    await relay.waitForLine(/Opened OR listener/, { timeoutMs });
    await relay.waitForLine(/Your Tor server's identity key ed25519 fingerprint/, { timeoutMs });
    const word = async (file: string): Promise<string> =>
      (await readFile(join(directory, 'data', file), 'latin1')).trim().split(' ')[1] ?? '';
    identity = { rsa: fromBase16(await word('fingerprint')), ed25519: fromBase64(await word('fingerprint-ed25519')) };
    target = { identity, addresses: [{ address: loopback, port }] };
    // It names its address in NETINFO as soon as it has made a descriptor.
    await waitFor('the descriptor of the relay', async () => ((await probe()) ? true : undefined), { timeoutMs });
  });
  beforeEach(() => {
    heard = relay.lines.length;
  });
  const probe = async (): Promise<boolean> => {
    const manager = new ChannelManager(nodeRuntime);
    const { canonical } = await manager.get(target);
    manager.close();
    return canonical;
  };
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });
  afterEach(async () => {
    for (const cleanup of eachCleanups.splice(0).reverse()) await cleanup();
    const complaints = relay.lines.slice(heard).filter((line) => /\[(warn|err)\]/.test(line));
    assert.deepEqual(complaints, [], 'tor has no complaint');
  });

  function manager(options: ChannelManagerOptions = {}): ChannelManager {
    const made = new ChannelManager(nodeRuntime, options);
    eachCleanups.push(() => made.close());
    return made;
  }

  for (const version of [4, 5]) {
    it(`opens link protocol ${version} to a relay, which answers CREATE_FAST`, async () => {
      const channel = await manager({ versions: [version] }).get(target);
      assert.equal(channel.linkProtocol, version);
      assert.equal(channel.canonical, true);
      assert.deepEqual(channel.peer.ed25519, identity.ed25519);
      assert.deepEqual(channel.peer.rsa, identity.rsa);
      assert.deepEqual(channel.result?.ownAddressSeen, loopback);
      assert.ok(Math.abs(channel.result?.clockSkewMs ?? 1e9) <= 2000);
      const handshake = createFastClient(nodeRuntime.random);
      const [answer] = await ask(channel, CellCommand.CREATE_FAST, handshake.onionskin).answer;
      assert.equal(answer?.[0], CellCommand.CREATED_FAST);
      assert.equal(handshake.finish(answer?.subarray(1) ?? new Uint8Array(0)).keyHash.length, 20);
    });
  }

  it('takes the higher of both', async () => {
    assert.equal((await manager().get(target)).linkProtocol, 5);
  });

  it('leaves a relay that is not the expected one', async () => {
    for (const wrong of [
      { ...identity, ed25519: keys.ed25519Identity },
      { ...identity, rsa: keys.rsaIdentity.publicKey.fingerprint },
    ]) {
      await assert.rejects(manager().get({ ...target, identity: wrong }), { code: 'CHANNEL_IDENTITY' });
    }
  });

  it('is known to a relay as the relay it is, by AUTHENTICATE', async () => {
    await manager({ credentials: () => credentials, ownAddresses: () => [loopback] }).get(target);
    const fingerprint = base16Upper(keys.rsaIdentity.publicKey.fingerprint);
    const known = new RegExp(`Got good NETINFO cell .*Its ID digest is ${fingerprint}`);
    await relay.waitForLine(known, { timeoutMs, after: heard });
  });

  it('gets DESTROY with the right reason for a TAP handshake', async () => {
    const channel = await manager().get(target);
    await assert.rejects(ask(channel, CellCommand.CREATE, new Uint8Array(186)).answer, {
      message: `destroyed ${DestroyReason.TORPROTOCOL}`,
    });
    await relay.waitForLine(/\[warn\] Bogus\/unrecognized create cell/, { timeoutMs, after: heard });
    heard = relay.lines.length;
  });

  it('keeps a thousand circuits on one link', async () => {
    const channel = await manager().get(target);
    const answers = [];
    for (let i = 0; i < 1000; i++) {
      answers.push(ask(channel, CellCommand.CREATE_FAST, nodeRuntime.random.bytes(20)).answer);
    }
    for (const [answer] of await Promise.all(answers)) assert.equal(answer?.[0], CellCommand.CREATED_FAST);
    assert.equal(channel.openCircuits, 1000);
  });

  /** An ORPort of ours; `created` tells of the first circuit, which is then refused. */
  async function listen() {
    const server = manager({ credentials: () => credentials });
    let tell: (event: { channel: LinkChannel; command: number }) => void = () => undefined;
    const created = new Promise<{ channel: LinkChannel; command: number }>((resolve) => {
      tell = resolve;
    });
    const listener = new OrListener(
      { ...nodeRuntime, manager: server },
      {
        credentials: () => credentials,
        ownAddresses: () => [loopback],
        onCreate: (channel, circId, command) => {
          tell({ channel: channel as LinkChannel, command });
          channel.acceptCircuit(circId, {
            cell: () => undefined,
            destroyed: () => undefined,
            writable: () => undefined,
          });
          channel.destroy(circId, DestroyReason.RESOURCELIMIT);
        },
      },
    );
    const endpoint = await listener.listen({ address: loopback, port: await ports.take() });
    eachCleanups.push(() => listener.close());
    return { endpoint, created };
  }

  it('serves a client that is C tor', async () => {
    const { endpoint, created } = await listen();
    const fingerprint = base16Upper(keys.rsaIdentity.publicKey.fingerprint);
    const { child, directory } = await startTor('client', [
      'ClientOnly 1',
      'UseBridges 1',
      `Bridge ${formatIpPort(endpoint.address, endpoint.port)} ${fingerprint}`,
    ]);
    eachCleanups.push(async () => {
      await child.stop();
      await rm(directory, { recursive: true, force: true });
    });
    const { channel, command } = await created;
    assert.equal(command, CellCommand.CREATE_FAST);
    assert.equal(channel.linkProtocol, 5);
    assert.equal(channel.peer.authenticated, false);
    assert.equal(channel.result?.clockSkewMs, undefined);
    await child.waitForLine(/Got good NETINFO cell .*using protocol version 5/, { timeoutMs });
    assert.deepEqual(child.search(/Received a bad|Unexpected|not as expected/), []);
  });

  it('serves a relay that is C tor, which authenticates itself', async () => {
    const { endpoint, created } = await listen();
    const channel = await manager().get(target);
    const handshake = createFastClient(nodeRuntime.random);
    const { id, answer } = ask(channel, CellCommand.CREATE_FAST, handshake.onionskin);
    const [first] = await answer;
    const layer = tor1ClientLayer(handshake.finish(first?.subarray(1) ?? new Uint8Array(0)).keys(tor1KeyLength));
    const message = encodeExtend2({
      linkSpecifiers: [
        { kind: 'ipv4', ...endpoint },
        { kind: 'rsa', id: keys.rsaIdentity.publicKey.fingerprint },
        { kind: 'ed25519', id: keys.ed25519Identity },
      ],
      handshakeType: 2,
      handshake: new Uint8Array(84).fill(1),
    });
    const body = new Uint8Array(cellBodyLength);
    writeRelayCell(body, 0, RelayCommand.EXTEND2, 0, message, nodeRuntime.random);
    layer.originate(CellCommand.RELAY_EARLY, body);
    channel.send(id, CellCommand.RELAY_EARLY, body);
    const arrived = await created;
    assert.equal(arrived.command, CellCommand.CREATE2);
    assert.equal(arrived.channel.peer.authenticated, true);
    assert.deepEqual(arrived.channel.peer.ed25519, identity.ed25519);
    assert.deepEqual(arrived.channel.peer.rsa, identity.rsa);
    assert.equal(arrived.channel.canonical, true);
    assert.ok(Math.abs(arrived.channel.result?.clockSkewMs ?? 1e9) <= 2000);
  });
});
