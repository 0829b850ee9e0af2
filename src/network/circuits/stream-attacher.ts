import { TorError } from '../../base/errors/index.ts';
import type { IpBytes } from '../../base/ip/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import { type Emitter, LruMap } from '../../base/util/index.ts';
import type { StreamEnd } from '../../protocol/stream/index.ts';
import { EndReason } from '../../wire/relaymsg/index.ts';
import { connectNeed, type ExitRules, resolveNeed } from './exit-rules.ts';
import { withNymEpoch } from './isolation.ts';
import type { ManagedCircuit } from './managed-circuit.ts';
import { PendingResolve } from './pending-resolve.ts';
import { type AttemptFailure, type Pending, type PendingOwner, PendingStream, streamFailed } from './pending-stream.ts';
import type { StreamNeed } from './pool.ts';
import type {
  AttachedStream,
  CircuitManagerEvents,
  ResolvedAnswer,
  ResolveRequest,
  SteeringProblem,
  StreamInfo,
  StreamRequest,
} from './types.ts';

export interface AttacherOptions {
  /** SocksTimeout. */
  readonly socksTimeoutMs: number;
  /** CircuitStreamTimeout; 0 for C tor's own: 10, 10, then 15 seconds. */
  readonly circuitStreamTimeoutMs: number;
  readonly longLivedPorts: ReadonlySet<number>;
  /** ClientDNSRejectInternalAddresses. */
  readonly rejectInternalAnswers: boolean;
  /** __LeaveStreamsUnattached; it may change. */
  readonly leaveUnattached: () => boolean;
}

/** What the attacher asks of the manager. */
export interface AttacherDeps {
  readonly clock: Clock;
  readonly events: Emitter<CircuitManagerEvents>;
  readonly rules: ExitRules;
  readonly nymEpoch: () => number;
  /** The best open circuit for it, or undefined. */
  readonly findOpen: (need: StreamNeed) => ManagedCircuit | undefined;
  /** One on the way for it, else one launched for it, else undefined; throws when none will ever do (PATH_NO_EXIT). */
  readonly findOrLaunch: (need: StreamNeed) => ManagedCircuit | undefined;
  readonly markDirty: (managed: ManagedCircuit, need: StreamNeed) => void;
  readonly markUnusable: (managed: ManagedCircuit) => void;
  readonly closeBroken: (managed: ManagedCircuit) => void;
  readonly noteUse: (managed: ManagedCircuit, use: 'attempted' | 'succeeded' | 'failed' | 'rollback') => void;
  readonly notePort: (port: number) => void;
}

/** How many exits may fail to reach one destination. */
const maxDestinationFailures = 3;
/** How often a stream is moved because its circuit broke. C tor gives up at once; an unconnected stream loses nothing. */
const maxCircuitFailures = 3;

/** Streams that wait for circuits, and what becomes of them. C tor's connection_ap_* */
export class StreamAttacher implements PendingOwner {
  readonly #deps: AttacherDeps;
  readonly #options: AttacherOptions;
  readonly #pending = new Set<Pending>();
  readonly #failures = new LruMap<string, number>(512);
  readonly #circuitFailures = new WeakMap<Pending, number>();
  #nextId = 1;
  #attaching = false;
  #again = false;

