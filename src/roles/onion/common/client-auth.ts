import { base32, fromBase32 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { x25519, x25519PublicKey } from '../../../crypto/primitives/index.ts';
import { parseOnionAddress } from './address.ts';

const probe = new Uint8Array(32).fill(1);

/** A client's key for one service: a line of a `*.auth_private` file. */
export interface ClientCredential {
  readonly identityKey: Uint8Array;
  /** x25519 secret key, 32 bytes. */
  readonly secretKey: Uint8Array;
  /** What a controller calls it. */
  readonly clientName?: string;
  /** It is kept in a file. */
  readonly permanent?: boolean;
}

/**
 * `<address>:descriptor:x25519:<base32 secret key>`, the whole content of a `*.auth_private` file.
 *
 * @throws TorError ONION_AUTH_FILE_INVALID
 */
export function parseClientCredential(text: string): ClientCredential {
  const [address, type, keyType, key, extra] = text.trim().split(':');
  if (
    address === undefined ||
    type !== 'descriptor' ||
    keyType !== 'x25519' ||
    key === undefined ||
    extra !== undefined
  ) {
    throw new TorError('ONION_AUTH_FILE_INVALID');
  }
  const secretKey = key32(key);
  if (secretKey.every((byte) => byte === 0)) throw new TorError('ONION_AUTH_FILE_INVALID', 'the key is all zeros');
  return { identityKey: parseOnionAddress(address), secretKey };
}

export function formatClientCredential(label: string, secretKey: Uint8Array): string {
  return `${label}:descriptor:x25519:${base32(secretKey).toUpperCase()}\n`;
}

/**
 * `descriptor:x25519:<base32 public key>`, the content of a service's `authorized_clients/*.auth` file.
 *
 * @throws TorError ONION_AUTH_FILE_INVALID
 */
export function parseAuthorizedClient(text: string): Uint8Array {
  const [type, keyType, key, extra] = text.trim().split(':');
  if (type !== 'descriptor' || keyType !== 'x25519' || key === undefined || extra !== undefined) {
    throw new TorError('ONION_AUTH_FILE_INVALID');
  }
  const publicKey = key32(key);
  try {
    // With a key of small order no secret can be shared; it would make every descriptor fail.
    x25519(probe, publicKey);
  } catch (cause) {
    throw new TorError('ONION_AUTH_FILE_INVALID', 'the key is no x25519 public key', { cause });
  }
  return publicKey;
}

export function formatAuthorizedClient(secretKey: Uint8Array): string {
  return `descriptor:x25519:${base32(x25519PublicKey(secretKey)).toUpperCase()}\n`;
}

function key32(text: string): Uint8Array {
  const key = /^[a-z2-7]{52}$/i.test(text) ? fromBase32(text) : undefined;
  if (key === undefined || key.length !== 32) throw new TorError('ONION_AUTH_FILE_INVALID');
  return key;
}
