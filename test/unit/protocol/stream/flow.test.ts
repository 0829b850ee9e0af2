import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultCircuitParams } from '../../../../src/protocol/circuit/index.ts';
import { backlogLimitBytes, type Stream } from '../../../../src/protocol/stream/index.ts';
import { DestroyReason } from '../../../../src/wire/cell/index.ts';
import { decodeXon, EndReason, encodeXoff, encodeXon, RelayCommand } from '../../../../src/wire/relaymsg/index.ts';
import { Recorder } from '../../../support/circuit-net.ts';
import { type HopKind, RawClient, RawRelay } from '../../../support/raw-ends.ts';

const { BEGIN, BEGIN_DIR, CONNECTED, DATA, END, RESOLVED, SENDME, XOFF, XON } = RelayCommand;
const { flow } = defaultCircuitParams;
const chunk = new Uint8Array(488);

async function opened(kind: HopKind = 'congestion', { accept = true } = {}) {
  const relay = await RawRelay.build(kind);
  const recorder = new Recorder();
  const stream = relay.circuit.openStream(recorder, { kind: 'begin', address: 'x.example', port: 80, flags: 0 });
  await relay.world.run();
  if (accept) relay.send(CONNECTED, stream.id);
  return { relay, recorder, stream, state: () => relay.circuit.state };
}

/** An exit's end with an accepted stream. */
function serving(kind: HopKind = 'congestion') {
  const client = new RawClient(kind);
  const recorder = new Recorder();
  client.role.onStream = () => recorder;
  client.send(BEGIN_DIR, 9);
  const [stream] = client.role.streams;
  if (stream === undefined) assert.fail();
  stream.accept();
  client.run();
  client.seen.length = 0;
  return { client, recorder, stream };
}

describe('a reader that cannot follow, under congestion control', () => {
  /** DATA cells until so many bytes came, with time going by; SENDMEs are the circuit's affair. */
  function pour(client: RawClient, bytes: number): void {
    for (let sent = 0; sent < bytes && client.circuit.state === 'open'; sent += chunk.length) {
      client.send(DATA, 9, chunk);
    }
    client.run();
  }

  test('XOFF when more waits than cc_xoff_exit for some milliseconds, XON when all is gone', () => {
    const { client, stream } = serving();
    stream.pauseReading();
    pour(client, flow.xoffExitBytes + 2 * chunk.length);
    assert.deepEqual(client.of(XOFF), [], 'a moment of grace');
    client.world.at(client.world.nowMs + 6, () => undefined);
    client.run();
    pour(client, chunk.length);
    assert.equal(client.of(XOFF).length, 1);
    pour(client, 100_000);
    assert.equal(client.of(XOFF).length, 1, 'once');
    stream.resumeReading();
    client.run();
    const [xon] = client.of(XON);
    assert.equal(typeof decodeXon(xon?.body ?? assert.fail()), 'number');
  });

  test('a far end that goes on and on loses the circuit', () => {
    const { client, stream } = serving();
    stream.pauseReading();
    pour(client, backlogLimitBytes + chunk.length);
    assert.deepEqual(client.destroys, [DestroyReason.RESOURCELIMIT]);
  });
});

