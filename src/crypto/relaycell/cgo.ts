import { TorError } from '../../base/errors/index.ts';
import type { Engine } from './engine.ts';
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

/** Keys, nonce, T' and tag of one direction. */
class CgoDirection {
  /** Of the last cell for or from this hop: a view. */
  readonly tag: Uint8Array;
  readonly #state = new Uint8Array(cgoState.size);

  constructor(keys: Uint8Array) {
    this.#state.set(keys);
    this.tag = this.#state.subarray(cgoState.tag);
  }

  encrypt(engine: Engine, command: number, update: number): boolean {
    engine.memory.set(this.#state, cgoState.at);
    const changed = engine.cgoEncrypt(command, update);
    this.#state.set(engine.cgoState);
    return changed !== 0;
  }

  decrypt(engine: Engine, command: number, update: number): boolean {
    engine.memory.set(this.#state, cgoState.at);
    const changed = engine.cgoDecrypt(command, update);
    this.#state.set(engine.cgoState);
    return changed !== 0;
  }
}

abstract class CgoLayer extends CellLayer {
  readonly tagLength = 16;
  protected readonly forward: CgoDirection;
  protected readonly backward: CgoDirection;

  constructor(keys: Uint8Array) {
    super();
    if (keys.length !== cgoKeyLength) throw new TorError('BAD_KEY', 'counter galois onion takes 160 bytes of keys');
    this.forward = new CgoDirection(keys.subarray(0, cgoKeyLength / 2));
    this.backward = new CgoDirection(keys.subarray(cgoKeyLength / 2));
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
    this.forward.decrypt(this.engine, command, originate);
  }

  encryptLoaded(command: number): void {
    this.forward.decrypt(this.engine, command, keep);
  }

  decryptLoaded(command: number): boolean {
    return this.backward.decrypt(this.engine, command, recognize);
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
    this.backward.encrypt(this.engine, command, originate);
  }

  encryptLoaded(command: number): void {
    this.backward.encrypt(this.engine, command, keep);
  }

  decryptLoaded(command: number): boolean {
    return this.forward.encrypt(this.engine, command, recognize);
  }
}
