/**
 * Where things lie in the memory of the WebAssembly module: known to the program that builds it (scripts/wasm) and to
 * the code that calls it. Everything but the slots is scratch: nothing of a circuit stays there after a cell.
 */

/** Where the cell body in work begins; 509 bytes, then room for padding and whole blocks. */
export const cellAt = 6144;
/** Length of a cell body. */
export const bodyLength = 509;

/** Keystream of one cell, for those who have no slot. */
export const keystreamAt = 6912;
/** Slots for keystream made ahead, 32 cells each; a slot ends with room for reading whole blocks past its last cell. */
export const slots = { at: 8192, size: 16384, count: 255 } as const;

/**
 * A running SHA-1 on the tor1 hops: digest of the last cell (20), chaining value at 32 (20), bytes so far at 56 (8,
 * little-endian), and the bytes that fill no block yet, right-aligned in 64, so that the cell follows them.
 */
export const sha1State = { at: cellAt - 128, size: 128, chain: 32, length: 56, tail: 64 } as const;

/** The same for SHA3-256: digest (32), lanes at 32 (200), number of tail bytes at 232, tail right-aligned in 136. */
export const sha3State = { at: cellAt - 376, size: 376, lanes: 32, length: 232, tail: 240 } as const;

/** One direction of a counter galois onion layer: keys KB, KU, K, B (16 each), nonce, T', and the last cell's tag. */
export const cgoState = { at: 5120, size: 112, nonce: 64, chained: 80, tag: 96 } as const;

type Lanes = readonly number[];

const shiftRows = Array.from({ length: 16 }, (_, j) => (j + 4 * (j % 4)) % 16);
const up = (rows: number, j: number): number => (j & 12) + ((j + rows) % 4);

/**
 * Which byte comes to each place of the AES state (byte 4 * column + row): in ShiftRows; in ShiftRows and then one row up
 * within the column; two rows up. They are constants in the code, and here for engines that do better with loads.
 */
export const rowShuffles: { readonly at: number; readonly lanes: readonly [Lanes, Lanes, Lanes] } = {
  at: 2128,
  lanes: [shiftRows, shiftRows.map((_, j) => shiftRows[up(1, j)] ?? 0), shiftRows.map((_, j) => up(2, j))],
};

export const pages = Math.ceil((slots.at + slots.size * slots.count) / 65536);

/** Known to the builder alone: tables and working space. */
export const inner = {
  bitMasks: 0,
  counterPlanes: 128,
  sbox: 640,
  inverseSbox: 896,
  highNibbles: 1152,
  roundConstants: 1408,
  keccakConstants: 1600,
  sha1Schedule: 1792,
  barrier: 2112,
  schedule: 2176,
  planes: 2368,
  tableU: 3776,
  tableB: 4320,
  work: 4864,
  keccakScratch: 5248,
} as const;
