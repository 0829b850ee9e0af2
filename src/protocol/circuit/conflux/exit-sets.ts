import { TorError } from '../../../base/errors/index.ts';
import type { Clock, Random, Timers } from '../../../base/runtime/index.ts';
import { ConfluxUx, decodeConfluxLink, encodeConfluxLink } from '../../../wire/relaymsg/index.ts';
import type { CircuitParams } from '../params.ts';
import { exitStreams } from '../stream-settings.ts';
import type { ConfluxLeg, LegOwner } from './leg.ts';
import { ConfluxSet } from './set.ts';

export interface ConfluxLimits {
  /** cfx_max_legs_set */
  readonly maxLegs: number;
  /** cfx_max_oooq_bytes */
  readonly maxEarlyBytes: number;
}

/** A leg of a set at an exit, from LINK on. */
export class ExitLeg {
  readonly set: ConfluxSet;
  readonly leg: ConfluxLeg;
  readonly #clock: Clock;
  readonly #linkedAtMs: number;

  constructor(clock: Clock, set: ConfluxSet, leg: ConfluxLeg) {
    this.#clock = clock;
    this.#linkedAtMs = clock.monotonic();
    this.set = set;
    this.leg = leg;
  }

  /** LINKED_ACK: the first round trip. Throws CIRCUIT_PROTOCOL for a second one. */
  acknowledged(): void {
    if (this.leg.linkRttMs > 0) throw new TorError('CIRCUIT_PROTOCOL', 'a second CONFLUX_LINKED_ACK');
    this.leg.linkRttMs = Math.max(0.001, this.#clock.monotonic() - this.#linkedAtMs);
    this.set.streams.resume();
  }
}

/** No set needs more; C tor's own default has no limit to speak of. */
const mostEarlyBytes = 64 * 1024 * 1024;

/** The sets of circuits that end at this relay, by their nonces. One for the whole relay. */
export class ExitConfluxSets {
  readonly #deps: { readonly clock: Clock; readonly timers: Timers; readonly random: Random };
  readonly #limits: () => ConfluxLimits;
  readonly #sets = new Map<string, ConfluxSet>();

  constructor(
    deps: { readonly clock: Clock; readonly timers: Timers; readonly random: Random },
    limits: () => ConfluxLimits,
  ) {
    this.#deps = deps;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sets.size;
  }

  /** Bytes that wait for their turn in all sets. */
  get earlyBytes(): number {
    let bytes = 0;
    for (const set of this.#sets.values()) bytes += set.earlyBytes;
    return bytes;
  }

  /**
   * LINK came on a circuit without streams: the leg, and the body of LINKED. Throws CIRCUIT_PROTOCOL and what a malformed
   * message throws.
   */
  link(
    owner: LegOwner,
    body: Uint8Array,
    params: CircuitParams,
  ): { readonly leg: ExitLeg; readonly linked: Uint8Array } {
    const link = decodeConfluxLink(body);
    const nonce = link.nonce.slice();
    const key = Buffer.from(nonce).toString('base64');
    const known = this.#sets.get(key);
    const set = known ?? this.#make(key, params);
    const linked = encodeConfluxLink({
      nonce,
      lastSent: BigInt(set.maxSent),
      lastReceived: BigInt(set.delivered),
      desiredUx: ConfluxUx.MIN_LATENCY,
    });
    const leg = new ExitLeg(this.#deps.clock, set, set.addLeg(owner, link));
    if (known === undefined) this.#sets.set(key, set);
    return { leg, linked };
  }

  #make(key: string, params: CircuitParams): ConfluxSet {
    const { maxLegs, maxEarlyBytes } = this.#limits();
    const set = new ConfluxSet(this.#deps, {
      settings: exitStreams(params),
      maxLegs,
      maxEarlyBytes: Math.min(maxEarlyBytes, mostEarlyBytes),
      closed: () => {
        if (this.#sets.get(key) === set) this.#sets.delete(key);
      },
    });
    set.acceptStreams();
    return set;
  }
}
