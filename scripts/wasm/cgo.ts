/** Counter galois onion: UIV+ over one cell, in place, with the state of one direction. spec: proposal 359 */
import { bodyLength, cellAt, cgoState } from '../../src/crypto/relaycell/layout.ts';
import { type Code, FunctionBuilder, i32, type Local, v128, when } from './assembler.ts';

type V = Local<'v128'>;
type Call = (...args: readonly Code[]) => Code;

export interface CgoParts {
  readonly aes8: Call;
  readonly aesEncrypt: Call;
  readonly aesDecrypt: Call;
  readonly aesSchedules: Call;
  readonly polyvalTable: Call;
  readonly polyval: Call;
}

export interface CgoPlaces {
  readonly counterPlanes: number;
  readonly schedule: number;
  readonly planes: number;
  readonly tableU: number;
  readonly tableB: number;
  readonly work: number;
}

/** What `update` says. */
export const cgoUpdate = { never: 0, originate: 1, recognized: 2 } as const;

const state = i32.const(cgoState.at);
const cell = i32.const(cellAt);
/** After 493 bytes of keystream and the rest of their last block. */
const newKeys = i32.const(cellAt + 512);

/**
 * cgoEncrypt(command, update) and cgoDecrypt(command, update): a cell at a relay and at a client. Gives 1 when the keys
 * were changed: always for a cell that is originated, else when the cell's first block is the nonce.
 *
 * The keystream that changes the keys has the same input as the one of the cell, whatever the direction and role: 36
 * consecutive blocks.
 */
export function cgoCell(parts: CgoParts, places: CgoPlaces, encrypt: boolean): FunctionBuilder {
  const f = new FunctionBuilder(2, true);
  const [command, update] = [f.param(0), f.param(1)];
  const [input, output, mask] = [f.local('v128'), f.local('v128'), f.local('v128')];
  const changed = f.local('i32');
  const work = i32.const(places.work);
  const isUpdate = (value: number): Code => i32.eq(update.get, i32.const(value));

  f.emit(
    parts.aesSchedules(state, i32.add(state, i32.const(32)), i32.const(places.schedule), i32.const(places.planes)),
    parts.polyvalTable(i32.add(state, i32.const(16)), i32.const(places.tableU)),
    parts.polyvalTable(i32.add(state, i32.const(48)), i32.const(places.tableB)),
    when(isUpdate(cgoUpdate.originate), v128.store(cell, v128.load(state, cgoState.nonce))),
    input.set(v128.load(cell)),
  );
  const xorStream = streamOver(f, parts, places);
  const keepMask = maskOfRest(parts, places, command, mask);
  /** The first block: mask, AES, mask. */
  const firstBlock: Code = [
    v128.store(work, v128.xor(input.get, mask.get)),
    (encrypt ? parts.aesEncrypt : parts.aesDecrypt)(i32.const(places.schedule), work),
    output.set(v128.xor(v128.load(work), mask.get)),
  ];
  if (encrypt) f.emit(keepMask, firstBlock, xorStream(output));
  else f.emit(xorStream(input), keepMask, firstBlock);
  f.emit(
    v128.store(cell, output.get),
    changed.set(i32.or(isUpdate(cgoUpdate.originate), i32.and(isUpdate(cgoUpdate.recognized), isNonce(output)))),
    v128.store(state, encrypt ? output.get : input.get, cgoState.chained),
    when(changed.get, [
      v128.store(state, input.get, cgoState.tag),
      when(isUpdate(cgoUpdate.originate), v128.store(state, output.get, cgoState.tag)),
      changeKeys(parts, places),
    ]),
    changed.get,
  );
  return f;
}

/** 31 blocks of keystream onto the rest of the cell; the counter's first block stays at `work + 16`. */
const streamOver =
  (f: FunctionBuilder, parts: CgoParts, places: CgoPlaces) =>
  (first: V): Code => {
    const counter = f.local('v128');
    const at = i32.const(places.work + 16);
    const clearLow = v128.const([...new Array<number>(15).fill(0xff), 0xc0]);
    return [
      v128.store(i32.const(places.work), first.get),
      v128.store(at, v128.splat8(0)),
      parts.polyval(i32.const(places.tableB), at, i32.const(places.work), i32.const(1)),
      counter.set(v128.load(at)),
      v128.store(at, v128.and(counter.get, clearLow)),
      v128.store(newKeys, v128.splat8(0)),
      [0, 1, 2, 3].map((batch) => keystream(parts, places, batch)),
    ];
  };

const keystream = (parts: CgoParts, places: CgoPlaces, batch: number): Code =>
  parts.aes8(
    i32.const(places.planes),
    i32.const(places.work + 16),
    i32.const(places.counterPlanes + 96 * batch),
    i32.const(cellAt + 16 + 128 * batch),
  );

/** POLYVAL of T', the command and all of the cell but its first block, which the caller has read. */
function maskOfRest(parts: CgoParts, places: CgoPlaces, command: Local<'i32'>, mask: V): Code {
  const sum = i32.const(places.work + 32);
  return [
    v128.store(i32.const(cellAt - 1), v128.load(state, cgoState.chained)),
    i32.store8(cell, command.get, 15),
    i32.store16(cell, i32.const(0), bodyLength),
    v128.store(sum, v128.splat8(0)),
    parts.polyval(i32.const(places.tableU), sum, i32.const(cellAt - 1), i32.const(32)),
    mask.set(v128.load(sum)),
  ];
}

const isNonce = (block: V): Code => i32.eqz(v128.anyTrue(v128.xor(block.get, v128.load(state, cgoState.nonce))));

/** Block 31 of the keystream is there already: the four that follow, then all five are the new keys and nonce. */
const changeKeys = (parts: CgoParts, places: CgoPlaces): Code => [
  [16, 32, 48, 64, 80, 96, 112, 128].map((at) => v128.store(newKeys, v128.splat8(0), at)),
  keystream(parts, places, 4),
  [0, 16, 32, 48, 64].map((at) => v128.store(state, v128.load(newKeys, at), at)),
];
