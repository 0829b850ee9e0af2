/**
 * POLYVAL (RFC 8452) by nibbles: for a fixed key H, column j of its table holds byte j of n * H for the sixteen values n
 * of a nibble, so that one byte shuffle looks up sixteen nibbles at once, in constant time. Table of a key: 17 pairs of
 * columns, for low and for high nibbles, 544 bytes.
 */
import { at, type Code, FunctionBuilder, i16x8, i32, i64, i64x2, type Local, loop, v128 } from './assembler.ts';

type V = Local<'v128'>;

export const polyvalTableBytes = 544;

/** x^127 + x^126 + x^121 + 1: what x^128 is. */
const fold = [1, ...new Array<number>(14).fill(0), 0xc2];
const interleaveLow = Array.from({ length: 16 }, (_, i) => (i >> 1) + 16 * (i & 1));
const interleaveHigh = interleaveLow.map((lane) => lane + 8);
/** The low half becomes the high half, over zeros; and the other way. */
const lowToHigh = [16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7];
const highToLow = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];

/** polyvalTable(key, table) */
export function polyvalTable(): FunctionBuilder {
  const f = new FunctionBuilder(2);
  const [key, table] = [f.param(0), f.param(1)];
  const zero = v128.splat8(0);
  let rows: V[] = f.locals('v128', 16);
  let next: V[] = f.locals('v128', 16);

  f.emit(at(rows, 0).set(zero), at(rows, 1).set(v128.load(key.get)));
  for (const n of [2, 4, 8]) f.emit(timesX(at(rows, n / 2), at(rows, n)));
  for (const n of [3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15]) {
    const top = n >= 8 ? 8 : 4;
    const [a, b] = n === 3 ? [1, 2] : [top, n - top];
    f.emit(at(rows, n).set(v128.xor(at(rows, a).get, at(rows, b).get)));
  }
  for (let stage = 0; stage < 4; stage++) {
    for (let i = 0; i < 8; i++) {
      const [a, b] = [at(rows, i).get, at(rows, i + 8).get];
      f.emit(at(next, 2 * i).set(v128.shuffle(a, b, interleaveLow)));
      f.emit(at(next, 2 * i + 1).set(v128.shuffle(a, b, interleaveHigh)));
    }
    [rows, next] = [next, rows];
  }
  const mask = f.local('v128');
  f.emit(mask.set(v128.splat8(0x0f)));
  for (let j = 0; j <= 16; j++) {
    const low = j < 16 ? at(rows, j).get : zero;
    const up = j < 16 ? v128.andnot(i16x8.shl(low, 4), mask.get) : zero;
    const carry = j > 0 ? v128.and(i16x8.shr(at(rows, j - 1).get, 4), mask.get) : zero;
    f.emit(v128.store(table.get, low, 32 * j), v128.store(table.get, v128.or(up, carry), 32 * j + 16));
  }
  return f;
}

/** target = source * x */
function timesX(source: V, target: V): Code {
  const zero = v128.splat8(0);
  const carried = i64x2.shr(v128.shuffle(source.get, zero, lowToHigh), 63);
  const overflow = i64x2.splat(i64.sub(i64.const(0n), i64.shr(i64x2.extractLane(source.get, 1), 63)));
  return target.set(v128.xor(i64x2.shl(source.get, 1), carried, v128.and(overflow, v128.const(fold))));
}

/** polyval(table, sum, data, blocks): sum = (sum + block) * H * x^-128 for every block of 16 bytes. */
export function polyval(scratch: number): FunctionBuilder {
  const f = new FunctionBuilder(4);
  const [table, sum, data, blocks] = [f.param(0), f.param(1), f.param(2), f.param(3)];
  const value = f.local('v128');
  const [low, high, mask, column] = [f.local('v128'), f.local('v128'), f.local('v128'), f.local('v128')];
  const product = f.locals('v128', 3);

  const body: Code[] = [
    value.set(v128.xor(value.get, v128.load(data.get))),
    low.set(v128.and(value.get, mask.get)),
    high.set(v128.and(i16x8.shr(value.get, 4), mask.get)),
  ];
  const started = new Set<number>();
  const gather = (index: number, code: Code): void => {
    const target = at(product, index);
    body.push(target.set(started.has(index) ? v128.xor(target.get, code) : code));
    started.add(index);
  };
  for (let j = 0; j <= 16; j++) {
    const lookup = (indices: V, offset: number): Code =>
      v128.swizzleInRange(v128.load(table.get, 32 * j + offset), indices.get);
    body.push(column.set(j < 16 ? v128.xor(lookup(low, 0), lookup(high, 16)) : lookup(high, 16)));
    // The engine would make all loads first and run out of registers: a store holds them back.
    if (j % 2 === 1) body.push(v128.store(i32.const(scratch), column.get));
    const [half, bits] = [Math.floor(j / 8), 8 * (j % 8)];
    gather(half, bits === 0 ? column.get : i64x2.shl(column.get, bits));
    if (bits !== 0) gather(half + 1, i64x2.shr(column.get, 64 - bits));
  }
  body.push(reduce(f, product, value));

  f.emit(mask.set(v128.splat8(0x0f)), value.set(v128.load(sum.get)));
  f.emit(loop([body, data.set(i32.add(data.get, i32.const(16)))], blocks.tee(i32.sub(blocks.get, i32.const(1)))));
  f.emit(v128.store(sum.get, value.get));
  return f;
}

/**
 * Montgomery's reduction. The three parts of the product begin at bits 0, 64 and 128; multiples of the field's
 * polynomial, whose lowest term is 1, clear the lower 128 bits.
 */
function reduce(f: FunctionBuilder, product: readonly V[], result: V): Code {
  const [bottom, middle, top] = [at(product, 0), at(product, 1), at(product, 2)];
  const zero = v128.splat8(0);
  const up = f.local('v128');
  const toNext = (value: V): Code =>
    v128.xor(i64x2.shl(value.get, 63), i64x2.shl(value.get, 62), i64x2.shl(value.get, 57));
  return [
    bottom.set(v128.xor(bottom.get, v128.shuffle(middle.get, zero, lowToHigh))),
    up.set(toNext(bottom)),
    bottom.set(v128.xor(bottom.get, v128.shuffle(up.get, zero, lowToHigh))),
    up.set(v128.xor(toNext(bottom), middle.get)),
    result.set(
      v128.xor(
        top.get,
        v128.shuffle(up.get, zero, highToLow),
        bottom.get,
        i64x2.shr(bottom.get, 1),
        i64x2.shr(bottom.get, 2),
        i64x2.shr(bottom.get, 7),
      ),
    ),
  ];
}
