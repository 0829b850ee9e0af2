import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import { askLab, type Implementation, Lab, type LabTopology } from '../lab/index.ts';
import { type JoinableNetwork, Tor, type TorStartOptions } from '../library/index.ts';

export interface TestNetworkOptions {
  /** Default 1. */
  readonly authorities?: number;
  /** Relays that are no exits. Default 3. */
  readonly relays?: number;
  /** Default 2. */
  readonly exits?: number;
  /** The program of every node: Tropea, or the `tor` that is installed. Default `tropea`. */
  readonly implementation?: Implementation;
  /** Everything that a network of `tropea lab` can have; wins over what stands above. */
  readonly topology?: LabTopology;
  /** Told what is going on while the network starts. */
  readonly onProgress?: (text: string) => void;
  /** Gives up starting; every process is ended. */
  readonly signal?: AbortSignal;
}

interface Described {
  readonly torrc: readonly string[];
  readonly httpPort: number;
  readonly echoPort: number;
  readonly end: () => Promise<void>;
}

const clientLines = ['TestingTorNetwork 1', 'PathsNeededToBuildCircuits 0.67'];

/**
 * A private Tor network on this machine, for tests: real relays as processes, on loopback alone. Behind its exits every
 * name that ends in `.test` is this machine, so `http://anything.test:<port>/` reaches a server of the test.
 *
 * ```ts
 * await using network = await TestNetwork.start();
 * const tor = await network.tor();
 * const page = await tor.fetch(network.webUrl);
 * ```
 */
export class TestNetwork implements JoinableNetwork, AsyncDisposable {
  /** What `Tor.start({ network })` needs to know. */
  readonly torrc: readonly string[];
  /** A web server behind the exits; it answers with a short text. */
  readonly webUrl: string;
  /** Host and port of a server behind the exits that sends back what it is sent. */
  readonly echo: { readonly host: string; readonly port: number };
  readonly #end: () => Promise<void>;
  readonly #nodes = new Set<{ readonly tor: Promise<Tor>; readonly folder: string }>();
  #stopping: Promise<void> | undefined;

  private constructor(described: Described) {
    this.torrc = described.torrc;
    this.webUrl = `http://web.test:${described.httpPort}/`;
    this.echo = { host: 'echo.test', port: described.echoPort };
    this.#end = described.end;
  }

  /** Starts a network and resolves when it has a consensus; that takes some ten seconds. Rejects with LAB_FAILED, ABORTED. */
  static async start(options: TestNetworkOptions = {}): Promise<TestNetwork> {
    const { authorities = 1, relays = 3, exits = 2, implementation = 'tropea', signal, onProgress } = options;
    if (signal?.aborted === true) throw new TorError('ABORTED', undefined, { cause: signal.reason });
    const lab = await Lab.start({
      authorities,
      relays,
      exits,
      implementation,
      // Half the work of a start is done once for each process.
      processes: 1,
      ...options.topology,
      ...(onProgress === undefined ? {} : { progress: onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
    const { httpPort, echoPort, dirAuthorities } = lab;
    const torrc = [...clientLines, ...dirAuthorities];
    return new TestNetwork({ torrc, httpPort, echoPort, end: () => lab.stop() });
  }

  /** A network that `tropea lab up` started. `stop()` leaves it running. Rejects with LAB_NOT_RUNNING. */
  static async attach(name = 'default'): Promise<TestNetwork> {
    const { dirAuthorities, httpPort, echoPort } = await askLab(name, { do: 'status' });
    return new TestNetwork({ torrc: [...clientLines, ...dirAuthorities], httpPort, echoPort, end: async () => {} });
  }

  /** A Tor in this network, with a folder of its own, ended with the network at the latest. */
  async tor(options: Omit<TorStartOptions, 'network'> = {}): Promise<Tor> {
    if (this.#stopping !== undefined) throw new TorError('ABORTED', 'the network was stopped');
    const folder = await mkdtemp(join(tmpdir(), 'tropea-test-'));
    const node = { tor: Tor.start({ dataDirectory: join(folder, 'tor'), ...options, network: this }), folder };
    this.#nodes.add(node);
    try {
      return await node.tor;
    } catch (error) {
      this.#nodes.delete(node);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ends every Tor that it gave, and every process that it started. Harmless twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#nodes].map(({ tor, folder }) => closed(tor, folder)));
    await this.#end();
  }
}

async function closed(starting: Promise<Tor>, folder: string): Promise<void> {
  const tor = await starting.catch(() => undefined);
  await tor?.close();
  await rm(folder, { recursive: true, force: true });
}
