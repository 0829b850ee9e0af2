import { KeystreamSlots } from './keystream-slots.ts';
import { bodyLength, cellAt, cgoState, rowShuffles, sha1State, sha3State } from './layout.ts';
import { moduleBase64 } from './module.ts';

/** The functions of the WebAssembly module. All work on the cell at `cellAt`; those with a state, on the one before it. */
interface Functions {
  /** Adds the keystream at this address. 1 when `recognized` is zero afterwards. */
  xorKeystream(keystream: number): number;
  sha1Originate(): void;
  sha1Check(): number;
  sha3Originate(): void;
  sha3Check(): number;
  /** A cell at a relay. `update`: 0 keep the keys, 1 originate the cell, 2 see whether it is recognized. 1: new keys. */
  cgoEncrypt(command: number, update: number): number;
  /** A cell at a client. */
  cgoDecrypt(command: number, update: number): number;
}

/** Who left a state in the engine. */
export interface StateOwner {
  /** Another comes: what is in the engine is to be copied. */
  takeBack(): void;
}

export interface Engine extends Functions {
  readonly memory: Uint8Array;
  /** The cell body in work. */
  readonly cell: Uint8Array;
  readonly sha1State: Uint8Array;
  readonly sha3State: Uint8Array;
  readonly cgoState: Uint8Array;
  /** Whose state lies in `cgoState`, newer than its own copy. */
  cgoOwner: StateOwner | undefined;
  readonly slots: KeystreamSlots;
}

let shared: Engine | undefined;

/**
 * The one instance, made with the first layer. But for the slots and the last CGO state it has no memory: every call
 * begins by bringing in what it works on, and nothing comes between.
 */
export function engine(): Engine {
  shared ??= start();
  return shared;
}

/** What is used of the global, which Node's types do not declare. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** The functions and the memory that a module exports. */
export function instantiate<T>(module: Uint8Array): T & { readonly memory: Uint8Array } {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
  const { memory, ...functions } = exports as T & { readonly memory: { readonly buffer: ArrayBuffer } };
  return { ...(functions as T), memory: new Uint8Array(memory.buffer) };
}

/** A swizzle as the generator of the module writes those whose indices are always below 16, and the relaxed one. */
const checkedSwizzle = [0xfd, 0x8e, 0x00];
const relaxedSwizzle = [0xfd, 0x80, 0x02];

/** The module with the instruction that does not check its indices, where the platform has that: a tenth less for CGO. */
export function relaxSwizzles(module: Uint8Array): Uint8Array {
  const relaxed = Buffer.from(module);
  const from = Buffer.from(checkedSwizzle);
  for (let at = relaxed.indexOf(from); at >= 0; at = relaxed.indexOf(from, at)) relaxed.set(relaxedSwizzle, at);
  return WebAssembly.validate(relaxed) ? relaxed : module;
}

/** A module with a table of 64-bit indices, which V8 knows from 13. */
const wideTable = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x04, 0x04, 0x01, 0x70, 0x04, 0x01);

/**
 * The module with loads in the place of the constants of AES's rounds. Later engines put a constant together anew for
 * each use, with three instructions: there loads save a third of CGO. In earlier ones they would cost a tenth more.
 */
export function loadShuffles(module: Uint8Array): Uint8Array {
  const loading = Buffer.from(module);
  rowShuffles.lanes.forEach((lanes, i) => {
    const address = rowShuffles.at + 16 * i;
    // v128.const of 16 bytes; i32.const in five bytes, and v128.load whose alignment and offset, both 0, fill the rest.
    const constant = Buffer.from([0xfd, 0x0c, ...lanes]);
    const load = [0x41, 0x80 | (address & 127), 0x80 | (address >> 7), 0x80, 0x80, 0x00, 0xfd, 0x00];
    load.push(0x80, 0x80, 0x80, 0x80, 0x00, 0x80, 0x80, 0x80, 0x80, 0x00);
    for (let at = loading.indexOf(constant); at >= 0; at = loading.indexOf(constant, at)) loading.set(load, at);
  });
  return WebAssembly.validate(loading) ? loading : module;
}

function start(): Engine {
  const relaxed = relaxSwizzles(Buffer.from(moduleBase64, 'base64'));
  const functions = instantiate<Functions>(WebAssembly.validate(wideTable) ? loadShuffles(relaxed) : relaxed);
  const view = (state: { readonly at: number; readonly size: number }): Uint8Array =>
    functions.memory.subarray(state.at, state.at + state.size);
  return {
    ...functions,
    cell: view({ at: cellAt, size: bodyLength }),
    sha1State: view(sha1State),
    sha3State: view(sha3State),
    cgoState: view(cgoState),
    cgoOwner: undefined,
    slots: new KeystreamSlots(),
  };
}
