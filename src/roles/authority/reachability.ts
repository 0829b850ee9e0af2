import type { Clock } from '../../base/runtime/index.ts';
import type { ChannelManager, ChannelTarget } from '../../network/channels/index.ts';
import { supports } from '../../wire/protover/index.ts';
import type { AuthorityConfig } from './config.ts';
import type { RouterHistory } from './history/router-history.ts';
import type { KnownRelay, RouterStore } from './uploads/router-store.ts';

/** Proves that a relay answers at an address with the keys it says. Rejects when it does not. */
export type ReachRelay = (target: ChannelTarget) => Promise<void>;

/** Through links of our own: one that is open proves it as well. */
export const reachByChannel =
  (manager: Pick<ChannelManager, 'get'>): ReachRelay =>
  async (target) => {
    await manager.get(target);
  };

const parts = 128;
/** How often a part of all relays is tested. */
export const testEveryMs = 10_000;

export interface ReachabilityDeps {
  readonly clock: Clock;
  readonly reach: ReachRelay;
  readonly store: RouterStore;
  readonly history: RouterHistory;
  readonly isMe: (rsaId: Uint8Array) => boolean;
  /** Seconds of downtime that a change of address counts for. */
  readonly penaltySec: () => number;
}

/** Tries the relays, one part after the other, each once in a bit over 20 minutes. */
export class ReachabilityTests {
  readonly #deps: ReachabilityDeps;
  readonly #config: Pick<AuthorityConfig, 'testReachability' | 'testEd25519LinkKeys' | 'hasIpv6'>;
  #part = 0;

  constructor(deps: ReachabilityDeps, config: AuthorityConfig) {
    this.#deps = deps;
    this.#config = config;
  }

  /** Tests the next part. */
  testPart(): void {
    if (!this.#config.testReachability) return;
    const part = this.#part;
    this.#part = (part + 1) % parts;
    for (const relay of this.#deps.store.all()) {
      if ((relay.descriptor.rsaId[0] as number) % parts === part) this.test(relay);
    }
  }

  /** Tests one relay now. */
  test(relay: KnownRelay): void {
    const { descriptor } = relay;
    if (!this.#config.testReachability || this.#deps.isMe(descriptor.rsaId)) return;
    this.#try(relay, { address: descriptor.address, port: descriptor.orPort });
    if (this.#config.hasIpv6 && descriptor.ipv6 !== undefined) this.#try(relay, descriptor.ipv6);
  }

  #try(relay: KnownRelay, at: { readonly address: Uint8Array; readonly port: number }): void {
    const { rsaId, ed25519Id, protover } = relay.descriptor;
    const proveEd25519 = this.#config.testEd25519LinkKeys && supports(protover, 'LinkAuth', 3);
    const identity = { rsa: rsaId, ...(proveEd25519 && ed25519Id !== undefined && { ed25519: ed25519Id }) };
    this.#deps.reach({ identity, addresses: [at] }).then(
      () => this.#reached(rsaId, at),
      // A relay that cannot be reached is found out by its silence.
      () => undefined,
    );
  }

  #reached(rsaId: Uint8Array, at: { readonly address: Uint8Array; readonly port: number }): void {
    const { clock, store, history, penaltySec } = this.#deps;
    const relay = store.find(rsaId);
    if (relay === undefined) return;
    const nowMs = clock.now();
    if (at.address.length === 16) {
      relay.lastReachableIpv6Ms = nowMs;
      return;
    }
    relay.lastReachableMs = nowMs;
    history.reachable(rsaId, at, Math.floor(nowMs / 1000), penaltySec());
  }
}
