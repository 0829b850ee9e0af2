import { TorError } from '../../base/errors/index.ts';
import { type IpBytes, parseIp } from '../../base/ip/index.ts';
import { type Deferred, deferred } from '../../base/util/index.ts';
import type { StreamEnd } from '../../protocol/stream/index.ts';
import { EndReason, type ResolvedAnswer } from '../../wire/relaymsg/index.ts';
import type { ManagedCircuit } from './managed-circuit.ts';
import type { Pending, PendingOwner } from './pending-stream.ts';
import type { StreamNeed } from './pool.ts';
import type { ResolveRequest, StreamInfo } from './types.ts';

/** One look-up on its way to an answer. */
export class PendingResolve implements Pending {
  readonly id: number;
  readonly need: StreamNeed;
  readonly startedMs: number;
  readonly timeoutMs: number;
  readonly pinned = undefined;
  readonly result: Deferred<readonly ResolvedAnswer[]> = deferred();
  retries = 0;
  held = false;
  readonly #owner: PendingOwner;
  #request: ResolveRequest;
  #name: string;
  #attempt: { readonly managed: ManagedCircuit; readonly startedMs: number } | undefined;
  #settled = false;

  constructor(
    owner: PendingOwner,
    request: ResolveRequest,
    options: {
      readonly id: number;
      readonly need: StreamNeed;
      readonly startedMs: number;
      readonly timeoutMs: number;
    },
  ) {
    this.#owner = owner;
    this.#request = request;
    this.#name = request.reverse === true ? reverseName(request.name) : request.name;
    this.id = options.id;
    this.need = options.need;
    this.startedMs = options.startedMs;
    this.timeoutMs = options.timeoutMs;
  }

  get attempt(): Pending['attempt'] {
    return this.#attempt;
  }
  get settled(): boolean {
    return this.#settled;
  }

  redirect(name: string): void {
    this.#request = { ...this.#request, name };
    this.#name = this.#request.reverse === true ? reverseName(name) : name;
  }

  begin(managed: ManagedCircuit, nowMs: number): void {
    const { circuit } = managed;
    if (circuit === undefined) throw new TorError('CIRCUIT_FAILED', 'the circuit has no link yet');
    const attempt = { managed, startedMs: nowMs };
    this.#attempt = attempt;
    circuit.resolve(this.#name).then(
      (answers) => {
        if (this.#attempt === attempt && !this.#settled) this.#answered(answers, managed);
      },
      () => {
        if (this.#attempt !== attempt || this.#settled) return;
        this.#owner.attemptFailed(this, managed, { kind: 'circuit' }, { reason: EndReason.DESTROY, remote: true });
      },
    );
  }

  /** The answer, should it still come, is not listened to. */
  detach(): void {
    this.#attempt = undefined;
  }

  fail(error: TorError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.result.reject(error);
  }

  describe(status: StreamInfo['status'], end?: StreamEnd, error?: TorError): StreamInfo {
    return {
      id: this.id,
      status: status === 'new' ? 'newresolve' : status === 'sentconnect' ? 'sentresolve' : status,
      circuitId: this.#attempt?.managed.id ?? 0,
      target: `${this.#request.name}:0`,
      source: this.#request.source,
      ...(end === undefined ? {} : { end }),
      ...(error === undefined ? {} : { error }),
    };
  }

  #answered(answers: readonly ResolvedAnswer[], managed: ManagedCircuit): void {
    const believed = answers.filter(
      (answer) => (answer.kind !== 'ipv4' && answer.kind !== 'ipv6') || !this.#owner.isForbidden(answer.address),
    );
    this.#settled = true;
    this.#owner.succeeded(this, managed);
    // C tor: only private addresses in the answer is a transient error.
    const none = believed.length === 0 && answers.length > 0;
    this.result.resolve(none ? [{ kind: 'error', transient: true, ttlSec: 0 }] : believed);
    this.#owner.closed(this, { reason: EndReason.DONE, remote: true });
  }
}

/** The name whose PTR record names an address. Throws BAD_ENCODING for what is no address. spec: tor-spec 6.4 */
export function reverseName(address: string): string {
  const ip = parseIp(address);
  if (ip === undefined) throw new TorError('BAD_ENCODING', 'a reverse look-up needs an IP address');
  return ip.length === 4
    ? `${[...ip].reverse().join('.')}.in-addr.arpa`
    : `${nibbles(ip).reverse().join('.')}.ip6.arpa`;
}

const nibbles = (ip: IpBytes): string[] =>
  [...ip].flatMap((byte) => [(byte >>> 4).toString(16), (byte & 15).toString(16)]);
