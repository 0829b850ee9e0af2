import { TorError } from '../../base/errors/index.ts';
import type { Engine, StateOwner } from './engine.ts';
import { CellLayer, type ClientLayer, type RelayLayer } from './layer.ts';
import { cgoState } from './layout.ts';

/** Bytes of key material that a layer takes: keys and nonce forward, then backward. */
export const cgoKeyLength = 160;

/**
 * Counter galois onion with AES-128. Relays encrypt in both directions and clients decrypt, since only encryption keeps
 * a changed cell from changing in a way that somebody chose; the keys change with every cell for or from this very hop.
 * spec: proposal 359
 */
export const cgoClientLayer = (keys: Uint8Array): ClientLayer => new CgoClientLayer(keys);
export const cgoRelayLayer = (keys: Uint8Array): RelayLayer => new CgoRelayLayer(keys);

/** What the engine does about the keys. */
const keep = 0;
const originate = 1;
const recognize = 2;

/** Keys, nonce, T' and tag of one direction. They stay in the engine until another direction comes. */
class CgoDirection implements StateOwner {
  readonly #engine: Engine;
  readonly #state = new Uint8Array(cgoState.size);
  readonly #tag: Uint8Array;

  constructor(engine: Engine, keys: Uint8Array) {
    this.#engine = engine;
    this.#state.set(keys);
    this.#tag = this.#state.subarray(cgoState.tag);
  }

  /** Of the last cell for or from this hop: a view. */
  get tag(): Uint8Array {
    if (this.#engine.cgoOwner === this) this.takeBack();
    return this.#tag;
  }

  takeBack(): void {
    this.#state.set(this.#engine.cgoState);
  }

  #bringIn(): Engine {
    const engine = this.#engine;
    if (engine.cgoOwner !== this) {
      engine.cgoOwner?.takeBack();
      engine.memory.set(this.#state, cgoState.at);
      engine.cgoOwner = this;
    }
    return engine;
  }

  encrypt(command: number, update: number): boolean {
    return this.#bringIn().cgoEncrypt(command, update) !== 0;
  }

  decrypt(command: number, update: number): boolean {
    return this.#bringIn().cgoDecrypt(command, update) !== 0;
  }
}

abstract class CgoLayer extends CellLayer {
  readonly tagLength = 16;
  protected readonly forward: CgoDirection;
  protected readonly backward: CgoDirection;

  constructor(keys: Uint8Array) {
    super();
    if (keys.length !== cgoKeyLength) throw new TorError('BAD_KEY', 'counter galois onion takes 160 bytes of keys');
    this.forward = new CgoDirection(this.engine, keys.subarray(0, cgoKeyLength / 2));
    this.backward = new CgoDirection(this.engine, keys.subarray(cgoKeyLength / 2));
  }
}

class CgoClientLayer extends CgoLayer {
  get sentTag(): Uint8Array {
    return this.forward.tag;
  }

  get receivedTag(): Uint8Array {
    return this.backward.tag;
  }

  originateLoaded(command: number): void {
    this.forward.decrypt(command, originate);
  }

  encryptLoaded(command: number): void {
    this.forward.decrypt(command, keep);
  }

  decryptLoaded(command: number): boolean {
    return this.backward.decrypt(command, recognize);
  }
}

class CgoRelayLayer extends CgoLayer {
  get sentTag(): Uint8Array {
    return this.backward.tag;
  }

  get receivedTag(): Uint8Array {
    return this.forward.tag;
  }

  originateLoaded(command: number): void {
    this.backward.encrypt(command, originate);
  }

  encryptLoaded(command: number): void {
    this.backward.encrypt(command, keep);
  }

  decryptLoaded(command: number): boolean {
    return this.forward.encrypt(command, recognize);
  }
}
