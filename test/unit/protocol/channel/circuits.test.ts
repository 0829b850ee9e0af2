import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { concatBytes } from '../../../../src/base/bytes/index.ts';
import { TorError } from '../../../../src/base/errors/index.ts';
import type { LinkCredentialSet } from '../../../../src/network/channels/index.ts';
import { CellCommand, DestroyReason, encodeCreate2 } from '../../../../src/wire/cell/index.ts';
import { FakeRuntime } from '../../../support/fake-runtime.ts';
import { cell, makeCredentials, openPair, Recorder, startMs, turns } from './harness.ts';

const ntor = encodeCreate2({ handshakeType: 2, data: new Uint8Array(84) });

describe('circuits of a channel', () => {
  let relay: LinkCredentialSet;
  before(async () => {
    relay = await makeCredentials(1);
  });

  /** A pair whose responder accepts circuits and records what it hears on them. */
  async function pairWithCircuits(options: Parameters<typeof openPair>[2] = {}) {
    const created: { circId: number; command: number; recorder: Recorder }[] = [];
    const pair = await openPair(new FakeRuntime(startMs), relay, {
      ...options,
      responder: {
        onCreate: (channel, circId, command) => {
          const recorder = new Recorder();
          created.push({ circId, command, recorder });
          channel.acceptCircuit(circId, recorder);
        },
        ...options.responder,
      },
    });
    return { ...pair, created };
  }

  it('carries cells both ways with the same id', async () => {
    const { initiator, responder, created } = await pairWithCircuits();
    const ours = new Recorder();
    const id = initiator.channel.openCircuit(ours);
    assert.ok(id >= 0x80000000, 'the initiator takes ids with the high bit');
    assert.ok(initiator.channel.send(id, CellCommand.CREATE2, ntor));
    await turns();
    assert.deepEqual(
      created.map(({ circId, command }) => [circId, command]),
      [[id, CellCommand.CREATE2]],
    );
    assert.ok(responder.channel.send(id, CellCommand.CREATED2, Uint8Array.of(1, 2)));
    responder.channel.send(id, CellCommand.RELAY, Uint8Array.of(3));
    responder.channel.send(id, CellCommand.RELAY, Uint8Array.of(4));
    await turns();
    assert.deepEqual(ours.log, ['cell 11', 'runEnd', 'cell 3', 'cell 3', 'runEnd']);
    assert.deepEqual(
      ours.bodies.map((body) => [body.length, body[0]]),
      [
        [509, 1],
        [509, 3],
        [509, 4],
      ],
    );
    assert.ok(
      ours.bodies.every((body) => body.subarray(2).every((byte) => byte === 0)),
      'padded with zeros',
    );
    assert.equal(initiator.channel.openCircuits, 1);
    assert.equal(initiator.channel.counters.cellsIn, responder.channel.counters.cellsOut + 3);
  });

  it('a responder takes ids without the high bit', async () => {
    const { responder } = await pairWithCircuits();
    for (let i = 0; i < 50; i++) {
      const id = responder.channel.openCircuit(new Recorder());
      assert.ok(id > 0 && id < 0x80000000);
    }
    assert.equal(responder.channel.openCircuits, 50);
  });

  it('hands out runs: consecutive cells of one circuit, one runEnd each', async () => {
    const { initiator } = await pairWithCircuits();
    const [a, b] = [new Recorder(), new Recorder()];
    const [idA, idB] = [initiator.channel.openCircuit(a), initiator.channel.openCircuit(b)];
    const relayTo = (id: number): Uint8Array => cell(id, CellCommand.RELAY);
    const stream = concatBytes(
      relayTo(idA),
      relayTo(idA),
      relayTo(idB),
      relayTo(idA),
      cell(0, CellCommand.PADDING),
      relayTo(idA),
    );
    initiator.channel.receive(stream.slice());
    assert.deepEqual(a.log, ['cell 3', 'cell 3', 'runEnd', 'cell 3', 'runEnd', 'cell 3', 'runEnd']);
    assert.deepEqual(b.log, ['cell 3', 'runEnd']);
  });

  it('gives whole cells wherever the chunks are cut', async () => {
    const { initiator } = await pairWithCircuits();
    const recorder = new Recorder();
    const id = initiator.channel.openCircuit(recorder);
    const stream = concatBytes(
      ...Array.from({ length: 20 }, (_, i) => cell(id, CellCommand.RELAY, Uint8Array.of(i, i))),
    );
    for (let at = 0; at < stream.length; at += 333) initiator.channel.receive(stream.slice(at, at + 333));
    assert.deepEqual(
      recorder.bodies.map((body) => body[1]),
      Array.from({ length: 20 }, (_, i) => i),
    );
  });

  it('lets a handler change the body in place', async () => {
    const { initiator } = await pairWithCircuits();
    const recorder = new Recorder();
    recorder.onCell = (_command, body) => body.fill(0xff);
    const id = initiator.channel.openCircuit(recorder);
    const chunk = concatBytes(
      cell(id, CellCommand.RELAY, Uint8Array.of(1)),
      cell(id, CellCommand.RELAY, Uint8Array.of(2)),
    );
    initiator.channel.receive(chunk);
    assert.deepEqual(
      recorder.bodies.map((body) => body[0]),
      [1, 2],
    );
    assert.equal(chunk[5], 0xff, 'the view was into the chunk');
  });

  it('DESTROY ends a circuit at both ends', async () => {
    const { initiator, responder, created } = await pairWithCircuits();
    const id = initiator.channel.openCircuit(new Recorder());
    initiator.channel.send(id, CellCommand.CREATE_FAST, new Uint8Array(20));
    await turns();
    initiator.channel.destroy(id, DestroyReason.REQUESTED);
    await turns();
    assert.deepEqual(created[0]?.recorder.log, ['destroyed 3']);
    assert.equal(initiator.channel.openCircuits, 0);
    assert.equal(responder.channel.openCircuits, 0);
  });

  it('drops cells for circuits it does not know', async () => {
    const { initiator, responder } = await pairWithCircuits();
    const id = initiator.channel.openCircuit(new Recorder());
    initiator.channel.release(id);
    for (const command of [CellCommand.RELAY, CellCommand.CREATED2, CellCommand.DESTROY]) {
      initiator.channel.receive(cell(id, command));
    }
    assert.equal(initiator.channel.state, 'open');
    assert.equal(initiator.channel.counters.strayIn, 2);
    assert.equal(initiator.channel.send(id, CellCommand.RELAY, new Uint8Array(9)), false);
    await turns();
    assert.equal(responder.channel.counters.cellsIn, 2, 'VERSIONS and NETINFO only');
  });

  describe('refuses to create', () => {
    const refused: [string, number, number, Uint8Array][] = [
      ['with the responder’s kind of id', 0x00000005, CellCommand.CREATE2, ntor],
      ['TAP in CREATE', 0x80000005, CellCommand.CREATE, new Uint8Array(0)],
      [
        'TAP in CREATE2',
        0x80000005,
        CellCommand.CREATE2,
        encodeCreate2({ handshakeType: 0, data: new Uint8Array(186) }),
      ],
      ['with a handshake longer than the cell', 0x80000005, CellCommand.CREATE2, Uint8Array.of(0, 2, 2, 0)],
    ];
    for (const [why, circId, command, body] of refused) {
      it(why, async () => {
        const { responder, created } = await pairWithCircuits();
        responder.transport.written.length = 0;
        responder.channel.receive(cell(circId, command, body));
        await turns();
        assert.equal(created.length, 0);
        assert.deepEqual(
          responder.transport.bytes,
          cell(circId, CellCommand.DESTROY, Uint8Array.of(DestroyReason.TORPROTOCOL)),
        );
      });
    }

    it('on a client’s channel', async () => {
      const { initiator } = await pairWithCircuits();
      initiator.transport.written.length = 0;
      initiator.channel.receive(cell(5, CellCommand.CREATE2, ntor));
      await turns();
      assert.deepEqual(initiator.transport.bytes, cell(5, CellCommand.DESTROY, Uint8Array.of(1)));
    });

    it('with id 0 or an id in use, silently', async () => {
      const { responder, created } = await pairWithCircuits();
      responder.transport.written.length = 0;
      responder.channel.receive(cell(0, CellCommand.CREATE2, ntor));
      responder.channel.receive(cell(0x80000009, CellCommand.CREATE2, ntor));
      responder.channel.receive(cell(0x80000009, CellCommand.CREATE2, ntor));
      await turns();
      assert.equal(created.length, 1);
      assert.equal(responder.transport.bytes.length, 0);
      assert.throws(() => responder.channel.acceptCircuit(0x80000009, new Recorder()), { code: 'CIRCUIT_ID_IN_USE' });
    });
  });

  it('CREATED on a circuit the peer opened is a violation', async () => {
    const { responder, created } = await pairWithCircuits();
    responder.channel.receive(cell(0x80000009, CellCommand.CREATE2, ntor));
    responder.channel.receive(cell(0x80000009, CellCommand.CREATED2, ntor));
    assert.deepEqual(created[0]?.recorder.log, ['destroyed 1']);
  });

  it('a closing channel ends its circuits with CHANNEL_CLOSED', async () => {
    const { initiator, responder, created } = await pairWithCircuits();
    const recorder = new Recorder();
    const id = initiator.channel.openCircuit(recorder);
    initiator.channel.send(id, CellCommand.CREATE2, ntor);
    await turns();
    initiator.channel.close();
    assert.deepEqual(recorder.log, ['destroyed 8']);
    assert.ok(initiator.transport.closed);
    assert.throws(() => initiator.channel.openCircuit(recorder), { code: 'CHANNEL_CLOSED' });
    responder.channel.transportClosed(new TorError('CHANNEL_CLOSED', 'reset'));
    assert.deepEqual(created[0]?.recorder.log, ['destroyed 8']);
    assert.equal(responder.error?.message, 'reset');
  });

  it('a handler that closes the channel in mid-run hears no more', async () => {
    const { initiator } = await pairWithCircuits();
    const recorder = new Recorder();
    recorder.onCell = () => initiator.channel.close();
    const id = initiator.channel.openCircuit(recorder);
    initiator.channel.receive(concatBytes(cell(id, CellCommand.RELAY), cell(id, CellCommand.RELAY)));
    assert.deepEqual(recorder.log, ['cell 3', 'destroyed 8']);
  });

  it('a handler that destroys its circuit in mid-run hears no more', async () => {
    const { initiator } = await pairWithCircuits();
    const recorder = new Recorder();
    const id = initiator.channel.openCircuit(recorder);
    recorder.onCell = () => initiator.channel.destroy(id, 1);
    initiator.channel.receive(concatBytes(cell(id, CellCommand.RELAY), cell(id, CellCommand.RELAY)));
    assert.deepEqual(recorder.log, ['cell 3']);
    assert.equal(initiator.channel.state, 'open');
  });

  it('a handler that throws closes the channel, with the error told', async () => {
    const { initiator } = await pairWithCircuits();
    const recorder = new Recorder();
    recorder.onCell = () => {
      throw new RangeError('oops');
    };
    const id = initiator.channel.openCircuit(recorder);
    initiator.channel.receive(cell(id, CellCommand.RELAY));
    assert.equal(initiator.error?.code, 'INTERNAL');
    assert.equal(initiator.error?.message, 'oops');
  });
});
