import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import { type LinkCredentialSet, makeLinkCredentials } from '../../network/channels/index.ts';
import { loadIdentityKeys, type RelayIdentityKeys, type RelayKeysDeps, type RelayKeysOptions } from './relay-keys.ts';

/** C tor's MAX_SSL_KEY_LIFETIME_INTERNAL: a link key is used no longer. */
const linkKeyMs = 2 * 3600_000;
const minuteMs = 60_000;

export interface LinkKeyHolderDeps extends RelayKeysDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** Identity, signing key and link credentials in force; renewed by `refresh()`. */
export class LinkKeyHolder {
  readonly #deps: LinkKeyHolderDeps;
  readonly #options: RelayKeysOptions;
  #keys: RelayIdentityKeys;
  #credentials: LinkCredentialSet;
  #madeMs: number;

  private constructor(
    deps: LinkKeyHolderDeps,
    options: RelayKeysOptions,
    keys: RelayIdentityKeys,
    credentials: LinkCredentialSet,
  ) {
    this.#deps = deps;
    this.#options = options;
    this.#keys = keys;
    this.#credentials = credentials;
    this.#madeMs = deps.clock.now();
  }

  /** Throws BAD_KEY_FILE, RELAY_KEY_OFFLINE. */
  static async load(deps: LinkKeyHolderDeps, options: RelayKeysOptions): Promise<LinkKeyHolder> {
    const keys = await loadIdentityKeys(deps, options);
    return new LinkKeyHolder(deps, options, keys, await makeLinkCredentials(deps, keys, options));
  }

  get identity(): RelayIdentityKeys {
    return this.#keys;
  }

  get credentials(): LinkCredentialSet {
    return this.#credentials;
  }

  /**
   * Makes what is due. True: there is a new signing key, and the descriptor must be signed anew. An offline master key
   * leaves the old signing key in place until it has run out.
   */
  async refresh(): Promise<boolean> {
    const nowMs = this.#deps.clock.now();
    const before = this.#keys;
    const dayLeft = before.signingExpiresMs - nowMs > 24 * 3600_000;
    if (!dayLeft) this.#keys = await this.#reload(before);
    const renewed = this.#keys.signingExpiresMs !== before.signingExpiresMs;
    if (renewed || nowMs - this.#madeMs >= linkKeyMs || nowMs < this.#madeMs - minuteMs) {
      this.#credentials = await makeLinkCredentials(this.#deps, this.#keys, this.#options);
      this.#madeMs = nowMs;
    }
    return renewed;
  }

  async #reload(before: RelayIdentityKeys): Promise<RelayIdentityKeys> {
    try {
      return await loadIdentityKeys(this.#deps, this.#options);
    } catch (error) {
      if (TorError.is(error) && before.signingExpiresMs > this.#deps.clock.now()) return before;
      throw error;
    }
  }
}
