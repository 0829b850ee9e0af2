import { concatBytes, fromLatin1 } from '../../src/base/bytes/index.ts';
import { ed25519KeyPair, ed25519Sign, sha3Mac } from '../../src/crypto/primitives/index.ts';
import type { RelayCircuit } from '../../src/protocol/circuit/index.ts';
import { OnionRelay } from '../../src/roles/onion/index.ts';
import { DestroyReason } from '../../src/wire/cell/index.ts';
import {
  decodeEstablishIntro,
  encodeEstablishIntro,
  encodeEstablishIntroHead,
  RelayCommand,
} from '../../src/wire/relaymsg/index.ts';
import { RawClient } from '../support/raw-ends.ts';

export const name = 'onion-relay';

const commands = [
  RelayCommand.ESTABLISH_INTRO,
  RelayCommand.INTRODUCE1,
  RelayCommand.ESTABLISH_RENDEZVOUS,
  RelayCommand.RENDEZVOUS1,
  RelayCommand.INTRODUCE2,
] as const;
const clientCount = 4;

/**
 * Messages of onion services at a relay, from several circuits in any order. Each operation is a byte for the circuit and
 * the command, a length, and the body. However wrong they are, nothing is kept of a circuit that is gone.
 */
export function fuzz(data: Uint8Array): void {
  const clients = Array.from({ length: clientCount }, () => new RawClient('windows'));
  const relay = new OnionRelay(
    { clock: (clients[0] as RawClient).world.clock },
    { introDos: () => ({ enabled: true, ratePerSec: 2, burstPerSec: 2 }) },
  );
  const gone = new Set<RelayCircuit>();
  const reap = (): void => {
    for (const { circuit } of clients) {
      if (circuit.state !== 'closed' || gone.has(circuit)) continue;
      gone.add(circuit);
      relay.closed(circuit);
    }
  };
  for (let at = 0; at + 1 < data.length; ) {
    const choice = data[at++] as number;
    const length = Math.min((data[at++] as number) * 2, 498);
    const { circuit } = clients[choice % clientCount] as RawClient;
    const kind = (choice >> 2) % (commands.length + 2);
    if (circuit.state !== 'open') {
      at += length;
      continue;
    }
    if (kind === commands.length) circuit.close(DestroyReason.REQUESTED);
    else if (kind === commands.length + 1)
      relay.message(circuit, RelayCommand.ESTABLISH_INTRO, establish(circuit, choice));
    else relay.message(circuit, commands[kind] as number, data.slice(at, at + length));
    at += length;
    reap();
  }
  const alive = clientCount - gone.size;
  if (relay.rendezvous.waiting > alive || relay.introduction.services > alive) {
    throw new Error('something is kept of circuits that are gone');
  }
}

/** One that proves its key, so that what comes after it is reached. */
function establish(circuit: RelayCircuit, seed: number): Uint8Array {
  const key = ed25519KeyPair(new Uint8Array(32).fill(seed >> 5));
  const head = encodeEstablishIntroHead(key.publicKey);
  const signed = concatBytes(head, sha3Mac(circuit.keyHash, head));
  const message = concatBytes(fromLatin1('Tor establish-intro cell v1'), signed);
  const body = encodeEstablishIntro(signed, ed25519Sign(message, key));
  decodeEstablishIntro(body);
  return body;
}

const operation = (circuit: number, command: number, body: readonly number[]): number[] => [
  circuit + command * 4,
  Math.ceil(body.length / 2),
  ...body,
  ...(body.length % 2 === 1 ? [0] : []),
];

const cookie = (byte: number): number[] => new Array<number>(20).fill(byte);

export const seeds = (): Uint8Array[] => [
  Uint8Array.from([...operation(0, 2, cookie(1)), ...operation(1, 3, [...cookie(1), ...cookie(2), ...cookie(3), 4])]),
  Uint8Array.from([...operation(0, 6, []), ...operation(1, 1, [...cookie(0), 2, 0, 32, ...cookie(5), ...cookie(6)])]),
  Uint8Array.from([...operation(0, 2, cookie(9)), ...operation(0, 2, cookie(9)), ...operation(2, 5, [])]),
];
