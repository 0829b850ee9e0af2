import { fromLatin1 } from '../../../base/bytes/index.ts';
import type { Random, Timers } from '../../../base/runtime/index.ts';
import type { Emitter } from '../../../base/util/index.ts';
import type { OriginCircuit } from '../../../protocol/circuit/index.ts';
import type { IncomingStream, StreamBegin, StreamHandler } from '../../../protocol/stream/index.ts';
import { EndReason } from '../../../wire/relaymsg/index.ts';
import type { OnionServiceEvents } from './events.ts';
import { PortMap, type ServicePort } from './port-map.ts';
import { connectTarget } from './target.ts';

/** What a client may do on its circuit. */
export interface StreamRules {
  /** HiddenServiceMaxStreams: streams at once on one rendezvous circuit; 0 or undefined: no limit. */
  readonly maxStreams?: number;
  /** HiddenServiceMaxStreamsCloseCircuit. */
  readonly maxStreamsCloseCircuit?: boolean;
  /** HiddenServiceAllowUnknownPorts. C tor differs from its manual: with it the circuit closes, without it it stays. */
  readonly allowUnknownPorts?: boolean;
  /** HiddenServiceExportCircuitID haproxy. */
  readonly exportCircuitId?: boolean;
  readonly connectTimeoutMs?: number;
}

const defaultConnectTimeoutMs = 60_000;
const answerLeadMs = 100;
const unanswered: StreamHandler = { data: () => undefined, ended: () => undefined, writable: () => undefined };

/** What is needed of a rendezvous circuit. */
export type ServedCircuit = Pick<OriginCircuit, 'acceptStreams' | 'close' | 'id' | 'openStreams'>;

export interface StreamServerDeps {
  readonly random: Random;
  readonly timers: Timers;
  readonly events: Pick<Emitter<OnionServiceEvents>, 'emit'>;
}

/** Answers the streams that clients open on rendezvous circuits. */
export class StreamServer {
  #rules: StreamRules;
  readonly #deps: StreamServerDeps;
  #ports: PortMap;
  #closed = false;
  readonly #closing = new WeakSet<ServedCircuit>();

  constructor(rules: StreamRules, ports: readonly ServicePort[], deps: StreamServerDeps) {
    this.#rules = rules;
    this.#deps = deps;
    this.#ports = new PortMap(ports, deps.random);
  }

  configure(rules: StreamRules, ports: readonly ServicePort[]): void {
    this.#rules = rules;
    this.#ports = new PortMap(ports, this.#deps.random);
  }

  close(): void {
    this.#closed = true;
  }

  serve(circuit: ServedCircuit): void {
    circuit.acceptStreams((begin, stream) => this.#accept(circuit, begin, stream));
  }

  /** Relays drop what waits on a circuit that DESTROY ends, so the answer goes well ahead; nothing is served after it. */
  #closeAfterAnswer(circuit: ServedCircuit): void {
    this.#closing.add(circuit);
    this.#deps.timers.after(answerLeadMs, () => circuit.close(), { background: true });
  }

  /** As C tor's handle_hs_exit_conn(): what is refused gets DONE, so that a client cannot tell a port from a limit. */
  #accept(circuit: ServedCircuit, begin: StreamBegin, stream: IncomingStream): StreamHandler | number {
    // Left without an answer, so that a client whose circuit closes under it tries again on another.
    if (this.#closing.has(circuit)) return unanswered;
    if (this.#closed || begin.kind !== 'begin') return EndReason.DONE;
    const { maxStreams = 0 } = this.#rules;
    // The stream that is being asked for is counted among the open ones.
    if (maxStreams > 0 && circuit.openStreams > maxStreams) {
      if (this.#rules.maxStreamsCloseCircuit === true) this.#closeAfterAnswer(circuit);
      return EndReason.DONE;
    }
    const target = this.#ports.find(begin.port);
    if (target === undefined) {
      if (this.#rules.allowUnknownPorts === true) this.#closeAfterAnswer(circuit);
      return EndReason.DONE;
    }
    const about = { port: begin.port, circuitId: circuit.id };
    this.#deps.events.emit('stream', about);
    return connectTarget(target, stream, about, {
      onFailed: (reason) => this.#deps.events.emit('targetFailed', { ...about, reason }),
      connectTimeoutMs: this.#rules.connectTimeoutMs ?? defaultConnectTimeoutMs,
      ...(this.#rules.exportCircuitId === true ? { preamble: proxyLine(circuit.id, begin.port) } : {}),
    });
  }
}

/**
 * The HAProxy line that tells the server which circuit a stream belongs to: its number is the low half of an address in
 * fc00:dead:beef:4dad::/64. As C tor's export_hs_client_circuit_id().
 */
export function proxyLine(circuitId: number, virtualPort: number): Uint8Array {
  const high = ((circuitId >>> 16) & 0xffff).toString(16);
  const low = (circuitId & 0xffff).toString(16);
  const sourcePort = circuitId & 0xffff;
  return fromLatin1(`PROXY TCP6 fc00:dead:beef:4dad::${high}:${low} ::1 ${sourcePort} ${virtualPort}\r\n`);
}
