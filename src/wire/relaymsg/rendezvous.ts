import { concatBytes, Reader } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';

const cookieLength = 20;
/** SERVER_PK (32) and AUTH (32) of the hs-ntor handshake. */
const handshakeLength = 64;

/** ESTABLISH_RENDEZVOUS is the cookie (20). spec: rend-spec-v3 4.1 */
export function encodeEstablishRendezvous(cookie: Uint8Array): Uint8Array {
  if (cookie.length !== cookieLength) throw new TorError('INTERNAL', 'a rendezvous cookie has 20 bytes');
  return cookie.slice();
}

/** Throws VALUE_OUT_OF_RANGE: C tor closes the circuit of a wrong length. */
export function decodeEstablishRendezvous(body: Uint8Array): Uint8Array {
  if (body.length !== cookieLength) throw new TorError('VALUE_OUT_OF_RANGE', 'a rendezvous cookie has 20 bytes');
  return body;
}

export interface Rendezvous1 {
  readonly cookie: Uint8Array;
  /** What goes on to the client as RENDEZVOUS2, with the padding it came with. */
  readonly handshake: Uint8Array;
}

/** Cookie (20), handshake (64). C tor's services add random bytes up to 168; the caller may too. spec: rend-spec-v3 4.2 */
export const encodeRendezvous1 = (cookie: Uint8Array, handshake: Uint8Array, padding?: Uint8Array): Uint8Array =>
  concatBytes(cookie, handshake, padding ?? new Uint8Array(0));

/** Throws TRUNCATED. */
export function decodeRendezvous1(body: Uint8Array): Rendezvous1 {
  const reader = new Reader(body);
  return { cookie: reader.bytes(cookieLength), handshake: reader.rest() };
}

/** The 64 bytes of the handshake; the rest is padding. Throws TRUNCATED. */
export const decodeRendezvous2 = (body: Uint8Array): Uint8Array => new Reader(body).bytes(handshakeLength);
