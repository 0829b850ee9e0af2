import { TorError } from '../../base/errors/index.ts';
import { formatIp, type IpBytes } from '../../base/ip/index.ts';
import { type Deferred, deferred } from '../../base/util/index.ts';
import type { OriginCircuit } from '../../protocol/circuit/index.ts';
import type { Stream, StreamEnd, StreamHandler } from '../../protocol/stream/index.ts';
import { type ConnectedAddress, EndReason, endReasonName } from '../../wire/relaymsg/index.ts';
import { connectNeed } from './exit-rules.ts';
import type { ManagedCircuit } from './managed-circuit.ts';
import type { StreamNeed } from './pool.ts';
import type { AttachedStream, StreamInfo, StreamRequest } from './types.ts';

/** How an attempt on one circuit went wrong, and what follows for the circuit. */
export type AttemptFailure =
  /** The exit's policy says no; the address, when it told one. */
  | { readonly kind: 'exit-policy'; readonly address: IpBytes | undefined }
  /** The exit hibernates or has no room. */
  | { readonly kind: 'exit-unavailable' }
  /** The exit could not resolve or reach the destination; others may. */
  | { readonly kind: 'destination' }
  /** No answer in time. */
  | { readonly kind: 'timeout' }
  /** The circuit is gone or broken. */
  | { readonly kind: 'circuit' };

/** Something that waits for a circuit: a stream or a look-up. */
export interface Pending {
  readonly id: number;
  readonly need: StreamNeed;
  readonly startedMs: number;
  readonly timeoutMs: number;
  /** The only circuit to use. */
  readonly pinned: ManagedCircuit | undefined;
  /** Undefined while it waits for a circuit. */
  readonly attempt: { readonly managed: ManagedCircuit; readonly startedMs: number } | undefined;
  readonly settled: boolean;
  /** How often it was moved for want of an answer. */
  retries: number;
  /** A controller will say on which circuit. */
  held: boolean;
  /** Where the next attempt leads. */
  redirect(host: string, port: number | undefined): void;
  begin(managed: ManagedCircuit, nowMs: number): void;
  /** Takes the request back from its circuit. */
  detach(reason: number): void;
  fail(error: TorError, end?: StreamEnd): void;
  describe(status: StreamInfo['status'], end?: StreamEnd, error?: TorError): StreamInfo;
}

export interface PendingOwner {
  /** The attempt failed for this reason; the owner moves the request to another circuit or fails it. */
  attemptFailed(pending: Pending, managed: ManagedCircuit, failure: AttemptFailure, end: StreamEnd): void;
  succeeded(pending: Pending, managed: ManagedCircuit): void;
  /** A stream that had been connected ended. */
  closed(pending: Pending, end: StreamEnd): void;
  /** An address that no exit may claim to have reached. */
  isForbidden(ip: IpBytes): boolean;
}

/** One clear-net or onion stream on its way to CONNECTED; afterwards only a thin layer before the user's handler. */
export class PendingStream implements Pending, StreamHandler {
  readonly id: number;
  readonly startedMs: number;
  readonly timeoutMs: number;
  readonly pinned: ManagedCircuit | undefined;
  readonly result: Deferred<AttachedStream> = deferred();
  retries = 0;
  held = false;
  #need: StreamNeed;
  readonly #owner: PendingOwner;
  #request: StreamRequest;
  readonly #handler: StreamHandler;
  #attempt: { readonly managed: ManagedCircuit; readonly startedMs: number } | undefined;
  #stream: Stream | undefined;
  #settled = false;
  #connected = false;

  constructor(
    owner: PendingOwner,
    request: StreamRequest,
    options: {
      readonly id: number;
      readonly need: StreamNeed;
      readonly startedMs: number;
      readonly timeoutMs: number;
      readonly pinned: ManagedCircuit | undefined;
    },
  ) {
    this.#owner = owner;
    this.#request = request;
    this.#handler = request.handler;
    this.id = options.id;
    this.#need = options.need;
    this.startedMs = options.startedMs;
    this.timeoutMs = options.timeoutMs;
    this.pinned = options.pinned;
  }

  get attempt(): Pending['attempt'] {
    return this.#attempt;
  }
  get settled(): boolean {
    return this.#settled;
  }
  get need(): StreamNeed {
    return this.#need;
  }

  redirect(host: string, port: number | undefined): void {
    this.#request = { ...this.#request, host, port: port ?? this.#request.port };
    const { flags, exit } = this.#request;
    this.#need = { ...this.#need, exit: connectNeed(host, this.#request.port, flags ?? 0, exit) };
  }

  /** Sends BEGIN and what optimistic data there is. Throws what the circuit throws. */
  begin(managed: ManagedCircuit, nowMs: number): void {
    const { circuit } = managed;
    if (circuit === undefined) throw new TorError('CIRCUIT_FAILED', 'the circuit has no link yet');
    this.#attempt = { managed, startedMs: nowMs };
    const { host, port, flags, optimisticData } = this.#request;
    const stream = circuit.openStream(this, { kind: 'begin', address: host, port, flags: flags ?? 0 });
    this.#stream = stream;
    const early = optimisticData?.();
    if (early !== undefined && early.length > 0) stream.write(early);
  }

