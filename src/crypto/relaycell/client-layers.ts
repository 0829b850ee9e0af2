import { TorError } from '../../base/errors/index.ts';
import { type Engine, engine } from './engine.ts';
import { CellLayer, type ClientLayer } from './layer.ts';
import { cellAt } from './layout.ts';

/** All hops of a circuit at its origin, nearest first: a cell goes through several layers in one step. */
export class ClientLayers {
  readonly #engine: Engine = engine();
  readonly #layers: CellLayer[] = [];

  push(layer: ClientLayer): void {
    if (!(layer instanceof CellLayer)) throw new TorError('INTERNAL', 'a layer from elsewhere');
    this.#layers.push(layer);
  }

  /** Forgets all layers but the first `length`. */
  truncate(length: number): void {
    this.#layers.splice(length);
  }

  /** Originates a message for the hop at `index` and encrypts it for those before. */
  originate(index: number, command: number, body: Uint8Array): void {
    body.set(this.originated(index, command, body));
  }

  /** The same for who sends the cell at once: gives a view that the next call on any layer overwrites. */
  originated(index: number, command: number, body: Uint8Array): Uint8Array {
    const layers = this.#layers;
    this.#engine.memory.set(body, cellAt);
    (layers[index] as CellLayer).originateLoaded(command);
    for (let i = index - 1; i >= 0; i--) (layers[i] as CellLayer).encryptLoaded(command);
    return this.#engine.cell;
  }

  /** Decrypts an inbound cell up to the hop that sent it. Gives the hop's index; -1 when it is no hop's. */
  decrypt(command: number, body: Uint8Array): number {
    const layers = this.#layers;
    this.#engine.memory.set(body, cellAt);
    for (let i = 0; i < layers.length; i++) {
      if ((layers[i] as CellLayer).decryptLoaded(command)) {
        body.set(this.#engine.cell);
        return i;
      }
    }
    return -1;
  }
}