  constructor(deps: AttacherDeps, options: AttacherOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  /** `pinned`: this circuit and no other. */
  async attach(request: StreamRequest, pinned: ManagedCircuit | undefined): Promise<AttachedStream> {
    request.signal?.throwIfAborted();
    const need: StreamNeed = {
      exit: connectNeed(request.host, request.port, request.flags ?? 0, request.exit),
      uptime: this.#options.longLivedPorts.has(request.port),
      isolation: withNymEpoch(request.isolation, this.#deps.nymEpoch()),
    };
    const pending = new PendingStream(this, request, {
      id: this.#nextId++,
      need,
      startedMs: this.#deps.clock.monotonic(),
      timeoutMs: request.timeoutMs ?? this.#options.socksTimeoutMs,
      pinned,
    });
    if (pinned === undefined) this.#deps.notePort(request.port);
    return await this.#enter(pending, pending.result.promise, request.signal);
  }

  async resolve(request: ResolveRequest): Promise<readonly ResolvedAnswer[]> {
    request.signal?.throwIfAborted();
    const isolation = withNymEpoch(request.isolation, this.#deps.nymEpoch());
    const pending = new PendingResolve(this, request, {
      id: this.#nextId++,
      need: { exit: resolveNeed, uptime: false, isolation },
      startedMs: this.#deps.clock.monotonic(),
      timeoutMs: request.timeoutMs ?? this.#options.socksTimeoutMs,
    });
    // C tor predicts port 80 from a look-up.
    this.#deps.notePort(80);
    return await this.#enter(pending, pending.result.promise, request.signal);
  }

  /** Looks again at everything that waits: a circuit opened or failed, or the network changed. */
  attachWaiting(): void {
    if (this.#attaching) {
      this.#again = true;
      return;
    }
    this.#attaching = true;
    try {
      do {
        this.#again = false;
        for (const pending of [...this.#pending]) {
          if (pending.attempt === undefined && !pending.held) this.#tryAttach(pending);
        }
      } while (this.#again);
    } finally {
      this.#attaching = false;
    }
  }

  /** Once a second. */
  expire(): void {
    const nowMs = this.#deps.clock.monotonic();
    for (const pending of [...this.#pending]) {
      const attempt = pending.attempt;
      if (nowMs - pending.startedMs >= pending.timeoutMs) {
        this.#giveUp(
          pending,
          new TorError('TIMEOUT', 'no stream came about in time', { facts: { reason: EndReason.TIMEOUT } }),
        );
      } else if (attempt !== undefined && pending.pinned === undefined) {
        if (nowMs - attempt.startedMs >= this.#attemptTimeoutMs(pending))
          this.#attemptTimedOut(pending, attempt.managed);
      }
    }
  }

  /** ATTACHSTREAM: onto this circuit, or onto whichever is best. */
  steer(id: number, managed: ManagedCircuit | undefined): SteeringProblem | undefined {
    const pending = this.#find(id);
    if (pending === undefined) return 'unknown';
    if (pending.pinned !== undefined || (!pending.held && pending.attempt === undefined)) return 'unmanaged';
    if (pending.attempt !== undefined) {
      pending.detach(EndReason.TIMEOUT);
      this.#hold(pending);
    }
    if (managed !== undefined && managed.state !== 'open') return 'not-open';
    if (managed !== undefined && managed.openedHops < 2) return 'one-hop';
    pending.held = false;
    if (managed === undefined) this.#tryAttach(pending);
    else this.#beginAt(pending, managed);
    return this.#pending.has(pending) ? undefined : 'failed';
  }

  /** REDIRECTSTREAM: false when no such stream waits. */
  redirect(id: number, host: string, port: number | undefined): boolean {
    const pending = this.#find(id);
    pending?.redirect(host, port);
    return pending !== undefined;
  }

  /** CLOSESTREAM before it was connected: false when no such stream waits. */
  close(id: number, reason: number): boolean {
    const pending = this.#find(id);
    const end = { reason, remote: false };
    if (pending !== undefined) this.#giveUp(pending, streamFailed(end), end);
    return pending !== undefined;
  }

  /** NEWNYM, shutdown. */
  failAll(error: TorError): void {
    for (const pending of [...this.#pending]) this.#giveUp(pending, error);
  }

  // PendingOwner

  isForbidden(ip: IpBytes): boolean {
    return this.#options.rejectInternalAnswers && this.#deps.rules.isForbidden(ip);
  }

  succeeded(pending: Pending, managed: ManagedCircuit): void {
    this.#pending.delete(pending);
    this.#deps.noteUse(managed, 'succeeded');
    this.#tell(pending, 'succeeded');
  }

  closed(pending: Pending, end: StreamEnd): void {
    this.#pending.delete(pending);
    this.#deps.events.emit('stream', { info: pending.describe(pending.settled ? 'closed' : 'failed', end) });
  }

  attemptFailed(pending: Pending, managed: ManagedCircuit, failure: AttemptFailure, end: StreamEnd): void {
    if (pending.pinned !== undefined) {
      this.#giveUp(pending, streamFailed(end), end);
      return;
    }
    if (!this.#mayRetry(pending, managed, failure)) {
      this.#giveUp(pending, streamFailed(end), end);
      return;
    }
    this.#deps.events.emit('stream', { info: pending.describe('detached', end) });
    pending.detach(EndReason.MISC);
    // Whoever attached it attaches it again.
    if (this.#options.leaveUnattached()) this.#hold(pending);
    this.attachWaiting();
  }

  // Details

  #enter<T>(pending: Pending, result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const onAbort = (): void => this.#giveUp(pending, new TorError('ABORTED'));
    signal?.addEventListener('abort', onAbort);
    this.#pending.add(pending);
    this.#tell(pending, 'new');
    if (pending.pinned === undefined && this.#options.leaveUnattached()) this.#hold(pending);
    this.attachWaiting();
    return result.finally(() => signal?.removeEventListener('abort', onAbort));
  }

  #find(id: number): Pending | undefined {
    for (const pending of this.#pending) if (pending.id === id) return pending;
    return undefined;
  }

  #hold(pending: Pending): void {
    pending.held = true;
    this.#tell(pending, 'controller-wait');
  }

  #tell(pending: Pending, status: StreamInfo['status']): void {
    this.#deps.events.emit('stream', { info: pending.describe(status) });
  }

  #tryAttach(pending: Pending): void {
    try {
      const managed = pending.pinned ?? this.#deps.findOpen(pending.need);
      if (managed === undefined) {
        // What is on the way is marked as taken, so that streams that must be apart get circuits of their own.
        this.#deps.findOrLaunch(pending.need)?.isolation.apply(pending.need.isolation, false);
        return;
      }
      this.#begin(pending, managed);
    } catch (error) {
      this.#giveUp(pending, TorError.from(error));
    }
  }

  /** On this circuit or not at all. */
  #beginAt(pending: Pending, managed: ManagedCircuit): void {
    this.#deps.markDirty(managed, pending.need);
    this.#deps.noteUse(managed, 'attempted');
    try {
      pending.begin(managed, this.#deps.clock.monotonic());
      if (pending.attempt !== undefined) this.#tell(pending, 'sentconnect');
    } catch (error) {
      this.#giveUp(pending, TorError.from(error));
    }
  }

  #begin(pending: Pending, managed: ManagedCircuit): void {
    if (pending.pinned !== undefined && managed.state !== 'open') {
      throw new TorError('CIRCUIT_FAILED', 'the circuit for this stream is not open');
    }
    this.#deps.markDirty(managed, pending.need);
    this.#deps.noteUse(managed, 'attempted');
    try {
      pending.begin(managed, this.#deps.clock.monotonic());
    } catch (error) {
      if (pending.pinned !== undefined) throw error;
      // No stream id left, or closing just now: this circuit takes no more.
      pending.detach(EndReason.MISC);
      this.#deps.markUnusable(managed);
      this.#again = true;
      return;
    }
    if (pending.attempt !== undefined) this.#tell(pending, 'sentconnect');
  }

  #mayRetry(pending: Pending, managed: ManagedCircuit, failure: AttemptFailure): boolean {
    const { rules } = this.#deps;
    this.#deps.noteUse(managed, failure.kind === 'circuit' ? 'failed' : 'rollback');
    switch (failure.kind) {
      case 'exit-policy':
        if (failure.address?.every((byte) => byte === 0)) return false;
        if (failure.address !== undefined && this.isForbidden(failure.address)) return false;
        // Not this exit for this stream, even when only the address was refused: the name leads there again.
        if (failure.address !== undefined && pending.need.exit.ip === undefined) this.#deps.markUnusable(managed);
        rules.noteRefused(managed, failure.address);
        return true;
      case 'exit-unavailable':
        rules.noteUnavailable(managed);
        return true;
      case 'destination':
        this.#deps.markUnusable(managed);
        return this.#countDestinationFailure(pending);
      case 'circuit': {
        this.#deps.closeBroken(managed);
        const failures = (this.#circuitFailures.get(pending) ?? 0) + 1;
        this.#circuitFailures.set(pending, failures);
        return failures < maxCircuitFailures;
      }
      case 'timeout':
        this.#deps.markUnusable(managed);
        return true;
    }
  }

  /** Counts over all streams to the same destination; the count starts again after it was full. */
  #countDestinationFailure(pending: Pending): boolean {
    const key = pending.describe('failed').target;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    if (failures >= maxDestinationFailures) {
      this.#failures.delete(key);
      return false;
    }
    this.#failures.set(key, failures);
    return true;
  }

  #attemptTimedOut(pending: Pending, managed: ManagedCircuit): void {
    pending.retries++;
    this.attemptFailed(pending, managed, { kind: 'timeout' }, { reason: EndReason.TIMEOUT, remote: false });
  }

  #attemptTimeoutMs(pending: Pending): number {
    if (this.#options.circuitStreamTimeoutMs > 0) return this.#options.circuitStreamTimeoutMs;
    return pending.retries < 2 ? 10_000 : 15_000;
  }

  #giveUp(pending: Pending, error: TorError, end?: StreamEnd): void {
    if (!this.#pending.delete(pending)) return;
    const info = pending.describe('failed', end, error);
    pending.fail(error);
    pending.detach(EndReason.MISC);
    this.#deps.events.emit('stream', { info });
  }
}
