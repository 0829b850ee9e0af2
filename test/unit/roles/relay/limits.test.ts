import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consensusParams } from '../../../../src/network/netdir/index.ts';
import type { Channel } from '../../../../src/protocol/channel/index.ts';
import { relayConfig } from '../../../../src/roles/relay/config.ts';
import { DosDefence } from '../../../../src/roles/relay/limits/dos-defence.ts';
import { MemoryGuard, memoryLimit } from '../../../../src/roles/relay/limits/memory-guard.ts';
import { TorOptions } from '../../../../src/wire/torrc/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';

const address = Uint8Array.of(192, 0, 2, 1);
const config = relayConfig(TorOptions.defaults(), []).dos;
const link = (authenticated = false): Channel =>
  ({ role: 'responder', peer: { address: '192.0.2.1', port: 1, authenticated } }) as Channel;

function defence(params: Record<string, number>) {
  const runtime = new FakeRuntime();
  const dos = new DosDefence(runtime, config);
  dos.setParams(consensusParams(new Map(Object.entries(params))));
  return { runtime, dos };
}

describe('defence against floods', () => {
  it('lets everything pass when the consensus does not ask for it', () => {
    const { dos } = defence({});
    for (let i = 0; i < 1000; i++) assert.ok(dos.connected(address) && dos.admitsCircuit(link()));
    assert.equal(dos.admitsStream({}), 'accept');
    assert.ok(dos.admitsRendezvous(link()));
  });

  it('refuses circuits of an address that makes too many over enough links, and forgives in time', () => {
    const { dos, runtime } = defence({
      DoSCircuitCreationEnabled: 1,
      DoSCircuitCreationBurst: 10,
      DoSCircuitCreationMinConnections: 3,
      DoSCircuitCreationDefenseTimePeriod: 100,
    });
    dos.connected(address);
    dos.connected(address);
    for (let i = 0; i < 50; i++) assert.ok(dos.admitsCircuit(link()), 'two links are not enough to be a flood');
    dos.connected(address);
    assert.equal(dos.admitsCircuit(link()), false);
    assert.ok(dos.admitsCircuit(link(true)), 'a relay is no client');
    assert.equal(dos.counts.addressesMarked, 1);
    runtime.skip(151_000);
    assert.ok(dos.admitsCircuit(link()));
  });

  it('refuses links beyond the limit at one time, and those that come too fast', () => {
    const many = defence({ DoSConnectionEnabled: 1, DoSConnectionMaxConcurrentCount: 2 }).dos;
    assert.deepEqual(
      [1, 2, 3].map(() => many.connected(address)),
      [true, true, false],
    );
    many.disconnected(address);
    assert.ok(many.connected(address));
    const fast = defence({ DoSConnectionEnabled: 1, DoSConnectionConnectBurst: 2, DoSConnectionConnectRate: 1 });
    const tries = [1, 2, 3].map(() => {
      const admitted = fast.dos.connected(address);
      if (admitted) fast.dos.disconnected(address);
      return admitted;
    });
    assert.deepEqual(tries, [true, true, false]);
    fast.runtime.skip(10_000);
    assert.equal(fast.dos.connected(address), false, 'the mark outlasts the bucket');
  });

  it('marks a client whose queues are full too often', () => {
    const { dos } = defence({ DoSCircuitCreationEnabled: 1, dos_num_circ_max_outq: 2 });
    dos.connected(address);
    dos.noteFullQueue(link());
    assert.ok(dos.admitsCircuit(link()));
    dos.noteFullQueue(link());
    assert.equal(dos.admitsCircuit(link()), false);
    assert.equal(dos.counts.addressesMarkedForQueues, 1);
  });

  it('limits the streams of each circuit for itself', () => {
    const { dos } = defence({
      DoSStreamCreationEnabled: 1,
      DoSStreamCreationBurst: 2,
      DoSStreamCreationDefenseType: 3,
    });
    const one = {};
    assert.deepEqual(
      [1, 2, 3].map(() => dos.admitsStream(one)),
      ['accept', 'accept', 'close'],
    );
    assert.equal(dos.admitsStream({}), 'accept');
    assert.equal(dos.counts.streamsRejected, 1);
  });

  it('refuses rendezvous straight from a client when told to', () => {
    const { dos } = defence({ DoSRefuseSingleHopClientRendezvous: 1 });
    assert.equal(dos.admitsRendezvous(link()), false);
    assert.ok(dos.admitsRendezvous(link(true)));
    assert.match(dos.heartbeat(), /1 single hop clients refused/);
  });
});

describe('the guard over memory', () => {
  it('takes its limit from the torrc or the machine', () => {
    const gigabyte = 2 ** 30;
    assert.equal(memoryLimit(0, 0.1 * gigabyte), gigabyte / 4);
    assert.equal(memoryLimit(0, gigabyte), 0.75 * gigabyte);
    assert.equal(memoryLimit(0, 64 * gigabyte), 2 * gigabyte);
    assert.equal(memoryLimit(3 * gigabyte, gigabyte), 3 * gigabyte);
  });

  it('ends the circuits that waited longest, and no more than it must', () => {
    const closed: string[] = [];
    const circuit = (name: string, oldestQueuedMs: number | undefined, waitingCells: number, heldBytes = 0) => ({
      oldestQueuedMs,
      waitingCells,
      heldBytes,
      close: () => void closed.push(name),
    });
    const circuits = [
      circuit('young', 300, 100),
      circuit('idle', undefined, 0),
      circuit('old', 100, 100),
      circuit('middle', 200, 100),
    ];
    const guard = new MemoryGuard(
      {
        ...new FakeRuntime(),
        timers: new FakeRuntime().timers,
        queuedBytes: () => 300 * 514,
        circuits: () => circuits as unknown[] as never[],
      },
      { limitBytes: 200 * 610 },
    );
    assert.equal(guard.check(), 2);
    assert.deepEqual(closed, ['old', 'middle']);
    assert.equal(guard.killed, 2);
    circuits.splice(0, 4, circuit('young', 300, 10), circuit('hoarder', undefined, 0, 40 * 2 ** 20));
    closed.length = 0;
    guard.check();
    assert.equal(closed[0], 'hoarder', 'streams that hold far too much go first');
  });
});
