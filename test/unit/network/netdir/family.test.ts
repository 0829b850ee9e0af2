import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Relay, RouterSet } from '../../../../src/network/netdir/index.ts';
import { fingerprintOf, relay, snapshot } from '../../../support/relays.ts';

const same = (a: Relay, b: Relay, params = new Map<string, number>(), options = {}): boolean => {
  const netdir = snapshot([a, b], { params }, options);
  const answer = netdir.sameFamily(a, b);
  assert.equal(netdir.sameFamily(b, a), answer, 'family must go both ways');
  return answer;
};

describe('families', () => {
  it('need both sides to say so', () => {
    const a = relay(1, { family: [`$${fingerprintOf(2)}`] });
    assert.ok(!same(a, relay(2)));
    assert.ok(!same(a, relay(2, { family: [`$${fingerprintOf(3)}`] })));
    assert.ok(same(a, relay(2, { family: [`$${fingerprintOf(1)}`] })));
  });

  it('are named by fingerprint, with or without $ and nickname, or by nickname', () => {
    const forms = (n: number): string[] => [
      `$${fingerprintOf(n)}`,
      fingerprintOf(n).toLowerCase(),
      `$${fingerprintOf(n)}~some`,
      `$${fingerprintOf(n)}=some`,
      `RELAY${n}`,
    ];
    for (const one of forms(2)) {
      for (const two of forms(1))
        assert.ok(same(relay(1, { family: [one] }), relay(2, { family: [two] })), `${one} ${two}`);
    }
  });

  it('ignore what is no relay name', () => {
    assert.ok(!same(relay(1, { family: ['!relay2', '$12', ''] }), relay(2, { family: ['relay1'] })));
  });

  it('come from shared family ids too', () => {
    const a = relay(1, { familyIds: ['ed25519:x', 'ed25519:y'] });
    assert.ok(same(a, relay(2, { familyIds: ['ed25519:y'] })));
    assert.ok(!same(a, relay(2, { familyIds: ['ed25519:z'] })));
    assert.ok(!same(a, relay(2)));
  });

  it('can be switched off by the consensus, each kind by itself', () => {
    const lists = [relay(1, { family: ['relay2'] }), relay(2, { family: ['relay1'] })] as const;
    const ids = [relay(1, { familyIds: ['i'] }), relay(2, { familyIds: ['i'] })] as const;
    assert.ok(!same(...lists, new Map([['use-family-lists', 0]])));
    assert.ok(same(...lists, new Map([['use-family-ids', 0]])));
    assert.ok(!same(...ids, new Map([['use-family-ids', 0]])));
    assert.ok(same(...ids, new Map([['use-family-lists', 0]])));
  });

  it('are made by one /16, or one /32 of IPv6, unless the user does not mind', () => {
    const at = (n: number, address: string, address6?: string): Relay =>
      relay(n, address6 === undefined ? { address } : { address, address6 });
    assert.ok(same(at(1, '10.1.0.1'), at(2, '10.1.255.2')));
    assert.ok(!same(at(1, '10.1.0.1'), at(2, '10.2.0.1')));
    assert.ok(same(at(1, '10.1.0.1', '[2001:db8:1::1]'), at(2, '10.2.0.1', '[2001:db8:2::1]')));
    assert.ok(!same(at(1, '10.1.0.1', '[2001:db8::1]'), at(2, '10.2.0.1', '[2001:db9::1]')));
    assert.ok(!same(at(1, '10.1.0.1'), at(2, '10.1.0.2'), new Map(), { enforceDistinctSubnets: false }));
  });

  it('are made by NodeFamily lines', () => {
    const nodeFamilies = [RouterSet.parse(`relay1,${fingerprintOf(2)}`)];
    assert.ok(same(relay(1), relay(2), new Map(), { nodeFamilies }));
    assert.ok(!same(relay(1), relay(3), new Map(), { nodeFamilies }));
  });
});
