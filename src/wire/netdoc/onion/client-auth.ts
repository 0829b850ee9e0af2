/** Who may open the inner layer. spec: rend-spec-v3 2.5.1.2, G.1.1 */
import { bytesEqual, concatBytes } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import { AesCtr, shake256, x25519 } from '../../../crypto/primitives/index.ts';
import type { AuthClient, OnionDescriptorFirstLayer } from './types.ts';

const clientIdLength = 8;
const ivLength = 16;
export const cookieLength = 16;
/** The number of clients is hidden up to a multiple of this. */
const clientMultiple = 16;

function cookieKeys(subcredential: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array) {
  const keys = shake256(concatBytes(subcredential, x25519(secretKey, publicKey)), clientIdLength + 32);
  return { clientId: keys.subarray(0, clientIdLength), cookieKey: keys.subarray(clientIdLength) };
}

/** The descriptor cookie for this client; undefined when no line is for it. */
export function findCookie(
  layer: OnionDescriptorFirstLayer,
  subcredential: Uint8Array,
  clientSecretKey: Uint8Array,
): Uint8Array | undefined {
  const keys = keysWith(layer.authEphemeralKey, subcredential, clientSecretKey);
  const client = layer.authClients.find((each) => keys !== undefined && bytesEqual(each.clientId, keys.clientId));
  if (keys === undefined || client === undefined) return undefined;
  return new AesCtr(keys.cookieKey, client.iv).crypt(client.encryptedCookie);
}

/** Undefined for an ephemeral key of small order, which no service makes. */
function keysWith(publicKey: Uint8Array, subcredential: Uint8Array, secretKey: Uint8Array) {
  try {
    return cookieKeys(subcredential, secretKey, publicKey);
  } catch (error) {
    if (TorError.is(error) && error.code === 'BAD_KEY') return undefined;
    throw error;
  }
}

export interface AuthorizedClients {
  readonly subcredential: Uint8Array;
  readonly ephemeralSecretKey: Uint8Array;
  readonly cookie: Uint8Array;
  /** x25519 public keys. */
  readonly clients: readonly Uint8Array[];
}

/** Lines for the clients among made-up ones, in random order. Throws BAD_KEY for a client's key of small order. */
export function authClientsFor(authorized: AuthorizedClients, random: Random): AuthClient[] {
  const { subcredential, ephemeralSecretKey, cookie } = authorized;
  const clients = authorized.clients.map((publicKey): AuthClient => {
    const { clientId, cookieKey } = cookieKeys(subcredential, ephemeralSecretKey, publicKey);
    const iv = random.bytes(ivLength);
    return { clientId, iv, encryptedCookie: new AesCtr(cookieKey, iv).crypt(cookie) };
  });
  while (clients.length === 0 || clients.length % clientMultiple !== 0) clients.push(fakeClient(random));
  return shuffled(clients, random);
}

const fakeClient = (random: Random): AuthClient => ({
  clientId: random.bytes(clientIdLength),
  iv: random.bytes(ivLength),
  encryptedCookie: random.bytes(cookieLength),
});

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(random.below(left.length), 1));
  return out;
}
