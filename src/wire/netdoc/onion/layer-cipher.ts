/** Encryption of a descriptor's two layers. spec: rend-spec-v3 2.5.3 */
import { concatBytes, fromLatin1, Writer } from '../../../base/bytes/index.ts';
import type { Random } from '../../../base/runtime/index.ts';
import { AesCtr, secretEqual, sha3Mac, shake256 } from '../../../crypto/primitives/index.ts';
import type { LayerSecrets } from './types.ts';

export type LayerName = 'outer' | 'inner';

const saltLength = 16;
const macLength = 32;
const constants = {
  outer: fromLatin1('hsdir-superencrypted-data'),
  inner: fromLatin1('hsdir-encrypted-data'),
} as const;

/** Whether there is at least one byte between salt and MAC. */
export const isLayerLength = (length: number): boolean => length > saltLength + macLength;

/** Plaintext with its zero padding; undefined when the MAC does not match. `cookie` is for the inner layer only. */
export function openLayer(
  layer: LayerName,
  blob: Uint8Array,
  secrets: LayerSecrets,
  cookie?: Uint8Array,
): Uint8Array | undefined {
  if (!isLayerLength(blob.length)) return undefined;
  const salt = blob.subarray(0, saltLength);
  const encrypted = blob.subarray(saltLength, blob.length - macLength);
  const keys = layerKeys(layer, salt, secrets, cookie);
  const mac = sha3Mac(keys.macKey, saltHeader, salt, encrypted);
  if (!secretEqual(mac, blob.subarray(blob.length - macLength))) return undefined;
  return new AesCtr(keys.key, keys.iv).crypt(encrypted);
}

/** SALT | ENCRYPTED | MAC. */
export function sealLayer(
  layer: LayerName,
  plaintext: Uint8Array,
  secrets: LayerSecrets,
  options: { readonly cookie?: Uint8Array | undefined; readonly random: Random },
): Uint8Array {
  const salt = options.random.bytes(saltLength);
  const keys = layerKeys(layer, salt, secrets, options.cookie);
  const encrypted = new AesCtr(keys.key, keys.iv).crypt(plaintext);
  return concatBytes(salt, encrypted, sha3Mac(keys.macKey, saltHeader, salt, encrypted));
}

// The MAC's message begins with the salt's length in eight bytes.
const saltHeader = new Writer(8).u32(0).u32(saltLength).finish();

interface LayerKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly macKey: Uint8Array;
}

function layerKeys(
  layer: LayerName,
  salt: Uint8Array,
  secrets: LayerSecrets,
  cookie: Uint8Array = new Uint8Array(0),
): LayerKeys {
  const { blindedKey, subcredential, revisionCounter } = secrets;
  const counter = new Uint8Array(8);
  new DataView(counter.buffer).setBigUint64(0, revisionCounter);
  const input = concatBytes(blindedKey, cookie, subcredential, counter, salt, constants[layer]);
  const keys = shake256(input, 80);
  return { key: keys.subarray(0, 32), iv: keys.subarray(32, 48), macKey: keys.subarray(48) };
}
