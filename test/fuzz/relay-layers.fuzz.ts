import assert from 'node:assert/strict';
import { bytesEqual } from '../../src/base/bytes/index.ts';
import {
  ClientLayers,
  cgoClientLayer,
  cgoKeyLength,
  cgoRelayLayer,
  tor1ClientLayer,
  tor1KeyLength,
  tor1RelayLayer,
} from '../../src/crypto/relaycell/index.ts';

export const name = 'relay-layers';

const relayCell = 3;
/** `free` is where the layer's own bytes end. */
const tor1 = { length: tor1KeyLength, client: tor1ClientLayer, relay: tor1RelayLayer, free: 9 };
const cgo = { length: cgoKeyLength, client: cgoClientLayer, relay: cgoRelayLayer, free: 16 };

/**
 * A conversation over two hops, told by the input: cells either way for either hop, with what they carry. Both sides must
 * agree on every byte, and a cell of garbage must be nobody's. Byte 0 chooses the layers.
 */
export function fuzz(data: Uint8Array): void {
  const hops = [0, 1].map((hop) => {
    const kind = (((data[0] ?? 0) >> hop) & 1) === 0 ? tor1 : cgo;
    return { kind, keys: Uint8Array.from({ length: kind.length }, (_, i) => i * 5 + hop) };
  });
  const stack = new ClientLayers();
  for (const { kind, keys } of hops) stack.push(kind.client(keys));
  const relays = hops.map(({ kind, keys }) => kind.relay(keys));
  const steps = Math.min(data.length, 40);
  for (let step = 1; step < steps; step++) {
    const order = data[step] ?? 0;
    const target = order & 1;
    const cell = new Uint8Array(509);
    const free = hops[target]?.kind.free ?? 16;
    cell.set(data.subarray(step, step + 509 - free), free);
    const sent = cell.slice(free);
    if ((order & 2) === 0) {
      stack.originate(target, relayCell, cell);
      for (let i = 0; i <= target; i++) assert.equal(relays[i]?.decrypt(relayCell, cell), i === target);
    } else {
      relays[target]?.originate(relayCell, cell);
      if (target === 1) relays[0]?.encrypt(relayCell, cell);
      assert.equal(stack.decrypt(relayCell, cell), target);
    }
    assert.ok(bytesEqual(cell.subarray(free), sent));
  }
  const garbage = new Uint8Array(509);
  garbage.set(data.subarray(0, 509));
  assert.equal(stack.decrypt(relayCell, garbage), -1);
}

export const seeds = (): Uint8Array[] => [
  Uint8Array.of(0, 0, 1, 2, 3),
  Uint8Array.of(1, 3, 2, 1, 0),
  Uint8Array.of(2, 3, 3, 1, 1, 0, 2),
  Uint8Array.of(3, ...new Uint8Array(600).fill(7)),
];
