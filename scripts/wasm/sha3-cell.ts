import { bodyLength, cellAt, sha3State } from '../../src/crypto/relaycell/layout.ts';
import { type Code, FunctionBuilder, i32, i64, loop, v128 } from './assembler.ts';

type Call = (...args: readonly Code[]) => Code;

const rate = 136;
const cellEnd = cellAt + bodyLength;
const lanes = sha3State.at + sha3State.lanes;
const length = i32.const(sha3State.at + sha3State.length);

/** Adds 136 bytes at `data` to the state. */
const addBlock = (state: number, data: Code): Code =>
  Array.from({ length: rate / 8 }, (_, i) =>
    i64.store(i32.const(state), i64.xor(i64.load(i32.const(state), 8 * i), i64.load(data, 8 * i)), 8 * i),
  );

/** sha3Cell(): takes the cell into the running digest at `sha3State`, and puts the digest so far before it. */
export function sha3Cell(keccak: Call, work: number): FunctionBuilder {
  const f = new FunctionBuilder(0);
  const data = f.local('i32');
  f.emit(
    data.set(i32.sub(i32.const(cellAt), i32.load(length))),
    loop(
      [addBlock(lanes, data.get), keccak(i32.const(lanes)), data.set(i32.add(data.get, i32.const(rate)))],
      i32.ltU(data.get, i32.const(cellEnd - rate + 1)),
    ),
    i32.store(length, i32.sub(i32.const(cellEnd), data.get)),
    Array.from({ length: rate / 8 }, (_, i) =>
      i64.store(i32.const(sha3State.at + sha3State.tail), i64.load(i32.const(cellEnd - rate), 8 * i), 8 * i),
    ),
  );
  // The padding, in a copy of the state.
  f.emit(
    Array.from({ length: 9 }, (_, i) => v128.store(i32.const(cellEnd), v128.splat8(0), 16 * i)),
    i32.store8(i32.const(cellEnd), i32.const(0x06)),
    i32.store8(data.get, i32.or(i32.load8(data.get, rate - 1), i32.const(0x80)), rate - 1),
    Array.from({ length: 25 }, (_, i) => i64.store(i32.const(work), i64.load(i32.const(lanes), 8 * i), 8 * i)),
    addBlock(work, data.get),
    keccak(i32.const(work)),
    [0, 16].map((at) => v128.store(i32.const(sha3State.at), v128.load(i32.const(work), at), at)),
  );
  return f;
}
