import { base16Upper } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random } from '../../base/runtime/index.ts';
import type { CircuitTarget } from '../circuits/index.ts';
import type { GuardManager, GuardTicket } from '../guard/index.ts';
import type { NetDir, Relay } from '../netdir/index.ts';
import type { DirServer, DirServers } from './servers.ts';

export type DirPurpose = 'consensus' | 'certificate' | 'microdesc' | 'descriptor' | 'extra-info';

/** One directory, chosen for one request. */
export interface DirSource {
  /** 40 upper-case hex. */
  readonly fingerprint: string;
  readonly target: CircuitTarget;
  readonly trusted: boolean;
  readonly guard: GuardTicket | undefined;
}

export interface DirSourcesDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly servers: DirServers;
  readonly guards?: Pick<GuardManager, 'pick'> | undefined;
  readonly netdir: () => NetDir | undefined;
}

export interface DirSourcesOptions {
  /** UseBridges: nothing but bridges is ever asked. */
  readonly useBridges?: boolean;
  /** Caches and FetchDirInfoEarly: authorities first. */
  readonly preferAuthorities?: boolean;
  readonly ownFingerprint?: () => string | undefined;
}

const busyMs = 3600_000;

/**
 * Whom to ask: our directory guards once there is a network, before that a fallback or an authority; relays ask any
 * cache. C tor directory_get_from_dirserver
 */
export class DirSources {
  readonly #deps: DirSourcesDeps;
  readonly #options: DirSourcesOptions;
  /** Caches that answered 503, and until when they are passed over. */
  readonly #busy = new Map<string, number>();
  readonly #down = new Set<string>();

  constructor(deps: DirSourcesDeps, options: DirSourcesOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Throws DIR_NO_SERVER. */
  pick(purpose: DirPurpose, want: 'authority' | 'any'): DirSource {
    const preferAuthority = want === 'authority' || this.#options.preferAuthorities === true;
    const source =
      this.#options.useBridges === true
        ? this.#guard(purpose)
        : ((preferAuthority ? this.#server('authority') : undefined) ?? this.#cache(purpose) ?? this.#server('any'));
    if (source === undefined) throw new TorError('DIR_NO_SERVER');
    return source;
  }

  /** The same directory again, for what goes with an answer it just gave. */
  again(source: DirSource): DirSource {
    return { ...source, guard: undefined };
  }

  /** It answered; with 503 it is left alone for an hour. */
  noteAnswer(source: DirSource, status: number): void {
    source.guard?.succeeded();
    this.#down.delete(source.fingerprint);
    if (status !== 503) {
      this.#deps.servers.noteUp(source.fingerprint);
      return;
    }
    const nowMs = this.#deps.clock.now();
    this.#deps.servers.noteBusy(source.fingerprint, nowMs);
    this.#busy.set(source.fingerprint, nowMs + busyMs);
  }

  /** It could not be reached, or broke off. */
  noteFailure(source: DirSource): void {
    source.guard?.failed();
    this.#deps.servers.noteDown(source.fingerprint);
    this.#down.add(source.fingerprint);
  }

  /** We gave up on it for reasons of our own. */
  cancel(source: DirSource): void {
    source.guard?.cancel();
  }

  /** A new consensus says anew who is running. */
  forgetFailures(): void {
    this.#down.clear();
  }

  #server(kind: 'authority' | 'any'): DirSource | undefined {
    const server = this.#deps.servers.pick(kind, this.#deps.clock.now());
    return server === undefined ? undefined : ofServer(server);
  }

  #cache(purpose: DirPurpose): DirSource | undefined {
    return this.#deps.guards === undefined ? this.#anyCache() : this.#guard(purpose);
  }

  #guard(purpose: DirPurpose): DirSource | undefined {
    try {
      const guard = this.#deps.guards?.pick(
        'directory',
        purpose === 'microdesc' ? { kind: 'outdated-dirserver' } : undefined,
      );
      return guard === undefined ? undefined : { ...this.#ofRelay(guard.relay), guard };
    } catch (error) {
      if (TorError.from(error).kind === 'bug') throw error;
      return undefined;
    }
  }

  #anyCache(): DirSource | undefined {
    const netdir = this.#deps.netdir();
    const nowMs = this.#deps.clock.now();
    const own = this.#options.ownFingerprint?.();
    const pick = (accept: (relay: Relay) => boolean): Relay | undefined =>
      netdir?.pick('dir', this.#deps.random, (relay) => {
        if (!relay.flags.running || !relay.flags.valid || !relay.flags.v2Dir) return false;
        return relay.fingerprint !== own && accept(relay);
      });
    const isBusy = (relay: Relay): boolean => (this.#busy.get(relay.fingerprint) ?? 0) > nowMs;
    const relay =
      pick((each) => !this.#down.has(each.fingerprint) && !isBusy(each)) ??
      pick((each) => !this.#down.has(each.fingerprint));
    if (relay !== undefined) return this.#ofRelay(relay);
    // None is left: all of them get another chance.
    this.#down.clear();
    const last = pick(() => true);
    return last === undefined ? undefined : this.#ofRelay(last);
  }

  #ofRelay(relay: Relay): DirSource {
    const { fingerprint } = relay;
    return { fingerprint, target: relay, trusted: this.#deps.servers.isAuthority(fingerprint), guard: undefined };
  }
}

const ofServer = (server: DirServer): DirSource => ({
  fingerprint: base16Upper(server.target.identity.rsa),
  target: server.target,
  trusted: server.isAuthority,
  guard: undefined,
});
