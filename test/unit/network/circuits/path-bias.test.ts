import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import { Logger } from '../../../../src/base/log/index.ts';
import { ManagedCircuit } from '../../../../src/network/circuits/managed-circuit.ts';
import { PathBiasMonitor } from '../../../../src/network/circuits/path-bias.ts';
import type { CircuitPurpose, HsState } from '../../../../src/network/circuits/types.ts';
import type { PathBias } from '../../../../src/network/guard/index.ts';
import { defaultParams } from '../../../../src/network/netdir/index.ts';

class Standing extends ManagedCircuit {
  override get openedHops(): number {
    return 2;
  }
}

class World {
  readonly said: string[] = [];
  readonly counts: PathBias = {
    ...{ useAttempts: 0, useSuccesses: 0, circAttempts: 0, circSuccesses: 0 },
    ...{ successfulCircuitsClosed: 0, collapsedCircuits: 0, unusableCircuits: 0, timeouts: 0 },
  };
  readonly monitor: PathBiasMonitor;
  #id = 0;

  constructor() {
    const logger = new Logger(() => 0);
    logger.addSink(({ message }) => this.said.push(message), 'notice');
    this.monitor = new PathBiasMonitor({
      guards: { pathBias: () => this.counts, pathBiasChanged: () => undefined },
      logger,
      params: () => defaultParams,
    });
  }

  /** One that is built for the purpose, gets this far, and is then destroyed by somebody on it. */
  destroyed(purpose: CircuitPurpose, state?: HsState): void {
    const needs = { internal: true, uptime: false, capacity: false, oneHop: false };
    const managed = new Standing(++this.#id, purpose, needs, 0, 0);
    managed.hops = [{ relay: undefined, target: undefined, fingerprint: 'A'.repeat(40), nickname: 'guard' }];
    this.monitor.noteHop(managed);
    this.monitor.noteBuilt(managed);
    managed.use = 'built';
    managed.hasOpened = true;
    if (state !== undefined) this.monitor.noteHsState(managed, state);
    this.monitor.noteGone(managed, new TorError('CIRCUIT_DESTROYED'));
  }
}

describe('path bias', () => {
  test('a guard whose circuits all collapse is told of', () => {
    const world = new World();
    for (let i = 0; i < 200; i++) world.destroyed('general');
    assert.match(world.said.at(-1) ?? '', /Guard guard .* is failing an extremely large amount/);
    assert.equal(world.counts.collapsedCircuits, world.counts.circAttempts);
  });

  test('no guard is blamed for ends that others chose', () => {
    const world = new World();
    for (let i = 0; i < 200; i++) {
      world.destroyed('hs-service-rend', 'hssr-joined');
      world.destroyed('hs-client-intro', 'hsci-intro-sent');
    }
    assert.deepEqual(world.said, []);
    assert.equal(world.counts.circAttempts, 0);
  });

  test('what the far end answered was of use, however it ends', () => {
    const world = new World();
    for (let i = 0; i < 200; i++) {
      world.destroyed('hs-service-intro', 'hssi-established');
      world.destroyed('hs-client-rend', 'hscr-established-idle');
    }
    assert.deepEqual(world.said, []);
    assert.ok(world.counts.useSuccesses > 0.9 * world.counts.useAttempts);
    assert.ok(world.counts.circAttempts > 0);
    assert.equal(world.counts.collapsedCircuits, 0);
  });
});
