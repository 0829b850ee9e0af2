/** Single AES-128 blocks and key schedules, with the S-box looked up by byte shuffles: constant time, one block at a time. */
import { at, type Code, FunctionBuilder, i8x16, i32, type Local, loop, v128 } from './assembler.ts';

type V = Local<'v128'>;

const substitution = makeSbox();

/** The S-box, 256 bytes. */
export const sboxTable: readonly number[] = substitution;
/** Its inverse. */
export const inverseSboxTable: readonly number[] = substitution.reduce<number[]>((out, byte, i) => {
  out[byte] = i;
  return out;
}, []);
/** Splats of 00, 10 .. f0: 256 bytes. */
export const highNibbles: readonly number[] = Array.from({ length: 256 }, (_, i) => i & 0xf0);
/** The round constants, a byte each, every one at the start of 16 bytes: 160 bytes. */
export const roundConstants: readonly number[] = Array.from({ length: 160 }, (_, i) =>
  i % 16 === 0 ? power(i / 16) : 0,
);

export interface BlockTables {
  readonly sbox: number;
  readonly inverseSbox: number;
  readonly highNibbles: number;
  readonly roundConstants: number;
  readonly bitMasks: number;
}

const row = (j: number, by: number): number => (j & 12) + ((j + by) % 4);
const shiftRows = Array.from({ length: 16 }, (_, j) => (j + 4 * (j % 4)) % 16);
const inverseShiftRows = Array.from({ length: 16 }, (_, j) => (j + 12 * (j % 4)) % 16);
const oneUp = Array.from({ length: 16 }, (_, j) => row(j, 1));
const twoUp = Array.from({ length: 16 }, (_, j) => row(j, 2));

/** Every byte of `source` through a table of 256: sixteen shuffles, each of which answers for one high nibble. */
function lookup(source: V, target: V, table: number, tables: BlockTables): Code {
  const part = (n: number): Code =>
    v128.swizzle(
      v128.load(i32.const(table), 16 * n),
      v128.xor(source.get, v128.load(i32.const(tables.highNibbles), 16 * n)),
    );
  return target.set(Array.from({ length: 16 }, (_, n) => part(n)).reduce((sum, code) => v128.or(sum, code)));
}

/** bytes * 2 in the field of AES */
const double = (value: V): Code =>
  v128.xor(i8x16.add(value.get, value.get), v128.and(i8x16.ltS(value.get, v128.splat8(0)), v128.splat8(0x1b)));

const mixColumns = (block: V, sum: V): Code => [
  sum.set(v128.xor(block.get, v128.swizzle(block.get, v128.const(oneUp)))),
  block.set(
    v128.xor(double(sum), v128.swizzle(block.get, v128.const(oneUp)), v128.swizzle(sum.get, v128.const(twoUp))),
  ),
];

/** aesEncrypt(schedule, block): one block in place. */
export function aesEncrypt(tables: BlockTables): FunctionBuilder {
  const f = new FunctionBuilder(2);
  const [keys, address] = [f.param(0), f.param(1)];
  const [block, moved] = [f.local('v128'), f.local('v128')];
  const rounds = f.local('i32');
  const substitute: Code = [
    keys.set(i32.add(keys.get, i32.const(16))),
    moved.set(v128.swizzle(block.get, v128.const(shiftRows))),
    lookup(moved, block, tables.sbox, tables),
  ];
  const addKey = block.set(v128.xor(block.get, v128.load(keys.get)));
  f.emit(block.set(v128.load(address.get)), addKey, rounds.set(i32.const(9)));
  f.emit(
    loop([substitute, mixColumns(block, moved), addKey], rounds.tee(i32.sub(rounds.get, i32.const(1)))),
    substitute,
    addKey,
    v128.store(address.get, block.get),
  );
  return f;
}

