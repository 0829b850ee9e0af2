import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectNeed, ExitRules, portNeed, resolveNeed } from '../../../../src/network/circuits/exit-rules.ts';
import { BeginFlag } from '../../../../src/wire/relaymsg/index.ts';
import { fingerprintOf, relay } from '../../../support/relays.ts';

const web = relay(1, { policy: 'accept 80' });
const web6 = relay(2, { policy: 'reject 1-65535', policy6: 'accept 80' });
const closed = relay(3, { policy: 'reject 1-65535' });
const rules = (rejectInternalAddresses = true): ExitRules => new ExitRules({ rejectInternalAddresses });

describe('which exit serves which stream', () => {
  it('goes by the policy of the family that will be used', () => {
    const name = connectNeed('example.com', 80, 0, undefined);
    const name6 = connectNeed('example.com', 80, BeginFlag.IPV4_NOT_OK, undefined);
    const ip6 = connectNeed('2001:db8::1', 80, 0, undefined);
    for (const [need, serves] of [
      [name, web],
      [name6, web6],
      [ip6, web6],
    ] as const) {
      for (const exit of [web, web6, closed]) assert.equal(rules().allows(exit, need), exit === serves);
    }
    assert.deepEqual(portNeed(ip6), [{ port: 80, ipv6: true }]);
    assert.deepEqual(portNeed(resolveNeed), []);
  });

  it('asks any exit that is one for names', () => {
    assert.ok(rules().allows(web, resolveNeed));
    assert.ok(rules().allows(web6, resolveNeed));
    assert.ok(!rules().allows(closed, resolveNeed));
  });

  it('never sends private addresses to an exit, unless told to', () => {
    for (const host of ['10.0.0.1', '127.0.0.1', '192.168.1.1', '169.254.0.1']) {
      assert.ok(!rules().allows(web, connectNeed(host, 80, 0, undefined)), host);
      assert.ok(rules(false).allows(web, connectNeed(host, 80, 0, undefined)), host);
    }
    assert.ok(!rules().allows(web6, connectNeed('fd00::1', 80, 0, undefined)));
  });

  it('holds to the exit that was named', () => {
    assert.ok(rules().allows(web, connectNeed('example.com', 80, 0, fingerprintOf(1))));
    assert.ok(!rules().allows(web, connectNeed('example.com', 80, 0, fingerprintOf(2))));
  });
});
