import { edwards } from '@noble/curves/abstract/edwards.js';

type Curve = ReturnType<typeof edwards>;
export type EdPoint = InstanceType<Curve>;

let made: Curve | undefined;

/**
 * The curve of Ed25519 for the arithmetic that the platform does not offer. Made at its first use from the library's
 * general part: what comes ready made brings protocols along that cost every start 40 ms and 8 MB.
 */
export function ed25519Curve(): Curve {
  made ??= edwards(parameters, { uvRatio: rootOfRatio });
  return made;
}

/** RFC 8032, 5.1. */
const p = 2n ** 255n - 19n;
const parameters = {
  p,
  n: 2n ** 252n + 27742317777372353535851937790883648493n,
  h: 8n,
  a: p - 1n,
  d: 37095705934669439343138083508754565189542113879843219016388785533085940283555n,
  Gx: 15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  Gy: 46316835694926478169428394003475163141307993866256225615783033603165251855960n,
};
/** 2^((p - 1) / 4) */
const rootOfMinusOne = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;

/** sqrt(u / v) without a division: u v^3 (u v^7)^((p - 5) / 8), or that times the root of -1. RFC 8032, 5.1.3 */
function rootOfRatio(u: bigint, v: bigint): { isValid: boolean; value: bigint } {
  const v3 = (((v * v) % p) * v) % p;
  const base = (((((u * v3) % p) * v3) % p) * v) % p;
  const power = (squared(allOnes(base, 250), 2) * base) % p;
  const first = (((u * v3) % p) * power) % p;
  const ratio = (((v * first) % p) * first) % p;
  const isFirst = ratio === u % p;
  const isSecond = ratio === (p - (u % p)) % p;
  const root = isFirst ? first : (first * rootOfMinusOne) % p;
  return { isValid: isFirst || isSecond, value: (root & 1n) === 0n ? root : p - root };
}

/** x^(2^bits - 1): the exponent with so many ones. */
function allOnes(x: bigint, bits: number): bigint {
  if (bits === 1) return x;
  const half = allOnes(x, bits >> 1);
  const even = (squared(half, bits >> 1) * half) % p;
  return (bits & 1) === 0 ? even : (((even * even) % p) * x) % p;
}

function squared(x: bigint, times: number): bigint {
  let out = x;
  for (let i = 0; i < times; i++) out = (out * out) % p;
  return out;
}
