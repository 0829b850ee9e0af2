import { bytesEqual } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Clock, Random, Timers } from '../../../base/runtime/index.ts';
import { DestroyReason } from '../../../wire/cell/index.ts';
import { ConfluxUx, decodeConfluxLink, encodeConfluxLink, RelayCommand } from '../../../wire/relaymsg/index.ts';
import type { OriginCircuit } from '../origin-circuit.ts';
import type { CircuitParams } from '../params.ts';
import { clientStreams } from '../stream-settings.ts';
import { ConfluxSet } from './set.ts';

export interface ClientConfluxOptions {
  readonly params: CircuitParams;
  /** ConfluxClientUX: what the exit is asked to aim at. Default: high throughput. */
  readonly desiredUx?: number;
  readonly maxLegs?: number;
  readonly maxEarlyBytes?: number;
  /** A leg that takes longer is left: the circuit build timeout. */
  readonly timeoutMs: number;
}

const defaultMaxLegs = 8;
const defaultMaxEarlyBytes = 64 * 1024 * 1024;

/**
 * Makes one set of circuits that end at the same exit; afterwards a stream opened on any of them uses all. Rejects, and
 * closes all of them, when one cannot be linked. spec: proposal 329, 3
 */
export async function linkConflux(
  deps: { readonly clock: Clock; readonly timers: Timers; readonly random: Random },
  circuits: readonly OriginCircuit[],
  options: ClientConfluxOptions,
): Promise<ConfluxSet> {
  const nonce = deps.random.bytes(32);
  const set = new ConfluxSet(deps, {
    settings: clientStreams(options.params, false),
    maxLegs: options.maxLegs ?? defaultMaxLegs,
    maxEarlyBytes: options.maxEarlyBytes ?? defaultMaxEarlyBytes,
  });
  try {
    await Promise.all(circuits.map((circuit) => linkLeg(deps, { circuit, set, nonce }, options)));
  } catch (error) {
    for (const circuit of circuits) circuit.close();
    throw error;
  }
  return set;
}

function linkLeg(
  deps: { readonly clock: Clock; readonly timers: Timers },
  { circuit, set, nonce }: { readonly circuit: OriginCircuit; readonly set: ConfluxSet; readonly nonce: Uint8Array },
  options: ClientConfluxOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = circuit.confluxEnd();
    const sentMs = deps.clock.monotonic();
    const timer = deps.timers.after(options.timeoutMs, () =>
      fail(new TorError('TIMEOUT', 'a leg was not linked in time')),
    );
    // Within the arrival of the cell: what follows it belongs to the set already. An error closes the circuit.
    const stopListening = circuit.onMessage(RelayCommand.CONFLUX_LINKED, ({ body }) => {
      finish();
      try {
        const linked = decodeConfluxLink(body);
        if (!bytesEqual(linked.nonce, nonce)) throw new TorError('CIRCUIT_PROTOCOL', 'CONFLUX_LINKED of another set');
        const leg = set.addLeg({ end, close: () => circuit.close(DestroyReason.FINISHED) }, linked);
        leg.linkRttMs = Math.max(0.001, deps.clock.monotonic() - sentMs);
        end.joinConflux(set, leg);
        circuit.sendMessage(RelayCommand.CONFLUX_LINKED_ACK, new Uint8Array(0));
        resolve();
      } catch (error) {
        reject(error);
        throw error;
      }
    });
    const stopWatching = circuit.events.on('closed', ({ error }) => fail(error));
    const finish = (): void => {
      timer.cancel();
      stopListening();
      stopWatching();
    };
    const fail = (error: unknown): void => {
      finish();
      reject(error);
    };
    const { desiredUx = ConfluxUx.HIGH_THROUGHPUT } = options;
    const link = encodeConfluxLink({ nonce, lastSent: 0n, lastReceived: 0n, desiredUx });
    circuit.sendMessage(RelayCommand.CONFLUX_LINK, link);
  });
}