  detach(reason: number): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#attempt = undefined;
    stream?.end(reason);
  }

  fail(error: TorError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.result.reject(error);
  }

  describe(status: StreamInfo['status'], end?: StreamEnd, error?: TorError): StreamInfo {
    const { host, port, source } = this.#request;
    return {
      id: this.id,
      status,
      circuitId: this.#attempt?.managed.id ?? 0,
      target: `${hostOf(host, this.pinned)}:${port}`,
      source,
      ...(this.#stream === undefined ? {} : { stream: this.#stream }),
      ...(end === undefined ? {} : { end }),
      ...(error === undefined ? {} : { error }),
    };
  }

  // What the stream tells

  connected(address: ConnectedAddress | undefined): void {
    const attempt = this.#attempt;
    const stream = this.#stream;
    if (attempt === undefined || stream === undefined || this.#settled) return;
    const wrong = address === undefined ? undefined : this.#whyWrong(address.address);
    if (wrong !== undefined) {
      const end = { reason: EndReason.TORPROTOCOL, remote: true };
      this.#stream = undefined;
      stream.end(EndReason.TORPROTOCOL);
      this.fail(new TorError('STREAM_FAILED', wrong, { facts: { reason: end.reason } }));
      this.#owner.closed(this, end);
      return;
    }
    this.#settled = true;
    this.#connected = true;
    this.#owner.succeeded(this, attempt.managed);
    const attached = { stream, circuit: attempt.managed.circuit as OriginCircuit };
    if (address === undefined) this.result.resolve(attached);
    else {
      const { ttlSec } = address;
      const told = { ...attached, address: address.address.slice() };
      this.result.resolve(ttlSec === undefined ? told : { ...told, ttlSec });
    }
    this.#handler.connected?.(address);
  }

  data(bytes: Uint8Array): void {
    this.#handler.data(bytes);
  }
  dataEnd(): void {
    this.#handler.dataEnd?.();
  }
  writable(): void {
    if (this.#connected) this.#handler.writable();
  }

  ended(end: StreamEnd): void {
    if (this.#connected) {
      this.#owner.closed(this, end);
      this.#handler.ended(end);
      return;
    }
    const managed = this.#attempt?.managed;
    // An attempt that was given up already.
    if (managed === undefined || this.#stream === undefined || this.#settled) return;
    this.#stream = undefined;
    const failure = failureOf(end);
    if (failure === undefined) {
      this.fail(streamFailed(end));
      this.#owner.closed(this, end);
    } else this.#owner.attemptFailed(this, managed, failure, end);
  }

  endedHere(end: StreamEnd): void {
    if (this.#connected) this.#owner.closed(this, end);
  }

  /** Exits lie for profit: an address that cannot be, or of a family we did not ask for. */
  #whyWrong(address: IpBytes): string | undefined {
    if (address.every((byte) => byte === 0) || this.#owner.isForbidden(address)) {
      return `the exit says it reached ${formatIp(address)}`;
    }
    const flags = this.#request.flags ?? 0;
    if (address.length === 4 && (flags & 2) !== 0) return 'the exit connected by IPv4 although told not to';
    if (address.length === 16 && (flags & 1) === 0 && this.need.exit.ip === undefined) {
      return 'the exit connected by IPv6 although not told to';
    }
    return undefined;
  }
}

/** BEGIN to an onion service names no host: the circuit's tag does. */
function hostOf(host: string, pinned: ManagedCircuit | undefined): string {
  if (host === '' && pinned?.tag !== undefined) return `${pinned.tag}.onion`;
  return host.includes(':') ? `[${host}]` : host;
}

/** What is behind a reason most often: exits say MISC where the specification has finer ones. */
const inWords: Readonly<Record<number, string>> = {
  [EndReason.MISC]: 'the far end could not be reached; most often nothing answers at that port',
  [EndReason.RESOLVEFAILED]: 'no such host name',
  [EndReason.CONNECTREFUSED]: 'nothing answers at that port',
  [EndReason.EXITPOLICY]: 'no exit allows this address and port',
  [EndReason.DESTROY]: 'the circuit was closed; onion services do so when they have nothing at that port',
  [EndReason.DONE]: 'closed at once; onion services do so for ports they do not have, and at their limits',
  [EndReason.TIMEOUT]: 'the far end did not answer in time',
  [EndReason.NOROUTE]: 'there is no way to the far end',
};

export function streamFailed(end: StreamEnd): TorError {
  const what = inWords[end.reason];
  const more = what === undefined ? '' : ` (${what})`;
  return new TorError('STREAM_FAILED', `the stream failed: ${endReasonName(end.reason)}${more}`, {
    facts: { reason: end.reason, remote: end.remote },
  });
}

/** What an END before CONNECTED means for a retry; undefined when another circuit would not help. As in C tor. */
export function failureOf(end: StreamEnd): AttemptFailure | undefined {
  switch (end.reason) {
    case EndReason.EXITPOLICY:
      return { kind: 'exit-policy', address: end.address };
    case EndReason.HIBERNATING:
    case EndReason.RESOURCELIMIT:
      return { kind: 'exit-unavailable' };
    case EndReason.RESOLVEFAILED:
    case EndReason.MISC:
    case EndReason.NOROUTE:
      return { kind: 'destination' };
    case EndReason.TORPROTOCOL:
    case EndReason.DESTROY:
      return { kind: 'circuit' };
    default:
      return undefined;
  }
}
