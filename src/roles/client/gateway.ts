import { base16Upper } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { formatIpHost, type IpBytes } from '../../base/ip/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock } from '../../base/runtime/index.ts';
import type { Emitter } from '../../base/util/index.ts';
import type { AttachedStream, Isolation } from '../../network/circuits/index.ts';
import type { StreamHandler } from '../../protocol/stream/index.ts';
import { EndReason } from '../../wire/relaymsg/index.ts';
import { LocalEndReason } from '../../wire/socks/index.ts';
import type { EntryPortFlags } from '../../wire/torrc/index.ts';
import type { AddressMap } from './address-map.ts';
import type { ClientConfig } from './config.ts';
import type { ClientRequest, Destination, DestinationChooser } from './destination.ts';
import type { ClientEvents } from './events.ts';
import type { ClientNetwork, OnionNetwork } from './network.ts';
import { chooseAnswer, type Resolution } from './resolution.ts';

export interface GatewayDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly network: ClientNetwork;
  readonly onion: OnionNetwork | undefined;
  readonly map: AddressMap;
  readonly chooser: DestinationChooser;
  readonly events: Emitter<ClientEvents>;
  /** The fingerprint of a relay named in MapAddress; undefined when it is not known. */
  readonly findExit: (name: string) => string | undefined;
}

/** What every request carries, whatever port it came through. */
export interface RequestContext {
  readonly flags: EntryPortFlags;
  readonly isolation: Isolation;
  readonly source: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

type Refused = Extract<Destination, { kind: 'refused' }>;
type ExitDestination = Extract<Destination, { kind: 'exit' }>;

/** A request that is not even tried; `reason` is what the application is told. */
export class RefusedRequest extends Error {
  readonly refusal: Refused;

  constructor(refusal: Refused) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** C tor believes an exit's time to live within these bounds. */
const minTtlSec = 300;
const maxTtlSec = 3600;

/** From a request to a stream or an answer: what SOCKS, HTTP and DNS ports have in common. */
export class Gateway {
  readonly #deps: GatewayDeps;
  #config: ClientConfig;

  constructor(deps: GatewayDeps, config: ClientConfig) {
    this.#deps = deps;
    this.#config = config;
  }

  configure(config: ClientConfig): void {
    this.#config = config;
  }

  /** Opens a stream. Throws RefusedRequest; rejects with what the network rejects with. */
  async connect(
    request: ClientRequest,
    context: RequestContext,
    stream: { readonly handler: StreamHandler; readonly optimisticData: () => Uint8Array | undefined },
  ): Promise<AttachedStream> {
    const destination = this.#choose(request, context.flags);
    if (destination.kind === 'onion') return this.#connectOnion(destination, context, stream);
    if (destination.kind !== 'exit') throw new TorError('INTERNAL', 'a connect request led to no connection');
    this.#considerPlaintext(destination);
    this.#deps.network.predictPort(destination.port);
    try {
      return await this.#connectExit(destination, context, stream);
    } catch (error) {
      if (!this.#dropTrackedExit(request, destination)) throw error;
      const again = this.#choose(request, context.flags);
      if (again.kind !== 'exit') throw error;
      return this.#connectExit(again, context, stream);
    }
  }

  /** Looks a name or an address up. Throws RefusedRequest. */
  async resolve(request: ClientRequest, context: RequestContext): Promise<Resolution> {
    const destination = this.#choose(request, context.flags);
    if (destination.kind === 'answer') return { kind: 'address', ip: destination.ip, ttlSec: 60 };
    if (destination.kind !== 'resolve') throw new TorError('INTERNAL', 'a look-up led to a connection');
    const answers = await this.#deps.network.resolve({
      name: destination.name,
      reverse: destination.reverse,
      isolation: context.isolation,
      timeoutMs: context.timeoutMs,
      signal: context.signal,
      source: context.source,
    });
    const resolution = chooseAnswer(answers, context.flags, {
      reverse: destination.reverse,
      rejectInternal: this.#config.dnsRejectInternalAddresses,
    });
    if (resolution.kind === 'address') this.#cache(destination.name, resolution.ip, resolution.ttlSec, context.flags);
    return resolution;
  }

  #choose(request: ClientRequest, flags: EntryPortFlags): Exclude<Destination, Refused> {
    const destination = this.#deps.chooser.choose(request, flags);
    if (destination.kind === 'refused') throw this.#refused(destination, request);
    if (destination.kind !== 'exit' || destination.exit === undefined) return destination;
    const exit = this.#deps.findExit(destination.exit);
    if (exit !== undefined) return { ...destination, exit };
    const message = `Unrecognized relay in exit address '${destination.exit}.exit'. Refusing.`;
    throw this.#refused({ kind: 'refused', reason: EndReason.TORPROTOCOL, message, severity: 'warn' }, request);
  }

