import { AesCtr, RunningHash } from '../primitives/index.ts';
import type { ClientLayer, RelayLayer } from './layer.ts';

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

const digestAt = 5;

class Tor1Layer implements ClientLayer, RelayLayer {
  readonly tagLength = 20;
  readonly sentTag = new Uint8Array(20);
  readonly receivedTag = new Uint8Array(20);
  readonly #sendCipher: AesCtr;
  readonly #receiveCipher: AesCtr;
  readonly #sendDigest: RunningHash;
  #receiveDigest: RunningHash;

  constructor(keys: Uint8Array, hash: 'sha1' | 'sha3-256', reverse: boolean) {
    const [digestLength, keyLength] = hash === 'sha1' ? [20, 16] : [32, 32];
    const keysAt = 2 * digestLength;
    const forward = new RunningHash(hash).update(keys.subarray(0, digestLength));
    const backward = new RunningHash(hash).update(keys.subarray(digestLength, keysAt));
    const forwardCipher = new AesCtr(keys.subarray(keysAt, keysAt + keyLength));
    const backwardCipher = new AesCtr(keys.subarray(keysAt + keyLength, keysAt + 2 * keyLength));
    this.#sendDigest = reverse ? backward : forward;
    this.#receiveDigest = reverse ? forward : backward;
    this.#sendCipher = reverse ? backwardCipher : forwardCipher;
    this.#receiveCipher = reverse ? forwardCipher : backwardCipher;
  }

  originate(_command: number, body: Uint8Array): void {
    body[1] = 0;
    body[2] = 0;
    body.fill(0, digestAt, digestAt + 4);
    const digest = this.#sendDigest.update(body).peek();
    this.sentTag.set(digest.subarray(0, 20));
    body.set(digest.subarray(0, 4), digestAt);
    this.#sendCipher.cryptInPlace(body);
  }

  encrypt(_command: number, body: Uint8Array): void {
    this.#sendCipher.cryptInPlace(body);
  }

  decrypt(_command: number, body: Uint8Array): boolean {
    this.#receiveCipher.cryptInPlace(body);
    if (body[1] !== 0 || body[2] !== 0) return false;
    const claimed = body.slice(digestAt, digestAt + 4);
    body.fill(0, digestAt, digestAt + 4);
    const next = new RunningHash(this.#receiveDigest).update(body);
    const digest = next.peek();
    body.set(claimed, digestAt);
    if (claimed[0] !== digest[0] || claimed[1] !== digest[1] || claimed[2] !== digest[2] || claimed[3] !== digest[3]) {
      return false;
    }
    this.#receiveDigest = next;
    this.receivedTag.set(digest.subarray(0, 20));
    return true;
  }
}
