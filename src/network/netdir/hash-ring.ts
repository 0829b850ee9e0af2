import { compareBytes } from '../../base/bytes/index.ts';
import type { Relay } from './relay.ts';
import { hsDirIndex, hsIndex } from './time-period.ts';

/** What fixes a ring: a period and the shared random value that goes with it. */
export interface RingKey {
  readonly periodNumber: number;
  /** 32 bytes. */
  readonly srv: Uint8Array;
}

interface Place {
  readonly index: Uint8Array;
  readonly relay: Relay;
}

/** The directories of onion services in the order of one period's ring. spec: rend-spec-v3 2.2.3 [WHERE-HSDESC] */
export class HashRing {
  readonly #places: readonly Place[];
  readonly #periodNumber: number;
  readonly #lengthMinutes: number;

  /** `relays`: those that may be directories; one without an Ed25519 identity has no place on the ring. */
  constructor(relays: readonly Relay[], key: RingKey, lengthMinutes: number) {
    const places: Place[] = [];
    for (const relay of relays) {
      if (relay.ed25519Id === undefined) continue;
      places.push({ index: hsDirIndex(relay.ed25519Id, key.srv, key.periodNumber, lengthMinutes), relay });
    }
    places.sort((a, b) => compareBytes(a.index, b.index));
    this.#places = places;
    this.#periodNumber = key.periodNumber;
    this.#lengthMinutes = lengthMinutes;
  }

  get size(): number {
    return this.#places.length;
  }

  /** For each replica the `spread` directories at and after its index; one taken for an earlier replica is passed over. */
  responsible(blindedKey: Uint8Array, replicas: number, spread: number): Relay[] {
    const chosen = new Set<Relay>();
    const count = this.#places.length;
    if (count === 0) return [];
    for (let replica = 1; replica <= replicas; replica++) {
      const start = this.#at(hsIndex(blindedKey, replica, this.#periodNumber, this.#lengthMinutes));
      let added = 0;
      for (let step = 0; step < count && added < spread; step++) {
        const { relay } = this.#places[(start + step) % count] as Place;
        if (chosen.has(relay)) continue;
        chosen.add(relay);
        added++;
      }
    }
    return [...chosen];
  }

  /** The first place at or after `index`, round the end. */
  #at(index: Uint8Array): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes((this.#places[middle] as Place).index, index) < 0) low = middle + 1;
      else high = middle;
    }
    return low === this.#places.length ? 0 : low;
  }
}
