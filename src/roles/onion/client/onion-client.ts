import { base16 } from '../../../base/bytes/index.ts';
import { TorError } from '../../../base/errors/index.ts';
import type { Clock, Random, Timers } from '../../../base/runtime/index.ts';
import { Emitter } from '../../../base/util/index.ts';
import {
  type AttachedStream,
  type CircuitManager,
  type Isolation,
  isolationDimensions,
} from '../../../network/circuits/index.ts';
import type { DirectoryManager, DirRequester } from '../../../network/directory/index.ts';
import type { NetDir, Relay } from '../../../network/netdir/index.ts';
import type { OriginCircuit } from '../../../protocol/circuit/index.ts';
import type { StreamHandler } from '../../../protocol/stream/index.ts';
import { EndReason } from '../../../wire/relaymsg/index.ts';
import { onionLabel, parseOnionAddress } from '../common/address.ts';
import type { ClientCredential } from '../common/client-auth.ts';
import { Connector } from './connector.ts';
import { DescriptorCache } from './descriptor-cache.ts';
import { DescriptorFetch } from './descriptor-fetch.ts';
import type { OnionClientEvents } from './events.ts';
import { IntroStates } from './intro-state.ts';
import { openDescriptor } from './open-descriptor.ts';

export interface OnionClientDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly circuits: Pick<
    CircuitManager,
    'attachTo' | 'circuitTo' | 'findOpen' | 'markUnusable' | 'predictInternal' | 'setHsState'
  >;
  readonly directory: Pick<DirectoryManager, 'netdir' | 'whenReady'>;
  readonly dirRequest: DirRequester;
}

export interface OnionClientOptions {
  /** Not asked as HSDir, unless nothing else is there and `strict` is false. */
  readonly excluded?: (relay: Relay) => boolean;
  readonly strict?: boolean;
  /** How soon one HSDir may be asked again for the same service: 15 minutes, 5 seconds in a testing network. */
  readonly requeryMs?: number;
  readonly answerTimeoutMs?: number;
  readonly rendezvousTimeoutMs?: number;
  /** How long the service may take to come before another attempt is made beside: 10 s. */
  readonly patienceMs?: number;
}

export interface OnionRequest {
  /** A v3 address with or without ".onion". */
  readonly address: string;
  readonly port: number;
  readonly handler: StreamHandler;
  readonly isolation: Isolation;
  readonly optimisticData?: () => Uint8Array | undefined;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly source?: string;
}

const defaultTimeoutMs = 120_000;
const maxAttachAttempts = 3;

/** The client's side of onion services. spec: rend-spec-v3 */
export class OnionClient {
  readonly events = new Emitter<OnionClientEvents>();
  readonly #deps: OnionClientDeps;
  readonly #cache = new DescriptorCache();
  readonly #introStates: IntroStates;
  readonly #fetch: DescriptorFetch;
  readonly #connector: Connector;
  readonly #credentials = new Map<string, ClientCredential>();
  readonly #joining = new Map<string, Promise<OriginCircuit>>();

