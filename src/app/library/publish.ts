import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { fromBase16 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { type ExpandedKey, expandSeed } from '../../crypto/primitives/index.ts';
import { DataDirectory } from '../../network/storage/index.ts';
import {
  loadServiceKey,
  type OnionService,
  type OnionServiceEvents,
  parseAuthorizedClient,
  type ServicePort,
  type ServiceTarget,
} from '../../roles/onion/index.ts';
import type { OnionServices } from '../node/index.ts';
import { abortedBy, refuseAborted } from './abort.ts';
import { checkNumber, checkPort, told } from './checks.ts';

/** What a service learns of a client's connection: not who it is. */
export interface ClientConnection {
  /** The port the client asked for. */
  readonly port: number;
  /** Equal for connections of one client circuit, and for those alone. */
  readonly circuitId: number;
}

/** Takes a connection of a client. */
export type ConnectionHandler = (connection: Duplex, client: ClientConnection) => void;

/** Where connections go: a port on this machine, a unix socket's path, a server that need not listen, or a function. */
export type PublishTarget = number | string | Server | ConnectionHandler;

export interface PublishOptions {
  /** The port that clients ask for; default 80. Several ports: `ports`. */
  readonly port?: number;
  readonly to?: PublishTarget;
  readonly ports?: readonly { readonly port: number; readonly to: PublishTarget }[];
  /**
   * Who the service is. A folder in C tor's layout, made when it is not there, keeps the address; `{ seed }` is 32 bytes
   * or 64 hex digits. Default: a new key, forgotten with the process.
   */
  readonly key?: string | { readonly seed: Uint8Array | string };
  /** Lines `descriptor:x25519:<key>` of the only clients that may connect. */
  readonly authorizedClients?: readonly string[];
  /** Introduction points, 1 to 20; default 3. */
  readonly introPoints?: number;
  /** Streams at once on one client circuit; default no limit. */
  readonly maxStreams?: number;
  /** Gives up waiting and takes the service down again. */
  readonly signal?: AbortSignal;
}

/** An onion service of this program. */
export class PublishedService implements AsyncDisposable {
  /** `<56 characters>.onion` */
  readonly hostname: string;
  readonly #service: OnionService;
  readonly #services: OnionServices;

  constructor(service: OnionService, services: OnionServices) {
    this.hostname = service.hostname;
    this.#service = service;
    this.#services = services;
  }

  /** `http://<hostname>/`, for those who serve pages. */
  get url(): string {
    return `http://${this.hostname}/`;
  }

  /** Client circuits that are open now. */
  get clients(): number {
    return this.#service.rendezvousCircuits;
  }

  /** Hears each step: introduction points, uploads, introductions, rendezvous, streams. Returns the function that ends it. */
  on<K extends keyof OnionServiceEvents>(name: K, listener: (event: OnionServiceEvents[K]) => void): () => void {
    return this.#service.events.on(name, listener);
  }

  /** Replaces the list. Throws ONION_AUTH_FILE_INVALID. */
  setAuthorizedClients(lines: readonly string[]): void {
    this.#service.setAuthorizedClients(lines.map(parseAuthorizedClient));
  }

  /** Takes no more clients and closes every circuit. */
  async close(): Promise<void> {
    await this.#services.remove(this.#service);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Starts a service and waits until a directory of the hash ring holds its descriptor. Rejects with ABORTED, BAD_KEY_FILE,
 * OPTION_INVALID, ONION_SERVICE_EXISTS.
 */
export async function publish(
  deps: { readonly services: OnionServices; readonly random: Random },
  options: PublishOptions,
): Promise<PublishedService> {
  const settings = settingsOf(options);
  const { signal } = options;
  refuseAborted(signal);
  const identity = await identityOf(options.key, deps.random);
  refuseAborted(signal);
  const service = deps.services.add({ ...settings, identity });
  const published = new PublishedService(service, deps.services);
  try {
    await untilPublished(service, deps.services, signal);
    return published;
  } catch (error) {
    await published.close();
    throw error;
  }
}

function untilPublished(
  service: OnionService,
  services: OnionServices,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => (): void => {
      for (const off of offs) off();
      signal?.removeEventListener('abort', giveUp);
      done();
    };
    const giveUp = settle(() => reject(abortedBy(signal)));
    const offs = [
      service.events.on('published', settle(resolve)),
      services.events.on('removed', (removed) => {
        if (removed === service) giveUp();
      }),
    ];
    if (signal?.aborted === true) giveUp();
    else signal?.addEventListener('abort', giveUp, { once: true });
  });
}

function settingsOf(options: PublishOptions) {
  if (typeof options !== 'object')
    throw new TorError('OPTION_INVALID', 'say where connections go: { to } or { ports }');
  const { authorizedClients = [], introPoints, maxStreams } = options;
  if (!Array.isArray(authorizedClients)) {
    throw new TorError('OPTION_INVALID', 'authorizedClients is a list of lines "descriptor:x25519:<key>"');
  }
  return {
    ports: portsOf(options),
    authorizedClients: authorizedClients.map(parseAuthorizedClient),
    ...(introPoints === undefined ? {} : { introPoints: checkNumber('introPoints', introPoints, [1, 20]) }),
    ...(maxStreams === undefined ? {} : { maxStreams: checkNumber('maxStreams', maxStreams, [0, 65535]) }),
  };
}

async function identityOf(key: PublishOptions['key'], random: Random): Promise<ExpandedKey> {
  if (key === undefined) return expandSeed(random.bytes(32));
  if (typeof key === 'object') {
    const { seed } = key;
    const bytes = typeof seed === 'string' && /^[0-9a-f]{64}$/i.test(seed) ? fromBase16(seed) : seed;
    if (bytes instanceof Uint8Array && bytes.length === 32) return expandSeed(bytes);
    throw new TorError('OPTION_INVALID', 'key.seed has 32 bytes, or 64 hexadecimal digits');
  }
  if (typeof key !== 'string' || key === '') {
    throw new TorError('OPTION_INVALID', `key is a folder or { seed }, not ${told(key)}`);
  }
  const folder = await DataDirectory.open({}, { path: key, lock: false });
  try {
    return await loadServiceKey(folder, random);
  } finally {
    await folder.close();
  }
}

function portsOf({ port = 80, to, ports = [] }: PublishOptions): ServicePort[] {
  const all = [...(to === undefined ? [] : [{ port, to }]), ...ports];
  if (all.length === 0) throw new TorError('OPTION_INVALID', 'say where connections go: { to } or { ports }');
  return all.map((each) => ({ port: checkPort('port', each.port), target: targetOf(each.to) }));
}

function targetOf(to: PublishTarget): ServiceTarget {
  if (typeof to === 'number') return { kind: 'tcp', host: '127.0.0.1', port: checkPort('to', to) };
  if (typeof to === 'string') return { kind: 'unix', path: unixPath(to) };
  if (typeof to === 'function') return { kind: 'handler', handle: guarded(to) };
  if (typeof to !== 'object' || to === null || typeof to.emit !== 'function') {
    throw new TorError(
      'OPTION_INVALID',
      `to is a port, the path of a unix socket, a server or a function, not ${told(to)}`,
    );
  }
  return {
    kind: 'handler',
    handle: guarded((connection) => {
      to.emit('connection', connection);
    }),
  };
}

/** A port in quotes would be the name of a file that nobody listens at. */
function unixPath(to: string): string {
  if (to !== '' && !/^([^/\\]*:)?\d+$/.test(to)) return to;
  const why = to === '' ? 'is empty' : 'looks like a port: write that as a number, on this machine';
  throw new TorError('OPTION_INVALID', `to is the path of a unix socket, and ${told(to)} ${why}`);
}

/** A client that goes away must not end a program that does not listen for it, nor a bug of the program the circuit. */
function guarded(handle: ConnectionHandler): ConnectionHandler {
  return (connection, client) => {
    connection.on('error', () => undefined);
    try {
      handle(connection, client);
    } catch (error) {
      connection.destroy();
      // It is the program's own, and it hears of it as from net.createServer().
      process.nextTick(() => {
        throw error;
      });
    }
  };
}
