import { fromBase16 } from '../../base/bytes/index.ts';
import { type IpBytes, parseIp } from '../../base/ip/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import type { OrEndpoint } from '../channels/index.ts';
import type { DirTarget } from '../circuits/index.ts';
import type { DirAuthority, FallbackDir } from './types.ts';

/** A directory from the configuration: an authority or a fallback. */
export interface DirServer {
  readonly fingerprint: string;
  readonly nickname: string;
  readonly target: DirTarget;
  readonly isAuthority: boolean;
  readonly weight: number;
}

export interface DirServersOptions {
  readonly authorities: readonly DirAuthority[];
  readonly fallbacks: readonly FallbackDir[];
  /** DirAuthorityFallbackRate: how much less authorities are asked than fallbacks. */
  readonly authorityFallbackRate?: number;
  /** ReachableAddresses, FascistFirewall, ClientUseIPv4, ClientUseIPv6. */
  readonly canReachAddress?: (address: IpBytes, port: number) => boolean;
  /** ExcludeNodes. */
  readonly excluded?: (server: DirServer) => boolean;
  readonly strictNodes?: boolean;
  /** 40 upper-case hex, when we are a relay: we ask others, unless there is none. */
  readonly ownFingerprint?: () => string | undefined;
}

interface State {
  down: boolean;
  busyUntilMs: number;
}

const busyMs = 3600_000;

/** Authorities and fallbacks, which of them answered lately, and a weighted choice. C tor node_select.c, dirlist.c */
export class DirServers {
  readonly #random: Random;
  readonly #options: DirServersOptions;
  readonly #authorities: readonly DirServer[];
  /** Fallbacks and authorities. */
  readonly #all: readonly DirServer[];
  readonly #state = new Map<string, State>();

  constructor(random: Random, options: DirServersOptions) {
    this.#random = random;
    this.#options = options;
    const authorities = options.authorities.filter(({ v3Ident }) => v3Ident !== undefined);
    this.#authorities = authorities.map((authority) => this.#authority(authority)).filter(isReachable);
    const known = new Set(this.#authorities.map((server) => server.fingerprint));
    const fallbacks = options.fallbacks.filter(({ fingerprint }) => !known.has(fingerprint));
    const rate = options.authorityFallbackRate ?? 0.1;
    this.#all = [
      ...fallbacks.map((fallback) => this.#fallback(fallback)).filter(isReachable),
      ...this.#authorities.map((server) => ({ ...server, weight: server.weight * rate })),
    ];
  }

  /** True when there is more to ask than the authorities. */
  get haveFallbacks(): boolean {
    return this.#all.length > this.#authorities.length;
  }

  isAuthority(fingerprint: string): boolean {
    return this.#authorities.some((server) => server.fingerprint === fingerprint);
  }

  byFingerprint(fingerprint: string): DirServer | undefined {
    return this.#all.find((server) => server.fingerprint === fingerprint);
  }

  /** When all are down they are all tried again. Undefined only when there is none at all. */
  pick(kind: 'authority' | 'any', nowMs: number): DirServer | undefined {
    const from = kind === 'authority' ? this.#authorities : this.#all;
    const allowed = this.#allowed(from);
    let up: readonly DirServer[] = allowed.filter((server) => !this.#of(server).down);
    if (up.length === 0) {
      for (const server of allowed) this.#of(server).down = false;
      up = allowed;
    }
    const idle = up.filter((server) => this.#of(server).busyUntilMs <= nowMs);
    return this.#byWeight(idle.length > 0 ? idle : up);
  }

  noteDown(fingerprint: string): void {
    const state = this.#state.get(fingerprint);
    if (state !== undefined) state.down = true;
  }

  noteUp(fingerprint: string): void {
    const state = this.#state.get(fingerprint);
    if (state !== undefined) state.down = false;
  }

  /** It answered 503: not asked for an hour while others are there. */
  noteBusy(fingerprint: string, nowMs: number): void {
    const state = this.#state.get(fingerprint);
    if (state !== undefined) state.busyUntilMs = nowMs + busyMs;
  }

  #allowed(from: readonly DirServer[]): readonly DirServer[] {
    const { excluded, strictNodes, ownFingerprint } = this.#options;
    const own = ownFingerprint?.();
    const others = from.length > 1 ? from.filter((server) => server.fingerprint !== own) : from;
    if (excluded === undefined) return others;
    const allowed = others.filter((server) => !excluded(server));
    return allowed.length > 0 || strictNodes === true ? allowed : others;
  }

  #of(server: DirServer): State {
    let state = this.#state.get(server.fingerprint);
    if (state === undefined) {
      state = { down: false, busyUntilMs: 0 };
      this.#state.set(server.fingerprint, state);
    }
    return state;
  }

  #byWeight(servers: readonly DirServer[]): DirServer | undefined {
    const total = servers.reduce((sum, server) => sum + server.weight, 0);
    if (total <= 0) return servers[this.#random.below(Math.max(1, servers.length))];
    let point = this.#random.unit() * total;
    for (const server of servers) {
      point -= server.weight;
      if (point < 0) return server;
    }
    return servers.at(-1);
  }

  #authority(authority: DirAuthority): DirServer {
    // Without an orport= the only port we know speaks plain HTTP, which clients do not use.
    const orPort = authority.orPort;
    return {
      fingerprint: authority.fingerprint,
      nickname: authority.nickname,
      target: this.#target(authority, orPort, authority.nickname),
      isAuthority: true,
      weight: authority.weight,
    };
  }

  #fallback(fallback: FallbackDir): DirServer {
    return {
      fingerprint: fallback.fingerprint,
      nickname: '',
      target: this.#target(fallback, fallback.orPort, ''),
      isAuthority: false,
      weight: fallback.weight,
    };
  }

  #target(server: DirAuthority | FallbackDir, orPort: number, nickname: string): DirTarget {
    const addresses = [
      ...this.#endpoint(server.address, orPort),
      ...(server.ipv6 === undefined ? [] : this.#endpoint(server.ipv6.address, server.ipv6.orPort)),
    ];
    return { nickname, identity: { rsa: fromBase16(server.fingerprint) }, addresses };
  }

  #endpoint(text: string, port: number): OrEndpoint[] {
    const address = parseIp(text);
    if (address === undefined || port === 0) return [];
    return this.#options.canReachAddress?.(address, port) === false ? [] : [{ address, port }];
  }
}

const isReachable = (server: DirServer): boolean => server.target.addresses.length > 0;
