import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CircuitParams, defaultCircuitParams } from '../../../../src/protocol/circuit/index.ts';
import type { StreamHandler } from '../../../../src/protocol/stream/index.ts';
import { DestroyReason } from '../../../../src/wire/cell/index.ts';
import { decodeSendme, encodeSendme, RelayCommand } from '../../../../src/wire/relaymsg/index.ts';
import { Recorder } from '../../../support/circuit-net.ts';
import { type HopKind, RawClient, RawRelay } from '../../../support/raw-ends.ts';

const { BEGIN_DIR, CONNECTED, DATA, SENDME } = RelayCommand;
const kinds: readonly HopKind[] = ['windows', 'congestion', 'cgo'];
const increment = (kind: HopKind): number => (kind === 'windows' ? 100 : 31);

/** A circuit with an open stream, and that stream's id. */
async function opened(kind: HopKind, params?: CircuitParams) {
  const relay = await RawRelay.build(kind, params);
  const recorder = new Recorder();
  const stream = relay.circuit.openStream(recorder, { kind: 'begin-dir' });
  await relay.world.run();
  relay.send(CONNECTED, stream.id);
  assert.equal(stream.state, 'open');
  return { relay, recorder, stream };
}

describe('SENDMEs we send', () => {
  for (const kind of kinds) {
    test(`one for ${increment(kind)} DATA cells, with the tag of the last one: ${kind}`, async () => {
      const { relay, stream } = await opened(kind);
      const n = increment(kind);
      let tag = new Uint8Array(0);
      for (let i = 0; i < 2 * n; i++) {
        relay.send(DATA, stream.id, Uint8Array.of(i));
        if (i === n - 1) tag = relay.layer.sentTag.slice(0, relay.layer.tagLength);
      }
      await relay.world.run();
      const sendmes = relay.of(SENDME).filter(({ streamId }) => streamId === 0);
      assert.equal(sendmes.length, 2);
      const { version, tag: told } = decodeSendme(sendmes[0]?.body ?? assert.fail());
      assert.equal(version, 1);
      assert.deepEqual(Uint8Array.from(told), tag);
      const ofStream = relay.of(SENDME).filter(({ streamId }) => streamId === stream.id);
      assert.equal(ofStream.length, kind === 'windows' ? 4 : 0, 'stream SENDMEs belong to windows only');
    });
  }

  test('sendme_emit_min_version 0: without a tag', async () => {
    const { relay, stream } = await opened('windows', { ...defaultCircuitParams, sendmeEmitMinVersion: 0 });
    for (let i = 0; i < 100; i++) relay.send(DATA, stream.id);
    await relay.world.run();
    const [sendme] = relay.of(SENDME).filter(({ streamId }) => streamId === 0);
    assert.equal(sendme?.body.length, 0);
  });

  test('DATA beyond the window closes the circuit, at both ends', async () => {
    const { relay, stream } = await opened('windows');
    stream.pauseReading();
    for (let i = 0; i < 500; i++) relay.send(DATA, stream.id);
    assert.equal(relay.circuit.state, 'open');
    relay.send(DATA, stream.id);
    assert.equal(relay.circuit.state, 'closed', 'the stream window');
    assert.equal(relay.circuit.closed?.reason, DestroyReason.TORPROTOCOL);

    const client = new RawClient('windows');
    client.role.onStream = () => new Recorder();
    client.send(BEGIN_DIR, 5);
    for (let i = 0; i < 501; i++) client.send(DATA, 5);
    client.run();
    assert.equal(client.circuit.state, 'closed');
    assert.deepEqual(client.destroys, [DestroyReason.TORPROTOCOL]);
  });
});

