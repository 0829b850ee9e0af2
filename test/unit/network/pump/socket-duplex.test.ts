import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { SocketDuplex } from '../../../../src/network/pump/index.ts';
import type { Stream, StreamHandler, StreamState } from '../../../../src/protocol/stream/index.ts';

/** A stream that takes everything and tells how it was ended. */
function duplex() {
  const seen: { state: StreamState; ends: number; handler?: StreamHandler; bytesWritten: number } = {
    state: 'open',
    ends: 0,
    bytesWritten: 0,
  };
  const socket = new SocketDuplex((handler) => {
    seen.handler = handler;
    const stream: Stream = {
      id: 1,
      bytesRead: 0,
      get bytesWritten() {
        return seen.bytesWritten;
      },
      get state() {
        return seen.state;
      },
      write: (bytes) => {
        seen.bytesWritten += bytes.length;
        return bytes.length;
      },
      end: () => {
        seen.ends++;
        seen.state = 'half-closed';
      },
      pauseReading: () => undefined,
      resumeReading: () => undefined,
      reportBacklog: () => undefined,
    };
    return stream;
  });
  socket.resume();
  return { socket, seen };
}

const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(() => queueMicrotask(resolve)));

test('after end() an answer is waited for, and not for ever', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { socket, seen } = duplex();
    socket.end('question');
    await turn();
    assert.equal(seen.ends, 0);
    mock.timers.tick(59_000);
    seen.handler?.data(Buffer.from('slow answer'));
    seen.handler?.dataEnd?.();
    mock.timers.tick(59_000);
    assert.equal(seen.ends, 0);
    mock.timers.tick(2000);
    assert.equal(seen.ends > 0, true);
    await turn();
    await turn();
    assert.equal(socket.destroyed, true);
    assert.equal(socket.errored, null);
  } finally {
    mock.timers.reset();
  }
});

test('setTimeout() is told of silence alone: neither of reading nor of writing', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { socket, seen } = duplex();
    let timeouts = 0;
    socket.setTimeout(1000, () => timeouts++);
    for (let i = 0; i < 5; i++) {
      mock.timers.tick(900);
      socket.write('x');
      mock.timers.tick(900);
      seen.handler?.data(Buffer.from('y'));
      seen.handler?.dataEnd?.();
    }
    assert.equal(timeouts, 0);
    // A long write that goes out bit by bit.
    mock.timers.tick(900);
    seen.bytesWritten += 500;
    mock.timers.tick(200);
    assert.equal(timeouts, 0);
    mock.timers.tick(1100);
    assert.equal(timeouts, 1);
    socket.destroy();
  } finally {
    mock.timers.reset();
  }
});

test('destroySoon() sends what waits and closes', async () => {
  const { socket, seen } = duplex();
  socket.write('last words');
  socket.destroySoon();
  for (let i = 0; i < 5 && !socket.destroyed; i++) await turn();
  assert.equal(socket.destroyed, true);
  assert.deepEqual([seen.bytesWritten, seen.ends > 0], [10, true]);
});
