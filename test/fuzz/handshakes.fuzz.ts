import { TorError } from '../../src/base/errors/index.ts';
import type { Random } from '../../src/base/runtime/index.ts';
import {
  createFastClient,
  hsNtorClient,
  hsNtorService,
  ntorClient,
  ntorV3Client,
} from '../../src/crypto/handshake/index.ts';
import { x25519KeyPair } from '../../src/crypto/primitives/index.ts';
import { answerCreate, defaultCircuitParams } from '../../src/protocol/circuit/index.ts';
import { CellCommand, encodeCreate2, HandshakeType } from '../../src/wire/cell/index.ts';

export const name = 'handshakes';

let counter = 0;
const random: Random = {
  bytes: (length) => Uint8Array.from({ length }, () => (counter = (counter * 73 + 41) & 255)),
  below: () => 0,
  unit: () => 0,
};
const rsaId = random.bytes(20);
const ed25519Id = random.bytes(32);
const onionKey = x25519KeyPair(random);
const relay = { rsaId, ed25519Id, onionKey: onionKey.publicKey };
const keys = { rsaId, ed25519Id, onionKeys: [onionKey] };
const intro = { authKey: random.bytes(32), subcredential: random.bytes(32) };
const { congestion } = defaultCircuitParams;

const circuitClients = [ntorClient(random, relay), ntorV3Client(random, relay, Uint8Array.of(1, 1, 0))];
const clients = [
  ...circuitClients,
  createFastClient(random),
  hsNtorClient(random, { ...intro, encKey: onionKey.publicKey }),
];

const attempts: readonly ((data: Uint8Array) => unknown)[] = [
  (data) => answerCreate({ random }, { command: CellCommand.CREATE2, body: data }, { keys, congestion, cgo: true }),
  (data) => answerCreate({ random }, { command: CellCommand.CREATE_FAST, body: data }, { keys, congestion, cgo: true }),
  (data) =>
    hsNtorService(
      { authKey: intro.authKey, subcredentials: [intro.subcredential], encKey: onionKey },
      data.subarray(0, 20),
      data.subarray(20),
    ),
  ...clients.map((client) => (data: Uint8Array) => client.finish(data)),
];

/** Onionskins at a relay, introductions at a service, and answers at a client: refused with typed errors only. */
export function fuzz(data: Uint8Array): void {
  const attempt = attempts[(data[0] ?? 0) % attempts.length];
  try {
    attempt?.(data.subarray(1));
  } catch (error) {
    if (!TorError.is(error) || error.code === 'INTERNAL') throw error;
  }
}

export const seeds = (): Uint8Array[] => [
  Uint8Array.of(0),
  ...[HandshakeType.NTOR, HandshakeType.NTOR_V3].map((handshakeType, i) =>
    Uint8Array.of(0, ...encodeCreate2({ handshakeType, data: circuitClients[i]?.onionskin ?? rsaId })),
  ),
  Uint8Array.of(1, ...random.bytes(20)),
  Uint8Array.of(2, ...random.bytes(200)),
  ...[64, 80, 40, 64].map((length, i) => Uint8Array.of(3 + i, ...random.bytes(length))),
];
