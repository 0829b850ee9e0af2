import { base16 } from '../../base/bytes/index.ts';
import { formatIpPort } from '../../base/ip/index.ts';
import type { Logger } from '../../base/log/index.ts';
import type { Clock, Random, Timers } from '../../base/runtime/index.ts';
import {
  type ChannelManager,
  type OrEndpoint,
  OrListener,
  type OrListenerOptions,
} from '../../network/channels/index.ts';
import type { OrPort } from './config.ts';
import { type AddressFamily, familyOf } from './own-addresses.ts';

export interface OrPortsDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly manager: ChannelManager;
  readonly logger?: Logger | undefined;
}

interface Open {
  readonly config: OrPort;
  readonly listener: OrListener | undefined;
  /** What the port really is: `auto` is settled. */
  readonly endpoint: OrEndpoint;
}

/** All ORPorts of a relay: some only heard on, some only told to others. */
export class OrPorts {
  readonly #deps: OrPortsDeps;
  readonly #options: OrListenerOptions;
  #open: Open[] = [];

  constructor(deps: OrPortsDeps, options: OrListenerOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Opens what is to be listened on. Rejects with LISTEN_FAILED, and then nothing is open. */
  async open(ports: readonly OrPort[]): Promise<void> {
    this.#open = [];
    try {
      for (const config of ports) this.#open.push(await this.#openOne(config));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Opens what is new and closes what is no more. Rejects with LISTEN_FAILED, and then everything is as it was. */
  async change(ports: readonly OrPort[]): Promise<void> {
    const before = new Map(this.#open.map((open) => [keyOf(open.config), open]));
    const [next, fresh]: [Open[], Open[]] = [[], []];
    try {
      for (const config of ports) {
        const same = before.get(keyOf(config));
        const open = same === undefined ? await this.#openOne(config) : { ...same, config };
        if (same === undefined) fresh.push(open);
        next.push(open);
      }
    } catch (error) {
      for (const { listener } of fresh) void listener?.close();
      throw error;
    }
    this.#open = next;
    const stays = new Set(ports.map(keyOf));
    for (const [key, { listener, endpoint }] of before) {
      if (listener === undefined || stays.has(key)) continue;
      const where = formatIpPort(endpoint.address, endpoint.port);
      this.#deps.logger?.notice('net', `Closing no-longer-configured OR listener on ${where}`);
      void listener.close();
    }
  }

  async #openOne(config: OrPort): Promise<Open> {
    const wanted = { address: config.address, port: config.port === 'auto' ? 0 : config.port };
    if (!config.listen) return { config, listener: undefined, endpoint: wanted };
    const listener = new OrListener(this.#deps, this.#options);
    const endpoint = await listener.listen(wanted);
    this.#deps.logger?.notice(
      'net',
      `Opened OR listener connection (ready) on ${formatIpPort(endpoint.address, endpoint.port)}`,
    );
    return { config, listener, endpoint };
  }

  /** Connections that are open now, all ports together. */
  get connections(): number {
    return this.#open.reduce((sum, { listener }) => sum + (listener?.connections ?? 0), 0);
  }

  /** Where we listen. */
  get endpoints(): OrEndpoint[] {
    return this.#open.filter(({ listener }) => listener !== undefined).map(({ endpoint }) => endpoint);
  }

  /** The port to publish for a family; undefined when none is advertised. An `auto` without a listener takes a real one's. */
  advertised(family: AddressFamily): number | undefined {
    const own = this.#open.filter(({ endpoint }) => familyOf(endpoint.address) === family);
    const port = own.find(({ config }) => config.advertise)?.endpoint.port;
    if (port === 0) return own.find(({ listener }) => listener !== undefined)?.endpoint.port;
    return port;
  }

  /** Stops listening; open links stay, and it resolves when the last of them is gone. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = open.map((one) => ({ ...one, listener: undefined }));
    await Promise.all(open.map(({ listener }) => listener?.close()));
  }
}

const keyOf = ({ address, port, listen }: OrPort): string => `${base16(address)} ${port} ${listen}`;
