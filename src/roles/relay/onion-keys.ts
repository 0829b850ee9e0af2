import { concatBytes } from '../../base/bytes/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import { RsaPrivateKey, type X25519KeyPair, x25519KeyPair, x25519KeyPairFrom } from '../../crypto/primitives/index.ts';
import {
  type DataStore,
  formatIsoTime,
  formatTaggedFile,
  parseIsoTime,
  parseTaggedFile,
  type StateStore,
} from '../../network/storage/index.ts';

const ntorFile = 'keys/secret_onion_key_ntor';
const rsaFile = 'keys/secret_onion_key';
const stateKey = 'LastRotatedOnionKey';
const dayMs = 86_400_000;
const rsaBits = 1024;

export interface OnionKeysDeps {
  readonly store: DataStore;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long an onion key is used, and how long the old one still answers: consensus parameters, in days. */
export interface OnionKeyLifetimes {
  readonly rotationDays: number;
  readonly graceDays: number;
}

/**
 * The keys that circuits are made with: the current one, and the one before it while clients may still have it.
 * Rotated as `onion-key-rotation-days` says. The TAP key only stands in the descriptor. spec: tor-spec 1.1
 */
export class OnionKeys {
  readonly #deps: OnionKeysDeps;
  #current: X25519KeyPair;
  #previous: X25519KeyPair | undefined;
  #tap: RsaPrivateKey;
  #rotatedMs: number;

  private constructor(
    deps: OnionKeysDeps,
    keys: { current: X25519KeyPair; previous: X25519KeyPair | undefined; tap: RsaPrivateKey; rotatedMs: number },
  ) {
    this.#deps = deps;
    this.#current = keys.current;
    this.#previous = keys.previous;
    this.#tap = keys.tap;
    this.#rotatedMs = keys.rotatedMs;
  }

  static async load(deps: OnionKeysDeps): Promise<OnionKeys> {
    const { store, state, clock, random } = deps;
    const stored = await readNtor(store, ntorFile);
    const current = stored ?? x25519KeyPair(random);
    if (stored === undefined) await writeNtor(store, ntorFile, current);
    const pem = await store.readText(rsaFile, { maxBytes: 16_384 });
    const tap = pem === undefined ? await RsaPrivateKey.generate(rsaBits) : RsaPrivateKey.fromPem(pem);
    if (pem === undefined) await store.write(rsaFile, tap.toPem());
    const rotated = state.get(stateKey);
    const rotatedSec = rotated === undefined ? undefined : parseIsoTime(rotated);
    const rotatedMs = rotatedSec === undefined ? clock.now() : rotatedSec * 1000;
    if (rotatedSec === undefined) state.set(stateKey, formatIsoTime(rotatedMs / 1000));
    return new OnionKeys(deps, { current, previous: await readNtor(store, `${ntorFile}.old`), tap, rotatedMs });
  }

  get current(): X25519KeyPair {
    return this.#current;
  }

  get tap(): RsaPrivateKey {
    return this.#tap;
  }

  /** For the server's half of handshakes, newest first. */
  get all(): readonly X25519KeyPair[] {
    return this.#previous === undefined ? [this.#current] : [this.#current, this.#previous];
  }

  /** Rotates or forgets what is due. True: the descriptor must be published anew. */
  async refresh(lifetimes: OnionKeyLifetimes): Promise<boolean> {
    const { store, state, clock, random } = this.#deps;
    const ageMs = clock.now() - this.#rotatedMs;
    if (ageMs >= lifetimes.rotationDays * dayMs) {
      const next = x25519KeyPair(random);
      const nextTap = await RsaPrivateKey.generate(rsaBits);
      await store.rename(ntorFile, `${ntorFile}.old`);
      await writeNtor(store, ntorFile, next);
      await store.rename(rsaFile, `${rsaFile}.old`);
      await store.write(rsaFile, nextTap.toPem());
      this.#previous = this.#current;
      this.#current = next;
      this.#tap = nextTap;
      this.#rotatedMs = clock.now();
      state.set(stateKey, formatIsoTime(this.#rotatedMs / 1000));
      return true;
    }
    if (this.#previous !== undefined && ageMs >= lifetimes.graceDays * dayMs) {
      this.#previous = undefined;
      await store.remove(`${ntorFile}.old`);
      await store.remove(`${rsaFile}.old`);
    }
    return false;
  }
}

async function readNtor(store: DataStore, name: string): Promise<X25519KeyPair | undefined> {
  const file = await store.read(name, { maxBytes: 96 });
  if (file === undefined) return undefined;
  const secretKey = parseTaggedFile(file, 'c25519v1', 'onion', 64).slice(0, 32);
  return x25519KeyPairFrom(secretKey);
}

const writeNtor = (store: DataStore, name: string, key: X25519KeyPair): Promise<void> =>
  store.write(name, formatTaggedFile('c25519v1', 'onion', concatBytes(key.secretKey, key.publicKey)));