describe('SENDMEs we receive', () => {
  /** A relay's end that sends as long as it may, with the tags of the cells that ask for a SENDME. */
  function sending(kind: HopKind, params?: CircuitParams, fast = false) {
    const client = new RawClient(kind, { ...(params && { params }), fast });
    const tags: Uint8Array[] = [];
    const bytes = new Uint8Array(498);
    let taken = 0;
    const handler: StreamHandler = { data: () => undefined, ended: () => undefined, writable: () => undefined };
    client.role.onStream = () => handler;
    client.send(BEGIN_DIR, 9);
    const [stream] = client.role.streams;
    if (stream === undefined) assert.fail();
    stream.accept();
    const fill = (): number => {
      let count = 0;
      for (;;) {
        const length = stream.write(bytes.subarray(0, 400));
        client.run();
        if (length === 0) return count;
        count++;
        taken++;
        if (taken % increment(kind) === 0) tags.push(client.layer.receivedTag.slice(0, client.layer.tagLength));
      }
    };
    return { client, stream, fill, tags };
  }

  for (const kind of kinds) {
    test(`the right tag opens the window: ${kind}`, () => {
      const { client, fill, tags } = sending(kind);
      const before = fill();
      assert.equal(before, kind === 'windows' ? 500 : 124, 'the first window, here the stream window of 500');
      for (const tag of tags) client.send(SENDME, 0, encodeSendme(tag));
      for (let i = 0; i < 10; i++) client.send(SENDME, kind === 'windows' ? 9 : 0, new Uint8Array(0));
      if (kind === 'windows') {
        assert.equal(client.circuit.state, 'open');
        assert.equal(fill(), 500);
      } else {
        assert.equal(client.circuit.state, 'closed', 'one SENDME too many under congestion control');
      }
    });

    test(`a wrong tag closes the circuit: ${kind}`, () => {
      const { client, fill, tags } = sending(kind);
      fill();
      const [tag] = tags;
      if (tag === undefined) assert.fail();
      tag[0] = (tag[0] ?? 0) ^ 1;
      client.send(SENDME, 0, encodeSendme(tag));
      client.run();
      assert.deepEqual(client.destroys, [DestroyReason.TORPROTOCOL]);
      assert.deepEqual(client.role.closedReasons, [DestroyReason.TORPROTOCOL]);
    });

    test(`a tag of the wrong length, or twice: ${kind}`, () => {
      const one = sending(kind);
      one.fill();
      one.client.send(SENDME, 0, encodeSendme(new Uint8Array(kind === 'cgo' ? 20 : 16)));
      assert.equal(one.client.circuit.state, 'closed');
      const two = sending(kind);
      two.fill();
      two.client.send(SENDME, 0, encodeSendme(two.tags[0]));
      assert.equal(two.client.circuit.state, 'open');
      two.client.send(SENDME, 0, encodeSendme(two.tags[0]));
      assert.equal(two.client.circuit.state, 'closed');
    });
  }

  test('a SENDME that nothing asked for', () => {
    const client = new RawClient('windows');
    client.send(SENDME, 0, encodeSendme(new Uint8Array(20)));
    assert.equal(client.circuit.state, 'closed');
  });

  test('version 0: only while the consensus allows it, or on a circuit made with CREATE_FAST', () => {
    const strict = { ...defaultCircuitParams, sendmeAcceptMinVersion: 1 };
    const outcome = (params: CircuitParams, fast: boolean): string => {
      const { client, fill } = sending('windows', params, fast);
      fill();
      client.send(SENDME, 0);
      return client.circuit.state;
    };
    assert.equal(outcome(defaultCircuitParams, false), 'open');
    assert.equal(outcome(strict, false), 'closed');
    assert.equal(outcome(strict, true), 'open');
  });

  test('malformed ones', () => {
    for (const body of [[1], [1, 0, 20], [2, 0, 20], [1, 0, 3, 1, 2, 3]]) {
      const { client, fill } = sending('windows');
      fill();
      client.send(SENDME, 0, Uint8Array.from(body));
      assert.equal(client.circuit.state, 'closed', body.join());
    }
  });

  test('a stream SENDME under congestion control, or beyond the stream window', () => {
    const { client } = sending('congestion');
    client.send(SENDME, 9);
    assert.equal(client.circuit.state, 'closed');
    const windowed = sending('windows');
    windowed.client.send(SENDME, 9);
    assert.equal(windowed.client.circuit.state, 'closed');
  });
});

test('bytes that nobody can foretell are in the cells: padding differs from cell to cell', async () => {
  const { relay, stream } = await opened('windows');
  const bodies = new Set<string>();
  for (let i = 0; i < 300; i++) {
    stream.write(new Uint8Array(498));
    await relay.world.run();
  }
  const shorter = relay.of(DATA).filter(({ body }) => body.length < 498);
  for (const { body } of relay.of(DATA)) bodies.add(`${body.length}`);
  assert.ok(shorter.length >= 2, 'now and then a cell leaves room for random bytes');
});
