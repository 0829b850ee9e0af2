import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import type { ChannelManager } from '../../network/channels/index.ts';
import { type ConsensusParams, defaultParams, type NetDir } from '../../network/netdir/index.ts';
import type { Channel } from '../../protocol/channel/index.ts';
import {
  type CircuitParams,
  ExitConfluxSets,
  type ExtendRequest,
  RelayCircuit,
  type RelayCircuitDeps,
  type RelayCircuitRole,
} from '../../protocol/circuit/index.ts';
import type { IncomingStream, StreamBegin, StreamHandler } from '../../protocol/stream/index.ts';
import { CellCommand, DestroyReason, HandshakeType } from '../../wire/cell/index.ts';
import { EndReason, RelayCommand } from '../../wire/relaymsg/index.ts';
import { type ExtendPolicy, extendTo } from './extend-policy.ts';
import type { HandshakeQueue } from './handshake-queue.ts';
import { type DosDefence, isClientLink } from './limits/dos-defence.ts';
import type { RelayServices } from './services.ts';

export interface CircuitServerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly channels: Pick<ChannelManager, 'get'>;
  readonly handshakes: HandshakeQueue;
  readonly netdir: () => NetDir | undefined;
  readonly services: RelayServices;
}

export interface CircuitServerOptions {
  readonly params: () => CircuitParams;
  readonly extend: ExtendPolicy;
  readonly dos: Pick<DosDefence, 'admitsCircuit' | 'admitsStream' | 'admitsRendezvous' | 'noteFullQueue'>;
  /** A CREATE was answered on this channel. */
  readonly created?: (channel: Channel) => void;
}

export type HandshakeName = 'fast' | 'ntor' | 'ntor_v3';

/** Counted since the start, for MetricsPort and the heartbeat. */
export interface CircuitServerCounts {
  /** Handshakes that were answered, and those that waited in vain. */
  readonly processed: Record<HandshakeName, number>;
  readonly dropped: Record<HandshakeName, number>;
  refused: number;
  extended: number;
  extendFailed: number;
  /** Circuits that ended for a broken protocol, and for a full queue; of these, for one toward the next relay. */
  violations: number;
  queuesFull: number;
  queuesFullOutward: number;
  /** Streams asked for. */
  begin: number;
  beginDir: number;
  resolve: number;
  /** DROP messages. */
  padding: number;
  /** Messages of onion services, by relay command and what became of them. */
  readonly onion: Map<number, Map<string, number>>;
}

const noCounts = (): CircuitServerCounts => ({
  processed: { fast: 0, ntor: 0, ntor_v3: 0 },
  dropped: { fast: 0, ntor: 0, ntor_v3: 0 },
  refused: 0,
  extended: 0,
  extendFailed: 0,
  violations: 0,
  queuesFull: 0,
  queuesFullOutward: 0,
  begin: 0,
  beginDir: 0,
  resolve: 0,
  padding: 0,
  onion: new Map(),
});

/** Answers CREATE cells and lets circuits grow: the middle of every role a relay has. spec: tor-spec 5 */
export class CircuitServer {
  readonly counts: CircuitServerCounts = noCounts();
  readonly #deps: CircuitServerDeps;
  readonly #options: CircuitServerOptions;
  readonly #circuits = new Set<RelayCircuit>();
  /** What all circuits share: without sets of circuits, and with them. */
  readonly #unlinkable: RelayCircuitDeps;
  readonly #linkable: RelayCircuitDeps;
  #hibernating = false;

