import { totalmem } from 'node:os';
import type { Logger } from '../../../base/log/index.ts';
import type { Timer, Timers } from '../../../base/runtime/index.ts';
import type { RelayCircuit } from '../../../protocol/circuit/index.ts';
import { cellLength, DestroyReason } from '../../../wire/cell/index.ts';

const gigabyte = 2 ** 30;
/** What queued cells may hold by default: more would not fit beside everything else in one process of Node. */
const mostByDefault = 2 * gigabyte;
/** FRACTION_OF_DATA_TO_RETAIN_ON_OOM */
const retain = 0.9;
const checkMs = 250;
/** A circuit whose streams hold more than this does not stop when it is told to: no honest one holds as much for long. */
const muchHeldBytes = 2 ** 20;
/** What a queued cell costs beyond its bytes. */
const cellOverhead = 96;

/** MaxMemInQueues as set, or from the machine's memory as C tor does. */
export function memoryLimit(configuredBytes: number, machineBytes = totalmem()): number {
  if (configuredBytes > 0) return Math.max(configuredBytes, 64 * 2 ** 20);
  const share = machineBytes >= 8 * gigabyte ? machineBytes * 0.4 : machineBytes * 0.75;
  return Math.min(mostByDefault, Math.max(gigabyte / 4, share));
}

export interface MemoryGuardDeps {
  readonly timers: Timers;
  readonly logger?: Logger | undefined;
  /** Bytes that queues hold now. */
  readonly queuedBytes: () => number;
  readonly circuits: () => Iterable<RelayCircuit>;
}

/**
 * Frees memory when queues hold too much: first the circuits whose streams hold far more than they may, then those whose
 * cells have waited longest. C tor circuits_handle_oom()
 */
export class MemoryGuard {
  readonly #deps: MemoryGuardDeps;
  readonly #limitBytes: number;
  #timer: Timer | undefined;
  /** Since the start. */
  killed = 0;
  freedBytes = 0;
  /** Times it had to act. */
  runs = 0;

  constructor(deps: MemoryGuardDeps, options: { readonly limitBytes: number }) {
    this.#deps = deps;
    this.#limitBytes = options.limitBytes;
  }

  start(): void {
    this.#timer = this.#deps.timers.after(
      checkMs,
      () => {
        this.check();
        this.start();
      },
      { background: true },
    );
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Returns the number of circuits that had to go. */
  check(): number {
    let heldBytes = this.#cost(this.#deps.queuedBytes() / cellLength);
    for (const circuit of this.#deps.circuits()) heldBytes += circuit.heldBytes;
    if (heldBytes <= this.#limitBytes) return 0;
    this.runs++;
    this.#deps.logger?.notice(
      'mm',
      `We're low on memory (cell queues total alloc: ${heldBytes}). Killing circuits with over-long queues. (This ` +
        'behavior is controlled by MaxMemInQueues.)',
    );
    return this.#free(heldBytes - this.#limitBytes * retain);
  }

  #free(wantedBytes: number): number {
    let freedBytes = 0;
    let count = 0;
    for (const circuit of this.#inOrder()) {
      if (freedBytes >= wantedBytes) break;
      freedBytes += this.#cost(circuit.waitingCells) + circuit.heldBytes;
      circuit.close(DestroyReason.RESOURCELIMIT);
      count++;
    }
    this.killed += count;
    this.freedBytes += freedBytes;
    this.#deps.logger?.notice('mm', `Removed ${freedBytes} bytes by killing ${count} circuits.`);
    return count;
  }

  #inOrder(): readonly RelayCircuit[] {
    const circuits = [...this.#deps.circuits()].map((circuit) => ({
      circuit,
      heldBytes: circuit.heldBytes,
      sinceMs: circuit.oldestQueuedMs ?? Number.POSITIVE_INFINITY,
    }));
    const holding = circuits.filter(({ heldBytes }) => heldBytes > muchHeldBytes);
    const waiting = circuits.filter(
      ({ heldBytes, sinceMs }) => heldBytes <= muchHeldBytes && sinceMs !== Number.POSITIVE_INFINITY,
    );
    holding.sort((a, b) => b.heldBytes - a.heldBytes);
    waiting.sort((a, b) => a.sinceMs - b.sinceMs);
    return [...holding, ...waiting].map(({ circuit }) => circuit);
  }

  #cost(cells: number): number {
    return Math.round(cells) * (cellLength + cellOverhead);
  }
}
