import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { LinkCredentialSet } from '../../../../src/network/channels/index.ts';
import { CellQueue } from '../../../../src/protocol/channel/cell-queue.ts';
import { CircuitHeap } from '../../../../src/protocol/channel/circuit-heap.ts';
import { CircuitSlot } from '../../../../src/protocol/channel/circuit-slot.ts';
import { defaultChannelParams, type LinkChannel, recordLength } from '../../../../src/protocol/channel/index.ts';
import { CellCommand, cellLength, DestroyReason } from '../../../../src/wire/cell/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { makeCredentials, openPair, Recorder, startMs, turns } from './harness.ts';

const { RELAY } = CellCommand;

describe('output of a channel', () => {
  let relay: LinkCredentialSet;
  before(async () => {
    relay = await makeCredentials(1);
  });

  /** An open channel whose writes are kept, with circuits to send on. */
  async function opened(options: { circuits: number; queueMax?: number }) {
    const runtime = new FakeRuntime(startMs);
    const params = { ...defaultChannelParams, ...(options.queueMax && { queueMax: options.queueMax }) };
    const { initiator } = await openPair(runtime, relay, { initiator: { params } });
    const { channel, transport } = initiator;
    const circuits = Array.from({ length: options.circuits }, () => {
      const recorder = new Recorder();
      return { recorder, id: channel.openCircuit(recorder) };
    });
    transport.deliver = () => undefined;
    transport.written.length = 0;
    return { runtime, channel, transport, circuits };
  }

  /** A write is with the socket for longer than on a link that keeps up. */
  async function congest(
    runtime: FakeRuntime,
    channel: LinkChannel,
    transport: { stuck: boolean },
    circId: number | undefined,
  ): Promise<void> {
    transport.stuck = true;
    channel.send(circId ?? 0, RELAY, Uint8Array.of(0));
    await turns();
    runtime.skip(6);
  }

  /** Circuit ids and commands of all cells written, in order. */
  function cellsOf(written: readonly Uint8Array[]): { circId: number; command: number; first: number }[] {
    const cells = [];
    for (const bytes of written) {
      assert.equal(bytes.length % cellLength, 0, 'a write is a whole number of cells');
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      for (let at = 0; at < bytes.length; at += cellLength) {
        cells.push({ circId: view.getUint32(at), command: view.getUint8(at + 4), first: view.getUint8(at + 5) });
      }
    }
    return cells;
  }

  it('writes once a turn', async () => {
    const { channel, transport, circuits } = await opened({ circuits: 3 });
    for (let i = 0; i < 10; i++) for (const { id } of circuits) channel.send(id, RELAY, Uint8Array.of(i));
    assert.equal(transport.written.length, 0);
    await turns(1);
    assert.equal(transport.written.length, 1);
    assert.equal(cellsOf(transport.written).length, 30);
  });

  it('a record holds the most whole cells that fit', () => {
    assert.equal(recordLength, 15_934);
    assert.ok(recordLength + cellLength > 16_384);
  });

  it('keeps the order of a circuit through block and queue', async () => {
    const { channel, transport, circuits } = await opened({ circuits: 2 });
    const [a, b] = circuits;
    assert.ok(a && b);
    transport.stuck = true;
    let sent = 0;
    for (let i = 0; i < 250; i++) {
      channel.send(a.id, RELAY, Uint8Array.of(i));
      if (channel.send(b.id, RELAY, Uint8Array.of(i))) sent++;
    }
    assert.equal(sent, 250);
    transport.unstick();
    await turns(20);
    for (const { id } of circuits) {
      const own = cellsOf(transport.written).filter((one) => one.circId === id);
      assert.deepEqual(
        own.map((one) => one.first),
        Array.from({ length: 250 }, (_, i) => i & 255),
      );
    }
  });

  it('stops a circuit at its limit and wakes it when there is room', async () => {
    const { channel, transport, circuits } = await opened({ circuits: 1 });
    const [{ id, recorder }] = circuits as [(typeof circuits)[0]];
    transport.stuck = true;
    let taken = 0;
    while (channel.send(id, RELAY, Uint8Array.of(1)) && taken < 10_000) taken++;
    assert.ok(taken > defaultChannelParams.queueHighWater && taken < 1000, `${taken}`);
    assert.equal(channel.queuedCells(id), defaultChannelParams.queueHighWater);
    assert.equal(channel.oldestQueuedMs(id), 0);
    await turns();
    assert.deepEqual(recorder.log, []);
    transport.unstick();
    await turns(12);
    assert.deepEqual(recorder.log, ['writable']);
    assert.equal(cellsOf(transport.written).length, taken + 1, 'the refused send was taken all the same');
    assert.equal(channel.queuedCells(id), 0);
    assert.equal(channel.oldestQueuedMs(id), undefined);
  });

  it('lets the quietest circuit go first when congested', async () => {
    const { runtime, channel, transport, circuits } = await opened({ circuits: 2 });
    const [loud, quiet] = circuits;
    assert.ok(loud && quiet);
    for (let i = 0; i < 100; i++) channel.send(loud.id, RELAY, Uint8Array.of(0));
    await turns();
    await congest(runtime, channel, transport, circuits[0]?.id);
    // One record behind the write in flight, the rest in queues.
    for (let i = 0; i < 300; i++) channel.send(loud.id, RELAY, Uint8Array.of(1));
    channel.send(quiet.id, RELAY, Uint8Array.of(2));
    channel.send(quiet.id, RELAY, Uint8Array.of(3));
    transport.written.length = 0;
    runtime.skip(1);
    transport.unstick();
    await turns(12);
    const order = cellsOf(transport.written);
    const at = order.findIndex((one) => one.circId === quiet.id);
    assert.ok(at >= 0 && at <= 32, `the quiet circuit came at ${at}`);
    assert.equal(order[at + 1]?.circId, quiet.id);
  });

  it('shares between two equally busy circuits', async () => {
    const { runtime, channel, transport, circuits } = await opened({ circuits: 2 });
    await congest(runtime, channel, transport, circuits[0]?.id);
    for (const { id } of circuits) for (let i = 0; i < 250; i++) channel.send(id, RELAY, Uint8Array.of(i));
    transport.written.length = 0;
    transport.unstick();
    await turns(20);
    const queued = cellsOf(transport.written).slice(31);
    const window = queued.slice(0, 100).filter((one) => one.circId === circuits[1]?.id).length;
    assert.ok(window >= 50, `the later circuit has ${window} of the first 100`);
  });

  it('forgets old traffic', async () => {
    const { runtime, channel, transport, circuits } = await opened({ circuits: 2 });
    const [old, fresh] = circuits;
    assert.ok(old && fresh);
    for (let i = 0; i < 100; i++) channel.send(old.id, RELAY, Uint8Array.of(0));
    await turns();
    runtime.skip(30_000 * 500);
    for (let i = 0; i < 50; i++) channel.send(fresh.id, RELAY, Uint8Array.of(0));
    await turns();
    await congest(runtime, channel, transport, circuits[0]?.id);
    for (const { id } of [fresh, old]) for (let i = 0; i < 200; i++) channel.send(id, RELAY, Uint8Array.of(1));
    transport.written.length = 0;
    transport.unstick();
    await turns(20);
    const queued = cellsOf(transport.written).slice(31);
    assert.ok(queued.slice(0, 40).every((one) => one.circId === old.id));
  });

  it('sends control cells before circuits', async () => {
    const { runtime, channel, transport, circuits } = await opened({ circuits: 2 });
    const [a, b] = circuits;
    assert.ok(a && b);
    await congest(runtime, channel, transport, circuits[0]?.id);
    for (let i = 0; i < 250; i++) channel.send(a.id, RELAY, Uint8Array.of(1));
    channel.destroy(b.id, DestroyReason.FINISHED);
    transport.written.length = 0;
    transport.unstick();
    await turns(12);
    const order = cellsOf(transport.written);
    const at = order.findIndex((one) => one.command === CellCommand.DESTROY);
    assert.ok(at >= 0 && at <= 31, `DESTROY came at ${at}`);
    assert.equal(order[at]?.first, DestroyReason.FINISHED);
  });

  it('drops what a destroyed circuit had queued', async () => {
    const { channel, transport, circuits } = await opened({ circuits: 1 });
    const [{ id, recorder }] = circuits as [(typeof circuits)[0]];
    transport.stuck = true;
    for (let i = 0; i < 500; i++) channel.send(id, RELAY, Uint8Array.of(1));
    const before = channel.queuedCells(id);
    assert.ok(before > 0);
    channel.destroy(id, 3);
    transport.unstick();
    await turns(12);
    const cells = cellsOf(transport.written);
    assert.equal(cells.length, 500 - before + 1);
    assert.equal(cells.at(-1)?.command, CellCommand.DESTROY);
    assert.deepEqual(recorder.log, []);
  });

  it('destroys a circuit whose sender does not stop', async () => {
    const { channel, transport, circuits } = await opened({ circuits: 1, queueMax: 600 });
    const [{ id, recorder }] = circuits as [(typeof circuits)[0]];
    transport.stuck = true;
    for (let i = 0; i < 2000; i++) channel.send(id, RELAY, Uint8Array.of(1));
    assert.equal(channel.openCircuits, 0);
    await turns();
    assert.deepEqual(recorder.log, ['destroyed 5']);
    assert.equal(channel.state, 'open');
  });

  it('ends a link whose peer lets DESTROYs pile up', async () => {
    const runtime = new FakeRuntime(startMs);
    const { responder } = await openPair(runtime, relay);
    responder.transport.stuck = true;
    const { channel } = responder;
    const create = new Uint8Array(514);
    create[4] = CellCommand.CREATE;
    for (let i = 1; i < 20_000 && channel.state === 'open'; i++) {
      new DataView(create.buffer).setUint32(0, 0x80000000 + i);
      channel.receive(create.slice());
    }
    assert.equal(responder.error?.code, 'QUEUE_FULL');
  });

  it('sends the last cells before it closes, and not for ever', async () => {
    const { runtime, channel, transport, circuits } = await opened({ circuits: 1 });
    const [{ id }] = circuits as [(typeof circuits)[0]];
    transport.stuck = true;
    channel.send(id, RELAY, Uint8Array.of(1));
    channel.destroy(id, 1);
    channel.close();
    assert.equal(cellsOf(transport.written).length, 2);
    assert.equal(transport.closed, false);
    await runtime.advance(5000);
    assert.equal(transport.destroyed, true);
    transport.unstick();
    assert.equal(transport.closed, true);
  });

  it('returns every buffer', async () => {
    const runtime = new FakeRuntime(startMs);
    const { initiator } = await openPair(runtime, relay);
    initiator.transport.stuck = true;
    const id = initiator.channel.openCircuit(new Recorder());
    for (let i = 0; i < 400; i++) initiator.channel.send(id, RELAY, Uint8Array.of(1));
    initiator.channel.close();
    assert.equal(initiator.channel.queuedCells(id), 0);
  });
});

