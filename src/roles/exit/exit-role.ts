import { connect as connectSocket, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { formatIp, type IpBytes, parseIp } from '../../base/ip/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import { Emitter } from '../../base/util/index.ts';
import { defaultParams, type NetDir } from '../../network/netdir/index.ts';
import { SharedReader } from '../../network/pump/index.ts';
import type { RelayCircuit } from '../../protocol/circuit/index.ts';
import type { IncomingStream, StreamBegin, StreamHandler } from '../../protocol/stream/index.ts';
import { DestroyReason } from '../../wire/cell/index.ts';
import { BeginFlag, EndReason, type ResolvedAnswer } from '../../wire/relaymsg/index.ts';
import { chooseAddress } from './choose-address.ts';
import { type ExitConfig, interfaceAddresses } from './config.ts';
import { HijackCheck } from './dns/hijack-check.ts';
import { ExitResolver } from './dns/resolver.ts';
import { SystemDns } from './dns/system-dns.ts';
import { literalTtlSec } from './dns/ttl.ts';
import type { DnsBackend } from './dns/types.ts';
import { ExitStream } from './exit-stream.ts';
import { isAllowedName } from './names.ts';
import { ExitPolicy } from './policy/exit-policy.ts';
import { type Endpoint, RelayEndpoints } from './relay-endpoints.ts';
import { answersOf, resolveError } from './resolve-answer.ts';

export interface SocketTarget {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string;
}

export interface ExitDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly netdir: () => NetDir | undefined;
  readonly log?: Logger;
  /** Name servers; by default the system's. */
  readonly dns?: (config: ExitConfig) => DnsBackend;
  /** Starts a TCP connection. */
  readonly connect?: (target: SocketTarget) => Socket;
}

export interface ExitOptions {
  readonly config: ExitConfig;
  /** Addresses of directory authorities. */
  readonly authorities?: readonly Endpoint[];
  /** DoS defence: what to do with one more BEGIN or RESOLVE on a circuit. Default: take all. */
  readonly admit?: (circuit: RelayCircuit) => 'accept' | 'refuse' | 'close';
}

export interface ExitEvents {
  /** The descriptor must be made anew. */
  readonly policyChanged: { readonly policy: ExitPolicy };
}

/** Counted for MetricsPort and the heartbeat. */
export interface ExitCounts {
  begin: number;
  resolve: number;
  connected: number;
  refused: number;
}

/**
 * Connects to the world for circuits that end here: the `exit` of the relay's services. The order of checks and the
 * reasons are those of C tor's connection_exit_begin_conn(), dns_resolve() and connection_exit_connect().
 *
 * spec: tor-spec 6.2, 6.4
 */
export class ExitRole {
  readonly events = new Emitter<ExitEvents>();
  readonly counts: ExitCounts = { begin: 0, resolve: 0, connected: 0, refused: 0 };
  readonly #deps: ExitDeps;
  readonly #admit: (circuit: RelayCircuit) => 'accept' | 'refuse' | 'close';
  readonly #endpoints: RelayEndpoints;
  readonly #streams = new Set<ExitStream>();
  #config: ExitConfig;
  #policy: ExitPolicy;
  #advertised: readonly IpBytes[] = [];
  #resolver: ExitResolver;
  #hijack: HijackCheck;
  #hibernating = false;
  #started = false;