  constructor(deps: OnionClientDeps, options: OnionClientOptions = {}) {
    this.#deps = deps;
    this.#introStates = new IntroStates(deps);
    this.#fetch = new DescriptorFetch(
      {
        ...deps,
        events: this.events,
        open: (text, about) =>
          openDescriptor(text, {
            ...about,
            credential: this.credential(about.identityKey),
            nowMs: deps.clock.now(),
            sendmeInc: this.#netdir().params.get('cc_sendme_inc'),
          }),
      },
      {
        requeryMs: options.requeryMs ?? 15 * 60_000,
        excluded: options.excluded ?? (() => false),
        strict: options.strict ?? false,
      },
    );
    this.#connector = new Connector(
      {
        ...deps,
        netdir: () => this.#netdir(),
        cache: this.#cache,
        fetch: this.#fetch,
        introStates: this.#introStates,
        events: this.events,
      },
      {
        answerTimeoutMs: options.answerTimeoutMs ?? 30_000,
        rendezvousTimeoutMs: options.rendezvousTimeoutMs ?? 30_000,
        patienceMs: options.patienceMs ?? 10_000,
      },
    );
  }

  /** Replaces all client authorization keys (ClientOnionAuthDir, read again at reload). */
  setCredentials(credentials: readonly ClientCredential[]): void {
    this.#credentials.clear();
    for (const credential of credentials) this.#credentials.set(base16(credential.identityKey), credential);
  }

  addCredential(credential: ClientCredential): void {
    this.#credentials.set(base16(credential.identityKey), credential);
    this.#cache.forget(credential.identityKey);
  }

  removeCredential(identityKey: Uint8Array): boolean {
    return this.#credentials.delete(base16(identityKey));
  }

  credential(identityKey: Uint8Array): ClientCredential | undefined {
    return this.#credentials.get(base16(identityKey));
  }

  credentials(): readonly ClientCredential[] {
    return [...this.#credentials.values()];
  }

  /** NEWNYM: forgets what was fetched and which directories and introduction points were tried. */
  newIdentity(): void {
    this.#cache.clear();
    this.#introStates.clear();
    this.#fetch.clear();
    this.#joining.clear();
  }

  /**
   * Opens a stream to a service. Rejects with ONION_ADDRESS_INVALID, ONION_DESCRIPTOR_*, ONION_INTRO_*,
   * ONION_RENDEZVOUS_FAILED, ONION_AUTH_*, or with STREAM_FAILED when the service itself refuses.
   */
  async connect(request: OnionRequest): Promise<AttachedStream> {
    const identityKey = parseOnionAddress(request.address);
    const deadlineMs = this.#deps.clock.monotonic() + (request.timeoutMs ?? defaultTimeoutMs);
    this.#deps.circuits.predictInternal({ uptime: true, capacity: true });
    await this.#deps.directory.whenReady(request.signal);
    for (let attempt = 1; ; attempt++) {
      const circuit = await this.#joined(identityKey, request, deadlineMs);
      try {
        return await this.#deps.circuits.attachTo(
          circuit,
          streamRequest(request, deadlineMs - this.#deps.clock.monotonic()),
        );
      } catch (thrown) {
        const error = TorError.from(thrown);
        // A service that answered and then closed the circuit would answer the same again.
        const { remote, reason } = error.facts;
        const isAnswered = error.code === 'STREAM_FAILED' && remote === true && reason !== EndReason.DESTROY;
        const circuitLost = !isAnswered && (circuit.state === 'closed' || error.code === 'TIMEOUT');
        if (circuitLost) this.#deps.circuits.markUnusable(circuit);
        if (!circuitLost || attempt >= maxAttachAttempts || request.signal?.aborted === true) throw error;
      }
    }
  }

  /**
   * Asks the directories for a service's descriptor, whether one is known or not; with `hsDirs` these alone. Rejects as
   * `connect` does.
   */
  async fetchDescriptor(address: string, hsDirs?: readonly Relay[]): Promise<void> {
    const identityKey = parseOnionAddress(address);
    await this.#deps.directory.whenReady();
    const { descriptor, expiresMs } = await this.#fetch.fetch(identityKey, this.#netdir(), hsDirs);
    this.#cache.put(descriptor, expiresMs);
  }

  /** The text of the descriptor that is known of a service. */
  descriptorText(identityKey: Uint8Array): string | undefined {
    const { netdir } = this.#deps.directory;
    return netdir === undefined ? undefined : this.#cache.get(identityKey, netdir)?.text;
  }

  #netdir(): NetDir {
    const { netdir } = this.#deps.directory;
    if (netdir === undefined) throw new TorError('INTERNAL', 'no directory information after it was ready');
    return netdir;
  }

  async #joined(identityKey: Uint8Array, request: OnionRequest, deadlineMs: number): Promise<OriginCircuit> {
    const tag = onionLabel(identityKey);
    const open = this.#deps.circuits.findOpen('hs-client-rend', tag, request.isolation);
    if (open !== undefined) return open;
    const key = `${tag} ${isolationKey(request.isolation)}`;
    let joining = this.#joining.get(key);
    if (joining === undefined) {
      // One user's abort must not end the rendezvous that others wait for, so the shared run has no signal.
      joining = this.#connector.connect({ identityKey, isolation: request.isolation, deadlineMs });
      this.#joining.set(key, joining);
      const done = (): void => {
        if (this.#joining.get(key) === joining) this.#joining.delete(key);
      };
      joining.then(done, done);
    }
    return await abortable(joining, request.signal);
  }
}

function streamRequest(request: OnionRequest, leftMs: number): Parameters<CircuitManager['attachTo']>[1] {
  const { optimisticData, signal, source } = request;
  return {
    // The service knows its own name: BEGIN carries only the port. spec: rend-spec-v3 4.3
    host: '',
    port: request.port,
    handler: request.handler,
    isolation: request.isolation,
    timeoutMs: Math.max(1, leftMs),
    ...(optimisticData === undefined ? {} : { optimisticData }),
    ...(signal === undefined ? {} : { signal }),
    ...(source === undefined ? {} : { source }),
  };
}

/** Equal for two streams that may surely share a circuit. */
function isolationKey(isolation: Isolation): string {
  return isolationDimensions
    .map((name) => `${isolation.by.has(name) ? '!' : ''}${isolation.values[name] ?? ''}`)
    .join('\0');
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new TorError('ABORTED'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
