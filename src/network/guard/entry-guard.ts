import { base16Upper } from '../../base/bytes/index.ts';
import type { IpBytes } from '../../base/ip/index.ts';

export type Reachability = 'no' | 'yes' | 'maybe';

/** Counters of path bias detection. spec: path-spec 7 */
export interface PathBias {
  useAttempts: number;
  useSuccesses: number;
  circAttempts: number;
  circSuccesses: number;
  successfulCircuitsClosed: number;
  collapsedCircuits: number;
  unusableCircuits: number;
  timeouts: number;
}

/** The counters in the order of the state file, with their names there. */
export const pathBiasFields = [
  ['pb_use_attempts', 'useAttempts'],
  ['pb_use_successes', 'useSuccesses'],
  ['pb_circ_attempts', 'circAttempts'],
  ['pb_circ_successes', 'circSuccesses'],
  ['pb_successful_circuits_closed', 'successfulCircuitsClosed'],
  ['pb_collapsed_circuits', 'collapsedCircuits'],
  ['pb_unusable_circuits', 'unusableCircuits'],
  ['pb_timeouts', 'timeouts'],
] as const satisfies readonly (readonly [string, keyof PathBias])[];

const noPathBias = (): PathBias => ({
  useAttempts: 0,
  useSuccesses: 0,
  circAttempts: 0,
  circSuccesses: 0,
  successfulCircuitsClosed: 0,
  collapsedCircuits: 0,
  unusableCircuits: 0,
  timeouts: 0,
});

const noId = '0'.repeat(40);

export interface BridgeAddress {
  readonly address: IpBytes;
  readonly port: number;
}

/** One sampled guard: what is remembered of it, and how it does just now. Times are seconds since 1970. */
export class EntryGuard {
  /** 40 upper-case hex digits; zeros for a bridge whose identity is not known yet. */
  fingerprint: string;
  nickname: string;
  readonly selectionName: string;
  readonly bridge: BridgeAddress | undefined;
  sampledOnSec: number;
  sampledIndex: number;
  sampledBy: string | undefined;
  listed = true;
  /** 0 while it is listed. */
  unlistedSinceSec = 0;
  /** 0 when it is not confirmed. */
  confirmedOnSec = 0;
  /** -1 when it is not confirmed; else its place in the order of confirmation. */
  confirmedIndex = -1;
  readonly pathBias: PathBias = noPathBias();
  pathBiasDisabled = false;
  /** `key=value` words of the state line that we do not know. */
  extra: readonly string[] = [];

  // Not kept over a restart:
  lastTriedSec = 0;
  reachable: Reachability = 'maybe';
  /** A circuit through it is being built; a primary guard is never pending. */
  pending = false;
  failingSinceSec = 0;
  filtered = false;
  usable = false;
  primary = false;

  constructor(selectionName: string, identity: GuardIdentity, sampled: { onSec: number; index: number }) {
    this.selectionName = selectionName;
    this.fingerprint = identity.rsaId === undefined ? noId : base16Upper(identity.rsaId);
    this.nickname = identity.nickname;
    this.bridge = identity.bridge;
    this.sampledOnSec = sampled.onSec;
    this.sampledIndex = sampled.index;
  }

  get hasIdentity(): boolean {
    return this.fingerprint !== noId;
  }

  get confirmed(): boolean {
    return this.confirmedIndex >= 0;
  }

  /** For the log. */
  describe(): string {
    return `${this.nickname === '' ? '[bridge]' : this.nickname} ($${this.fingerprint})`;
  }
}

export interface GuardIdentity {
  readonly rsaId: Uint8Array | undefined;
  readonly nickname: string;
  readonly bridge?: BridgeAddress | undefined;
}
