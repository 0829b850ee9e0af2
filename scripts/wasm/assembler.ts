/**
 * A small WebAssembly assembler: expressions are nested lists of bytes, built by functions named as the instructions
 * are. What it makes is checked by the engine's own validator, so nothing is checked here.
 */
export type Code = readonly (number | Code)[];
export type ValueType = 'i32' | 'i64' | 'v128';

const typeByte: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };

function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const byte = rest & 127;
    rest = Math.floor(rest / 128);
    out.push(rest === 0 ? byte : byte | 128);
  } while (rest !== 0);
  return out;
}

function signed(value: bigint): number[] {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const byte = Number(rest & 127n);
    rest >>= 7n;
    if ((rest === 0n && byte < 64) || (rest === -1n && byte >= 64)) return [...out, byte];
    out.push(byte | 128);
  }
}

const binary =
  (opcode: readonly number[]) =>
  (first: Code, ...others: readonly Code[]): Code =>
    others.reduce<Code>((left, right) => [left, right, opcode], first);
const unary =
  (opcode: readonly number[]) =>
  (operand: Code): Code => [operand, opcode];
/** Loads and stores: `align` is the logarithm of the alignment promised. */
const load =
  (opcode: readonly number[], align: number) =>
  (address: Code, offset = 0): Code => [address, opcode, align, unsigned(offset)];
const store =
  (opcode: readonly number[], align: number) =>
  (address: Code, value: Code, offset = 0): Code => [address, value, opcode, align, unsigned(offset)];
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

export const i32 = {
  const: (value: number): Code => [0x41, signed(BigInt(value | 0))],
  load: load([0x28], 0),
  load8: load([0x2d], 0),
  load16: load([0x2f], 0),
  store: store([0x36], 0),
  store8: store([0x3a], 0),
  store16: store([0x3b], 0),
  eqz: unary([0x45]),
  eq: binary([0x46]),
  ltU: binary([0x49]),
  geU: binary([0x4f]),
  add: binary([0x6a]),
  sub: binary([0x6b]),
  and: binary([0x71]),
  or: binary([0x72]),
  xor: binary([0x73]),
  shl: (value: Code, bits: number): Code => [value, i32.const(bits), 0x74],
  shr: (value: Code, bits: number): Code => [value, i32.const(bits), 0x76],
  rotl: (value: Code, bits: number): Code => [value, i32.const(bits), 0x77],
};

export const i64 = {
  const: (value: bigint): Code => [0x42, signed(BigInt.asIntN(64, value))],
  load: load([0x29], 0),
  store: store([0x37], 0),
  fromI32: unary([0xad]),
  or: binary([0x84]),
  and: binary([0x83]),
  xor: binary([0x85]),
  add: binary([0x7c]),
  sub: binary([0x7d]),
  mul: binary([0x7e]),
  shl: (value: Code, bits: number): Code => [value, i64.const(BigInt(bits)), 0x86],
  shr: (value: Code, bits: number): Code => [value, i64.const(BigInt(bits)), 0x88],
  rotl: (value: Code, bits: number): Code => [value, i64.const(BigInt(bits)), 0x89],
};

export const v128 = {
  const: (bytes: readonly number[]): Code => [simd(12), bytes],
  splat8: (byte: number): Code => v128.const(new Array<number>(16).fill(byte & 255)),
  splat32: (word: number): Code => v128.const(Array.from({ length: 16 }, (_, i) => (word >>> (8 * (i % 4))) & 255)),
  load: load(simd(0), 0),
  /** Fills the lanes with one value from memory. */
  load8Splat: load(simd(7), 0),
  load32Splat: load(simd(9), 0),
  load64Splat: load(simd(10), 0),
  store: store(simd(11), 0),
  not: unary(simd(77)),
  and: binary(simd(78)),
  /** first AND NOT second */
  andnot: binary(simd(79)),
  or: binary(simd(80)),
  xor: binary(simd(81)),
  anyTrue: unary(simd(83)),
  /** Bytes of the two operands put together, by index. */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [a, b, simd(13), lanes],
  /** Bytes of one operand, by index. */
  permute: (value: Local<'v128'>, lanes: readonly number[]): Code => [value.get, value.get, simd(13), lanes],
  /** Looks up every byte of `indices` in `table`; 0 for an index above 15. */
  swizzle: (table: Code, indices: Code): Code => [table, indices, simd(14)],
  /**
   * The same for indices that are never above 15, written a byte longer than need be, so that who instantiates the module
   * can put the relaxed instruction there, which does not check them (see `relaxSwizzles`).
   */
  swizzleInRange: (table: Code, indices: Code): Code => [table, indices, 0xfd, 0x8e, 0x00],
};

export const i8x16 = {
  splat: unary(simd(15)),
  eq: binary(simd(35)),
  ltS: binary(simd(37)),
  add: binary(simd(110)),
  sub: binary(simd(113)),
};

export const i16x8 = {
  shl: (value: Code, bits: number): Code => [value, i32.const(bits), simd(139)],
  shr: (value: Code, bits: number): Code => [value, i32.const(bits), simd(141)],
};

