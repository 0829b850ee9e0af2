import { base16Upper } from '../../base/bytes/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import { chooseRelay, type NetDir, type Relay } from '../netdir/index.ts';
import type { RouterSetLike } from './types.ts';

export interface VanguardsOptions {
  /** VanguardsLiteEnabled; `auto` asks the consensus. */
  readonly enabled?: boolean | 'auto';
  readonly excludeNodes?: RouterSetLike | undefined;
  /** When we are a relay ourselves: it and its family are not chosen. */
  readonly ownFingerprint?: string;
}

export interface VanguardsEvents {
  /** GUARD … GOOD_L2 and BAD_L2 of the control port. */
  readonly good: { readonly fingerprint: string };
  readonly bad: { readonly fingerprint: string };
}

interface Layer2Guard {
  readonly rsaId: Uint8Array;
  readonly fingerprint: string;
  readonly expiresSec: number;
}

/**
 * Vanguards-lite: the few relays that stand behind the guard on every onion service circuit, so that making us build
 * circuits does not let an attacker's relay turn up there. They last days, in memory alone as in C tor, and go with
 * their Stable or Fast flag.
 *
 * spec: vanguards-spec, proposal 333. C tor draws lifetimes evenly between the two parameters.
 */
export class Vanguards {
  readonly events = new Emitter<VanguardsEvents>();
  readonly #deps: { readonly clock: Clock; readonly random: Random; readonly logger?: Logger | undefined };
  options: VanguardsOptions;
  #layer2: Layer2Guard[] = [];

  constructor(
    deps: { readonly clock: Clock; readonly random: Random; readonly logger?: Logger | undefined },
    options: VanguardsOptions = {},
  ) {
    this.#deps = deps;
    this.options = options;
  }

  isEnabled(netdir: NetDir): boolean {
    const { enabled = 'auto' } = this.options;
    return enabled === 'auto' ? netdir.params.get('vanguards-lite-enabled') === 1 : enabled;
  }

  /** Drops what is too old or unfit and fills up; with too little of the directory nothing is done. */
  maintain(netdir: NetDir): void {
    if (!netdir.enoughDirInfo().enough) return;
    this.#expire(netdir);
    const missing = netdir.params.get('guard-hs-l2-number') - this.#layer2.length;
    for (let i = 0; i < missing; i++) if (!this.#add(netdir)) return;
  }

  #expire(netdir: NetDir): void {
    const nowSec = this.#deps.clock.now() / 1000;
    this.#layer2 = this.#layer2.filter((guard) => {
      const flags = netdir.byFingerprint(guard.fingerprint)?.flags;
      if (guard.expiresSec > nowSec && flags?.stable === true && flags.fast) return true;
      this.#deps.logger?.info('guard', 'Removing a layer 2 guard that is too old or unsuitable.');
      this.events.emit('bad', { fingerprint: guard.fingerprint });
      return false;
    });
  }

  #add(netdir: NetDir): boolean {
    const { excludeNodes, ownFingerprint } = this.options;
    const own = ownFingerprint === undefined ? undefined : netdir.byFingerprint(ownFingerprint);
    const relay = chooseRelay(netdir, this.#deps.random, {
      position: 'middle',
      needs: { stable: true },
      excluded: (each) =>
        this.#layer2.some((guard) => guard.fingerprint === each.fingerprint) ||
        excludeNodes?.has(each) === true ||
        (own !== undefined && (own === each || netdir.sameFamily(own, each))),
    });
    if (relay === undefined) return false;
    const fingerprint = base16Upper(relay.rsaId);
    const expiresSec = Math.floor(this.#deps.clock.now() / 1000) + this.#lifetimeSec(netdir);
    this.#layer2.push({ rsaId: relay.rsaId, fingerprint, expiresSec });
    this.events.emit('good', { fingerprint });
    return true;
  }

  #lifetimeSec(netdir: NetDir): number {
    const min = netdir.params.get('guard-hs-l2-lifetime-min');
    const max = netdir.params.get('guard-hs-l2-lifetime-max');
    return min >= max ? min : min + this.#deps.random.below(max - min);
  }

  /** NEWNYM: all anew. */
  purge(netdir: NetDir | undefined): void {
    this.#layer2 = [];
    if (netdir !== undefined) this.maintain(netdir);
  }

  /** The layer 2 relays of this snapshot; the first call chooses them. */
  layer2(netdir: NetDir): readonly Relay[] {
    if (this.#layer2.length === 0) this.maintain(netdir);
    return this.#layer2.flatMap((guard) => netdir.byFingerprint(guard.fingerprint) ?? []);
  }
}
