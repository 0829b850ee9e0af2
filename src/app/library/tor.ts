import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import { Logger } from '../../base/log/index.ts';
import { nodeRuntime } from '../../base/runtime/index.ts';
import type { CircuitInfo, StreamInfo } from '../../network/circuits/index.ts';
import type { NodeParts } from '../node/index.ts';
import { TorNode } from '../node/index.ts';
import { type ContextDeps, TorContext } from './context.ts';
import { Names } from './names.ts';
import { configOf, type StartProgress, type TorStartOptions } from './options.ts';
import { type PublishedService, type PublishOptions, publish } from './publish.ts';

/** A circuit as a program sees it. */
export interface CircuitView {
  readonly id: number;
  /** `general`, `hs-client-rend` and the like. */
  readonly purpose: CircuitInfo['purpose'];
  readonly status: CircuitInfo['status'];
  /** `$FINGERPRINT~nickname` of each hop so far, guard first. */
  readonly path: readonly string[];
  readonly createdAt: Date;
}

/** Everything that can be listened to, with what the listener is given. */
export interface TorEvents {
  progress: StartProgress;
  circuit: CircuitView;
  stream: StreamInfo;
}

/**
 * Tor inside this program: a client, and a host for onion services.
 *
 * ```ts
 * const tor = await Tor.start();
 * const page = await tor.fetch('https://example.com/');
 * ```
 */
export class Tor extends TorContext implements AsyncDisposable {
  readonly #node: TorNode;
  readonly #deps: ContextDeps;
  readonly #contexts = new Set<TorContext>();
  readonly #nym: { epoch: number };
  readonly #names: Names;
  #closing: Promise<void> | undefined;

  private constructor(node: TorNode, nym: { epoch: number }) {
    const deps: ContextDeps = { gateway: node.parts.client.gateway, nymEpoch: () => nym.epoch };
    super(deps, 'main');
    this.#node = node;
    this.#deps = deps;
    this.#nym = nym;
    this.#names = new Names(node.parts.names);
  }

  /**
   * Joins the network and resolves when connections can be made. Rejects with DATA_DIRECTORY_LOCKED, STORAGE_FAILED,
   * TORRC_*, LISTEN_FAILED, ABORTED; then nothing is left running.
   */
  static async start(options: TorStartOptions = {}): Promise<Tor> {
    const { signal, onProgress, onLog } = options;
    signal?.throwIfAborted();
    const log = new Logger(() => Date.now());
    if (onLog !== undefined) log.addSink(onLog, options.logLevel ?? 'notice');
    const config = configOf(options, (message) => log.info('config', message));
    const folder = config.options.get('DataDirectory');
    if (folder !== undefined) await mkdir(dirname(folder), { recursive: true });
    const node = await TorNode.create({ runtime: nodeRuntime, log }, config);
    if (onProgress !== undefined) node.events.on('bootstrap', onProgress);
    const tor = new Tor(node, { epoch: 0 });
    try {
      await node.start();
      if (options.wait !== false) await tor.ready(signal);
      signal?.throwIfAborted();
      return tor;
    } catch (error) {
      await tor.close();
      throw signal?.aborted === true ? new TorError('ABORTED', undefined, { cause: error }) : error;
    }
  }

  /** Resolves when circuits can be built. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.#node.whenReady(signal);
  }

  /** How far the bootstrap is. */
  get progress(): StartProgress {
    return this.#node.parts.directory.status;
  }

  /** The parts inside, for those who want to see: their `events` tell every step of the protocol. Not a stable API. */
  get parts(): NodeParts {
    return this.#node.parts;
  }

  /** Ports for other programs, such as `{ kind: 'socks', address: '127.0.0.1:9050' }`. */
  get listeners(): readonly { readonly kind: string; readonly address: string }[] {
    return this.#node.parts.client.listeners;
  }

  /** A context of its own: nothing in it shares a circuit with anything outside. */
  isolated(label = `context-${this.#contexts.size + 1}`): TorContext {
    const context = new TorContext(this.#deps, `${label}#${this.#contexts.size}`);
    this.#contexts.add(context);
    return context;
  }

  /** Everything from now on shares no circuit with what was before. Kept-alive HTTP connections are ended. */
  async newIdentity(): Promise<void> {
    this.#nym.epoch++;
    this.#node.newIdentity();
    await Promise.all([super.close(), ...[...this.#contexts].map((context) => context.close())]);
  }

  /** The user's names for onion addresses: `http://bob.petname.onion/` works in every tool behind this node. */
  get names(): Names {
    return this.#names;
  }

  /** Publishes an onion service; resolves when it can be reached. */
  publish(options: PublishOptions): Promise<PublishedService> {
    return publish({ services: this.#node.parts.services, random: nodeRuntime.random }, options);
  }

  /** The circuits that are there now, oldest first. */
  circuits(): CircuitView[] {
    return this.#node.parts.circuits.list().map(viewOf);
  }

  /** Hears one kind of event; returns the function that ends it. */
  on<K extends keyof TorEvents>(name: K, listener: (event: TorEvents[K]) => void): () => void {
    const { circuits } = this.#node.parts;
    const subscriptions: { readonly [N in keyof TorEvents]: (listener: (event: TorEvents[N]) => void) => () => void } =
      {
        progress: (hear) => this.#node.events.on('bootstrap', hear),
        circuit: (hear) => circuits.events.on('circuit', ({ info }) => hear(viewOf(info))),
        stream: (hear) => circuits.events.on('stream', ({ info }) => hear(info)),
      };
    return subscriptions[name](listener);
  }

  /** Ends every connection, service, circuit and port. Harmless twice. */
  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([super.close(), ...[...this.#contexts].map((context) => context.close())]);
    await this.#node.stop();
  }
}

function viewOf({ id, purpose, status, path, createdMs }: CircuitInfo): CircuitView {
  return { id, purpose, status, path, createdAt: new Date(createdMs) };
}
