import { concatBytes } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { createFastServer, ntorServer, ntorV3Server } from '../../crypto/handshake/index.ts';
import type { X25519KeyPair } from '../../crypto/primitives/index.ts';
import { cgoKeyLength, tor1KeyLength } from '../../crypto/relaycell/index.ts';
import { CellCommand, decodeCreate2, decodeCreateFast, encodeCreated2, HandshakeType } from '../../wire/cell/index.ts';
import { keyHashLength } from './client-handshake.ts';
import { answerRequest, type CircuitSettings } from './negotiate.ts';
import type { CongestionParams } from './params.ts';

/** A relay's keys for circuit handshakes. */
export interface RelayKeys {
  readonly rsaId: Uint8Array;
  readonly ed25519Id: Uint8Array;
  /** The ntor key of now, then those still in their grace time. */
  readonly onionKeys: readonly X25519KeyPair[];
}

/** All that CREATE, answered, gives: plain data, so that a worker thread can make it. */
export interface CreateAnswer extends CircuitSettings {
  /** CREATED_FAST or CREATED2, and its body: a view, for whoever sends it at once. */
  readonly command: number;
  readonly body: Uint8Array;
  /** Raw keys of the layer, then KH (20 bytes). The circuit keeps them as they are. */
  readonly keys: Uint8Array;
  /** Made with CREATE_FAST. */
  readonly fast: boolean;
}

/**
 * The relay's half of CREATE_FAST and CREATE2 with ntor or ntor-v3. TAP is history, as in C tor 0.4.9.
 *
 * Throws HANDSHAKE_FAILED, BAD_KEY, TRUNCATED and the like: the circuit is then destroyed with TORPROTOCOL.
 */
export function answerCreate(
  deps: { readonly random: Random },
  create: { readonly command: number; readonly body: Uint8Array },
  options: { readonly keys: RelayKeys; readonly congestion: CongestionParams; readonly cgo: boolean },
): CreateAnswer {
  if (create.command === CellCommand.CREATE_FAST) return answerFast(deps.random, create.body);
  if (create.command !== CellCommand.CREATE2) throw refused(`a cell with command ${create.command}`);
  const { handshakeType, data } = decodeCreate2(create.body);
  if (handshakeType === HandshakeType.NTOR) return answerNtor(deps.random, data, options.keys);
  if (handshakeType === HandshakeType.NTOR_V3) return answerNtorV3(deps.random, data, options);
  throw refused(`a handshake of type ${handshakeType}`);
}

const refused = (what: string): TorError => new TorError('HANDSHAKE_FAILED', `cannot make a circuit from ${what}`);

const fixed: CircuitSettings = { sendmeInc: undefined, cgo: false };

function answerFast(random: Random, body: Uint8Array): CreateAnswer {
  const { reply, keyHash, keys } = createFastServer(random, decodeCreateFast(body));
  return {
    ...fixed,
    command: CellCommand.CREATED_FAST,
    body: reply,
    keys: concatBytes(keys(tor1KeyLength), keyHash),
    fast: true,
  };
}

function answerNtor(random: Random, data: Uint8Array, keys: RelayKeys): CreateAnswer {
  if (data.length !== 84) throw refused('an ntor onionskin of a wrong length');
  const server = ntorServer(random, keys, data);
  return { ...fixed, ...created2(server, tor1KeyLength) };
}

function answerNtorV3(
  random: Random,
  data: Uint8Array,
  options: { readonly keys: RelayKeys; readonly congestion: CongestionParams; readonly cgo: boolean },
): CreateAnswer {
  const request = ntorV3Server(random, options.keys, data);
  const { message, sendmeInc, cgo } = answerRequest(request.message, options.congestion, options);
  return { sendmeInc, cgo, ...created2(request.answer(message), cgo ? cgoKeyLength : tor1KeyLength) };
}

function created2(
  server: { readonly reply: Uint8Array; keys(length: number): Uint8Array },
  keyLength: number,
): Omit<CreateAnswer, keyof CircuitSettings> {
  return {
    command: CellCommand.CREATED2,
    body: encodeCreated2(server.reply),
    keys: server.keys(keyLength + keyHashLength),
    fast: false,
  };
}
