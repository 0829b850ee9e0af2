import type { TorError } from '../../base/errors/index.ts';
import type { Emitter } from '../../base/util/index.ts';
import type { CircuitClosed } from '../../protocol/circuit/index.ts';
import { destroyReasonName } from '../../wire/cell/index.ts';
import type { ManagedCircuit } from './managed-circuit.ts';
import type { CircuitInfo, CircuitManagerEvents } from './types.ts';

/** Tells what becomes of circuits, in the control port's words. */
export class CircuitNews {
  readonly #events: Emitter<CircuitManagerEvents>;

  constructor(events: Emitter<CircuitManagerEvents>) {
    this.#events = events;
  }

  tell(managed: ManagedCircuit, status: CircuitInfo['status'], reason?: string, remoteReason?: string): void {
    this.#events.emit('circuit', {
      info: managed.info(status),
      ...(reason === undefined ? {} : { reason }),
      ...(remoteReason === undefined ? {} : { remoteReason }),
    });
  }

  tellGone(managed: ManagedCircuit, error: TorError, closed: CircuitClosed | undefined): void {
    const reason = closed === undefined ? localReason(error) : destroyReasonName(closed.reason);
    const status = managed.hasOpened || managed.measureOnly ? 'closed' : 'failed';
    if (closed?.remote === true) this.tell(managed, status, 'DESTROYED', reason);
    else this.tell(managed, status, reason);
  }
}

/** A circuit as it is now. */
export function infoOf(managed: ManagedCircuit): CircuitInfo {
  const status = { building: 'extended', 'guard-wait': 'guard-wait', open: 'built', closed: 'closed' } as const;
  return managed.info(managed.openedHops === 0 && managed.state === 'building' ? 'launched' : status[managed.state]);
}

function localReason(error: TorError): string {
  if (error.code === 'CIRCUIT_TIMEOUT') return 'TIMEOUT';
  if (error.code === 'ABORTED') return 'FINISHED';
  if (error.code === 'CONNECT_FAILED' || error.code.startsWith('CHANNEL_')) return 'CHANNEL_CLOSED';
  return 'TORPROTOCOL';
}
