import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base16, concatBytes, fromBase16 } from '../../../../src/base/bytes/index.ts';
import { engine } from '../../../../src/crypto/relaycell/engine.ts';
import {
  type ClientLayer,
  ClientLayers,
  cgoClientLayer,
  cgoKeyLength,
  cgoRelayLayer,
  type RelayLayer,
} from '../../../../src/crypto/relaycell/index.ts';
import { cellAt, cgoState } from '../../../../src/crypto/relaycell/layout.ts';
import { loadVectors } from '../../../support/vectors.ts';

interface State {
  readonly keys: string;
  readonly nonce: string;
  readonly tprime: string;
}

const keep = 0;
const originate = 1;
const recognize = 2;
const noNonce = 'a5'.repeat(16);

/** One cell through the engine, with a state from a vector. */
function step(
  what: 'cgoEncrypt' | 'cgoDecrypt',
  state: State,
  command: number,
  cell: Uint8Array,
  update: number,
): { readonly changed: boolean; readonly cell: string; readonly state: State; readonly tag: string } {
  const e = engine();
  e.memory.set(fromBase16(state.keys + state.nonce + state.tprime), cgoState.at);
  e.memory.set(cell, cellAt);
  const changed = e[what](command, update) !== 0;
  const after = base16(e.cgoState);
  return {
    changed,
    cell: base16(e.cell),
    state: { keys: after.slice(0, 128), nonce: after.slice(128, 160), tprime: after.slice(160, 192) },
    tag: after.slice(192, 224),
  };
}

const command = (hex: string): number => Number.parseInt(hex, 16);
const blankCell = (body: Uint8Array): Uint8Array => concatBytes(new Uint8Array(16), body);

test('cgo: the wide block cipher', () => {
  for (const v of loadVectors('cgo', 'uiv')) {
    const what = v.text('op') === 'encrypt' ? 'cgoEncrypt' : 'cgoDecrypt';
    const state = { keys: v.text('keys'), nonce: noNonce, tprime: v.text('tweak_h') };
    const after = step(what, state, command(v.text('tweak_cmd')), v.bytes('x'), keep);
    assert.equal(after.cell, v.text('y'));
    assert.equal(after.changed, false);
    assert.equal(after.state.keys, state.keys);
    assert.equal(after.state.nonce, state.nonce);
  }
});

test('cgo: the change of keys', () => {
  for (const v of loadVectors('cgo', 'uiv_update')) {
    const state = { keys: v.text('keys'), nonce: v.text('nonce'), tprime: noNonce };
    const after = step('cgoDecrypt', state, 3, new Uint8Array(509), originate);
    assert.equal(after.state.keys, v.text('new_keys'));
    assert.equal(after.state.nonce, v.text('new_nonce'));
  }
});

test('cgo: a relay passes cells on', () => {
  for (const v of loadVectors('cgo', 'relay')) {
    const update = v.text('direction') === 'forward' ? recognize : keep;
    const after = step('cgoEncrypt', v.raw['state'] as State, command(v.text('cmd')), v.bytes('cell'), update);
    assert.equal(after.cell, v.text('out'));
    assert.equal(after.changed, false);
    assert.deepEqual(after.state, v.raw['state_after']);
  }
});

test('cgo: a relay originates cells', () => {
  for (const v of loadVectors('cgo', 'relay_originate')) {
    const cell = blankCell(v.bytes('body'));
    const after = step('cgoEncrypt', v.raw['state'] as State, command(v.text('cmd')), cell, originate);
    assert.equal(after.cell, v.text('out'));
    assert.equal(after.tag, v.text('sendme_tag'));
    assert.deepEqual(after.state, v.raw['state_after']);
  }
});

test('cgo: a client originates cells', () => {
  for (const v of loadVectors('cgo', 'client_originate')) {
    const states = v.raw['state'] as State[];
    const expected = v.raw['state_after'] as State[];
    const target = v.number('target_hop') - 1;
    let cell = blankCell(v.bytes('body'));
    for (let hop = target; hop >= 0; hop--) {
      const update = hop === target ? originate : keep;
      const after = step('cgoDecrypt', states[hop] as State, command(v.text('cmd')), cell, update);
      if (hop === target) assert.equal(after.tag, v.text('sendme_tag'));
      assert.deepEqual(after.state, expected[hop]);
      cell = fromBase16(after.cell);
    }
    assert.equal(base16(cell), v.text('out'));
  }
});