/** aesDecrypt(schedule, block): one block in place, with the schedule of encryption. */
export function aesDecrypt(tables: BlockTables): FunctionBuilder {
  const f = new FunctionBuilder(2);
  const [keys, address] = [f.param(0), f.param(1)];
  const [block, moved] = [f.local('v128'), f.local('v128')];
  const rounds = f.local('i32');
  const substitute: Code = [
    keys.set(i32.sub(keys.get, i32.const(16))),
    moved.set(v128.swizzle(block.get, v128.const(inverseShiftRows))),
    lookup(moved, block, tables.inverseSbox, tables),
  ];
  const addKey = block.set(v128.xor(block.get, v128.load(keys.get)));
  // The inverse of MixColumns is MixColumns after adding 4 (a + two up a).
  const unmix: Code = [
    moved.set(v128.xor(block.get, v128.swizzle(block.get, v128.const(twoUp)))),
    moved.set(double(moved)),
    block.set(v128.xor(block.get, double(moved))),
    mixColumns(block, moved),
  ];
  f.emit(keys.set(i32.add(keys.get, i32.const(160))));
  f.emit(block.set(v128.load(address.get)), addKey, rounds.set(i32.const(9)));
  f.emit(
    loop([substitute, addKey, unmix], rounds.tee(i32.sub(rounds.get, i32.const(1)))),
    substitute,
    addKey,
    v128.store(address.get, block.get),
  );
  return f;
}

/**
 * aesSchedules(blockKey, streamKey, schedule, planes): expands two keys at once, the first as 11 round keys for
 * single blocks, the second as their bit planes for `aes8`, with the constant of the S-box added.
 */
export function aesSchedules(tables: BlockTables): FunctionBuilder {
  const f = new FunctionBuilder(4);
  const [schedule, planes] = [f.param(2), f.param(3)];
  const [blockKey, streamKey, words, changed] = [f.local('v128'), f.local('v128'), f.local('v128'), f.local('v128')];
  const [constant, rounds] = [f.local('i32'), f.local('i32')];
  const zero = v128.splat8(0);

  const storePlanes = (inverted: number): Code =>
    Array.from({ length: 8 }, (_, i) => {
      const mask = v128.load(i32.const(tables.bitMasks), 16 * i);
      const expected = ((inverted >> i) & 1) === 1 ? zero : mask;
      return v128.store(planes.get, i8x16.eq(v128.and(streamKey.get, mask), expected), 16 * i);
    });
  const next = (key: V, word: number): Code => {
    const from = (bytes: number): Code =>
      v128.shuffle(
        zero,
        key.get,
        Array.from({ length: 16 }, (_, i) => 16 - bytes + i),
      );
    return key.set(
      v128.xor(
        key.get,
        from(4),
        from(8),
        from(12),
        v128.swizzle(changed.get, v128.const(Array.from({ length: 16 }, (_, i) => 4 * word + (i % 4)))),
      ),
    );
  };
  // The last word of each key, turned by one byte.
  const lastWords = [13, 14, 15, 12, 29, 30, 31, 28, 13, 14, 15, 12, 29, 30, 31, 28];
  const constantOfBoth = v128.swizzle(
    v128.load(constant.get),
    v128.const([0, 16, 16, 16, 0, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16]),
  );

  f.emit(blockKey.set(v128.load(f.param(0).get)), streamKey.set(v128.load(f.param(1).get)));
  f.emit(v128.store(schedule.get, blockKey.get), storePlanes(0));
  f.emit(constant.set(i32.const(tables.roundConstants)), rounds.set(i32.const(10)));
  f.emit(
    loop(
      [
        schedule.set(i32.add(schedule.get, i32.const(16))),
        planes.set(i32.add(planes.get, i32.const(128))),
        words.set(v128.shuffle(blockKey.get, streamKey.get, lastWords)),
        lookup(words, changed, tables.sbox, tables),
        changed.set(v128.xor(changed.get, constantOfBoth)),
        next(blockKey, 0),
        next(streamKey, 1),
        v128.store(schedule.get, blockKey.get),
        storePlanes(0x63),
        constant.set(i32.add(constant.get, i32.const(16))),
      ],
      rounds.tee(i32.sub(rounds.get, i32.const(1))),
    ),
  );
  return f;
}

function power(n: number): number {
  let value = 1;
  for (let i = 0; i < n; i++) value = times2(value);
  return value;
}

function times2(value: number): number {
  return ((value << 1) ^ (value >= 128 ? 0x11b : 0)) & 255;
}

/** FIPS 197 5.1.1: the inverse in GF(2^8), then an affine map. Walks through all powers of 3 and of its inverse. */
function makeSbox(): number[] {
  const out = new Array<number>(256).fill(0x63);
  const powers: number[] = [];
  for (let value = 1; powers.length < 255; value ^= times2(value)) powers.push(value);
  powers.forEach((value, i) => {
    const inverse = at(powers, (255 - i) % 255);
    let mixed = 0;
    for (let turn = 0; turn < 5; turn++) mixed ^= (inverse << turn) | (inverse >> (8 - turn));
    out[value] = (mixed & 255) ^ 0x63;
  });
  return out;
}
