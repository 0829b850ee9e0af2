import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CircuitIsolation, withNymEpoch } from '../../../../src/network/circuits/isolation.ts';
import type { Isolation, IsolationDimension } from '../../../../src/network/circuits/types.ts';

const stream = (
  by: readonly IsolationDimension[],
  values: Readonly<Partial<Record<IsolationDimension, string>>>,
): Isolation => ({ by: new Set(by), values });

const alice = stream(['socks-auth'], { 'socks-auth': 'alice', 'destination-port': '80' });
const bob = stream(['socks-auth'], { 'socks-auth': 'bob', 'destination-port': '80' });
const careless = stream([], { 'socks-auth': 'bob', 'destination-port': '443' });
const byPort = stream(['destination-port'], { 'socks-auth': 'alice', 'destination-port': '80' });

describe('the isolation of a circuit', () => {
  it('takes any stream first, then those that agree', () => {
    const isolation = new CircuitIsolation();
    assert.ok(isolation.compatible(alice));
    assert.equal(isolation.cost(alice), undefined);
    isolation.apply(alice, true);
    assert.ok(isolation.compatible(alice));
    assert.ok(!isolation.compatible(bob));
  });

  it('remembers what careless streams have mixed', () => {
    const isolation = new CircuitIsolation();
    isolation.apply(byPort, true);
    assert.ok(isolation.compatible(careless));
    assert.equal(isolation.cost(careless), 2);
    isolation.apply(careless, true);
    assert.ok(!isolation.compatible(byPort));
    assert.ok(!isolation.compatible(alice));
    assert.equal(isolation.cost(careless), 0);
  });

  it('belongs to nobody when no stream came', () => {
    const isolation = new CircuitIsolation();
    isolation.apply(alice, false);
    assert.ok(!isolation.compatible(bob));
    assert.ok(isolation.clearUnused());
    assert.ok(isolation.compatible(bob));
    isolation.apply(bob, true);
    assert.ok(!isolation.clearUnused());
    assert.ok(isolation.isSet);
  });

  it('parts streams of before and after a new identity', () => {
    const isolation = new CircuitIsolation();
    isolation.apply(withNymEpoch(undefined, 1), true);
    assert.ok(isolation.compatible(withNymEpoch(undefined, 1)));
    assert.ok(!isolation.compatible(withNymEpoch(undefined, 2)));
  });
});
