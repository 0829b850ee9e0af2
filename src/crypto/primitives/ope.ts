import { TorError } from '../../base/errors/index.ts';
import { AesCtr } from './aes.ts';

/** The largest plaintext: more seconds than two time periods have. */
export const opeMax = 131072;

const chunkWords = 8192;
const zeros = new Uint8Array(chunkWords * 2);

/**
 * Order-preserving encryption, for descriptor revision counters: `value` in 1..131072 becomes the sum of that many
 * little-endian 16-bit words of an AES-256-CTR keystream, each plus one. Never above 2^33. Throws VALUE_OUT_OF_RANGE.
 * spec: rend-spec-v3 F.2
 */
export function opeEncrypt(key: Uint8Array, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > opeMax) {
    throw new TorError('VALUE_OUT_OF_RANGE', `order-preserving encryption of ${value}`);
  }
  const stream = new AesCtr(key);
  let sum = value;
  for (let left = value; left > 0; left -= chunkWords) {
    const bytes = stream.crypt(zeros.subarray(0, Math.min(left, chunkWords) * 2));
    for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
  }
  return sum;
}
