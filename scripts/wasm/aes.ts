import { rowShuffles } from '../../src/crypto/relaycell/layout.ts';
import { sboxCircuit } from './aes-sbox.ts';
import { at, type Code, FunctionBuilder, i8x16, i16x8, i32, type Local, loop, v128 } from './assembler.ts';

type V = Local<'v128'>;

const [shiftRows, shiftRowsUp, twoUp] = rowShuffles.lanes;

/** Splats of 1, 2, 4 .. 128: 128 bytes. */
export const bitMasks: readonly number[] = Array.from({ length: 128 }, (_, i) => 1 << (i >> 4));

/**
 * For five batches of eight counters (0.., 8.., 16.., 24.., 32..): what bits 0 to 5 add to the planes of the last byte.
 * 480 bytes.
 */
export const counterPlanes: readonly number[] = [0, 8, 16, 24, 32].flatMap((first) =>
  Array.from({ length: 96 }, (_, i) => (i % 16 < 15 ? 0 : planeOf(first, i >> 4))),
);

function planeOf(first: number, bit: number): number {
  let plane = 0;
  for (let block = 0; block < 8; block++) plane |= (((first + block) >> bit) & 1) << block;
  return plane;
}

/**
 * aes8(keys, counter, planes, data): XORs eight AES-128 blocks of keystream into `data`. Bit sliced, so that nothing
 * depends on secrets but values: register i holds bit i of every byte, a byte lane the eight blocks. `keys` are the
 * bit planes of the round keys (11 * 128 bytes), `counter` the block that all eight share, `planes` one entry of
 * `counterPlanes`, which is XORed in.
 */
export function aes8(masks: number, scratch: number): FunctionBuilder {
  const f = new FunctionBuilder(4);
  const [keys, counter, planes, data] = [f.param(0), f.param(1), f.param(2), f.param(3)];
  const q = f.locals('v128', 8);
  const rounds = f.local('i32');
  const sbox = sboxCircuit(f);
  const mix = mixColumns(f);
  const addKey = (): Code => [
    // The engine would load the keys long before and run out of registers: a store holds them back.
    v128.store(i32.const(scratch), at(q, 1).get),
    q.map((bit, i) => bit.set(v128.xor(bit.get, v128.load(keys.get, 16 * i)))),
  ];
  const nextKey = keys.set(i32.add(keys.get, i32.const(128)));

  const block = at(q, 7);
  f.emit(block.set(v128.load(counter.get)));
  q.forEach((bit, i) => {
    const mask = v128.load(i32.const(masks), 16 * i);
    const plane = i8x16.eq(v128.and(block.get, mask), mask);
    f.emit(bit.set(i < 6 ? v128.xor(plane, v128.load(planes.get, 16 * i)) : plane));
  });
  f.emit(addKey(), rounds.set(i32.const(9)));
  f.emit(loop([nextKey, sbox(q), mix(q), addKey()], rounds.tee(i32.sub(rounds.get, i32.const(1)))));
  f.emit(
    nextKey,
    sbox(q),
    q.map((bit) => bit.set(v128.swizzle(bit.get, v128.const(shiftRows)))),
    addKey(),
  );
  f.emit(transpose(f, q));
  f.emit(q.map((bit, i) => v128.store(data.get, v128.xor(v128.load(data.get, 16 * i), bit.get), 16 * i)));
  return f;
}

/** ShiftRows and MixColumns: 2 (a + up a) + up a + two up (a + up a). One plane after the other, so that few are alive. */
function mixColumns(f: FunctionBuilder): (q: readonly V[]) => Code {
  const up = f.locals('v128', 8);
  const sum = f.locals('v128', 8);
  const add = (bit: V, i: number): Code => [
    at(up, i).set(v128.swizzle(bit.get, v128.const(shiftRowsUp))),
    at(sum, i).set(v128.xor(v128.swizzle(bit.get, v128.const(shiftRows)), at(up, i).get)),
  ];
  return (q) => [
    add(at(q, 7), 7),
    q.map((bit, i) => {
      const doubled = [at(sum, (i + 7) % 8).get];
      if (i === 1 || i === 3 || i === 4) doubled.push(at(sum, 7).get);
      const mixed = v128.xor(at(up, i).get, v128.swizzle(at(sum, i).get, v128.const(twoUp)), ...doubled);
      return [i === 7 ? [] : add(bit, i), bit.set(mixed)];
    }),
  ];
}

/** From bit planes to blocks: the eight by eight bits of every byte lane change places. */
function transpose(f: FunctionBuilder, q: readonly V[]): Code {
  const mask = f.local('v128');
  const moved = f.local('v128');
  const swap = (low: V, high: V, bits: number): Code => [
    moved.set(v128.and(v128.xor(i16x8.shr(low.get, bits), high.get), mask.get)),
    high.set(v128.xor(high.get, moved.get)),
    low.set(v128.xor(low.get, i16x8.shl(moved.get, bits))),
  ];
  return [
    [1, 0x55],
    [2, 0x33],
    [4, 0x0f],
  ].map(([bits = 0, pattern = 0]) => [
    mask.set(v128.splat8(pattern)),
    [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => (i & bits) === 0).map((i) => swap(at(q, i), at(q, i | bits), bits)),
  ]);
}
