import type { Logger } from '../../base/log/index.ts';
import type { Clock, Timer, Timers } from '../../base/runtime/index.ts';
import type { CircuitManager } from '../../network/circuits/index.ts';
import type { NetDir } from '../../network/netdir/index.ts';
import type { HopTarget, OriginCircuit } from '../../protocol/circuit/index.ts';
import type { LinkSpecifier } from '../../wire/linkspec/index.ts';
import { parseProtover } from '../../wire/protover/index.ts';
import { RelayCommand } from '../../wire/relaymsg/index.ts';
import { supportedProtocols } from './descriptor/protocols.ts';
import type { AddressFamily } from './own-addresses.ts';
import type { Relay } from './relay.ts';

export interface SelfTestDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger?: Logger | undefined;
  readonly relay: Relay;
  readonly circuits: Pick<CircuitManager, 'circuitTo'>;
  readonly netdir: () => NetDir | undefined;
}

const minuteMs = 60_000;
/** TIMEOUT_UNTIL_UNREACHABILITY_COMPLAINT: so long we test each minute, and then we complain. */
const earlyMs = 20 * minuteMs;
/** BANDWIDTH_RECHECK_INTERVAL */
const recheckMs = 12 * 3600_000;
/** NUM_PARALLEL_TESTING_CIRCS */
const parallel = 4;
const maxCells = 1000;
const wireCell = 514;
const lowBandwidth = 51_200;

/**
 * Finds out whether our ORPorts can be reached from outside, by circuits through other relays that end at ourselves, and
 * sends dummy cells over them, so that a relay without users has a bandwidth to show. C tor selftest.c
 */
export class SelfTest {
  readonly #deps: SelfTestDeps;
  readonly #startedMs: number;
  readonly #circuits = new Set<OriginCircuit>();
  readonly #told = new Set<AddressFamily>();
  #launching = 0;
  #bandwidthDone = false;
  #complainedMs = 0;
  #timer: Timer | undefined;

  constructor(deps: SelfTestDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.monotonic();
  }

  start(): void {
    this.#again(this.#isUrgent ? 0 : minuteMs);
  }

  stop(): void {
    this.#timer?.cancel();
    for (const circuit of this.#circuits) circuit.close();
    this.#circuits.clear();
  }

  /** New directory information: what could not be tested may be testable now. */
  poke(): void {
    if (this.#bandwidthDone) return;
    if (this.#isUrgent) this.#again(0);
    // One circuit tells that the network can be used: the only exit of a small one may have no other to build.
    else this.#test(1);
  }

  /** Publishing waits for the answer, unless we are told to take it for granted; C tor looks once a minute. */
  get #isUrgent(): boolean {
    return !this.#deps.relay.config.assumeReachable;
  }

  #again(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.timers.after(delayMs, () => this.#run(), { background: true });
  }

  #run(): void {
    const { clock, relay } = this.#deps;
    const ageMs = clock.monotonic() - this.#startedMs;
    if (ageMs < earlyMs) {
      this.#test();
      this.#again(this.#bandwidthDone || relay.config.testing === false ? minuteMs : 5000);
      return;
    }
    this.#complain();
    const { history, config } = relay;
    if (ageMs > recheckMs && history.assess() < Math.min(config.bandwidth.rate, lowBandwidth)) {
      this.#bandwidthDone = false;
      this.#test();
    }
    this.#again(this.#allReachable() ? recheckMs : earlyMs);
  }

  #allReachable(): boolean {
    const { reachability, addresses } = this.#deps.relay;
    return ([4, 6] as const).every((family) => addresses.get(family) === undefined || reachability.isReachable(family));
  }

  #test(count = parallel): void {
    if (this.#deps.netdir() === undefined) return;
    for (const family of [4, 6] as const) {
      const reachable = this.#deps.relay.reachability.isReachable(family);
      if (reachable && this.#bandwidthDone) continue;
      const target = this.#ourselves(family);
      if (target !== undefined) this.#launch(family, target, reachable, count);
    }
  }

  #launch(family: AddressFamily, target: HopTarget, reachable: boolean, count: number): void {
    const { logger, relay } = this.#deps;
    if (!reachable && !this.#told.has(family)) {
      this.#told.add(family);
      relay.events.emit('checking', { family });
      logger?.notice(
        'or',
        `Now checking whether IPv${family} ORPort is reachable... (this may take up to 20 minutes -- look for log ` +
          'messages indicating success)',
      );
    }
    for (let n = this.#circuits.size + this.#launching; n < count; n++) {
      this.#launching++;
      this.#deps.circuits
        .circuitTo('testing', target, { attempts: 1 })
        .then(
          (circuit) => this.#opened(circuit),
          (error: unknown) => logger?.info('circ', `A self-test circuit failed: ${String(error)}`),
        )
        .finally(() => {
          this.#launching--;
        });
    }
  }

  #opened(circuit: OriginCircuit): void {
    this.#circuits.add(circuit);
    circuit.events.on('closed', () => this.#circuits.delete(circuit));
    if (this.#circuits.size >= parallel && !this.#bandwidthDone) this.#sendCells();
  }

  /** Sends what the circuits' windows hold, and lets them go. */
  #sendCells(): void {
    const { relay, logger, timers } = this.#deps;
    this.#bandwidthDone = true;
    logger?.notice('or', 'Performing bandwidth self-test...done.');
    const cells = Math.min(maxCells, Math.floor((relay.config.bandwidth.rate * 10) / wireCell));
    const each = Math.floor(cells / this.#circuits.size);
    for (const circuit of this.#circuits) {
      for (let i = 0; i < each && circuit.state === 'open'; i++) circuit.sendMessage(RelayCommand.DROP, empty);
      timers.after(minuteMs, () => circuit.close(), { background: true });
    }
  }

  #ourselves(family: AddressFamily): HopTarget | undefined {
    const { relay } = this.#deps;
    const address = relay.addresses.get(family)?.address;
    const port = relay.ports?.advertised(family);
    if (address === undefined || port === undefined) return undefined;
    const rsa = relay.identity.rsaIdentity.publicKey.fingerprint;
    const ed25519 = relay.identity.ed25519Identity;
    const linkSpecifiers: LinkSpecifier[] = [
      { kind: family === 4 ? 'ipv4' : 'ipv6', address, port },
      { kind: 'rsa', id: rsa },
      { kind: 'ed25519', id: ed25519 },
    ];
    const protover = parseProtover(supportedProtocols({ cgo: true }));
    return { rsa, ed25519, ntorKey: relay.onionKeys.current.publicKey, linkSpecifiers, protover };
  }

  #complain(): void {
    const nowMs = this.#deps.clock.monotonic();
    if (this.#allReachable() || nowMs - this.#complainedMs < earlyMs) return;
    this.#complainedMs = nowMs;
    this.#deps.logger?.warn(
      'config',
      'Your server has not managed to confirm reachability for its ORPort(s). Relays do not publish descriptors until ' +
        'their ORPort(s) are reachable. Please check your firewalls, ports, address, /etc/hosts file, etc.',
    );
  }
}

const empty = new Uint8Array(0);
