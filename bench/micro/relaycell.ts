// What the encryption of relay cells costs per cell: node --import tsx bench/micro/relaycell.ts
import {
  type ClientLayer,
  ClientLayers,
  cgoClientLayer,
  cgoKeyLength,
  cgoRelayLayer,
  hsClientLayer,
  hsKeyLength,
  hsServiceLayer,
  tor1ClientLayer,
  tor1KeyLength,
  tor1RelayLayer,
} from '../../src/crypto/relaycell/index.ts';
import { measure, printTable, type Row } from '../support/table.ts';

const relay = 3;
const cells = 64;
const keysOf = (length: number, hop: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7 + hop * 31);

type Kind = 'tor1' | 'cgo' | 'hs';
const lengths = { tor1: tor1KeyLength, cgo: cgoKeyLength, hs: hsKeyLength };
const clientOf = { tor1: tor1ClientLayer, cgo: cgoClientLayer, hs: hsClientLayer };
const relayOf = { tor1: tor1RelayLayer, cgo: cgoRelayLayer, hs: hsServiceLayer };

const clientLayer = (kind: Kind, hop: number): ClientLayer => clientOf[kind](keysOf(lengths[kind], hop));
const relayLayer = (kind: Kind, hop: number): ClientLayer => relayOf[kind](keysOf(lengths[kind], hop));

function stackOf(kinds: readonly Kind[]): ClientLayers {
  const stack = new ClientLayers();
  kinds.forEach((kind, hop) => {
    stack.push(clientLayer(kind, hop));
  });
  return stack;
}

/** As they lie in a receive buffer: 5 bytes of header before every body. */
const bodies = Array.from({ length: cells }, (_, i) =>
  new Uint8Array(514 * cells).subarray(514 * i + 5, 514 * (i + 1)),
);

/** Cost of the whole cell at the client, inbound: made by the relays in turn, which is not timed. */
function clientIn(kinds: readonly Kind[]): Row {
  const stack = stackOf(kinds);
  const relays = kinds.map(relayLayer);
  const last = kinds.length - 1;
  return measure(`client, in: ${kinds.join(' ')}`, cells, {
    prepare() {
      for (const body of bodies) {
        relays[last]?.originate(relay, body);
        for (let i = last - 1; i >= 0; i--) relays[i]?.encrypt(relay, body);
      }
    },
    run() {
      for (const body of bodies) if (stack.decrypt(relay, body) !== last) throw new Error('not recognized');
    },
  });
}

function clientOut(kinds: readonly Kind[]): Row {
  const stack = stackOf(kinds);
  return measure(`client, out: ${kinds.join(' ')}`, cells, {
    run() {
      for (const body of bodies) stack.originate(kinds.length - 1, relay, body);
    },
  });
}

/** A relay's end of a circuit, inbound and outbound. */
function relayEnd(kind: Kind): Row[] {
  const [client, forward] = [clientLayer(kind, 0), relayLayer(kind, 0)];
  const backward = relayLayer(kind, 0);
  return [
    measure(`relay, at the end, originate: ${kind}`, cells, {
      run() {
        for (const body of bodies) backward.originate(relay, body);
      },
    }),
    measure(`relay, at the end, receive: ${kind}`, cells, {
      prepare() {
        for (const body of bodies) client.originate(relay, body);
      },
      run() {
        for (const body of bodies) if (!forward.decrypt(relay, body)) throw new Error('not recognized');
      },
    }),
  ];
}

function relayPass(kind: Kind): Row {
  const layer = relayLayer(kind, 0);
  return measure(`relay, passing on: ${kind}`, cells, {
    run() {
      for (const body of bodies) layer.encrypt(relay, body);
    },
  });
}

printTable('Relay cells', 'µs per cell', [
  clientIn(['tor1', 'tor1', 'tor1']),
  clientIn(['tor1', 'tor1', 'cgo']),
  clientIn(['cgo', 'cgo', 'cgo']),
  clientIn(['tor1', 'tor1', 'tor1', 'hs']),
  clientOut(['tor1', 'tor1', 'tor1']),
  clientOut(['tor1', 'tor1', 'cgo']),
  clientOut(['tor1', 'tor1', 'tor1', 'hs']),
  relayPass('tor1'),
  relayPass('cgo'),
  ...relayEnd('tor1'),
  ...relayEnd('cgo'),
  ...relayEnd('hs'),
]);
