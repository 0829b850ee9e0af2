import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import { type RelayConfig, relayConfig } from '../../../../src/roles/relay/index.ts';
import { loadOptions, parsePorts } from '../../../../src/wire/torrc/index.ts';
import { helloDirectory, LoopbackRelay, until } from '../../../support/loopback-relay.ts';

const report = (): void => undefined;

function configOf(torrc: string): RelayConfig {
  const { options } = loadOptions({ torrc: `AssumeReachable 1\nExtendAllowPrivateAddresses 1\n${torrc}`, report });
  return relayConfig(options, parsePorts(options, { report }));
}

describe('a running relay', () => {
  const relays: LoopbackRelay[] = [];
  const start = async (torrc = ''): Promise<LoopbackRelay> => {
    const relay = await LoopbackRelay.start({ directory: helloDirectory }, torrc);
    relays.push(relay);
    return relay;
  };
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop();
  });

  it('takes up a new name, limits and ORPorts, and open circuits go on', async () => {
    const net = await start();
    const { relay } = net;
    const before = net.port;
    const circuit = await net.circuit();
    let told = 0;
    relay.events.on('configured', () => told++);
    const torrc =
      'ORPort 127.0.0.2:auto\nAddress 198.51.100.3\nNickname other\nRelayBandwidthRate 1 MB\nContactInfo me';
    await relay.setConfig(configOf(torrc));
    assert.equal(told, 1);
    assert.equal(relay.config.nickname, 'other');
    assert.equal(relay.config.contact, 'me');
    assert.deepEqual(relay.addresses.get(4)?.address, Uint8Array.of(198, 51, 100, 3));
    assert.deepEqual(
      relay.ports?.endpoints.map(({ address }) => [...address]),
      [[127, 0, 0, 2]],
    );
    assert.notEqual(relay.ports?.endpoints[0]?.port, before);
    await assert.rejects(net.stranger(), 'nobody listens at the old address');
    assert.equal(await net.ask(circuit), 'hello');
    await relay.setConfig(configOf(torrc));
    assert.equal(told, 1, 'nothing is new');
  });

  it('keeps its ORPort when a new one is taken', async () => {
    const net = await start();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const at = taken.address();
    const port = typeof at === 'object' ? (at?.port ?? 0) : 0;
    await assert.rejects(
      net.relay.setConfig(
        configOf(`ORPort 127.0.0.2:auto\nORPort 127.0.0.1:${port}\nAddress 127.0.0.1\nNickname other`),
      ),
      (error) => TorError.is(error),
    );
    taken.close();
    assert.equal(net.relay.config.nickname, 'Unnamed');
    assert.equal(net.relay.ports?.endpoints.length, 1);
    assert.equal(await net.ask(await net.circuit()), 'hello');
  });

  it('ends the links of others too when AccountingMax is reached, and wakes up when it is raised', async () => {
    const net = await start('AccountingMax 1 KB\nCountPrivateBandwidth 1');
    const states: string[] = [];
    net.relay.events.on('hibernating', ({ state }) => states.push(state));
    const link = await net.client.get(net.target);
    await net.circuit(link).catch(() => undefined);
    await until('sleep', () => states.includes('hard'));
    await until('the end of the link', () => link.state === 'closed');
    await assert.rejects(net.stranger());
    await net.relay.setConfig(
      configOf('ORPort 127.0.0.1:auto\nAddress 127.0.0.1\nAccountingMax 5 GB\nCountPrivateBandwidth 1'),
    );
    assert.equal(states.at(-1), 'awake');
    assert.equal((await net.stranger()).state, 'open');
  });
});
