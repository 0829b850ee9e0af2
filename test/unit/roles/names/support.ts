import { type Ed25519SecretKey, ed25519KeyPair } from '../../../../src/crypto/primitives/index.ts';
import type { AddressCodec, Petname } from '../../../../src/roles/names/index.ts';
import { onionLabel, parseOnionAddress } from '../../../../src/roles/onion/index.ts';

export const codec: AddressCodec = { label: onionLabel, identityKey: parseOnionAddress };

/** A service's key and address, the same for the same number. */
export function service(number: number): { readonly key: Ed25519SecretKey; readonly address: string } {
  const key = ed25519KeyPair(new Uint8Array(32).fill(number));
  return { key, address: onionLabel(key.publicKey) };
}

export const addedMs = Date.UTC(2026, 10, 21, 12);

export const petname = (name: string, number: number): Petname => ({ name, address: service(number).address, addedMs });