interface Step {
  readonly direction: 'forward' | 'backward';
  readonly hop: number;
  readonly cmd: string;
  readonly body: string;
  readonly wire: readonly string[];
  readonly sendme_tag: string;
}

test('cgo: whole circuits, every layer on every link, from both ends', () => {
  for (const v of loadVectors('cgo', 'conversation')) {
    const material = (v.raw['key_material'] as string[]).map(fromBase16);
    const clients = material.map(cgoClientLayer);
    const relays = material.map(cgoRelayLayer);
    const stack = new ClientLayers();
    for (const keys of material) stack.push(cgoClientLayer(keys));
    for (const s of v.raw['steps'] as Step[]) {
      const cell = blankCell(fromBase16(s.body));
      if (s.direction === 'forward') forward(clients, relays, stack, s, cell);
      else backward(clients, relays, stack, s, cell);
      assert.equal(base16(cell.subarray(16)), s.body);
    }
  }
});

function forward(clients: ClientLayer[], relays: RelayLayer[], stack: ClientLayers, s: Step, cell: Uint8Array): void {
  const at = s.hop - 1;
  const cmd = command(s.cmd);
  const together = cell.slice();
  clients[at]?.originate(cmd, cell);
  assert.equal(base16(clients[at]?.sentTag ?? cell), s.sendme_tag);
  for (let i = at - 1; i >= 0; i--) clients[i]?.encrypt(cmd, cell);
  stack.originate(at, cmd, together);
  assert.deepEqual(together, cell);
  for (let i = 0; i <= at; i++) {
    assert.equal(base16(cell), s.wire[i], `link ${i}`);
    assert.equal(relays[i]?.decrypt(cmd, cell), i === at);
  }
  assert.equal(base16(relays[at]?.receivedTag ?? cell), s.sendme_tag);
}

function backward(clients: ClientLayer[], relays: RelayLayer[], stack: ClientLayers, s: Step, cell: Uint8Array): void {
  const at = s.hop - 1;
  const cmd = command(s.cmd);
  relays[at]?.originate(cmd, cell);
  assert.equal(base16(relays[at]?.sentTag ?? cell), s.sendme_tag);
  for (let i = at; i >= 0; i--) {
    assert.equal(base16(cell), s.wire[at - i], `link ${i}`);
    if (i > 0) relays[i - 1]?.encrypt(cmd, cell);
  }
  const together = cell.slice();
  for (let i = 0; i <= at; i++) assert.equal(clients[i]?.decrypt(cmd, cell), i === at);
  assert.equal(base16(clients[at]?.receivedTag ?? cell), s.sendme_tag);
  assert.equal(stack.decrypt(cmd, together), at);
  assert.deepEqual(together, cell);
}

test("cgo: a changed cell is nobody's, and neither is any after it", () => {
  const keys = Uint8Array.from({ length: cgoKeyLength }, (_, i) => i);
  const [client, relay] = [cgoClientLayer(keys), cgoRelayLayer(keys)];
  const cell = new Uint8Array(509);
  relay.originate(3, cell);
  cell[508] = (cell[508] ?? 0) ^ 1;
  assert.equal(client.decrypt(3, cell), false);
  relay.originate(3, cell);
  assert.equal(client.decrypt(3, cell), false);
});

test('cgo: the command of the link cell is bound', () => {
  const keys = Uint8Array.from({ length: cgoKeyLength }, (_, i) => i);
  const cell = new Uint8Array(509);
  cgoClientLayer(keys).originate(9, cell);
  assert.equal(cgoRelayLayer(keys).decrypt(3, cell.slice()), false);
  assert.equal(cgoRelayLayer(keys).decrypt(9, cell), true);
});

test('cgo: keys of a wrong length', () => {
  assert.throws(() => cgoClientLayer(new Uint8Array(159)), { code: 'BAD_KEY' });
});
