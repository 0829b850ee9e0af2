import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { HopTarget } from '../../src/protocol/circuit/index.ts';
import { supportedProtocols } from '../../src/roles/relay/index.ts';
import { parseProtover } from '../../src/wire/protover/index.ts';
import { type HandWired, handWired } from './support/hand-wired.ts';
import type { TorNetwork } from './support/network.ts';
import { type ChildRelay, runRelay } from './support/relay-child.ts';
import { sharedNetwork } from './support/shared-network.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);

describe('circuits through a relay of ours between relays of C tor', () => {
  let net: TorNetwork;
  let ours: ChildRelay;
  let client: HandWired;
  let earlier: ReadonlyMap<string, number>;

  before(async () => {
    net = await sharedNetwork();
    // What relays of C tor say to each other while their network comes up is not ours to answer for.
    earlier = new Map(net.nodes.map((node) => [node.name, node.warnings().length]));
    const dataDirectory = await mkdtemp(join(net.folder, 'relay-'));
    const orPort = await net.freePort();
    ours = await runRelay(net.torrcFor('relay', { dataDirectory, name: 'lonely', orPort }));
    client = await handWired(net, await mkdtemp(join(net.folder, 'client-')));
    client.circuits.start();
    await client.directory.start();
    await client.directory.whenReady(AbortSignal.timeout(60_000));
  });
  after(async () => {
    await client?.stop();
    await ours?.stop();
    await net?.stop();
  });

  function ourHop(): HopTarget {
    const { identity, onionKeys, ports } = ours.relay;
    const rsa = identity.rsaIdentity.publicKey.fingerprint;
    const ed25519 = identity.ed25519Identity;
    const port = ports?.endpoints[0]?.port ?? 0;
    return {
      rsa,
      ed25519,
      ntorKey: onionKeys.current.publicKey,
      protover: parseProtover(supportedProtocols({ cgo: true })),
      linkSpecifiers: [
        { kind: 'ipv4', address: loopback, port },
        { kind: 'rsa', id: rsa },
        { kind: 'ed25519', id: ed25519 },
      ],
    };
  }

  function theirs(kind: 'relay' | 'exit', index = 0): HopTarget {
    const names = net.descriptions(kind).map((node) => node.name);
    const relay = client.directory.netdir?.byNameOrId(names[index] ?? '');
    assert.ok(relay, `${kind} ${index} is in the consensus`);
    return relay.hopTarget();
  }

  async function get(path: readonly HopTarget[]): Promise<string> {
    const circuit = await client.circuits.circuitTo('controller', undefined, { path });
    const chunks: Buffer[] = [];
    await new Promise<void>((resolve, reject) => {
      client.circuits
        .attachTo(circuit, {
          host: '127.0.0.1',
          port: net.httpPort,
          handler: {
            data: (bytes) => void chunks.push(Buffer.from(bytes)),
            ended: () => resolve(),
            writable: () => undefined,
          },
          optimisticData: () => Buffer.from('GET / HTTP/1.0\r\n\r\n'),
          timeoutMs: 20_000,
        })
        .catch(reject);
    });
    circuit.close();
    return Buffer.concat(chunks).toString('latin1');
  }

  const positions = ['guard', 'middle'] as const;
  for (const position of positions) {
    it(`carries a stream as ${position}`, { timeout: 60_000 }, async () => {
      const path =
        position === 'guard'
          ? [ourHop(), theirs('relay'), theirs('exit')]
          : // An exit takes no streams from relays that are not in the consensus.
            [theirs('relay'), ourHop(), theirs('relay', 1), theirs('exit')];
      assert.match(await get(path), /hello through tor\n$/);
    });
  }

  it('has links that both sides authenticated', () => {
    const links = [...ours.channels.channels].filter((link) => link.state === 'open');
    const between = links.filter((link) => link.peer.authenticated);
    assert.ok(
      between.some((link) => link.role === 'responder' && link.canonical),
      'one that C tor opened',
    );
    assert.ok(
      between.some((link) => link.role === 'initiator' && link.canonical),
      'one that we opened',
    );
  });

  it('leaves no warnings in the logs of C tor', () => {
    for (const node of net.nodes) assert.deepEqual(node.warnings().slice(earlier.get(node.name)), [], node.name);
  });
});
