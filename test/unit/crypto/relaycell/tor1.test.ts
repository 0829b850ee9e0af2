import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16, fromBase16 } from '../../../../src/base/bytes/index.ts';
import {
  type ClientLayer,
  hsClientLayer,
  hsServiceLayer,
  tor1ClientLayer,
  tor1RelayLayer,
} from '../../../../src/crypto/relaycell/index.ts';
import { loadVectors } from '../../../support/vectors.ts';

interface Step {
  readonly direction: 'forward' | 'backward';
  readonly hop: number;
  readonly plaintext_cell: string;
  readonly wire: readonly string[];
  readonly digest20: string;
}

const relay = 3;
const blank = (cell: string): Uint8Array => {
  const body = fromBase16(cell);
  body.fill(0, 5, 9);
  return body;
};

for (const group of ['circuit', 'onion_service']) {
  test(`tor1 ${group}: every layer on every link, from both ends`, () => {
    for (const v of loadVectors('relay-crypto-tor1', group)) {
      const material = (v.raw['key_material'] as string[]).map(fromBase16);
      const clients: ClientLayer[] = material.map((k) => (k.length === 72 ? tor1ClientLayer(k) : hsClientLayer(k)));
      const relays: ClientLayer[] = material.map((k) => (k.length === 72 ? tor1RelayLayer(k) : hsServiceLayer(k)));
      for (const step of v.raw['steps'] as Step[]) {
        const at = step.hop - 1;
        const body = blank(step.plaintext_cell);
        if (step.direction === 'forward') {
          (clients[at] as ClientLayer).originate(relay, body);
          for (let i = at - 1; i >= 0; i--) (clients[i] as ClientLayer).encrypt(relay, body);
          assert.equal(base16((clients[at] as ClientLayer).sentTag), step.digest20);
          for (let i = 0; i <= at; i++) {
            assert.equal(base16(body), step.wire[i], `link ${i}`);
            assert.equal((relays[i] as ClientLayer).decrypt(relay, body), i === at);
          }
          assert.equal(base16((relays[at] as ClientLayer).receivedTag), step.digest20);
        } else {
          (relays[at] as ClientLayer).originate(relay, body);
          for (let i = at - 1; i >= 0; i--) (relays[i] as ClientLayer).encrypt(relay, body);
          assert.equal(base16(body), step.wire.at(-1));
          for (let i = 0; i <= at; i++) assert.equal((clients[i] as ClientLayer).decrypt(relay, body), i === at);
          assert.equal(base16((clients[at] as ClientLayer).receivedTag), step.digest20);
        }
        assert.equal(base16(body), step.plaintext_cell);
      }
    }
  });
}
