import { sha1, sha3_256, sha256 } from '../../../crypto/primitives/index.ts';
import { bytesOf, type SignedRange, signedRange, syntaxError } from '../meta/text.ts';
import type { ConsensusDigests } from './types.ts';

/** The part of a consensus or vote that its signatures cover: to the space after the first `directory-signature`. */
export function consensusSignedRange(text: string): SignedRange | undefined {
  return signedRange(text, 'network-status-version', '\ndirectory-signature', ' ');
}

/** Digests of a consensus, each computed when it is asked for. */
export class LazyDigests implements ConsensusDigests {
  readonly #bytes: Uint8Array;
  readonly #signed: Uint8Array;
  readonly #known = new Map<string, Uint8Array>();

  /** Throws NETDOC_SYNTAX when no signed part can be found. */
  constructor(text: string) {
    const range = consensusSignedRange(text);
    if (range === undefined) throw syntaxError('a consensus without a signed part');
    this.#bytes = bytesOf(text);
    this.#signed = this.#bytes.subarray(range.start, range.end);
  }

  get sha1(): Uint8Array {
    return this.#once('sha1', () => sha1(this.#signed));
  }
  get sha256(): Uint8Array {
    return this.#once('sha256', () => sha256(this.#signed));
  }
  get sha3(): Uint8Array {
    return this.#once('sha3', () => sha3_256(this.#signed));
  }
  get sha3Whole(): Uint8Array {
    return this.#once('sha3Whole', () => sha3_256(this.#bytes));
  }

  #once(name: string, compute: () => Uint8Array): Uint8Array {
    let digest = this.#known.get(name);
    if (digest === undefined) {
      digest = compute();
      this.#known.set(name, digest);
    }
    return digest;
  }
}
