import { TorError } from '../../base/errors/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import type { ClientLayer } from '../../crypto/relaycell/index.ts';
import type { ResolvedAnswer } from '../../wire/relaymsg/index.ts';
import type { Channel } from '../channel/index.ts';
import type { AcceptStream, Stream, StreamBegin, StreamHandler } from '../stream/index.ts';
import type { CircuitParams } from './params.ts';
import type {
  CircuitCounters,
  CircuitEvents,
  CircuitMessage,
  CircuitState,
  ExtendOptions,
  Hop,
  HopTarget,
  VirtualHopOptions,
} from './types.ts';

export interface OriginCircuitDeps {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface OriginCircuitOptions {
  readonly params: CircuitParams;
  /** Advertise and ask for CGO where both ends can; default true. */
  readonly cgo?: boolean;
}

const unbuilt = (): never => {
  throw new TorError('INTERNAL', 'not built yet');
};

/** A circuit that starts here. */
export class OriginCircuit {
  readonly events = new Emitter<CircuitEvents>();
  constructor(_deps: OriginCircuitDeps, _options: OriginCircuitOptions) {}
  /** Unique in this process; the control port's CIRC id. */
  get id(): number {
    return unbuilt();
  }
  get state(): CircuitState {
    return unbuilt();
  }
  get hops(): readonly Hop[] {
    return unbuilt();
  }
  get counters(): CircuitCounters {
    return unbuilt();
  }
  get openStreams(): number {
    return unbuilt();
  }
  /** One hop without an onion key: a directory circuit. Rejects with CIRCUIT_CLOSED and the like. */
  createFast(): Promise<Hop> {
    return unbuilt();
  }
  create(_target: HopTarget, _options?: ExtendOptions): Promise<Hop> {
    return unbuilt();
  }
  extend(_target: HopTarget, _options?: ExtendOptions): Promise<Hop> {
    return unbuilt();
  }
  /** All hops are there: streams may open. */
  markOpen(): void {
    unbuilt();
  }
  /** The end-to-end hop of an onion service circuit. */
  addVirtualHop(_layer: ClientLayer, _options?: VirtualHopOptions): Hop {
    return unbuilt();
  }
  openStream(_handler: StreamHandler, _begin: StreamBegin, _options?: { readonly hop?: Hop }): Stream {
    return unbuilt();
  }
  /** RESOLVE at the last hop; a reverse name (…in-addr.arpa, …ip6.arpa) asks for a host name. */
  resolve(_name: string, _options?: { readonly timeoutMs?: number }): Promise<readonly ResolvedAnswer[]> {
    return unbuilt();
  }
  /** A relay message with stream id 0 to a hop (default: the last). */
  sendMessage(_command: number, _body: Uint8Array, _hop?: Hop): void {
    unbuilt();
  }
  /** The next message with one of these commands and stream id 0. Unasked-for messages are a protocol violation. */
  awaitMessage(
    _command: number | readonly number[],
    _options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<CircuitMessage> {
    return unbuilt();
  }
  /** Every message with one of these commands and stream id 0, until the returned function is called (INTRODUCE2). */
  onMessage(_command: number | readonly number[], _listener: (message: CircuitMessage) => void): () => void {
    return unbuilt();
  }
  /** The far end may open streams here: onion services. */
  acceptStreams(_accept: AcceptStream, _options?: { readonly hop?: Hop }): void {
    unbuilt();
  }
  /** Sends DROP cells' worth of nothing: padding toward a hop. */
  sendDrop(_hop?: Hop): void {
    unbuilt();
  }
  close(_reason?: number): void {
    unbuilt();
  }
}
