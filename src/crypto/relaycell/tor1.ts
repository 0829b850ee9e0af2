import { Keystream } from './keystream.ts';
import { CellLayer, type ClientLayer, type RelayLayer } from './layer.ts';
import { type DigestName, RunningDigest } from './running-digest.ts';

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

class Tor1Layer extends CellLayer {
  readonly tagLength = 20;
  readonly #sendStream: Keystream;
  readonly #receiveStream: Keystream;
  readonly #sendDigest: RunningDigest;
  readonly #receiveDigest: RunningDigest;

  constructor(keys: Uint8Array, hash: DigestName, reverse: boolean) {
    super();
    const [digestLength, keyLength] = hash === 'sha1' ? [20, 16] : [32, 32];
    const keysAt = 2 * digestLength;
    const forwardDigest = new RunningDigest(hash, keys.subarray(0, digestLength));
    const backwardDigest = new RunningDigest(hash, keys.subarray(digestLength, keysAt));
    const forward = new Keystream(keys.subarray(keysAt, keysAt + keyLength));
    const backward = new Keystream(keys.subarray(keysAt + keyLength, keysAt + 2 * keyLength));
    this.#sendDigest = reverse ? backwardDigest : forwardDigest;
    this.#receiveDigest = reverse ? forwardDigest : backwardDigest;
    this.#sendStream = reverse ? backward : forward;
    this.#receiveStream = reverse ? forward : backward;
  }

  get sentTag(): Uint8Array {
    return this.#sendDigest.tag;
  }

  get receivedTag(): Uint8Array {
    return this.#receiveDigest.tag;
  }

  originateLoaded(_command: number): void {
    this.#sendDigest.originate(this.engine);
    this.#sendStream.apply(this.engine);
  }

  encryptLoaded(_command: number): void {
    this.#sendStream.apply(this.engine);
  }

  decryptLoaded(_command: number): boolean {
    return this.#receiveStream.apply(this.engine) !== 0 && this.#receiveDigest.check(this.engine);
  }
}
