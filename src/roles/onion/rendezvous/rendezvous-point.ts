import { base16 } from '../../../base/bytes/index.ts';
import type { RelayCircuit } from '../../../protocol/circuit/index.ts';
import { DestroyReason } from '../../../wire/cell/index.ts';
import { decodeEstablishRendezvous, decodeRendezvous1, RelayCommand } from '../../../wire/relaymsg/index.ts';

/** Joins a client's circuit and a service's by the client's cookie. spec: rend-spec-v3 4.1, 4.2; C tor rendmid.c */
export class RendezvousPoint {
  readonly #byCookie = new Map<string, RelayCircuit>();
  readonly #byCircuit = new Map<RelayCircuit, string>();

  /** Clients that wait for their service. */
  get waiting(): number {
    return this.#byCookie.size;
  }

  isWaiting(circuit: RelayCircuit): boolean {
    return this.#byCircuit.has(circuit);
  }

  /** ESTABLISH_RENDEZVOUS. Gives what MetricsPort calls the outcome, as `join` does. */
  establish(circuit: RelayCircuit, body: Uint8Array): string {
    const cookie = decoded(() => base16(decodeEstablishRendezvous(body)));
    const free = circuit.nextChannel === undefined && !circuit.isSpliced && !this.#byCircuit.has(circuit);
    if (cookie === undefined || !free || this.#byCookie.has(cookie)) {
      circuit.close(DestroyReason.TORPROTOCOL);
      return !free ? 'unsuitable_circuit' : cookie === undefined ? 'malformed' : 'duplicate_cookie';
    }
    this.#byCookie.set(cookie, circuit);
    this.#byCircuit.set(circuit, cookie);
    circuit.sendMessage(RelayCommand.RENDEZVOUS_ESTABLISHED, new Uint8Array(0));
    return 'success';
  }

  /** RENDEZVOUS1: the client hears RENDEZVOUS2, and from then on cells pass between the two circuits. */
  join(circuit: RelayCircuit, body: Uint8Array): string {
    const message = decoded(() => decodeRendezvous1(body));
    const free = circuit.nextChannel === undefined && !circuit.isSpliced && !this.#byCircuit.has(circuit);
    const client = message === undefined ? undefined : this.#byCookie.get(base16(message.cookie));
    if (message === undefined || client === undefined || !free) {
      circuit.close(DestroyReason.TORPROTOCOL);
      return !free ? 'unsuitable_circuit' : message === undefined ? 'malformed' : 'unknown_cookie';
    }
    this.closed(client);
    client.sendMessage(RelayCommand.RENDEZVOUS2, message.handshake);
    client.splice(circuit);
    return 'success';
  }

  closed(circuit: RelayCircuit): void {
    const cookie = this.#byCircuit.get(circuit);
    if (cookie === undefined) return;
    this.#byCircuit.delete(circuit);
    this.#byCookie.delete(cookie);
  }
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
