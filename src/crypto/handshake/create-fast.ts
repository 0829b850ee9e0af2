import { concatBytes } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { kdfTor, secretEqual } from '../primitives/index.ts';
import type { ClientHandshake, KeyMaterial, ServerHandshake } from './result.ts';

/** Key material of CREATE_FAST also has KH, the bytes that bind ESTABLISH_INTRO to the circuit. */
export interface FastKeys extends KeyMaterial {
  readonly keyHash: Uint8Array;
}

const expand = (x: Uint8Array, y: Uint8Array): FastKeys => {
  const k0 = concatBytes(x, y);
  return { keyHash: kdfTor(k0, 20), keys: (length) => kdfTor(k0, 20 + length).subarray(20) };
};

/** spec: tor-spec 5.1.5 */
export function createFastClient(random: Random): ClientHandshake<FastKeys> {
  const x = random.bytes(20);
  return {
    onionskin: x,
    finish(reply) {
      const material = reply.length < 40 ? undefined : expand(x, reply.subarray(0, 20));
      if (material === undefined || !secretEqual(reply.subarray(20, 40), material.keyHash)) {
        throw new TorError('HANDSHAKE_FAILED', 'CREATED_FAST does not prove the shared key');
      }
      return material;
    },
  };
}

export function createFastServer(random: Random, onionskin: Uint8Array): ServerHandshake & FastKeys {
  if (onionskin.length < 20) throw new TorError('HANDSHAKE_FAILED', 'CREATE_FAST is too short');
  const y = random.bytes(20);
  const material = expand(onionskin.subarray(0, 20), y);
  return { ...material, reply: concatBytes(y, material.keyHash) };
}
