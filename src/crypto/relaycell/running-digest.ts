import type { Engine } from './engine.ts';
import { sha1State, sha3State } from './layout.ts';

export type DigestName = 'sha1' | 'sha3-256';

const sha1Start = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

const layoutOf = (name: DigestName) => (name === 'sha1' ? sha1State : sha3State);

/** Bytes of state that a digest needs. */
export const stateSize = (name: DigestName): number => layoutOf(name).size;

/** The running digest of one direction of a hop; see `layout.ts` for what its state holds. */
export class RunningDigest {
  readonly #state: Uint8Array;
  readonly #at: number;
  readonly #sha1: boolean;

  /** `seed` is what is digested first: Df or Db. `state` is zero, of `stateSize(name)` bytes, and its own from now on. */
  constructor(name: DigestName, seed: Uint8Array, state: Uint8Array) {
    const layout = layoutOf(name);
    this.#sha1 = name === 'sha1';
    this.#at = layout.at;
    this.#state = state;
    this.#state.set(seed, layout.size - seed.length);
    this.#state[layout.length] = seed.length;
    if (this.#sha1) {
      const view = new DataView(state.buffer, state.byteOffset + sha1State.chain);
      sha1Start.forEach((word, i) => {
        view.setUint32(4 * i, word, true);
      });
    }
  }

  /** Of the last cell, 20 bytes: a view. */
  get tag(): Uint8Array {
    return this.#state.subarray(0, 20);
  }

  /** Digests the cell in work, with its digest and `recognized` set. */
  originate(engine: Engine): void {
    engine.memory.set(this.#state, this.#at);
    if (this.#sha1) engine.sha1Originate();
    else engine.sha3Originate();
    this.#keep(engine);
  }

  /** Whether the cell in work carries the right digest; when not, it is as if it had not been seen. */
  check(engine: Engine): boolean {
    engine.memory.set(this.#state, this.#at);
    const right = this.#sha1 ? engine.sha1Check() : engine.sha3Check();
    if (right === 0) return false;
    this.#keep(engine);
    return true;
  }

  #keep(engine: Engine): void {
    this.#state.set(this.#sha1 ? engine.sha1State : engine.sha3State);
  }
}
