import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import { Emitter } from '../../../../src/base/util/index.ts';
import type { AcceptStream, IncomingStream, StreamBegin } from '../../../../src/protocol/stream/index.ts';
import type { OnionServiceEvents, ServiceTarget, StreamRules } from '../../../../src/roles/onion/index.ts';
import { StreamServer } from '../../../../src/roles/onion/service/stream-server.ts';
import { EndReason } from '../../../../src/wire/relaymsg/index.ts';

const begin = (port: number): StreamBegin => ({ kind: 'begin', address: '', port, flags: 0 });

/** A rendezvous circuit on which streams can be asked for, and the reason each is refused with. */
function served(rules: StreamRules, target: ServiceTarget, openStreams = 1) {
  const deps = { ...nodeRuntime, events: new Emitter<OnionServiceEvents>() };
  const server = new StreamServer(rules, [{ port: 80, target }], deps);
  const box: { accept?: AcceptStream; closed: number } = { closed: 0 };
  server.serve({
    id: 7,
    openStreams,
    acceptStreams: (accept) => {
      box.accept = accept;
    },
    close: () => {
      box.closed++;
    },
  });
  const ask = (port: number): Promise<number> =>
    new Promise((resolve) => {
      const stream = { id: 1, end: (reason = EndReason.DONE) => resolve(reason) };
      const answer = box.accept?.(begin(port), stream as IncomingStream);
      if (typeof answer === 'number') resolve(answer);
    });
  return { box, ask };
}

const nowhere: ServiceTarget = { kind: 'unix', path: join(tmpdir(), 'tropea-no-such-socket') };

test('with HiddenServiceAllowUnknownPorts the circuit closes, after the answer has had time to arrive', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { box, ask } = served({ allowUnknownPorts: true }, nowhere);
  assert.equal(await ask(81), EndReason.DONE);
  assert.equal(box.closed, 0);
  // A stream that comes now ends with the circuit, and its client may try another.
  const late = ask(80).then(() => assert.fail('a stream of a circuit that is about to close was answered'));
  t.mock.timers.tick(1000);
  assert.equal(box.closed, 1);
  assert.equal(await Promise.race([late, Promise.resolve('waits')]), 'waits');
});

test('an unknown port and HiddenServiceMaxStreams alone leave the circuit open', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const unknown = served({}, nowhere);
  assert.equal(await unknown.ask(81), EndReason.DONE);
  const full = served({ maxStreams: 2 }, nowhere, 3);
  assert.equal(await full.ask(80), EndReason.DONE);
  const closing = served({ maxStreams: 2, maxStreamsCloseCircuit: true }, nowhere, 3);
  assert.equal(await closing.ask(80), EndReason.DONE);
  t.mock.timers.tick(1000);
  assert.deepEqual([unknown.box.closed, full.box.closed, closing.box.closed], [0, 0, 1]);
});

test('a target that refuses is MISC to the client, as from C tor', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  assert.equal(await served({}, { kind: 'tcp', host: '127.0.0.1', port }).ask(80), EndReason.MISC);
  assert.equal(await served({}, nowhere).ask(80), EndReason.MISC);
});
