import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256 } from '../../src/app/lab/index.ts';
import { nodeRuntime } from '../../src/base/runtime/index.ts';
import {
  type ConfluxSet,
  defaultCircuitParams,
  type HopTarget,
  linkConflux,
  type OriginCircuit,
} from '../../src/protocol/circuit/index.ts';
import { type HandWired, handWired } from './support/hand-wired.ts';
import type { TorNetwork } from './support/network.ts';
import { sharedNetwork } from './support/shared-network.ts';

/** Two circuits of ours through different guards, linked at an exit of C tor. */
describe('conflux with an exit of C tor', () => {
  let net: TorNetwork;
  let client: HandWired;
  let circuits: readonly OriginCircuit[];
  let set: ConfluxSet;

  before(async () => {
    net = await sharedNetwork();
    client = await handWired(net, await mkdtemp(join(net.folder, 'client-')));
    client.circuits.start();
    await client.directory.start();
    await client.directory.whenReady(AbortSignal.timeout(60_000));
    const path = (guard: number): readonly HopTarget[] => [
      hop('relay', guard),
      hop('relay', guard + 2),
      hop('exit', 0),
    ];
    circuits = await Promise.all(
      [0, 1].map((guard) => client.circuits.circuitTo('controller', undefined, { path: path(guard) })),
    );
  });
  after(async () => {
    await client?.stop();
    await net?.stop();
  });

  function hop(kind: 'relay' | 'exit', index: number): HopTarget {
    const relay = client.directory.netdir?.byNameOrId(net.descriptions(kind)[index]?.name ?? '');
    assert.ok(relay, `${kind} ${index} is in the consensus`);
    return relay.hopTarget();
  }

  it('links them', { timeout: 30_000 }, async () => {
    set = await linkConflux(nodeRuntime, circuits, { params: defaultCircuitParams, timeoutMs: 20_000 });
    assert.equal(set.legCount, 2);
  });

  it('carries megabytes in order', { timeout: 60_000 }, async () => {
    const hash = createHash('sha256');
    let head = '';
    await new Promise<void>((resolve) => {
      const stream = circuits[1]?.openStream(
        {
          data: (bytes) => {
            if (head.endsWith('\r\n\r\n')) hash.update(bytes);
            else {
              const text = head + Buffer.from(bytes).toString('latin1');
              const end = text.indexOf('\r\n\r\n');
              if (end < 0) head = text;
              else {
                head = text.slice(0, end + 4);
                hash.update(Buffer.from(text.slice(end + 4), 'latin1'));
              }
            }
          },
          ended: () => resolve(),
          writable: () => undefined,
        },
        { kind: 'begin', address: '127.0.0.1', port: net.httpPort, flags: 0 },
      );
      stream?.write(Buffer.from('GET /bytes/5000003 HTTP/1.0\r\n\r\n'));
    });
    assert.match(head, /^HTTP\/1\.[01] 200/);
    assert.equal(hash.digest('hex'), bodySha256(5_000_003));
    assert.ok(
      circuits.every(({ state, counters }) => state === 'open' && counters.readCells > 100),
      'over both',
    );
    assert.equal(set.earlyBytes, 0);
  });
});
