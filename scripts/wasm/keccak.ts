import { at, type Code, FunctionBuilder, i32, i64, type Local, loop } from './assembler.ts';

/** The round constants, little-endian: 192 bytes. FIPS 202 3.2.5 */
export const keccakConstants: readonly number[] = makeConstants();

/** keccak(state): the permutation of 25 lanes in place. FIPS 202 3.3 */
export function keccak(constants: number): FunctionBuilder {
  const f = new FunctionBuilder(1);
  const state = f.param(0);
  const lanes = f.locals('i64', 25);
  const moved = f.locals('i64', 25);
  const parity = f.locals('i64', 5);
  const column = f.local('i64');
  const constant = f.local('i32');

  for (let i = 0; i < 25; i++) f.emit(at(lanes, i).set(i64.load(state.get, 8 * i)));
  f.emit(constant.set(i32.const(constants)));
  f.emit(
    loop(
      [
        theta(lanes, parity, column),
        rhoPi(lanes, moved),
        chi(moved, lanes),
        at(lanes, 0).set(i64.xor(at(lanes, 0).get, i64.load(constant.get))),
        constant.set(i32.add(constant.get, i32.const(8))),
      ],
      i32.ltU(constant.get, i32.const(constants + 192)),
    ),
  );
  for (let i = 0; i < 25; i++) f.emit(i64.store(state.get, at(lanes, i).get, 8 * i));
  return f;
}

type L = Local<'i64'>;

function theta(lanes: readonly L[], parity: readonly L[], column: L): Code {
  const five = [0, 1, 2, 3, 4];
  return [
    five.map((x) => at(parity, x).set(five.map((y) => at(lanes, x + 5 * y).get).reduce((a, b) => i64.xor(a, b)))),
    five.map((x) => [
      column.set(i64.xor(at(parity, (x + 4) % 5).get, i64.rotl(at(parity, (x + 1) % 5).get, 1))),
      five.map((y) => at(lanes, x + 5 * y).set(i64.xor(at(lanes, x + 5 * y).get, column.get))),
    ]),
  ];
}

/** Every lane turned and moved: its number is x + 5 y. */
function rhoPi(lanes: readonly L[], moved: readonly L[]): Code {
  const code: Code[] = [at(moved, 0).set(at(lanes, 0).get)];
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    const target = y + 5 * ((2 * x + 3 * y) % 5);
    const bits = (((t + 1) * (t + 2)) / 2) % 64;
    code.push(at(moved, target).set(i64.rotl(at(lanes, x + 5 * y).get, bits)));
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return code;
}

function chi(moved: readonly L[], lanes: readonly L[]): Code {
  return lanes.map((lane, i) => {
    const y = i - (i % 5);
    const next = at(moved, y + ((i + 1) % 5)).get;
    const afterNext = at(moved, y + ((i + 2) % 5)).get;
    return lane.set(i64.xor(at(moved, i).get, i64.and(i64.xor(next, i64.const(-1n)), afterNext)));
  });
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