  constructor(deps: ExitDeps, options: ExitOptions) {
    this.#deps = deps;
    this.#config = options.config;
    this.#admit = options.admit ?? (() => 'accept');
    this.#endpoints = new RelayEndpoints(options.authorities ?? []);
    this.#policy = this.#makePolicy();
    [this.#resolver, this.#hijack] = this.#makeResolver();
  }

  /** What the descriptor tells: nothing is accepted while our name servers lie. */
  get policy(): ExitPolicy {
    return this.#hijack.broken ? ExitPolicy.rejectAll : this.#policy;
  }

  get resolver(): ExitResolver {
    return this.#resolver;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  start(): void {
    this.#started = true;
    if (this.#config.dns.detectHijacking && !this.#policy.rejectsEverything) this.#hijack.start();
  }

  /** Ends every stream. */
  stop(): void {
    this.#hijack.stop();
    this.#resolver.close();
    for (const stream of [...this.#streams]) stream.refuse(EndReason.DESTROY);
  }

  /** New BEGINs are refused; streams that are open go on. */
  setHibernating(hibernating: boolean): void {
    this.#hibernating = hibernating;
  }

  /** The addresses in our descriptor. */
  setAdvertisedAddresses(addresses: readonly IpBytes[]): void {
    this.#advertised = addresses;
    this.#renewPolicy();
  }

  setConfig(config: ExitConfig): void {
    this.#config = config;
    this.#renewPolicy();
    this.#hijack.stop();
    this.#resolver.close();
    [this.#resolver, this.#hijack] = this.#makeResolver();
    if (this.#started) this.start();
    if (config.reevaluatePolicy) this.#reevaluate();
  }

  #renewPolicy(): void {
    const before = this.#policy;
    const policy = this.#makePolicy();
    this.#policy = policy;
    if (!isDeepStrictEqual(policy.rules, before.rules)) this.events.emit('policyChanged', { policy });
  }

  #makePolicy(): ExitPolicy {
    const { policy, localAddresses } = this.#config;
    const local = policy.rejectLocalInterfaces ? [...localAddresses, ...interfaceAddresses()] : [];
    return ExitPolicy.fromConfig(policy, { advertised: this.#advertised, local });
  }

  #makeResolver(): [ExitResolver, HijackCheck] {
    const { dns, policy } = this.#config;
    const params = this.#deps.netdir()?.params ?? defaultParams;
    const backend =
      this.#deps.dns?.(this.#config) ??
      new SystemDns({
        timeoutMs: params.get('exit_dns_timeout'),
        attempts: params.get('exit_dns_num_attempts'),
        resolvConfFile: dns.resolvConfFile,
        searchDomains: dns.searchDomains,
      });
    const hijack = new HijackCheck(
      { ...this.#deps, backend, onBroken: () => this.events.emit('policyChanged', { policy: this.policy }) },
      { testAddresses: dns.testAddresses },
    );
    const isHijacked = (ip: IpBytes): boolean => hijack.isHijacked(ip);
    return [new ExitResolver({ ...this.#deps, backend }, { ipv6: policy.ipv6Exit, isHijacked }), hijack];
  }

  #reevaluate(): void {
    for (const stream of [...this.#streams]) {
      const { target, port } = stream;
      if (target !== undefined && !this.#policy.accepts(target.address, port)) {
        stream.refuse(EndReason.EXITPOLICY, target);
      }
    }
  }

  /** A BEGIN: a handler, or an END reason. */
  begin(
    circuit: RelayCircuit,
    begin: StreamBegin & { readonly kind: 'begin' },
    stream: IncomingStream,
  ): StreamHandler | number {
    this.counts.begin++;
    const refusal = this.#refusalOf(circuit, begin.flags);
    if (refusal !== undefined) {
      this.counts.refused++;
      return refusal;
    }
    const exit = new ExitStream(stream, begin.port, {
      closed: (closed) => this.#streams.delete(closed),
    });
    this.#streams.add(exit);
    const literal = parseIp(begin.address);
    if (literal !== undefined) this.#connect(exit, literal, literalTtlSec);
    else if (!this.#canResolve(begin.address, 'begin')) this.#refuse(exit, EndReason.RESOLVEFAILED);
    else exit.waitFor(this.#lookUp(exit, begin));
    return exit;
  }

  #refusalOf(circuit: RelayCircuit, flags: number): number | undefined {
    const single = this.#singleHopReason(circuit);
    if (single !== undefined) return single;
    if (!this.#config.policy.ipv6Exit && (flags & BeginFlag.IPV4_NOT_OK) !== 0) return EndReason.EXITPOLICY;
    if (this.#hibernating) return EndReason.HIBERNATING;
    const admission = this.#admit(circuit);
    if (admission === 'close') circuit.close(DestroyReason.RESOURCELIMIT);
    if (admission !== 'accept') return EndReason.MISC;
    return this.#streams.size >= this.#config.maxConnections ? EndReason.RESOURCELIMIT : undefined;
  }

  /** Clients directly before us use us as a proxy of one hop; so may relays that nobody knows. */
  #singleHopReason({ channel }: RelayCircuit): number | undefined {
    const { authenticated, rsa } = channel.peer;
    if (!authenticated) return EndReason.TORPROTOCOL;
    const netdir = this.#deps.netdir();
    if (rsa !== undefined && netdir?.byRsaId(rsa) !== undefined) return undefined;
    const { refuseUnknownExits } = this.#config;
    const refuse =
      refuseUnknownExits === 'auto'
        ? (netdir?.params ?? defaultParams).get('refuseunknownexits') === 1
        : refuseUnknownExits;
    return refuse ? EndReason.MISC : undefined;
  }

  #canResolve(name: string, purpose: 'begin' | 'resolve'): boolean {
    if (this.policy.rejectsEverything) return false;
    return isAllowedName(name, { purpose, anyCharacter: this.#config.dns.allowNonRfc953Hostnames });
  }

  #lookUp(
    exit: ExitStream,
    { address: name, port, flags: asked }: StreamBegin & { readonly kind: 'begin' },
  ): () => void {
    const { ipv6Exit } = this.#config.policy;
    const flags = ipv6Exit ? asked : asked & ~BeginFlag.IPV6_PREFERRED;
    return this.#resolver.resolve(name, (record) => {
      if (exit.state !== 'resolving') return;
      if (record === 'timeout') {
        this.#refuse(exit, EndReason.TIMEOUT);
        return;
      }
      const choice = chooseAddress(record, { flags, port, ipv6Exit }, this.#policy);
      if (choice.address === undefined) this.#refuse(exit, EndReason.RESOLVEFAILED);
      else this.#connect(exit, choice.address, choice.ttlSec);
    });
  }

  #connect(exit: ExitStream, address: IpBytes, ttlSec: number): void {
    const { port } = exit;
    const isIpv6 = address.length === 16;
    if (!this.policy.accepts(address, port) || (isIpv6 && !this.#config.policy.ipv6Exit)) {
      this.#refuse(exit, EndReason.EXITPOLICY, { address, ttlSec });
      return;
    }
    const netdir = this.#deps.netdir();
    const reentryAllowed = netdir?.params.get('allow-network-reentry') === 1;
    if (!reentryAllowed && this.#endpoints.has(netdir, address, port)) {
      this.#refuse(exit, EndReason.CONNECTREFUSED);
      return;
    }
    const localAddress = isIpv6 ? this.#config.bindIpv6 : this.#config.bindIpv4;
    const target = { host: formatIp(address), port, ...(localAddress === undefined ? {} : { localAddress }) };
    const own = this.#deps.connect?.(target);
    const reader = own === undefined ? new SharedReader() : undefined;
    const socket = own ?? connectSocket({ ...target, noDelay: true, ...(reader && { onread: reader.onread }) });
    socket.once('connect', () => {
      this.counts.connected++;
    });
    exit.connect(socket, { address, ttlSec }, reader);
  }

  #refuse(exit: ExitStream, reason: number, refused?: { readonly address: IpBytes; readonly ttlSec: number }): void {
    this.counts.refused++;
    exit.refuse(reason, refused);
  }

  /** A RESOLVE. Addresses and reverse names; what is returned gives up. */
  resolve(
    circuit: RelayCircuit,
    name: string,
    answer: (answers: readonly ResolvedAnswer[]) => void,
  ): (() => void) | undefined {
    this.counts.resolve++;
    const admission = this.#admit(circuit);
    if (admission === 'close') circuit.close(DestroyReason.RESOURCELIMIT);
    if (admission !== 'accept') {
      answer(resolveError({ transient: true }));
      return undefined;
    }
    // As C tor, an address is no name: the answer is an error.
    if (parseIp(name) !== undefined || !this.#canResolve(name, 'resolve')) {
      answer(resolveError({ transient: false }));
      return undefined;
    }
    return this.#resolver.resolve(name, (record) =>
      answer(answersOf(record, { ipv6Exit: this.#config.policy.ipv6Exit }, this.#policy)),
    );
  }
}
