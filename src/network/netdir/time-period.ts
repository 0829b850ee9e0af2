import { concatBytes, fromUtf8, Writer } from '../../base/bytes/index.ts';
import { sha3_256 } from '../../crypto/primitives/index.ts';

/** Rounds of one phase of the shared random protocol, and phases of one run. spec: srv-spec 2 */
const roundsPerPhase = 12;
const phasesPerRun = 2;

/** How the voting rhythm of a network cuts time for onion services. All whole seconds or minutes. */
export interface PeriodRules {
  /** Length of a time period in minutes: hsdir_interval, or one run of the shared random protocol in a test network. */
  readonly lengthMinutes: number;
  /** By how much periods lag behind the shared random protocol: one phase. */
  readonly offsetSec: number;
  /** One run of the shared random protocol. */
  readonly runSec: number;
  readonly votingIntervalSec: number;
}

/**
 * spec: rend-spec-v3 2.2.1 [TIME-PERIODS]. In a testing network C tor makes a period as long as a run of the shared
 * random protocol, whatever hsdir_interval says.
 */
export function periodRules(options: {
  readonly votingIntervalSec: number;
  readonly hsdirIntervalMinutes: number;
  readonly testingNetwork: boolean;
}): PeriodRules {
  const { votingIntervalSec, hsdirIntervalMinutes, testingNetwork } = options;
  const offsetSec = roundsPerPhase * votingIntervalSec;
  const runSec = phasesPerRun * offsetSec;
  const lengthMinutes = testingNetwork ? Math.floor(runSec / 60) : hsdirIntervalMinutes;
  return { lengthMinutes: Math.max(1, lengthMinutes), offsetSec, runSec, votingIntervalSec };
}

/** The number of the period that `timeSec` (seconds since 1970) lies in. */
export function periodNumberAt(timeSec: number, rules: PeriodRules): number {
  const minutes = Math.floor(timeSec / 60) - Math.floor(rules.offsetSec / 60);
  return Math.floor(minutes / rules.lengthMinutes);
}

/** When a period begins, seconds since 1970. */
export function periodStartSec(periodNumber: number, rules: PeriodRules): number {
  return periodNumber * rules.lengthMinutes * 60 + rules.offsetSec;
}

/** When the run of the shared random protocol began that `validAfterSec` lies in. */
export function sharedRandomRunStartSec(validAfterSec: number, rules: PeriodRules): number {
  const round = Math.floor(validAfterSec / rules.votingIntervalSec) % (roundsPerPhase * phasesPerRun);
  return validAfterSec - round * rules.votingIntervalSec;
}

/**
 * True between the start of a time period and the next shared random value: on the public network from 12:00 to 00:00.
 * Then the current value belongs to the current period; else the previous one does.
 */
export function isBetweenPeriodAndSrv(validAfterSec: number, rules: PeriodRules): boolean {
  const runStart = sharedRandomRunStartSec(validAfterSec, rules);
  const nextPeriodStart = periodStartSec(periodNumberAt(runStart, rules) + 1, rules);
  return !(validAfterSec >= runStart && validAfterSec < nextPeriodStart);
}

const int8 = (...values: readonly number[]): Uint8Array => {
  const writer = new Writer(8 * values.length);
  for (const value of values) writer.u64(BigInt(value));
  return writer.view();
};

const hsIndexPrefix = fromUtf8('store-at-idx');
const nodeIndexPrefix = fromUtf8('node-idx');
const disasterPrefix = fromUtf8('shared-random-disaster');

/** Where a descriptor lies on the ring. `replica` counts from 1. spec: rend-spec-v3 2.2.3 [HASHRING] */
export function hsIndex(
  blindedKey: Uint8Array,
  replica: number,
  periodNumber: number,
  lengthMinutes: number,
): Uint8Array {
  return sha3_256(concatBytes(hsIndexPrefix, blindedKey, int8(replica, lengthMinutes, periodNumber)));
}

/** Where a directory lies on the ring. Number and length stand in the other order here. */
export function hsDirIndex(
  ed25519Id: Uint8Array,
  srv: Uint8Array,
  periodNumber: number,
  lengthMinutes: number,
): Uint8Array {
  return sha3_256(concatBytes(nodeIndexPrefix, ed25519Id, srv, int8(periodNumber, lengthMinutes)));
}

/** Stands in for a shared random value that the authorities did not agree on. */
export function disasterSrv(periodNumber: number, lengthMinutes: number): Uint8Array {
  return sha3_256(concatBytes(disasterPrefix, int8(lengthMinutes, periodNumber)));
}
