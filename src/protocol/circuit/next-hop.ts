import { CellCommand } from '../../wire/cell/index.ts';
import type { Channel, CircuitHandler } from '../channel/index.ts';
import { violation } from './hop-end.ts';

/** What a relay circuit hears of the hop after it: one table for all circuits, so that each holds no closures. */
export interface NextHopEvents<Owner> {
  created(owner: Owner, body: Uint8Array): void;
  /** A cell to encrypt and pass on toward the client. */
  relay(owner: Owner, cell: Uint8Array): void;
  failed(owner: Owner, error: unknown): void;
  destroyed(owner: Owner): void;
}

/** The far half of a circuit that passes through: its id on the next channel. */
export class NextHop<Owner> implements CircuitHandler {
  readonly channel: Channel;
  readonly #owner: Owner;
  readonly #events: NextHopEvents<Owner>;
  readonly #circId: number;
  #awaitingCreated = true;
  #gone = false;

  /** Claims an id. Throws CHANNEL_CLOSED, CIRCUIT_IDS_EXHAUSTED. */
  constructor(channel: Channel, owner: Owner, events: NextHopEvents<Owner>) {
    this.channel = channel;
    this.#owner = owner;
    this.#events = events;
    this.#circId = channel.openCircuit(this);
  }

  create(body: Uint8Array): void {
    this.channel.send(this.#circId, CellCommand.CREATE2, body);
  }

  forward(command: number, cell: Uint8Array): boolean {
    return this.#gone || this.channel.send(this.#circId, command, cell);
  }

  queuedCells(): number {
    return this.#gone ? 0 : this.channel.queuedCells(this.#circId);
  }

  oldestQueuedMs(): number | undefined {
    return this.#gone ? undefined : this.channel.oldestQueuedMs(this.#circId);
  }

  destroy(reason: number): void {
    if (this.#gone) return;
    this.#gone = true;
    this.channel.destroy(this.#circId, reason);
  }

  cell(command: number, body: Uint8Array): void {
    if (this.#gone) return;
    try {
      if (command === CellCommand.RELAY) {
        this.#events.relay(this.#owner, body);
      } else if (command === CellCommand.CREATED2 && this.#awaitingCreated) {
        this.#awaitingCreated = false;
        this.#events.created(this.#owner, body);
      } else {
        throw violation(`an unexpected cell with command ${command} from the next hop`);
      }
    } catch (error) {
      this.#events.failed(this.#owner, error);
    }
  }

  destroyed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#events.destroyed(this.#owner);
  }

  /** Relays never stop reading: the queue toward the next hop has a limit instead. */
  writable(): void {}
}
