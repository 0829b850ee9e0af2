import { base16Upper, bytesEqual } from '../../base/bytes/index.ts';
import { type Deferred, deferred } from '../../base/util/index.ts';
import type { HopTarget, OriginCircuit } from '../../protocol/circuit/index.ts';
import type { GuardTicket } from '../guard/index.ts';
import type { Relay } from '../netdir/index.ts';
import { CircuitIsolation } from './isolation.ts';
import type { CircuitInfo, CircuitPurpose, HsState } from './types.ts';

/** One hop as it was chosen: the relay when the network knows it, and what is needed to extend there. */
export interface ChosenHop {
  readonly relay: Relay | undefined;
  /** Undefined for a directory without a known onion key: CREATE_FAST. */
  readonly target: HopTarget | undefined;
  readonly fingerprint: string;
  readonly nickname: string;
}

/** What a circuit was launched for; decides what it may be used for later. */
export interface CircuitNeeds {
  readonly internal: boolean;
  readonly uptime: boolean;
  readonly capacity: boolean;
  readonly oneHop: boolean;
}

export type ManagedState = 'building' | 'guard-wait' | 'open' | 'closed';

/** How far path bias accounting got. spec: path-spec 7 */
export type PathUse = 'new' | 'built' | 'attempted' | 'succeeded' | 'failed';

/** All that the manager knows of one circuit. A plain record: `CircuitBuilder` and `CircuitPool` move it on. */
export class ManagedCircuit {
  readonly id: number;
  readonly needs: CircuitNeeds;
  readonly createdMs: number;
  readonly isolation = new CircuitIsolation();
  /** Settles when the circuit is open for its first purpose, or will never be. */
  opened: Deferred<OriginCircuit> = quiet();
  purpose: CircuitPurpose;
  state: ManagedState = 'building';
  circuit: OriginCircuit | undefined;
  hops: readonly ChosenHop[] = [];
  ticket: GuardTicket | undefined;
  tag: string | undefined;
  hsState: HsState | undefined;
  /** Monotonic; undefined until the first CREATE goes out: waiting for a link does not count. */
  beganMs: number | undefined;
  /** Monotonic. */
  dirtySinceMs: number | undefined;
  idleTimeoutMs: number;
  unusable = false;
  /** Timed out for its users, but built on to be measured. */
  measureOnly = false;
  /** Let live beyond its timeout because no circuit was open. */
  relaxedTimeout = false;
  /** Has been open once; building again means that a hop is being added. */
  hasOpened = false;
  /** Belongs to a role; no stream is put on it by itself. */
  owned = false;
  /** Addresses that this exit refused, whatever its policy says. */
  readonly refusedAddresses: Uint8Array[] = [];
  use: PathUse = 'new';
  relayEarlyUsed = 0;

  constructor(id: number, purpose: CircuitPurpose, needs: CircuitNeeds, createdMs: number, idleTimeoutMs: number) {
    this.id = id;
    this.purpose = purpose;
    this.needs = needs;
    this.createdMs = createdMs;
    this.idleTimeoutMs = idleTimeoutMs;
  }

  /** A hop is being added to an open circuit: whoever waits now waits for that. */
  reopen(): void {
    this.opened = quiet();
  }

  get exit(): ChosenHop | undefined {
    return this.hops.at(-1);
  }

  get openedHops(): number {
    return this.circuit?.hops.length ?? 0;
  }

  get openStreams(): number {
    return this.circuit?.openStreams ?? 0;
  }

  /** When the circuit was last begun or extended, for comparing ages. */
  get ageMs(): number {
    return this.beganMs ?? this.createdMs;
  }

  refuses(address: Uint8Array): boolean {
    return this.refusedAddresses.some((refused) => bytesEqual(refused, address));
  }

  has(fingerprint: string): boolean {
    return this.hops.some((hop) => hop.fingerprint === fingerprint);
  }

  info(status: CircuitInfo['status']): CircuitInfo {
    return {
      id: this.id,
      circuit: this.circuit,
      purpose: this.purpose,
      status,
      path: this.hops.slice(0, Math.max(this.openedHops, 0)).map(describeHop),
      buildFlags: this.#buildFlags(),
      createdMs: this.createdMs,
      dirtySinceMs: this.dirtySinceMs,
      isolation: undefined,
      tag: this.tag,
      hsState: this.hsState,
    };
  }

  #buildFlags(): string[] {
    const flags: string[] = [];
    if (this.needs.oneHop) flags.push('ONEHOP_TUNNEL');
    if (this.needs.internal) flags.push('IS_INTERNAL');
    if (this.needs.capacity) flags.push('NEED_CAPACITY');
    if (this.needs.uptime) flags.push('NEED_UPTIME');
    return flags;
  }
}

/** Most callers look at `state`; a failure that nobody waits for is no unhandled rejection. */
function quiet(): Deferred<OriginCircuit> {
  const made = deferred<OriginCircuit>();
  made.promise.catch(() => undefined);
  return made;
}

const describeHop = (hop: ChosenHop): string => `$${hop.fingerprint}${hop.nickname === '' ? '' : `~${hop.nickname}`}`;

export function relayHop(relay: Relay): ChosenHop {
  return { relay, target: relay.hopTarget(), fingerprint: relay.fingerprint, nickname: relay.nickname };
}

export function targetHop(target: HopTarget, relay?: Relay): ChosenHop {
  return { relay, target, fingerprint: base16Upper(target.rsa), nickname: relay?.nickname ?? '' };
}
