import { at, type Code, FunctionBuilder, i32, i64, type Local, loop } from './assembler.ts';

/** The round constants, little-endian: 192 bytes. FIPS 202 3.2.5 */
export const keccakConstants: readonly number[] = makeConstants();

/**
 * Lanes that are kept complemented from one round to the next: then chi takes five inversions instead of 25. The set of
 * the designers' own implementation guide (Bertoni et al.: "Keccak implementation overview", 2.2).
 */
const complemented = [1, 2, 8, 12, 17, 20];

/** For every lane x + 5 y after rho and pi: where it was before, and by how many bits it was turned. */
const origins = makeOrigins();

type L = Local<'i64'>;

/**
 * keccak(state): the permutation of 25 lanes in place. FIPS 202 3.3
 *
 * Two rounds a turn, to `scratch` (200 bytes) and back, row after row, so that few lanes are in registers: those of one
 * row, and the parities of the columns, of this round and the next.
 */
export function keccak(places: { readonly keccakConstants: number; readonly keccakScratch: number }): FunctionBuilder {
  const f = new FunctionBuilder(1);
  const state = f.param(0);
  const parity = [f.locals('i64', 5), f.locals('i64', 5)] as const;
  const sheet = f.locals('i64', 5);
  const row = f.locals('i64', 5);
  const result = f.local('i64');
  const constant = f.local('i32');
  const scratch = i32.const(places.keccakScratch);
  const invert = complemented.map((i) => i64.store(state.get, not(i64.load(state.get, 8 * i)), 8 * i));
  const round = (index: 0 | 1): Code => {
    const [from, to] = index === 0 ? [state.get, scratch] : [scratch, state.get];
    return [
      range.map((x) => {
        const [left, right] = [at(parity[index], (x + 4) % 5).get, at(parity[index], (x + 1) % 5).get];
        return at(sheet, x).set(i64.xor(left, i64.rotl(right, 1)));
      }),
      range.map((y) => [
        range.map((x) => {
          const { lane, bits } = at(origins, x + 5 * y);
          const value = i64.xor(i64.load(from, 8 * lane), at(sheet, lane % 5).get);
          return at(row, x).set(bits === 0 ? value : i64.rotl(value, bits));
        }),
        chi(y, row).map((value, x) => {
          const sum = at(parity[1 - index] as readonly L[], x);
          return [
            result.set(x + y === 0 ? i64.xor(value, i64.load(constant.get, 8 * index)) : value),
            i64.store(to, result.get, 8 * (x + 5 * y)),
            sum.set(y === 0 ? result.get : i64.xor(sum.get, result.get)),
          ];
        }),
      ]),
    ];
  };

  f.emit(invert);
  f.emit(
    range.map((x) =>
      at(parity[0], x).set(range.map((y) => i64.load(state.get, 8 * (x + 5 * y))).reduce((a, b) => i64.xor(a, b))),
    ),
  );
  f.emit(constant.set(i32.const(places.keccakConstants)));
  f.emit(
    loop(
      [round(0), round(1), constant.set(i32.add(constant.get, i32.const(16)))],
      i32.ltU(constant.get, i32.const(places.keccakConstants + 192)),
    ),
  );
  f.emit(invert);
  return f;
}

const range = [0, 1, 2, 3, 4] as const;
const not = (value: Code): Code => i64.xor(value, i64.const(-1n));

/** Which lanes are inverted when chi begins: theta adds to each lane what is inverted in two columns. */
function invertedInRows(): boolean[] {
  const before = Array.from({ length: 25 }, (_, i) => complemented.includes(i));
  const odd = range.map((x) => range.filter((y) => before[x + 5 * y]).length % 2 === 1);
  const changes = range.map((x) => odd[(x + 4) % 5] !== odd[(x + 1) % 5]);
  return origins.map(({ lane }) => before[lane] !== changes[lane % 5]);
}

/**
 * One row of chi: a + (not b and c). With one of b and c inverted that is an AND, or an OR and an inverted result; else
 * one of the three is inverted first.
 */
function chi(y: number, row: readonly L[]): Code[] {
  const inverted = invertedInRows();
  return range.map((x) => {
    const [a, b, c] = [x, (x + 1) % 5, (x + 2) % 5] as const;
    for (const first of [undefined, a, b, c]) {
      const lane = (i: number): Code => (i === first ? not(at(row, i).get) : at(row, i).get);
      const is = (i: number): boolean => at(inverted, i + 5 * y) !== (i === first);
      if (is(b) === is(c)) continue;
      const term = is(b) ? i64.and(lane(b), lane(c)) : i64.or(lane(b), lane(c));
      if ((is(a) === is(b)) === complemented.includes(x + 5 * y)) return i64.xor(lane(a), term);
    }
    throw new Error('another set of complemented lanes is needed');
  });
}

function makeOrigins(): { readonly lane: number; readonly bits: number }[] {
  const out = [{ lane: 0, bits: 0 }];
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    out[y + 5 * ((2 * x + 3 * y) % 5)] = { lane: x + 5 * y, bits: (((t + 1) * (t + 2)) / 2) % 64 };
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return out;
}

function makeConstants(): number[] {
  const out: number[] = [];
  let register = 1;
  for (let round = 0; round < 24; round++) {
    let lane = 0n;
    for (let j = 0; j < 7; j++) {
      if ((register & 1) === 1) lane |= 1n << BigInt(2 ** j - 1);
      register = (register << 1) ^ (register >= 128 ? 0x171 : 0);
    }
    for (let byte = 0; byte < 8; byte++) out.push(Number((lane >> BigInt(8 * byte)) & 255n));
  }
  return out;
}
