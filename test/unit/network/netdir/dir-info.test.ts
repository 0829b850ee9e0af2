import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouterSet } from '../../../../src/network/netdir/index.ts';
import { fingerprintOf, network, type RelayOptions, snapshot } from '../../../support/relays.ts';

const known =
  (isKnown: (number: number) => boolean): ((number: number) => RelayOptions) =>
  (number) => ({ descriptor: isKnown(number), weight: 1000 });
const bare = { policy: 'reject 1-65535' } as const;

describe('enoughDirInfo', () => {
  it('is enough when all is known', () => {
    const status = snapshot(network(60)).enoughDirInfo();
    assert.equal(status.pathFraction, 1);
    assert.ok(status.enough && status.haveExits);
    assert.equal(status.reason, '');
    assert.equal(status.usableDescriptors, 60);
  });

  it('is the product of three shares against 60 percent', () => {
    // Of every kind nine in ten are known: 0.9^3 is enough, 0.8^3 is not.
    for (const [share, enough] of [
      [9, true],
      [8, false],
    ] as const) {
      const status = snapshot(
        network(
          300,
          known((number) => Math.floor(number / 15) % 10 < share),
        ),
      ).enoughDirInfo();
      assert.ok(Math.abs(status.pathFraction - (share / 10) ** 3) < 1e-9, `${status.pathFraction}`);
      assert.equal(status.enough, enough);
      assert.equal(status.threshold, 0.6);
    }
  });

  it('says what is missing in the words of C tor', () => {
    const status = snapshot(
      network(
        300,
        known((number) => Math.floor(number / 15) % 10 < 5),
      ),
    ).enoughDirInfo();
    assert.equal(
      status.reason,
      'We need more microdescriptors: we have 150/300, and can only build 12% of likely paths. (We have 50% of guards ' +
        'bw, 50% of midpoint bw, and 50% of exit bw = 12% of path bw.)',
    );
  });

  it('takes the threshold from the consensus, within its range, or from the user', () => {
    const relays = network(30);
    const at = (value: number): number =>
      snapshot(relays, { params: new Map([['min_paths_for_circs_pct', value]]) }).enoughDirInfo().threshold;
    assert.deepEqual([at(70), at(1), at(100)], [0.7, 0.25, 0.95]);
    assert.equal(snapshot(relays, {}, { dirInfo: { pathsNeeded: 0.1 } }).enoughDirInfo().threshold, 0.1);
  });

  it('counts middles for ends in a network without exits', () => {
    const status = snapshot(network(60, () => bare)).enoughDirInfo();
    assert.equal(status.haveExits, false);
    assert.ok(status.enough);
    const noFlag = snapshot(network(60, () => ({ flags: 'Fast Guard Running Stable Valid' }))).enoughDirInfo();
    assert.ok(noFlag.enough && !noFlag.haveExits);
  });

  it('waits while the policies of flagged exits are unknown', () => {
    const status = snapshot(
      network(
        60,
        known((number) => number % 5 !== 0),
      ),
    ).enoughDirInfo();
    assert.equal(status.exitFraction, status.middleFraction);
    assert.equal(status.haveExits, false);
    assert.equal(status.enough, status.pathFraction >= 0.6);
  });

  it('wants both all exits and the chosen exits', () => {
    const relays = network(
      60,
      known((number) => number !== 5),
    );
    const chosen = (text: string) =>
      snapshot(relays, {}, { dirInfo: { exitNodes: RouterSet.parse(text) } }).enoughDirInfo();
    assert.equal(chosen(fingerprintOf(10)).exitFraction, snapshot(relays).enoughDirInfo().exitFraction);
    assert.equal(chosen(fingerprintOf(5)).exitFraction, 0);
    assert.equal(chosen(`${fingerprintOf(5)},${fingerprintOf(10)}`).exitFraction, 0.5);
  });

  it('looks at the chosen guards and middles', () => {
    const relays = network(
      60,
      known((number) => number !== 3),
    );
    const entryNodes = RouterSet.parse(`${fingerprintOf(3)},${fingerprintOf(6)}`);
    assert.equal(snapshot(relays, {}, { dirInfo: { entryNodes } }).enoughDirInfo().guardFraction, 0.5);
    const middleNodes = RouterSet.parse(`${fingerprintOf(3)},${fingerprintOf(6)},${fingerprintOf(9)}`);
    const status = snapshot(relays, {}, { dirInfo: { middleNodes } }).enoughDirInfo();
    assert.ok(Math.abs(status.middleFraction - 2 / 3) < 1e-9);
  });

  it('lets a usable bridge stand for all guards', () => {
    const netdir = snapshot(
      network(
        60,
        known((number) => number % 3 !== 0),
      ),
    );
    assert.equal(netdir.enoughDirInfo().guardFraction, 0);
    assert.equal(netdir.enoughDirInfo({ bridgeUsable: true }).guardFraction, 1);
  });
});
