import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TorError } from '../../../../src/base/errors/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import { ed25519PublicKey } from '../../../../src/crypto/primitives/index.ts';
import type { NetDir } from '../../../../src/network/netdir/index.ts';
import type { OriginCircuit } from '../../../../src/protocol/circuit/index.ts';
import { OnionClient, type OnionClientDeps, onionHostname } from '../../../../src/roles/onion/index.ts';

const address = onionHostname(ed25519PublicKey(new Uint8Array(32).fill(1)));
const unused = (): never => assert.fail('not a part of this');

/** How often a stream is tried when each attempt ends like this and its circuit closes. */
async function attempts(facts: { readonly reason: number; readonly remote: boolean }): Promise<number> {
  let tried = 0;
  const deps: OnionClientDeps = {
    ...nodeRuntime,
    circuits: {
      predictInternal: () => undefined,
      findOpen: () => ({ state: 'closed' }) as OriginCircuit,
      markUnusable: () => undefined,
      attachTo: () => {
        tried++;
        return Promise.reject(new TorError('STREAM_FAILED', undefined, { facts }));
      },
      circuitTo: unused,
      setHsState: unused,
    },
    directory: { netdir: undefined, whenReady: () => Promise.resolve({} as NetDir) },
    dirRequest: unused,
  };
  const isolation = { values: {}, by: new Set<never>() };
  const request = { address, port: 99, handler: { data: unused, ended: unused, writable: unused }, isolation };
  await assert.rejects(new OnionClient(deps).connect(request), { code: 'STREAM_FAILED' });
  return tried;
}

test('a service that answers and closes the circuit is not asked again; one whose circuit is lost is', async () => {
  assert.equal(await attempts({ reason: 6, remote: true }), 1);
  assert.equal(await attempts({ reason: 5, remote: false }), 3);
  // A relay on the way sent DESTROY.
  assert.equal(await attempts({ reason: 5, remote: true }), 3);
});
