import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IpBytes, parseIp } from '../../../../src/base/ip/index.ts';
import type { OrPort } from '../../../../src/roles/relay/config.ts';
import { extendTo } from '../../../../src/roles/relay/extend-policy.ts';
import { OwnAddresses } from '../../../../src/roles/relay/own-addresses.ts';

const ip = (text: string): IpBytes => parseIp(text) ?? new Uint8Array(0);
const port = (text: string, explicit = false, more: Partial<OrPort> = {}): OrPort => ({
  ...{ address: ip(text), port: 9001, explicit, listen: true, advertise: true },
  ...more,
});

function addresses(
  options: Partial<ConstructorParameters<typeof OwnAddresses>[1]>,
  interfaces: readonly string[] = [],
) {
  const names = new Map([['relay.example', [ip('198.51.100.7')]]]);
  return new OwnAddresses(
    { interfaces: () => interfaces.map(ip), resolve: async (name) => names.get(name ?? '') ?? [] },
    { configured: [], orPorts: [port('0.0.0.0')], disableIpv6: false, ownAuthorities: false, ...options },
  );
}

describe('our own address', () => {
  it('is what the operator wrote, then the ORPort, then the interface, then what an authority says', async () => {
    const all = addresses({ configured: ['203.0.113.1'], orPorts: [port('203.0.113.2', true)] }, ['203.0.113.3']);
    await all.refresh();
    assert.deepEqual(all.get(4), { address: ip('203.0.113.1'), method: 'CONFIGURED' });
    const named = addresses({ configured: ['relay.example'] });
    assert.equal(await named.refresh(), true);
    assert.deepEqual(named.get(4)?.address, ip('198.51.100.7'));
    const bound = addresses({ orPorts: [port('203.0.113.2', true)] }, ['203.0.113.3']);
    await bound.refresh();
    assert.equal(bound.get(4)?.method, 'CONFIGURED_ORPORT');
    const up = addresses({}, ['10.0.0.1', '203.0.113.3']);
    await up.refresh();
    assert.deepEqual(up.get(4), { address: ip('203.0.113.3'), method: 'INTERFACE' });
    assert.equal(up.suggest(ip('203.0.113.9'), ip('192.0.2.9')), false, 'we know better');
    const lost = addresses({}, ['10.0.0.1']);
    await lost.refresh();
    assert.equal(lost.get(4), undefined);
    assert.equal(lost.suggest(ip('10.1.1.1'), ip('192.0.2.9')), false);
    assert.equal(lost.suggest(ip('192.0.2.9'), ip('192.0.2.9')), false, 'that is its own address');
    assert.equal(lost.suggest(ip('203.0.113.9'), ip('192.0.2.9')), true);
    assert.deepEqual(lost.get(4), { address: ip('203.0.113.9'), method: 'SUGGESTED' });
    assert.equal(lost.suggest(ip('203.0.113.9'), ip('192.0.2.9')), false, 'no news');
  });

  it('is private only in a network with authorities of its own, and only when written down', async () => {
    const real = addresses({ configured: ['127.0.0.1'] });
    await real.refresh();
    assert.equal(real.get(4), undefined);
    const lab = addresses({ configured: ['127.0.0.1'], ownAuthorities: true }, ['10.0.0.1']);
    await lab.refresh();
    assert.deepEqual(lab.get(4)?.address, ip('127.0.0.1'));
  });

  it('is looked for only in families that an advertised ORPort has', async () => {
    const four = addresses({}, ['203.0.113.3', '2001:db8::1']);
    await four.refresh();
    assert.equal(four.get(6), undefined);
    const hidden = addresses({ orPorts: [port('0.0.0.0'), port('::', false, { advertise: false })] }, ['2001:db8::1']);
    await hidden.refresh();
    assert.equal(hidden.get(6), undefined);
    const both = { orPorts: [port('0.0.0.0'), port('::')] };
    const six = addresses(both, ['2001:db8::1']);
    await six.refresh();
    assert.deepEqual(six.get(6)?.address, ip('2001:db8::1'));
    const disabled = addresses({ ...both, disableIpv6: true }, ['2001:db8::1']);
    await disabled.refresh();
    assert.equal(disabled.get(6), undefined);
  });
});

describe('where an EXTEND2 may go', () => {
  const rsa = new Uint8Array(20).fill(1);
  const ed25519 = new Uint8Array(32).fill(2);
  const policy = {
    allowPrivate: false,
    ownRsa: new Uint8Array(20).fill(9),
    ownEd25519: new Uint8Array(32).fill(9),
    canIpv6: true,
  };
  const request = (target: Partial<Parameters<typeof extendTo>[0]['target']>) => ({
    target: { rsa, ed25519, ...target },
    handshakeType: 2,
    handshake: new Uint8Array(84),
  });
  const at = (text: string, port = 9001) => ({ address: ip(text), port });

  it('goes to public addresses, by the identities asked for', () => {
    const target = extendTo(request({ ipv4: at('203.0.113.1'), ipv6: at('2001:db8::1') }), policy, undefined);
    assert.deepEqual(target, {
      identity: { rsa, ed25519 },
      addresses: [at('203.0.113.1'), at('2001:db8::1')],
    });
  });

  it('refuses private addresses, port 0, none at all, and itself', () => {
    const refused = [
      request({ ipv4: at('10.0.0.1') }),
      request({ ipv4: at('203.0.113.1', 0) }),
      request({}),
      request({ ipv4: at('203.0.113.1'), rsa: policy.ownRsa }),
      request({ ipv4: at('203.0.113.1'), ed25519: policy.ownEd25519 }),
    ];
    for (const one of refused) assert.equal(extendTo(one, policy, undefined), undefined);
    assert.ok(extendTo(request({ ipv4: at('10.0.0.1') }), { ...policy, allowPrivate: true }, undefined));
    assert.equal(extendTo(request({ ipv6: at('2001:db8::1') }), { ...policy, canIpv6: false }, undefined), undefined);
  });
});
