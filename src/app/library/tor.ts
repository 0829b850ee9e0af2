import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Logger } from '../../base/log/index.ts';
import { nodeRuntime } from '../../base/runtime/index.ts';
import { parseClientCredential, parseOnionAddress } from '../../roles/onion/index.ts';
import type { NodeParts } from '../node/index.ts';
import { TorNode } from '../node/index.ts';
import { abortedBy, refuseAborted } from './abort.ts';
import { type ContextDeps, TorContext } from './context.ts';
import {
  type CircuitView,
  circuitView,
  pathOf,
  type StreamView,
  sourcesOf,
  streamView,
  type TorEvents,
} from './events.ts';
import { Names } from './names.ts';
import { OpenStreams } from './open-streams.ts';
import { configOf, type StartProgress, type TorStartOptions } from './options.ts';
import { type PublishedService, type PublishOptions, publish } from './publish.ts';

/**
 * Tor inside this program: a client, and a host for onion services.
 *
 * ```ts
 * const tor = await Tor.start();
 * const page = await tor.fetch('https://example.com/');
 * ```
 */
export class Tor extends TorContext {
  readonly #node: TorNode;
  readonly #deps: ContextDeps;
  #contexts = 0;
  readonly #nym: { epoch: number };
  readonly #names: Names;
  readonly #streams: OpenStreams;
  #closing: Promise<void> | undefined;

  private constructor(node: TorNode, nym: { epoch: number }) {
    const deps: ContextDeps = { gateway: node.parts.client.gateway, nymEpoch: () => nym.epoch, http: new Set() };
    super(deps, 'main');
    this.#node = node;
    this.#deps = deps;
    this.#nym = nym;
    this.#names = new Names(node.parts.names);
    this.#streams = new OpenStreams(node.parts.circuits);
  }

  /**
   * Joins the network and resolves when connections can be made. Rejects with DATA_DIRECTORY_LOCKED, STORAGE_FAILED,
   * TORRC_*, LISTEN_FAILED, ABORTED; then nothing is left running.
   */
  static async start(options: TorStartOptions = {}): Promise<Tor> {
    const { signal, onProgress, onLog } = options;
    refuseAborted(signal);
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
      refuseAborted(signal);
      return tor;
    } catch (error) {
      await tor.close();
      throw signal?.aborted === true ? abortedBy(signal) : error;
    }
  }

  /** Resolves when circuits can be built. */
  async ready(signal?: AbortSignal): Promise<void> {
    // All else that waits for a network lets a program end; this is what it waits for.
    const hold = setInterval(() => undefined, 60_000);
    try {
      await this.#node.whenReady(signal);
    } finally {
      clearInterval(hold);
    }
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
  isolated(label = 'context'): TorContext {
    return new TorContext(this.#deps, `${label}#${++this.#contexts}`);
  }

  /**
   * Everything from now on shares no circuit with what was before. What is under way may finish; HTTP connections that are
   * kept alive are ended.
   */
  async newIdentity(): Promise<void> {
    this.#nym.epoch++;
    this.#node.newIdentity();
    for (const connections of this.#deps.http) connections.retire();
  }

  /** The user's names for onion addresses: `http://bob.petname.onion/` works in every tool behind this node. */
  get names(): Names {
    return this.#names;
  }

  /** Publishes an onion service; resolves when it can be reached. */
  publish(options: PublishOptions): Promise<PublishedService> {
    return publish({ services: this.#node.parts.services, random: nodeRuntime.random }, options);
  }

  /**
   * Lets this client into a service that only takes clients it knows. `credential` is the line that belongs to the client,
   * `<address>:descriptor:x25519:<secret key>`; see `newClientKey()`. Throws ONION_AUTH_FILE_INVALID,
   * ONION_ADDRESS_INVALID.
   */
  authorize(credential: string): void {
    this.#node.parts.onionClient.addCredential(parseClientCredential(credential));
  }

  /** Forgets what `authorize` was given for this address; says whether there was anything. */
  deauthorize(address: string): boolean {
    return this.#node.parts.onionClient.removeCredential(parseOnionAddress(address));
  }

  /** The circuits that are there now, oldest first. */
  circuits(): CircuitView[] {
    return this.#node.parts.circuits.list().map(circuitView);
  }

  /** The connections that are there now, oldest first, each with the path it takes. */
  streams(): StreamView[] {
    const { parts } = this.#node;
    return this.#streams.list().map((info) => streamView(info, pathOf(parts, info.circuitId)));
  }

  /** Hears one kind of event; returns the function that ends it. */
  on<K extends keyof TorEvents>(name: K, listener: (event: TorEvents[K]) => void): () => void {
    return sourcesOf(this.#node.parts)[name](listener);
  }

  /** Ends every connection, service, circuit and port. Harmless twice. */
  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#deps.http].map((connections) => connections.close()));
    await this.#node.stop();
  }
}
