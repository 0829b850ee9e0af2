import { concatBytes, fromUtf8, Writer } from '../../../base/bytes/index.ts';
import { blindPublicKey, sha3_256 } from '../../../crypto/primitives/index.ts';

const basepoint = fromUtf8(
  '(15112221349535400772501151409588531511454012693041857206046113283949847762202, ' +
    '46316835694926478169428394003475163141307993866256225615783033603165251855960)',
);
const blindPrefix = fromUtf8('Derive temporary signing key\0');

/** The 32-byte blinding parameter of a time period. spec: rend-spec-v3 A.2 [KEYBLIND] */
export function blindingParameter(identityKey: Uint8Array, periodNumber: number, periodMinutes: number): Uint8Array {
  const nonce = new Writer(25).bytes(fromUtf8('key-blind')).u64(BigInt(periodNumber)).u64(BigInt(periodMinutes)).view();
  return sha3_256(concatBytes(blindPrefix, identityKey, basepoint, nonce));
}

export interface PeriodKeys {
  readonly blindedKey: Uint8Array;
  readonly subcredential: Uint8Array;
}

/** What a client and an HSDir know a service by during one time period. */
export function periodKeys(identityKey: Uint8Array, periodNumber: number, periodMinutes: number): PeriodKeys {
  const blindedKey = blindPublicKey(identityKey, blindingParameter(identityKey, periodNumber, periodMinutes));
  return { blindedKey, subcredential: subcredentialOf(identityKey, blindedKey) };
}

/** spec: rend-spec-v3 2.1 [SUBCRED] */
export function subcredentialOf(identityKey: Uint8Array, blindedKey: Uint8Array): Uint8Array {
  const credential = sha3_256(concatBytes(fromUtf8('credential'), identityKey));
  return sha3_256(concatBytes(fromUtf8('subcredential'), credential, blindedKey));
}
