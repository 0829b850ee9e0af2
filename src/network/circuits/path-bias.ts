import type { TorError } from '../../base/errors/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { GuardManager, PathBias } from '../guard/index.ts';
import { type ConsensusParams, defaultParams } from '../netdir/index.ts';
import type { ManagedCircuit } from './managed-circuit.ts';
import type { CircuitPurpose, HsState } from './types.ts';

export interface PathBiasDeps {
  /** Keeps the counters, and with them outlives restarts. */
  readonly guards: Pick<GuardManager, 'pathBias' | 'pathBiasChanged'> | undefined;
  readonly logger: Logger | undefined;
  readonly params: () => ConsensusParams | undefined;
}

type Verdict = 'fine' | 'notice' | 'warn' | 'extreme';
const gravity: readonly Verdict[] = ['fine', 'notice', 'warn', 'extreme'];

/**
 * Where others choose the end of a circuit they could have it fail, and our guard blamed: rendezvous points are named by
 * clients, introduction points by services. As C tor.
 */
const uncounted: ReadonlySet<CircuitPurpose> = new Set(['hs-service-rend', 'hs-client-intro', 'testing', 'controller']);

const farEndAnswered: ReadonlySet<HsState> = new Set(['hssi-established', 'hscr-established-idle', 'hscr-joined']);

/**
 * Counts for each guard how many circuits stand and carry traffic, and says so when too few do: a guard may let only
 * circuits through whose other end it likes. A guard is dropped for it only when the consensus says so (pb_dropguards).
 *
 * C tor probes built circuits that failed in use; here a failed use counts as unusable at once. spec: path-spec 7
 */
export class PathBiasMonitor {
  readonly #deps: PathBiasDeps;
  readonly #told = new Map<string, Verdict>();

  constructor(deps: PathBiasDeps) {
    this.#deps = deps;
  }

  /** A hop stands; the second one makes an attempt, since the first may have refused for good reasons. */
  noteHop(managed: ManagedCircuit): void {
    if (managed.openedHops === 2 && !managed.hasOpened) this.#count(managed, (counts) => counts.circAttempts++);
  }

  noteBuilt(managed: ManagedCircuit): void {
    if (!managed.hasOpened) this.#count(managed, (counts) => counts.circSuccesses++);
  }

  noteUse(managed: ManagedCircuit, use: 'attempted' | 'succeeded' | 'failed' | 'rollback'): void {
    if (use === 'attempted' && (managed.use === 'built' || managed.use === 'new')) {
      managed.use = 'attempted';
      this.#count(managed, (counts) => counts.useAttempts++);
    } else if (use === 'succeeded' && managed.use === 'attempted') {
      managed.use = 'succeeded';
      this.#count(managed, (counts) => counts.useSuccesses++);
    } else if (use === 'failed' && managed.use === 'attempted') managed.use = 'failed';
  }

  noteHsState(managed: ManagedCircuit, state: HsState): void {
    if (!farEndAnswered.has(state)) return;
    this.noteUse(managed, 'attempted');
    this.noteUse(managed, 'succeeded');
  }

  noteGone(managed: ManagedCircuit, error: TorError): void {
    if (error.code === 'CIRCUIT_TIMEOUT') {
      if (managed.openedHops >= 2) this.#count(managed, (counts) => counts.timeouts++);
    } else if (managed.use === 'failed') this.#count(managed, (counts) => counts.unusableCircuits++);
    else if (managed.use === 'built' && error.code !== 'ABORTED') {
      this.#count(managed, (counts) => counts.collapsedCircuits++);
    } else if (managed.hasOpened) this.#count(managed, (counts) => counts.successfulCircuitsClosed++);
  }

  #count(managed: ManagedCircuit, change: (counts: PathBias) => void): void {
    const guard = managed.hops[0];
    if (guard === undefined || managed.needs.oneHop || uncounted.has(managed.purpose)) return;
    const counts = this.#deps.guards?.pathBias(guard.fingerprint);
    if (counts === undefined) return;
    change(counts);
    const params = this.#deps.params() ?? defaultParams;
    const verdict = judge(counts, params);
    const drop = verdict === 'extreme' && params.get('pb_dropguards') === 1;
    scale(counts, params);
    this.#deps.guards?.pathBiasChanged(guard.fingerprint, drop);
    this.#tell(`${guard.nickname} ($${guard.fingerprint})`, guard.fingerprint, verdict, counts);
  }

  #tell(name: string, fingerprint: string, verdict: Verdict, counts: PathBias): void {
    const before = this.#told.get(fingerprint) ?? 'fine';
    if (gravity.indexOf(verdict) <= gravity.indexOf(before)) return;
    this.#told.set(fingerprint, verdict);
    const amount = {
      fine: '',
      notice: 'more circuits than usual',
      warn: 'a very large amount of circuits',
      extreme: 'an extremely large amount of circuits',
    };
    this.#deps.logger?.log(
      verdict === 'notice' ? 'notice' : 'warn',
      'circ',
      `Guard ${name} is failing ${amount[verdict]}. Most likely this means the Tor network is overloaded, but it could ` +
        `also mean an attack. Success counts are ${Math.round(standing(counts))}/${Math.round(counts.circAttempts)}.`,
    );
  }
}

const standing = (counts: PathBias): number =>
  counts.circSuccesses - counts.collapsedCircuits - counts.unusableCircuits;

function judge(counts: PathBias, params: ConsensusParams): Verdict {
  if (counts.circAttempts <= params.get('pb_mincircs')) return 'fine';
  const percent = (standing(counts) / counts.circAttempts) * 100;
  if (percent < params.get('pb_extremepct')) return 'extreme';
  if (percent < params.get('pb_warnpct')) return 'warn';
  return percent < params.get('pb_noticepct') ? 'notice' : 'fine';
}

/** What was long ago counts less and less. */
function scale(counts: PathBias, params: ConsensusParams): void {
  const ratio = params.get('pb_multfactor') / params.get('pb_scalefactor');
  if (counts.circAttempts > params.get('pb_scalecircs')) {
    counts.circAttempts *= ratio;
    counts.circSuccesses *= ratio;
    counts.timeouts *= ratio;
    counts.successfulCircuitsClosed *= ratio;
    counts.collapsedCircuits *= ratio;
    counts.unusableCircuits *= ratio;
  }
  if (counts.useAttempts > params.get('pb_scaleuse')) {
    counts.useAttempts *= ratio;
    counts.useSuccesses *= ratio;
  }
}
