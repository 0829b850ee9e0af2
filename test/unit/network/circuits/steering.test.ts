import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Emitter } from '../../../../src/base/util/index.ts';
import { ExitRules } from '../../../../src/network/circuits/exit-rules.ts';
import type { CircuitManagerEvents } from '../../../../src/network/circuits/index.ts';
import { ManagedCircuit } from '../../../../src/network/circuits/managed-circuit.ts';
import { StreamAttacher } from '../../../../src/network/circuits/stream-attacher.ts';
import type { OriginCircuit } from '../../../../src/protocol/circuit/index.ts';
import type { StreamBegin, StreamHandler } from '../../../../src/protocol/stream/index.ts';
import { EndReason } from '../../../../src/wire/relaymsg/index.ts';
import { FakeTime } from '../fakes.ts';

interface Begun {
  readonly circuit: number;
  readonly to: string;
  readonly handler: StreamHandler;
}

/** An attacher among circuits 1 (the one it would choose), 2, and what a controller may name wrongly. */
function setting() {
  const begun: Begun[] = [];
  const circuit = (id: number, hops: number): ManagedCircuit => {
    const managed = new ManagedCircuit(
      id,
      'general',
      { internal: false, uptime: false, capacity: true, oneHop: hops === 1 },
      0,
      1e6,
    );
    managed.state = 'open';
    managed.circuit = {
      hops: Array.from({ length: hops }),
      openStream: (handler: StreamHandler, begin: StreamBegin) => {
        begun.push({ circuit: id, to: 'port' in begin ? `${begin.address}:${begin.port}` : '', handler });
        return { end: () => undefined, write: () => 0 };
      },
    } as unknown as OriginCircuit;
    return managed;
  };
  const [chosen, named, oneHop, building] = [circuit(1, 3), circuit(2, 3), circuit(3, 1), circuit(4, 3)];
  building.state = 'building';
  const statuses: string[] = [];
  const events = new Emitter<CircuitManagerEvents>();
  events.on('stream', ({ info }) => statuses.push(info.status));
  const held = { value: true };
  const attacher = new StreamAttacher(
    {
      clock: new FakeTime(),
      events,
      rules: new ExitRules({ rejectInternalAddresses: true }),
      nymEpoch: () => 0,
      findOpen: () => chosen,
      findOrLaunch: () => undefined,
      markDirty: () => undefined,
      markUnusable: () => undefined,
      closeBroken: () => undefined,
      noteUse: () => undefined,
      notePort: () => undefined,
    },
    {
      socksTimeoutMs: 120_000,
      circuitStreamTimeoutMs: 0,
      longLivedPorts: new Set(),
      rejectInternalAnswers: true,
      leaveUnattached: () => held.value,
    },
  );
  const handler: StreamHandler = { data: () => undefined, ended: () => undefined, writable: () => undefined };
  const open = () => attacher.attach({ host: 'a.example', port: 80, handler }, undefined);
  return { attacher, begun, statuses, held, open, named, oneHop, building };
}

describe('streams in the hands of a controller', () => {
  it('wait until they are attached to the circuit it names', async () => {
    const { attacher, begun, statuses, open, named } = setting();
    const stream = open();
    attacher.attachWaiting();
    assert.equal(begun.length, 0);
    assert.deepEqual(statuses, ['new', 'controller-wait']);
    assert.equal(attacher.steer(1, named), undefined);
    assert.deepEqual(
      begun.map(({ circuit, to }) => [circuit, to]),
      [[2, 'a.example:80']],
    );
    begun[0]?.handler.connected?.(undefined);
    assert.equal((await stream).circuit, named.circuit);
    assert.deepEqual(statuses.slice(2), ['sentconnect', 'succeeded']);
    assert.equal(attacher.steer(1, named), 'unknown');
  });

  it('go where the best circuit is when it names none, and to another destination when it says so', () => {
    const { attacher, begun, open } = setting();
    void open();
    assert.ok(attacher.redirect(1, 'b.example', 81));
    assert.ok(!attacher.redirect(7, 'b.example', 81));
    assert.equal(attacher.steer(1, undefined), undefined);
    assert.deepEqual(
      begun.map(({ circuit, to }) => [circuit, to]),
      [[1, 'b.example:81']],
    );
  });

  it('wait again after a circuit failed them', () => {
    const { attacher, begun, statuses, open, named } = setting();
    void open();
    attacher.steer(1, named);
    begun[0]?.handler.ended({ reason: EndReason.RESOLVEFAILED, remote: true });
    attacher.attachWaiting();
    assert.equal(begun.length, 1);
    assert.deepEqual(statuses.slice(3), ['detached', 'controller-wait']);
    assert.equal(attacher.steer(1, named), undefined);
    assert.equal(begun.length, 2);
  });

  it('take no circuit that cannot carry them', () => {
    const { attacher, begun, open, oneHop, building } = setting();
    void open();
    assert.equal(attacher.steer(1, building), 'not-open');
    assert.equal(attacher.steer(1, oneHop), 'one-hop');
    assert.equal(begun.length, 0);
  });

  it('end when it says so', async () => {
    const { attacher, statuses, open } = setting();
    const stream = open();
    assert.ok(attacher.close(1, EndReason.MISC));
    await assert.rejects(stream, { code: 'STREAM_FAILED' });
    assert.deepEqual(statuses, ['new', 'controller-wait', 'failed']);
    assert.ok(!attacher.close(1, EndReason.MISC));
  });

  it('are attached at once without the option', () => {
    const { attacher, begun, held, open } = setting();
    held.value = false;
    void open();
    assert.deepEqual(
      begun.map(({ circuit }) => circuit),
      [1],
    );
    assert.equal(attacher.steer(1, undefined), undefined);
  });
});