describe('XOFF and XON from the far end', () => {
  test('stop and start what an exit sends; an advised rate slows it', () => {
    const { client, recorder, stream } = serving();
    client.send(XOFF, 9, encodeXoff());
    assert.equal(stream.write(chunk), 0);
    client.send(XON, 9, encodeXon(0));
    assert.equal(recorder.writables, 1);
    assert.equal(stream.write(chunk), chunk.length);
    client.send(XON, 9, encodeXon(50));
    const bytes = new Uint8Array(60_000);
    const first = stream.write(bytes);
    assert.equal(first, 50_000, 'a second of 50 kB/s at once');
    const writablesBefore = recorder.writables;
    const startMs = client.world.nowMs;
    client.run();
    assert.equal(recorder.writables, writablesBefore + 1);
    assert.ok(client.world.nowMs - startMs >= 9, 'then as the rate allows');
    assert.ok(stream.write(bytes) < 1000);
  });

  test('do nothing to a stream of windows', () => {
    const { client, stream } = serving('windows');
    client.send(XOFF, 9, encodeXoff());
    assert.equal(stream.write(chunk), chunk.length);
    assert.equal(client.circuit.state, 'open');
  });

  test('at a client an XOFF is believable only after enough bytes; else it is no valid byte of the circuit', async () => {
    const { relay, stream, state } = await opened();
    const before = relay.circuit.counters.deliveredReadBytes;
    relay.send(XOFF, stream.id, encodeXoff());
    assert.equal(state(), 'open');
    assert.equal(relay.circuit.counters.deliveredReadBytes, before, 'not counted as delivered');
    assert.equal(stream.write(chunk), 0, 'yet obeyed');
    relay.send(XON, stream.id, encodeXon(0));
    assert.equal(stream.write(chunk), chunk.length);
  });

  test('malformed ones close the circuit', async () => {
    const unknown = await opened();
    unknown.relay.send(XON, unknown.stream.id, Uint8Array.of(1, 0, 0, 0, 0));
    assert.equal(unknown.state(), 'closed');
    const short = await opened();
    short.relay.send(XON, short.stream.id, Uint8Array.of(0, 0));
    assert.equal(short.state(), 'closed');
  });

  for (const command of [XOFF, XON]) {
    test(`${command === XON ? 'XON' : 'XOFF'} where there is nothing to hold back closes a client's circuit`, async () => {
      const body = command === XON ? encodeXon(0) : encodeXoff();
      const windowed = await opened('windows');
      windowed.relay.send(command, windowed.stream.id, body);
      assert.equal(windowed.state(), 'closed', 'windows');
      const early = await opened('congestion', { accept: false });
      early.relay.send(command, early.stream.id, body);
      assert.equal(early.state(), 'closed', 'before CONNECTED');
    });
  }
});

describe('optimistic data', () => {
  for (const kind of ['windows', 'congestion', 'cgo'] as const) {
    test(`goes out right after BEGIN: ${kind}`, async () => {
      const relay = await RawRelay.build(kind);
      const stream = relay.circuit.openStream(new Recorder(), { kind: 'begin-dir' });
      assert.equal(stream.write(Buffer.from('GET /')), 5);
      await relay.world.run();
      assert.deepEqual(relay.commands(), [BEGIN_DIR, DATA]);
    });

    test(`reaches the accepting end before it has accepted, without stream SENDMEs: ${kind}`, () => {
      const client = new RawClient(kind);
      const recorder = new Recorder();
      client.role.onStream = () => recorder;
      client.send(BEGIN, 5, Buffer.from('x.example:80\0'));
      for (let i = 0; i < 100; i++) client.send(DATA, 5, Uint8Array.of(i));
      client.run();
      assert.equal(recorder.bytes, 100);
      assert.deepEqual(
        client.of(SENDME).filter(({ streamId }) => streamId === 5),
        [],
      );
      const [stream] = client.role.streams;
      assert.equal(stream?.write(chunk), 0, 'the accepting end waits until it has said CONNECTED');
      stream?.accept();
      client.run();
      const order = client.seen.filter(({ streamId }) => streamId === 5).map(({ command }) => command);
      assert.deepEqual(order, kind === 'windows' ? [CONNECTED, SENDME, SENDME] : [CONNECTED]);
      assert.equal(recorder.writables, 1);
    });
  }
});

describe('messages after our END', () => {
  const late: readonly (readonly [string, number, Uint8Array])[] = [
    ['DATA', DATA, chunk],
    ['END', END, Uint8Array.of(EndReason.DONE)],
  ];
  for (const kind of ['windows', 'congestion'] as const) {
    for (const [name, command, body] of late) {
      test(`${name} that was on its way is fine: ${kind}`, async () => {
        const { relay, recorder, stream, state } = await opened(kind);
        stream.end();
        relay.send(command, stream.id, body);
        assert.equal(state(), 'open');
        assert.equal(recorder.bytes, 0);
        assert.deepEqual(recorder.ends, []);
      });
    }

    test(`nothing is fine after the far end's END: ${kind}`, async () => {
      const { relay, stream, state } = await opened(kind);
      stream.end();
      relay.send(END, stream.id, Uint8Array.of(EndReason.DONE));
      relay.send(END, stream.id, Uint8Array.of(EndReason.DONE));
      assert.equal(state(), 'closed');
    });

    test(`one CONNECTED, when we ended before it came: ${kind}`, async () => {
      const { relay, stream, state } = await opened(kind, { accept: false });
      stream.end();
      relay.send(CONNECTED, stream.id);
      assert.equal(state(), 'open');
      relay.send(CONNECTED, stream.id);
      assert.equal(state(), 'closed');
    });
  }

  test('with windows no more DATA than the window allowed, and no more SENDMEs than cells sent', async () => {
    const { relay, stream, state } = await opened('windows');
    for (let i = 0; i < 100; i++) assert.ok(stream.write(chunk) > 0);
    stream.end();
    relay.send(SENDME, stream.id);
    relay.send(SENDME, stream.id);
    assert.equal(state(), 'open');
    for (let i = 0; i < 500; i++) relay.send(DATA, stream.id);
    assert.equal(state(), 'open');
    relay.send(DATA, stream.id);
    assert.equal(state(), 'closed');
    const again = await opened('windows');
    again.stream.end();
    again.relay.send(SENDME, again.stream.id);
    assert.equal(again.state(), 'closed', 'nothing was sent');
  });

  test('under congestion control for a minute; then DATA is dropped but not counted', async () => {
    const { relay, stream, state } = await opened('congestion');
    stream.end();
    await relay.world.run(61_000);
    const before = relay.circuit.counters.deliveredReadBytes;
    relay.send(DATA, stream.id, chunk);
    assert.equal(state(), 'open');
    assert.equal(relay.circuit.counters.deliveredReadBytes, before);
  });

  test('clients tell no reason; the stream id is not used again', async () => {
    const { relay, stream } = await opened('congestion');
    stream.end(EndReason.TIMEOUT);
    await relay.world.run();
    const [end] = relay.of(END);
    assert.deepEqual(Array.from(end?.body ?? []), [EndReason.MISC]);
    const ids = new Set<number>([stream.id]);
    for (let i = 0; i < 100; i++) {
      const next: Stream = relay.circuit.openStream(new Recorder(), { kind: 'begin-dir' });
      assert.ok(!ids.has(next.id) && next.id !== 0);
      ids.add(next.id);
    }
  });
});

