import { bodyLength, cellAt, sha1State } from '../../src/crypto/relaycell/layout.ts';
import { type Code, FunctionBuilder, i32, i64, i64x2, type Local, v128 } from './assembler.ts';

type Call = (...args: readonly Code[]) => Code;

const cellEnd = cellAt + bodyLength;
const chain = i32.const(sha1State.at + sha1State.chain);
const length = i32.const(sha1State.at + sha1State.length);
const reverse8 = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];
const swapWords = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/** sha1Cell(): takes the cell into the running digest at `sha1State`, and puts the digest so far before it. */
export function sha1Cell(sha1Blocks: Call, work: number): FunctionBuilder {
  const f = new FunctionBuilder(0);
  const [tail, left, blocks] = [f.local('i32'), f.local('i32'), f.local('i32')];
  const bits = f.local('i64');
  const start = i32.sub(i32.const(cellAt), tail.get);
  const total = i32.add(tail.get, i32.const(bodyLength));

  f.emit(
    tail.set(i32.and(i32.load8(length), i32.const(63))),
    sha1Blocks(chain, start, i32.shr(total, 6)),
    left.set(i32.and(total, i32.const(63))),
    bits.set(i64.add(i64.load(length), i64.const(BigInt(bodyLength)))),
    i64.store(length, bits.get),
    keepTail(),
  );
  // The padding: one more block, or two.
  f.emit(
    [0, 16, 32, 48, 64].map((at) => v128.store(i32.const(cellEnd), v128.splat8(0), at)),
    i32.store8(i32.const(cellEnd), i32.const(0x80)),
    blocks.set(i32.add(i32.const(1), i32.geU(left.get, i32.const(56)))),
    i64.store(
      i32.add(i32.sub(i32.const(cellEnd - 8), left.get), i32.shl(blocks.get, 6)),
      i64x2.extractLane(v128.swizzle(i64x2.splat(i64.shl(bits.get, 3)), v128.const(reverse8)), 0),
    ),
    v128.store(i32.const(work), v128.load(chain)),
    i32.store(i32.const(work), i32.load(chain, 16), 16),
    sha1Blocks(i32.const(work), i32.sub(i32.const(cellEnd), left.get), blocks.get),
  );
  const digest = i32.const(sha1State.at);
  f.emit(
    [0, 16].map((at) => v128.store(digest, v128.swizzle(v128.load(i32.const(work), at), v128.const(swapWords)), at)),
  );
  return f;
}

const keepTail = (): Code =>
  [0, 16, 32, 48].map((at) =>
    v128.store(i32.const(sha1State.at + sha1State.tail), v128.load(i32.const(cellEnd - 64), at), at),
  );

/** Offset of `recognized` and of the digest in a cell of version 0. spec: tor-spec 6.1 */
const recognizedAt = 1;
const digestAt = 5;

/** originate(): sets `recognized` and the digest. `absorb` is one of the functions that digest the cell. */
export function originateDigest(absorb: Call, digest: number): FunctionBuilder {
  const f = new FunctionBuilder(0);
  const cell = i32.const(cellAt);
  return f.emit(
    i32.store16(cell, i32.const(0), recognizedAt),
    i32.store(cell, i32.const(0), digestAt),
    absorb(),
    i32.store(cell, i32.load(i32.const(digest)), digestAt),
  );
}

/** check(): whether the digest is right. The state has gone on either way: a caller who gets 0 forgets it. */
export function checkDigest(absorb: Call, digest: number): FunctionBuilder {
  const f = new FunctionBuilder(0, true);
  const claimed: Local<'i32'> = f.local('i32');
  const cell = i32.const(cellAt);
  return f.emit(
    claimed.set(i32.load(cell, digestAt)),
    i32.store(cell, i32.const(0), digestAt),
    absorb(),
    i32.store(cell, claimed.get, digestAt),
    i32.eq(claimed.get, i32.load(i32.const(digest))),
  );
}

/** xorKeystream(keystream): adds 509 bytes of keystream to the cell. Gives 1 when `recognized` is zero afterwards. */
export function xorKeystream(): FunctionBuilder {
  const f = new FunctionBuilder(1, true);
  const [cell, stream] = [i32.const(cellAt), f.param(0)];
  for (let at = 0; at < bodyLength; at += 16) {
    f.emit(v128.store(cell, v128.xor(v128.load(cell, at), v128.load(stream.get, at)), at));
  }
  return f.emit(i32.eqz(i32.load16(cell, recognizedAt)));
}
