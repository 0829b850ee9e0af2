import { TorError } from '../../base/errors/index.ts';
import { type KeyPlace, Keystream } from './keystream.ts';
import { CellLayer, type ClientLayer, type RelayLayer } from './layer.ts';
import { type DigestName, RunningDigest, stateSize } from './running-digest.ts';

/** AES-128-CTR and running SHA-1: takes Df, Db (20 bytes each), Kf, Kb (16 each). spec: tor-spec 5.2, 5.5 */
export const tor1ClientLayer = (keys: Uint8Array): ClientLayer => new Tor1Layer(keys, 'sha1', false);
export const tor1RelayLayer = (keys: Uint8Array): RelayLayer => new Tor1Layer(keys, 'sha1', true);

/**
 * The virtual hop between an onion service and its client, AES-256-CTR and running SHA3-256: takes Df, Db, Kf, Kb,
 * 32 bytes each. Forward is from client to service, and both ends are origins of circuits. spec: rend-spec-v3 4.2.1
 */
export const hsClientLayer = (keys: Uint8Array): ClientLayer => new Tor1Layer(keys, 'sha3-256', false);
export const hsServiceLayer = (keys: Uint8Array): ClientLayer => new Tor1Layer(keys, 'sha3-256', true);

/** Bytes of key material that a layer takes. */
export const tor1KeyLength = 72;
export const hsKeyLength = 128;

interface KeyLayout {
  readonly digest: DigestName;
  readonly digestLength: number;
  readonly forward: KeyPlace;
  readonly backward: KeyPlace;
}

const layouts: Readonly<Record<DigestName, KeyLayout>> = {
  sha1: { digest: 'sha1', digestLength: 20, forward: { at: 40, length: 16 }, backward: { at: 56, length: 16 } },
  'sha3-256': {
    digest: 'sha3-256',
    digestLength: 32,
    forward: { at: 64, length: 32 },
    backward: { at: 96, length: 32 },
  },
};

/** Digests and keystream are made when the first cell needs them: circuits are made ahead, and many never carry one. */
class Tor1Layer extends CellLayer {
  readonly tagLength = 20;
  readonly #keys: Uint8Array;
  readonly #layout: KeyLayout;
  readonly #reverse: boolean;
  #sendStream: Keystream | undefined;
  #receiveStream: Keystream | undefined;
  #sendDigest: RunningDigest | undefined;
  #receiveDigest: RunningDigest | undefined;

  /** `keys` is kept, not copied. */
  constructor(keys: Uint8Array, digest: DigestName, reverse: boolean) {
    super();
    const layout = layouts[digest];
    const { backward } = layout;
    if (keys.length < backward.at + backward.length)
      throw new TorError('BAD_KEY', 'too few bytes for the keys of a hop');
    this.#keys = keys;
    this.#layout = layout;
    this.#reverse = reverse;
  }

  get sentTag(): Uint8Array {
    return this.#sending().tag;
  }

  get receivedTag(): Uint8Array {
    return this.#receiving().tag;
  }

  originateLoaded(command: number): void {
    this.#sending().originate(this.engine);
    this.encryptLoaded(command);
  }

  encryptLoaded(_command: number): void {
    this.#sendStream ??= this.#stream(this.#reverse);
    this.#sendStream.apply(this.engine);
  }

  decryptLoaded(_command: number): boolean {
    this.#receiveStream ??= this.#stream(!this.#reverse);
    return this.#receiveStream.apply(this.engine) !== 0 && this.#receiving().check(this.engine);
  }

  #stream(backward: boolean): Keystream {
    return new Keystream(this.#keys, backward ? this.#layout.backward : this.#layout.forward);
  }

  #sending(): RunningDigest {
    if (this.#sendDigest === undefined) this.#makeDigests();
    return this.#sendDigest as RunningDigest;
  }

  #receiving(): RunningDigest {
    if (this.#receiveDigest === undefined) this.#makeDigests();
    return this.#receiveDigest as RunningDigest;
  }

  /** Both, in one block: who needs the one will need the other. */
  #makeDigests(): void {
    const { digest, digestLength } = this.#layout;
    const size = stateSize(digest);
    const states = new Uint8Array(2 * size);
    const [forward, backward] = [0, 1].map((i) => {
      const seed = this.#keys.subarray(i * digestLength, (i + 1) * digestLength);
      return new RunningDigest(digest, seed, states.subarray(i * size, (i + 1) * size));
    });
    this.#sendDigest = this.#reverse ? backward : forward;
    this.#receiveDigest = this.#reverse ? forward : backward;
  }
}