export const i32x4 = {
  splat: unary(simd(17)),
  extractLane: (value: Code, lane: number): Code => [value, simd(27), lane],
  replaceLane: (value: Code, lane: number, word: Code): Code => [value, word, simd(28), lane],
  shl: (value: Code, bits: number): Code => [value, i32.const(bits), simd(171)],
  shr: (value: Code, bits: number): Code => [value, i32.const(bits), simd(173)],
  add: binary(simd(174)),
};

export const i64x2 = {
  splat: unary(simd(18)),
  extractLane: (value: Code, lane: number): Code => [value, simd(29), lane],
  replaceLane: (value: Code, lane: number, word: Code): Code => [value, word, simd(30), lane],
  shl: (value: Code, bits: number): Code => [value, i32.const(bits), simd(203)],
  shr: (value: Code, bits: number): Code => [value, i32.const(bits), simd(205)],
};

/** Runs `body` while `condition`, read after it, is not zero. */
export const loop = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];
/** Runs `body` when `condition` is not zero; it leaves nothing on the stack. */
export const when = (condition: Code, body: Code): Code => [condition, 0x04, 0x40, body, 0x0b];
export const drop = 0x1a;

export interface Local<T extends ValueType = ValueType> {
  readonly type: T;
  readonly get: Code;
  set(value: Code): Code;
  tee(value: Code): Code;
}

function makeLocal<T extends ValueType>(index: number, type: T): Local<T> {
  return {
    type,
    get: [0x20, unsigned(index)],
    set: (value) => [value, 0x21, unsigned(index)],
    tee: (value) => [value, 0x22, unsigned(index)],
  };
}

/** One function: parameters are i32, the result, if any, i32. */
export class FunctionBuilder {
  readonly params: readonly Local<'i32'>[];
  readonly hasResult: boolean;
  readonly #locals: ValueType[] = [];
  readonly #body: Code[] = [];

  constructor(paramCount: number, hasResult = false) {
    this.params = Array.from({ length: paramCount }, (_, i) => makeLocal(i, 'i32'));
    this.hasResult = hasResult;
  }

  local<T extends ValueType>(type: T): Local<T> {
    this.#locals.push(type);
    return makeLocal(this.params.length + this.#locals.length - 1, type);
  }

  locals<T extends ValueType>(type: T, count: number): Local<T>[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** The parameter at `index`. */
  param(index: number): Local<'i32'> {
    return at(this.params, index);
  }

  emit(...code: readonly Code[]): this {
    this.#body.push(...code);
    return this;
  }

  encode(): number[] {
    const groups: number[][] = [];
    for (let i = 0; i < this.#locals.length; ) {
      const type = at(this.#locals, i);
      let end = i;
      while (this.#locals[end] === type) end++;
      groups.push([...unsigned(end - i), typeByte[type]]);
      i = end;
    }
    const body = [...unsigned(groups.length), ...groups.flat()];
    flatten(this.#body, body);
    body.push(0x0b);
    return [...unsigned(body.length), ...body];
  }
}

function flatten(code: Code, into: number[]): void {
  for (const part of code) {
    if (typeof part === 'number') into.push(part);
    else flatten(part, into);
  }
}

/** An element that must be there. */
export function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index} of ${list.length}`);
  return value;
}

/** A module with one memory, exported as `memory`, and functions that may call each other. */
export class ModuleBuilder {
  readonly #functions: { readonly builder: FunctionBuilder; readonly name: string | undefined }[] = [];
  readonly #data: { readonly offset: number; readonly bytes: readonly number[] }[] = [];
  readonly #pages: number;

  constructor(pages: number) {
    this.#pages = pages;
  }

  /** Adds a function, exported when it has a name, and gives what calls it. */
  add(builder: FunctionBuilder, name?: string): (...args: readonly Code[]) => Code {
    const index = this.#functions.push({ builder, name }) - 1;
    return (...args) => [...args, 0x10, unsigned(index)];
  }

  data(offset: number, bytes: readonly number[]): void {
    this.#data.push({ offset, bytes });
  }

  build(): Uint8Array {
    const functions = this.#functions;
    const types = functions.map(({ builder }) => [
      0x60,
      ...vector(builder.params.map(() => [typeByte.i32])),
      ...vector(builder.hasResult ? [[typeByte.i32]] : []),
    ]);
    const exports = functions.flatMap(({ name }, i) =>
      name === undefined ? [] : [[...text(name), 0, ...unsigned(i)]],
    );
    const data = this.#data.map(({ offset, bytes }) => {
      const where: number[] = [];
      flatten(i32.const(offset), where);
      return [0, ...where, 0x0b, ...unsigned(bytes.length), ...bytes];
    });
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, vector(types)),
      ...section(3, vector(functions.map((_, i) => unsigned(i)))),
      ...section(5, vector([[1, ...unsigned(this.#pages), ...unsigned(this.#pages)]])),
      ...section(7, vector([[...text('memory'), 2, 0], ...exports])),
      ...section(10, vector(functions.map(({ builder }) => builder.encode()))),
      ...section(11, vector(data)),
    ]);
  }
}

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const text = (name: string): number[] => vector([...Buffer.from(name)].map((byte) => [byte]));