  constructor(deps: CircuitServerDeps, options: CircuitServerOptions) {
    this.#deps = deps;
    this.#options = options;
    const { services } = deps;
    const exit = services.exit;
    const conflux = new ExitConfluxSets(deps, () => ({
      maxLegs: this.#consensus.get('cfx_max_legs_set'),
      maxEarlyBytes: this.#consensus.get('cfx_max_oooq_bytes'),
    }));
    const role: RelayCircuitRole = {
      extend: (circuit, request) => this.#extend(circuit, request),
      acceptStream: (circuit, begin, stream) => this.#acceptStream(circuit, begin, stream),
      ...(exit === undefined
        ? {}
        : {
            resolve: (circuit, name, answer) => {
              this.counts.resolve++;
              if (this.#admitsStream(circuit)) return exit.resolve(circuit, name, answer);
              if (circuit.state === 'open') answer([{ kind: 'error', transient: true, ttlSec: 60 }]);
              return undefined;
            },
          }),
      message: (circuit, command, body) => this.#message(circuit, command, body),
      closed: (circuit, reason) => {
        this.#circuits.delete(circuit);
        services.onion?.closed(circuit);
        if (reason === DestroyReason.TORPROTOCOL) this.counts.violations++;
      },
      queueFull: (circuit, outward) => {
        this.counts.queuesFull++;
        if (!outward) return;
        // What a client sends faster than others take it; what it does not read itself is no attack on them.
        this.counts.queuesFullOutward++;
        this.#options.dos.noteFullQueue(circuit.channel);
      },
    };
    const { clock, timers, random } = deps;
    this.#unlinkable = { clock, timers, random, role };
    this.#linkable = { ...this.#unlinkable, conflux };
  }

  /** Circuits through or to us, in any state but closed. */
  get circuits(): ReadonlySet<RelayCircuit> {
    return this.#circuits;
  }

  /** Hibernation and shutdown: no new circuits. */
  setAccepting(accepting: boolean): void {
    this.#hibernating = !accepting;
  }

  /** The listener's `onCreate`. */
  create(channel: Channel, circId: number, command: number, body: Uint8Array): void {
    if (this.#hibernating || !this.#options.dos.admitsCircuit(channel)) {
      this.counts.refused++;
      channel.destroy(circId, this.#hibernating ? DestroyReason.HIBERNATING : DestroyReason.RESOURCELIMIT);
      return;
    }
    const circuit = new RelayCircuit(this.#consensus.get('cfx_enabled') === 1 ? this.#linkable : this.#unlinkable, {
      channel,
      circId,
      params: this.#options.params(),
    });
    this.#circuits.add(circuit);
    const type = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
    this.#deps.handshakes.submit(
      { command, body: body.slice(), wanted: () => circuit.state === 'creating' },
      (answer) => {
        if (circuit.state !== 'creating') return;
        this.counts.processed[handshakeName(command, type)]++;
        circuit.created(answer);
        this.#options.created?.(channel);
      },
      (error) => {
        if (circuit.state !== 'creating') return;
        const overloaded = TorError.is(error) && error.code === 'QUEUE_FULL';
        if (overloaded) this.counts.dropped[handshakeName(command, type)]++;
        else this.counts.refused++;
        circuit.close(overloaded ? DestroyReason.RESOURCELIMIT : DestroyReason.TORPROTOCOL);
      },
    );
  }

  get #consensus(): ConsensusParams {
    return this.#deps.netdir()?.params ?? defaultParams;
  }

  #extend(circuit: RelayCircuit, request: ExtendRequest): void {
    const target = extendTo(request, this.#options.extend, this.#deps.netdir());
    if (target === undefined) {
      this.counts.extendFailed++;
      circuit.close(DestroyReason.TORPROTOCOL);
      return;
    }
    this.#deps.channels.get(target, { purpose: 'extend' }).then(
      (channel) => {
        this.counts.extended++;
        circuit.connectNext(channel);
      },
      () => {
        this.counts.extendFailed++;
        circuit.close(DestroyReason.CHANNEL_CLOSED);
      },
    );
  }

  #message(circuit: RelayCircuit, command: number, body: Uint8Array): void {
    if (command === RelayCommand.DROP) {
      this.counts.padding++;
      return;
    }
    // C tor says nothing to a client that would have its rendezvous point know it, and closes when it introduces itself.
    if (command === RelayCommand.ESTABLISH_RENDEZVOUS && !this.#options.dos.admitsRendezvous(circuit.channel)) {
      this.#countOnion(command, 'single_hop');
      return;
    }
    if (command === RelayCommand.INTRODUCE1 && isClientLink(circuit.channel)) {
      circuit.close(DestroyReason.TORPROTOCOL);
      this.#countOnion(command, 'single_hop');
      return;
    }
    const outcome = this.#deps.services.onion?.message(circuit, command, body);
    if (outcome !== undefined) this.#countOnion(command, outcome);
  }

  #countOnion(command: number, outcome: string): void {
    const counts = this.counts.onion.get(command) ?? new Map<string, number>();
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    this.counts.onion.set(command, counts);
  }

  /** False: refused; the circuit may be gone. */
  #admitsStream(circuit: RelayCircuit): boolean {
    const verdict = this.#options.dos.admitsStream(circuit);
    if (verdict === 'close') circuit.close(DestroyReason.RESOURCELIMIT);
    return verdict === 'accept';
  }

  #acceptStream(circuit: RelayCircuit, begin: StreamBegin, stream: IncomingStream): StreamHandler | number {
    const { directory, exit } = this.#deps.services;
    if (begin.kind === 'begin-dir') this.counts.beginDir++;
    else this.counts.begin++;
    if (!this.#admitsStream(circuit)) return EndReason.RESOURCELIMIT;
    if (begin.kind === 'begin-dir') return directory?.accept(circuit, stream) ?? EndReason.NOTDIRECTORY;
    return exit?.begin(circuit, begin, stream) ?? EndReason.EXITPOLICY;
  }
}

const handshakeName = (command: number, type: number): HandshakeName =>
  command === CellCommand.CREATE_FAST ? 'fast' : type === HandshakeType.NTOR_V3 ? 'ntor_v3' : 'ntor';