  #refused(refusal: Refused, request: ClientRequest): RefusedRequest {
    const { log, events } = this.#deps;
    if (refusal.reason === LocalEndReason.PRIVATE_ADDR)
      log.limited('private-address', 300_000, 'warn', 'net', refusal.message);
    else if (refusal.message.includes('.exit')) log.limited('dot-exit', 900_000, 'warn', 'app', refusal.message);
    else log.log(refusal.severity, 'app', refusal.message);
    if (refusal.badHostname === true) events.emit('badHostname', { hostname: request.address });
    return new RefusedRequest(refusal);
  }

  async #connectOnion(
    destination: Extract<Destination, { kind: 'onion' }>,
    context: RequestContext,
    stream: { readonly handler: StreamHandler; readonly optimisticData: () => Uint8Array | undefined },
  ): Promise<AttachedStream> {
    const { onion } = this.#deps;
    if (onion === undefined) throw new TorError('INTERNAL', 'this node has no onion service client');
    return onion.connect({
      address: destination.address,
      port: destination.port,
      handler: stream.handler,
      optimisticData: stream.optimisticData,
      isolation: context.isolation,
      timeoutMs: context.timeoutMs,
      signal: context.signal,
      source: context.source,
    });
  }

  async #connectExit(
    destination: ExitDestination,
    context: RequestContext,
    stream: { readonly handler: StreamHandler; readonly optimisticData: () => Uint8Array | undefined },
  ): Promise<AttachedStream> {
    const attached = await this.#deps.network.attachStream({
      host: destination.host,
      port: destination.port,
      flags: destination.flags,
      handler: stream.handler,
      optimisticData: stream.optimisticData,
      isolation: context.isolation,
      ...(destination.exit === undefined ? {} : { exit: destination.exit }),
      timeoutMs: context.timeoutMs,
      signal: context.signal,
      source: context.source,
    });
    if (attached.address !== undefined) {
      this.#cache(destination.host, attached.address, attached.ttlSec ?? -1, context.flags);
    }
    if (destination.trackable) this.#track(destination.host, attached);
    return attached;
  }

  #considerPlaintext(destination: ExitDestination): void {
    const { port } = destination;
    if (destination.exit !== undefined) return;
    const rejected = this.#config.rejectPlaintextPorts.has(port);
    if (this.#config.warnPlaintextPorts.has(port)) {
      const advice = "Please make sure you don't send anything you would mind the rest of the Internet reading!";
      const what = `Application request to port ${port}: this port is commonly used for unencrypted protocols.`;
      this.#deps.log.warn('app', `${what} ${advice}${rejected ? ' Closing.' : ''}`);
      this.#deps.events.emit('dangerousPort', { port, rejected });
    }
    if (!rejected) return;
    const message = `Port ${port} listed in RejectPlaintextPorts. Closing.`;
    this.#deps.log.info('app', message);
    throw new RefusedRequest({ kind: 'refused', reason: LocalEndReason.ENTRY_POLICY, message, severity: 'notice' });
  }

  /** CacheIPv4DNS and CacheIPv6DNS: off unless a port asks for it, since an exit may lie. */
  #cache(host: string, ip: IpBytes, ttlSec: number, flags: EntryPortFlags): void {
    if (!(ip.length === 4 ? flags.cacheIpv4Dns : flags.cacheIpv6Dns)) return;
    const text = formatIpHost(ip);
    if (text === host) return;
    const ttlMs = Math.min(maxTtlSec, Math.max(minTtlSec, ttlSec)) * 1000;
    this.#deps.map.remember(host, text, 'dns', this.#deps.clock.now() + ttlMs);
  }

  #track(host: string, attached: AttachedStream): void {
    const { map, clock } = this.#deps;
    const expiresMs = clock.now() + this.#config.trackHostExitsExpireMs;
    const exit = attached.circuit.hops.at(-1)?.target?.rsa;
    if (exit === undefined) return;
    map.remember(host, `${host}.${base16Upper(exit).toLowerCase()}.exit`, 'track-exit', expiresMs);
  }

  /** True when the failed request went to an exit only because an earlier one did: then another may be tried. */
  #dropTrackedExit(request: ClientRequest, destination: ExitDestination): boolean {
    const { map } = this.#deps;
    if (destination.exit === undefined) return false;
    const before = map.size;
    map.clearTrackedExit(destination.exit);
    return map.size < before && request.command === 'connect';
  }
}
