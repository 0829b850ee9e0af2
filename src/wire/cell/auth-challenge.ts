import { Reader, Writer } from '../../base/bytes/index.ts';

/** The one method of today: Ed25519-SHA256-RFC5705. Types 1 and 2 are history. spec: tor-spec 4.4 */
export const authMethodEd25519 = 3;

export interface AuthChallenge {
  readonly challenge: Uint8Array;
  readonly methods: readonly number[];
}

/** Challenge (32), N_METHODS (2), methods (2 each). spec: tor-spec 4.3 */
export function encodeAuthChallenge(message: AuthChallenge): Uint8Array {
  const writer = new Writer(40).bytes(message.challenge).u16(message.methods.length);
  for (const method of message.methods) writer.u16(method);
  return writer.finish();
}

/** Throws TRUNCATED. */
export function decodeAuthChallenge(body: Uint8Array): AuthChallenge {
  const reader = new Reader(body);
  const challenge = reader.bytes(32);
  const count = reader.u16();
  const methods: number[] = [];
  for (let i = 0; i < count; i++) methods.push(reader.u16());
  return { challenge, methods };
}