describe('CellQueue', () => {
  it('is first in, first out', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (pushes) => {
        const queue = new CellQueue();
        const model: number[] = [];
        let next = 0;
        for (const push of pushes) {
          if (push) {
            queue.push(Uint8Array.of(next & 255), next);
            model.push(next++);
          } else {
            const expected = model.shift();
            assert.equal(queue.shift()?.[0], expected === undefined ? undefined : expected & 255);
          }
          assert.equal(queue.length, model.length);
          assert.equal(queue.oldestMs, model[0]);
        }
      }),
    );
  });
});

describe('CircuitHeap', () => {
  it('keeps the least on top through any changes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('add', 'remove', 'bump'), fc.nat({ max: 1000 }))), (steps) => {
        const heap = new CircuitHeap();
        const inside: CircuitSlot[] = [];
        for (const [step, value] of steps) {
          if (step === 'add') {
            const slot = new CircuitSlot(value, new Recorder(), true);
            slot.sent = value;
            heap.add(slot);
            inside.push(slot);
          } else if (inside.length > 0 && step === 'remove') {
            const [slot] = inside.splice(value % inside.length, 1);
            heap.remove(slot as CircuitSlot);
            assert.equal(slot?.heapIndex, -1);
          } else if (heap.top !== undefined) {
            heap.top.sent += value;
            heap.sinkTop();
          }
          assert.equal(heap.length, inside.length);
          assert.equal(heap.top?.sent, inside.length === 0 ? undefined : Math.min(...inside.map((slot) => slot.sent)));
        }
      }),
    );
  });
});
