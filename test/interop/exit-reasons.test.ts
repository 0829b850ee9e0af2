import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import type { HopTarget, OriginCircuit } from '../../src/protocol/circuit/index.ts';
import type { StreamEnd } from '../../src/protocol/stream/index.ts';
import { ExitRole, exitConfig } from '../../src/roles/exit/index.ts';
import { supportedProtocols } from '../../src/roles/relay/index.ts';
import { parseProtover } from '../../src/wire/protover/index.ts';
import { BeginFlag, endReasonName } from '../../src/wire/relaymsg/index.ts';
import { loadOptions, validateOptions } from '../../src/wire/torrc/index.ts';
import { type HandWired, handWired } from './support/hand-wired.ts';
import type { TorNetwork } from './support/network.ts';
import { type ChildRelay, runRelay } from './support/relay-child.ts';
import { sharedNetwork } from './support/shared-network.ts';

const { IPV6_OK, IPV4_NOT_OK, IPV6_PREFERRED } = BeginFlag;

/**
 * The same requests to an exit of C tor and to ours: answers and reasons must be the same. What fails after connect()
 * has returned is MISC, not what the specification says.
 */
describe('what an exit answers', () => {
  let net: TorNetwork;
  let ours: ChildRelay;
  let exit: ExitRole;
  let client: HandWired;
  let server: Server;
  let closedPort = 0;
  let port = 0;

  before(async () => {
    net = await sharedNetwork();
    const dataDirectory = await mkdtemp(join(net.folder, 'exit-'));
    client = await handWired(net, await mkdtemp(join(net.folder, 'client-')));
    const torrc = net.torrcFor('exit', { dataDirectory, name: 'lonely', orPort: await net.freePort() });
    const report = (): void => undefined;
    const { options, ports } = validateOptions(loadOptions({ torrc, report }).options, { report });
    exit = new ExitRole(
      { ...nodeRuntime, netdir: () => client.directory.netdir },
      { config: exitConfig(options, ports) },
    );
    ours = await runRelay(torrc, { exit });
    client.circuits.start();
    await client.directory.start();
    await client.directory.whenReady(AbortSignal.timeout(60_000));
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        if (data.toString() === 'reset') socket.resetAndDestroy();
        else socket.end('bye');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    closedPort = await net.freePort();
  });
  after(async () => {
    server?.close();
    exit?.stop();
    await client?.stop();
    await ours?.stop();
    await net?.stop();
  });

  function theirs(kind: 'relay' | 'exit'): HopTarget {
    const [node] = net.descriptions(kind);
    const relay = client.directory.netdir?.byNameOrId(node?.name ?? '');
    assert.ok(relay, `a ${kind} is in the consensus`);
    return relay.hopTarget();
  }

  function ourHop(): HopTarget {
    const { identity, onionKeys, ports } = ours.relay;
    const rsa = identity.rsaIdentity.publicKey.fingerprint;
    const ed25519 = identity.ed25519Identity;
    return {
      rsa,
      ed25519,
      ntorKey: onionKeys.current.publicKey,
      protover: parseProtover(supportedProtocols({ cgo: true })),
      linkSpecifiers: [
        { kind: 'ipv4', address: Uint8Array.of(127, 0, 0, 1), port: ports?.endpoints[0]?.port ?? 0 },
        { kind: 'rsa', id: rsa },
        { kind: 'ed25519', id: ed25519 },
      ],
    };
  }

  const circuitTo = (exitHop: HopTarget, oneHop: boolean): Promise<OriginCircuit> =>
    client.circuits.circuitTo('controller', undefined, { path: oneHop ? [exitHop] : [theirs('relay'), exitHop] });

  interface Asked {
    readonly address: string;
    readonly port: number;
    readonly flags?: number;
    readonly say?: string;
    readonly oneHop?: boolean;
  }

  /** CONNECTED's address, what came, and how it ended. */
  async function ask(
    hop: HopTarget,
    { address, port: to, flags = IPV6_OK, say, oneHop = false }: Asked,
  ): Promise<string> {
    const circuit = await circuitTo(hop, oneHop);
    let said = '';
    let connected = '';
    const end = await new Promise<StreamEnd>((resolve) => {
      const stream = circuit.openStream(
        {
          connected: (at) => {
            connected = `connected to ${at === undefined ? 'nothing' : Buffer.from(at.address).toString('hex')}, `;
          },
          data: (bytes) => {
            said += Buffer.from(bytes).toString('latin1');
          },
          ended: resolve,
          writable: () => undefined,
        },
        { kind: 'begin', address, port: to, flags },
      );
      if (say !== undefined) stream.write(Buffer.from(say));
    });
    circuit.close();
    const refused = end.address === undefined ? '' : ` of ${Buffer.from(end.address).toString('hex')}`;
    return `${connected}${said === '' ? '' : `"${said}", `}${endReasonName(end.reason)}${refused}`;
  }

  const cases: readonly (readonly [string, () => Asked, RegExp])[] = [
    ['a conversation', () => ({ address: '127.0.0.1', port, say: 'hello' }), /^connected to 7f000001, "bye", DONE$/],
    ['a name', () => ({ address: 'web.test', port, say: 'hello' }), /^connected to 7f000001, "bye", DONE$/],
    ['a reset', () => ({ address: '127.0.0.1', port, say: 'reset' }), /^connected to 7f000001, (CONNRESET|DONE)$/],
    ['a closed port', () => ({ address: '127.0.0.1', port: closedPort }), /^MISC$/],
    ['a closed port by name', () => ({ address: 'web.test', port: closedPort }), /^MISC$/],
    ['IPv6', () => ({ address: '::1', port: closedPort }), /^MISC$/],
    ['IPv6 by name', () => ({ address: 'six.test', port: closedPort }), /^MISC$/],
    ['IPv6 by name, not allowed', () => ({ address: 'six.test', port: closedPort, flags: 0 }), /^RESOLVEFAILED$/],
    [
      'IPv4 by name, not allowed',
      () => ({ address: 'web.test', port: closedPort, flags: IPV6_OK | IPV4_NOT_OK | IPV6_PREFERRED }),
      /^RESOLVEFAILED$/,
    ],
    [
      'IPv4 not allowed, no preference',
      () => ({ address: 'web.test', port: closedPort, flags: IPV6_OK | IPV4_NOT_OK }),
      /^MISC$/,
    ],
    ['a name that does not exist', () => ({ address: 'a.nowhere.test', port: 80 }), /^RESOLVEFAILED$/],
    ['a name that is none', () => ({ address: 'a!b', port: 80 }), /^RESOLVEFAILED$/],
    ['a reverse name', () => ({ address: '1.0.0.127.in-addr.arpa', port: 80 }), /^RESOLVEFAILED$/],
    ['the unspecified address', () => ({ address: '0.0.0.0', port: 80 }), /^EXITPOLICY of 00000000$/],
    ['a relay', () => ({ address: '127.0.0.1', port: net.descriptions('relay')[0]?.orPort ?? 0 }), /^CONNECTREFUSED$/],
    ['one hop', () => ({ address: '127.0.0.1', port, oneHop: true }), /^TORPROTOCOL$/],
  ];
  for (const [name, request, expected] of cases) {
    it(`${name}: as C tor`, { timeout: 60_000 }, async () => {
      const [reference, mine] = await Promise.all([ask(theirs('exit'), request()), ask(ourHop(), request())]);
      assert.match(reference, expected);
      assert.equal(mine, reference);
    });
  }

  const names = [
    'web.test',
    'six.test',
    'a.nowhere.test',
    'a!b',
    '127.0.0.1',
    '1.0.0.127.in-addr.arpa',
    '8.8.8.8.in-addr.arpa',
  ];
  for (const name of names) {
    it(`RESOLVE ${name}: as C tor`, { timeout: 60_000 }, async () => {
      const [reference, mine] = await Promise.all(
        [theirs('exit'), ourHop()].map(async (hop) => {
          const circuit = await circuitTo(hop, false);
          const answers = await circuit.resolve(name);
          circuit.close();
          return answers;
        }),
      );
      assert.ok((reference?.length ?? 0) > 0);
      assert.deepEqual(mine, reference);
    });
  }
});
