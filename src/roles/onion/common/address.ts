import { base32, concatBytes, fromBase32, fromUtf8 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import { isValidEd25519PublicKey, sha3_256 } from '../../../crypto/primitives/index.ts';

const version = 3;
const labelLength = 56;
const checksumPrefix = fromUtf8('.onion checksum');

/** The first two bytes of SHA3-256(".onion checksum" | key | version). spec: rend-spec-v3 6 [ONIONADDRESS] */
function checksum(identityKey: Uint8Array): Uint8Array {
  return sha3_256(concatBytes(checksumPrefix, identityKey, Uint8Array.of(version))).subarray(0, 2);
}

/** The 56-character label, without ".onion", of a 32-byte identity key. */
export function onionLabel(identityKey: Uint8Array): string {
  return base32(concatBytes(identityKey, checksum(identityKey), Uint8Array.of(version)));
}

/** `<56 characters>.onion` of a 32-byte identity key. */
export function onionHostname(identityKey: Uint8Array): string {
  return `${onionLabel(identityKey)}.onion`;
}

/**
 * The identity key in a v3 address, with or without ".onion" and with or without sub-domains before it.
 *
 * @throws TorError ONION_ADDRESS_INVALID; `facts.why` tells a wrong length, alphabet, checksum, version or key.
 */
export function parseOnionAddress(address: string): Uint8Array {
  const bare = address.toLowerCase().replace(/\.onion\.?$/, '');
  const label = bare.slice(bare.lastIndexOf('.') + 1);
  const refuse = (why: string, message: string): never => {
    throw new TorError('ONION_ADDRESS_INVALID', message, { facts: { why } });
  };
  if (label.length === 16) return refuse('version', 'This is a version 2 onion address; those ended in 2021.');
  if (label.length !== labelLength) {
    const has = /\.onion\.?$/i.test(address) ? `this one has ${label.length}` : 'this is none';
    return refuse('length', `An onion address has 56 characters before ".onion"; ${has}.`);
  }
  if (!/^[a-z2-7]*$/.test(label))
    return refuse('alphabet', 'An onion address has only letters a to z and digits 2 to 7.');
  const bytes = fromBase32(label);
  const key = bytes.subarray(0, 32);
  if (bytes[34] !== version) {
    return refuse('version', 'The end of this onion address is wrong: it is mistyped, or of a version later than 3.');
  }
  const expected = checksum(key);
  if (bytes[32] !== expected[0] || bytes[33] !== expected[1]) {
    return refuse('checksum', 'The checksum of this onion address is wrong: it is mistyped or cut.');
  }
  if (!isValidEd25519PublicKey(key)) return refuse('key', 'The key in this onion address is not a valid key.');
  return key.slice();
}