describe('messages out of their place, at a client', () => {
  const bad: readonly (readonly [string, boolean, number, Uint8Array])[] = [
    ['DATA before CONNECTED', false, DATA, chunk],
    ['SENDME before CONNECTED', false, SENDME, new Uint8Array(0)],
    ['CONNECTED twice', true, CONNECTED, new Uint8Array(0)],
    ['RESOLVED on a stream', true, RESOLVED, Uint8Array.of(4, 4, 1, 2, 3, 4, 0, 0, 0, 60)],
    ['BEGIN from a relay', true, BEGIN, Buffer.from('a:1\0')],
    ['END without a reason', true, END, new Uint8Array(0)],
  ];
  for (const [name, accept, command, body] of bad) {
    test(`${name} closes the circuit`, async () => {
      const { relay, recorder, stream, state } = await opened('windows', { accept });
      relay.send(command, stream.id, body);
      assert.equal(state(), 'closed');
      assert.equal(relay.circuit.closed?.reason, DestroyReason.TORPROTOCOL);
      assert.equal(recorder.ends.length, 1);
      await relay.world.run();
      assert.deepEqual(relay.destroys, [DestroyReason.NONE], 'the relay learns no reason');
    });
  }

  test('a stream nobody opened', async () => {
    const { relay, stream, state } = await opened('windows');
    relay.send(DATA, stream.id ^ 1, chunk);
    assert.equal(state(), 'closed');
  });

  test('a CONNECTED that cannot be read ends that stream alone', async () => {
    const { relay, recorder, stream, state } = await opened('windows', { accept: false });
    relay.send(CONNECTED, stream.id, Uint8Array.of(1, 2));
    assert.equal(state(), 'open');
    assert.equal(recorder.ends[0]?.reason, EndReason.TORPROTOCOL);
  });

  test('an exit that calls our BEGIN a violation: the circuit is left', async () => {
    const { relay, stream, state } = await opened('windows', { accept: false });
    relay.send(END, stream.id, Uint8Array.of(EndReason.TORPROTOCOL));
    assert.equal(state(), 'closed');
  });
});

describe('who hears of an end', () => {
  test('of our own: endedHere, once, with the reason, and nothing else', async () => {
    const { stream, recorder } = await opened();
    const heard: unknown[] = [];
    Object.assign(recorder, { endedHere: (end: unknown) => heard.push(end) });
    stream.end(EndReason.DONE);
    stream.end(EndReason.MISC);
    assert.deepEqual(heard, [{ reason: EndReason.DONE, remote: false }]);
    assert.deepEqual(recorder.ends, []);
  });

  test('of the far end: ended alone', async () => {
    const { relay, stream, recorder } = await opened();
    const heard: unknown[] = [];
    Object.assign(recorder, { endedHere: (end: unknown) => heard.push(end) });
    relay.send(END, stream.id, Uint8Array.of(EndReason.DONE));
    stream.end();
    assert.deepEqual(heard, []);
    assert.equal(recorder.ends.length, 1);
  });
});
