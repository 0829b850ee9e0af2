import type { Random } from '../../../base/runtime/index.ts';
import type { ServiceTarget } from './target.ts';

/** One `HiddenServicePort` line. */
export interface ServicePort {
  readonly port: number;
  readonly target: ServiceTarget;
}

/** Finds the target of a virtual port; with several lines for one port, one at random, as C tor does. */
export class PortMap {
  readonly #targets = new Map<number, ServiceTarget[]>();
  readonly #random: Random;

  constructor(ports: readonly ServicePort[], random: Random) {
    this.#random = random;
    for (const { port, target } of ports) {
      const known = this.#targets.get(port);
      if (known === undefined) this.#targets.set(port, [target]);
      else known.push(target);
    }
  }

  find(port: number): ServiceTarget | undefined {
    const targets = this.#targets.get(port);
    return targets?.[this.#random.below(targets.length)];
  }

  get ports(): readonly number[] {
    return [...this.#targets.keys()];
  }
}
