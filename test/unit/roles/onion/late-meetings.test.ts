import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deferred } from '../../../../src/base/util/index.ts';
import { LateMeetings } from '../../../../src/roles/onion/client/late-meetings.ts';

class FakeCircuit {
  readonly meeting = deferred<void>();
  closed = false;

  close(): void {
    this.closed = true;
  }
}

function three(): { late: LateMeetings<FakeCircuit>; circuits: readonly [FakeCircuit, FakeCircuit, FakeCircuit] } {
  const late = new LateMeetings<FakeCircuit>();
  const circuits = [new FakeCircuit(), new FakeCircuit(), new FakeCircuit()] as const;
  for (const circuit of circuits) late.add(circuit, circuit.meeting.promise);
  return { late, circuits };
}

describe('rendezvous circuits whose service is late', () => {
  it('count when it comes, and the others end with the attempt', async () => {
    const { late, circuits } = three();
    circuits[1].meeting.resolve();
    assert.equal(await late.first, circuits[1]);
    late.close();
    assert.deepEqual(
      circuits.map(({ closed }) => closed),
      [true, false, true],
    );
  });

  it('count once when it comes to two of them', async () => {
    const { late, circuits } = three();
    circuits[2].meeting.resolve();
    circuits[0].meeting.resolve();
    assert.equal(await late.first, circuits[2]);
    assert.deepEqual(
      circuits.map(({ closed }) => closed),
      [true, false, false],
    );
  });

  it('end one by one when nobody comes; the last tells why', async () => {
    const { late, circuits } = three();
    circuits[0].meeting.reject(new Error('first'));
    const last = late.last(new Error('no more attempts'));
    circuits[1].meeting.reject(new Error('second'));
    circuits[2].meeting.reject(new Error('third'));
    await assert.rejects(last, /third/);
    assert.ok(circuits.every(({ closed }) => closed));
  });

  it('are none: the attempts themselves tell why', async () => {
    await assert.rejects(new LateMeetings<FakeCircuit>().last(new Error('no more attempts')), /no more attempts/);
  });
});
