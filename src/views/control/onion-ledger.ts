import type { OnionService } from '../../roles/onion/index.ts';
import type { Controller } from './controller.ts';
import type { ControlledServices } from './types.ts';

/** Services that controllers made: each ends with its connection, unless it was detached. */
export class OnionLedger {
  readonly #services: ControlledServices;
  readonly #owned = new Map<OnionService, Controller>();
  readonly #detached = new Set<OnionService>();

  constructor(services: ControlledServices) {
    this.#services = services;
  }

  add(service: OnionService, owner: Controller | 'detached'): void {
    if (owner === 'detached') this.#detached.add(service);
    else this.#owned.set(service, owner);
  }

  /** Addresses without ".onion". */
  current(controller: Controller): string[] {
    return [...this.#owned].filter(([, owner]) => owner === controller).map(([service]) => labelOf(service));
  }

  detached(): string[] {
    return [...this.#detached].map(labelOf);
  }

  /** One that this controller may remove. */
  find(label: string, controller: Controller): OnionService | undefined {
    const mine = [...this.#owned].filter(([, owner]) => owner === controller).map(([service]) => service);
    return [...mine, ...this.#detached].find((service) => labelOf(service) === label);
  }

  async remove(service: OnionService): Promise<void> {
    this.#owned.delete(service);
    this.#detached.delete(service);
    await this.#services.remove(service);
  }

  async removeAllOf(controller: Controller): Promise<void> {
    for (const [service, owner] of [...this.#owned]) if (owner === controller) await this.remove(service);
  }
}

const labelOf = (service: OnionService): string => service.hostname.replace(/\.onion$/, '');
