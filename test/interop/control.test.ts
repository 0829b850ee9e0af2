import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommand } from './support/clients.ts';
import type { TorNetwork } from './support/network.ts';
import { sharedNetwork } from './support/shared-network.ts';

const script = fileURLToPath(new URL('support/stem_check.py', import.meta.url));
const python = '/usr/bin/python3';
const hasStem = (await runCommand([python, '-c', 'import stem']).catch(() => undefined))?.code === 0;

interface Check {
  readonly ok: boolean;
  readonly value: unknown;
}

/** A client of ours in a network of C tor, driven by the library that most controllers are made with. */
describe('the control port under stem', hasStem ? {} : { skip: 'no stem is installed' }, () => {
  let net: TorNetwork;
  let results: Readonly<Record<string, Check>> = {};
  const value = (name: string): unknown => {
    const check = results[name];
    assert.ok(check?.ok, `${name}: ${JSON.stringify(check?.value)}`);
    return check.value;
  };

  before(async () => {
    net = await sharedNetwork();
    const client = await net.addClient({ implementation: 'tropea', torrc: ['CookieAuthentication 1'] });
    const ports = [client.controlPort, client.socksPort, net.httpPort].map(String);
    const { code, stdout, stderr } = await runCommand([python, script, ...ports, net.onion('open').hostname], {
      timeoutMs: 280_000,
    });
    assert.equal(code, 0, stderr);
    results = JSON.parse(stdout.toString()) as typeof results;
  });
  after(() => net.stop());

  it('lets it in by its cookie', () => {
    assert.deepEqual(value('methods'), ['Cookie', 'Safecookie']);
    value('authenticate');
    assert.match(String(value('version')), /^0\.4\.9\.\d+/);
  });

  it('tells of circuits, relays and ports', () => {
    assert.ok((value('circuits') as string[]).includes('BUILT'));
    assert.ok((value('statuses') as string[]).includes('exit0'));
    assert.equal(value('microdescriptors'), (value('statuses') as string[]).length);
    assert.equal((value('socks') as unknown[]).length, 1);
    assert.match(String(value('bootstrap')), /PROGRESS=100 TAG=done/);
    assert.equal(value('names'), true);
    value('getconf');
  });

  it('changes options and identity, and traffic goes on', () => {
    value('setconf');
    value('newnym');
    assert.equal(value('web'), 'hello through tor\n');
    assert.equal(value('onion'), 'hello through tor\n');
  });

  it('builds the circuit it is told to', () => {
    assert.equal(value('extend'), true);
  });

  it('serves an onion service made over the control port', () => {
    assert.deepEqual(value('serve'), [true, 'hello through tor\n', []]);
  });

  it('fetches a descriptor that stem can read', () => {
    assert.equal(value('descriptor'), true);
  });

  it('tells of what happens in events that stem can read', () => {
    const seen = value('events') as string[];
    for (const name of [
      'BandwidthEvent',
      'CircuitEvent',
      'ConfChangedEvent',
      'HSDescEvent',
      'SignalEvent',
      'StreamEvent',
    ]) {
      assert.ok(seen.includes(name), `${name} in ${seen.join(' ')}`);
    }
  });
});
