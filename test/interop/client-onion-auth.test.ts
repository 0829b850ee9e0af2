import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Lab, type LabNode, makeClientKey, writeClientAuth } from '../../src/app/lab/index.ts';
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { curl } from './support/clients.ts';
import { sharedNetwork } from './support/shared-network.ts';
import { SocksRefusal, socksConnect } from './support/socks-client.ts';
import { scratch, tropeaClient } from './support/tropea.ts';

/** SOCKS replies of proposal 304. */
const missingAuth = 0xf4;
const wrongAuth = 0xf5;
const badAddress = 0xf6;
const notFound = 0xf0;

describe('an onion service that knows its clients, seen by a Tropea client', () => {
  let net: Lab;
  let hostname: string;

  before(async () => {
    net = await sharedNetwork();
    ({ hostname } = net.onion('closed'));
  });
  after(() => net.stop());

  const withKeys = async (name: string): Promise<{ client: LabNode; keys: string; socksPort: number }> => {
    const keys = await scratch(net, name);
    const socksPort = await net.freePort();
    const torrc = [`ClientOnionAuthDir ${keys}`, `SocksPort 127.0.0.1:${socksPort} ExtendedErrors`];
    return { client: await tropeaClient(net, { torrc }), keys, socksPort };
  };
  const refusalOf = async (socksPort: number, host: string): Promise<number> => {
    const socket = await socksConnect({ socksPort, host, port: 80 }).catch((error: unknown) => error);
    assert.ok(socket instanceof SocksRefusal, 'the proxy refuses');
    return socket.code;
  };

  it('says that the key is missing; answers when the key is there', async () => {
    const { client, keys, socksPort } = await withKeys('alice');
    assert.equal(await refusalOf(socksPort, hostname), missingAuth);
    const [alice] = net.onion('closed').clients;
    assert.ok(alice !== undefined);
    await writeClientAuth(keys, hostname, alice);
    client.reload();
    await client.waitForLog(/Received reload signal/);
    const { stdout, stderr } = await curl(`http://${hostname}/`, { socksPort });
    assert.equal(stdout.toString(), 'hello through tor\n', stderr);
  });

  it('says that the key is wrong, that an address is none, and that a service is offline', async () => {
    const { client, keys, socksPort } = await withKeys('mallory');
    await writeClientAuth(keys, hostname, makeClientKey('mallory', nodeRuntime.random));
    client.reload();
    await client.waitForLog(/Received reload signal/);
    assert.equal(await refusalOf(socksPort, hostname), wrongAuth);
    const other = hostname.startsWith('a') ? `b${hostname.slice(1)}` : `a${hostname.slice(1)}`;
    assert.equal(await refusalOf(socksPort, other), badAddress);
    // A sound address that nobody publishes.
    assert.equal(
      await refusalOf(socksPort, 'duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion'),
      notFound,
    );
  });
});
