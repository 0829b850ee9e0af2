import { formatIpPort } from '../../../base/ip/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import {
  type MetricSource,
  MetricsServer,
  type ProcessMetrics,
  processMetrics,
  relayMetrics,
} from '../../../views/metrics/index.ts';
import { type PortConfig, parseAddressPolicy, type TorOptions } from '../../../wire/torrc/index.ts';
import type { TorNode } from '../../node/index.ts';

/** MetricsPort: opened, moved and closed as the configuration says. */
export class MetricsPort {
  readonly #node: TorNode;
  readonly #log: Logger;
  #server: MetricsServer | undefined;
  #process: ProcessMetrics | undefined;
  #where = '';

  constructor(node: TorNode, log: Logger) {
    this.#node = node;
    this.#log = log;
  }

  /** Rejects with LISTEN_FAILED, TORRC_VALUE. */
  async configure(ports: readonly PortConfig[], options: TorOptions): Promise<void> {
    const port = ports.find(({ kind }) => kind === 'metrics');
    const rules = options.lines('MetricsPortPolicy');
    const where = port?.listen.kind === 'tcp' ? `${formatListen(port.listen)} ${rules.join(',')}` : '';
    if (where === this.#where) return;
    await this.close();
    if (port?.listen.kind !== 'tcp') return;
    const { ip, port: number } = port.listen;
    const policy = parseAddressPolicy(rules);
    this.#process = processMetrics();
    const server = new MetricsServer(this.#sources(), { address: ip, port: number === 'auto' ? 0 : number, policy });
    const bound = await server.listen();
    this.#server = server;
    this.#where = where;
    this.#log.notice('net', `Opened Metrics listener connection (ready) on ${formatIpPort(ip, bound)}`);
  }

  async close(): Promise<void> {
    this.#where = '';
    this.#process?.stop();
    await this.#server?.close();
    this.#server = undefined;
  }

  #sources(): MetricSource[] {
    const { channels, directory, relay } = this.#node.parts;
    const sources: MetricSource[] = [];
    if (relay !== undefined) {
      sources.push(relayMetrics({ relay: relay.relay, exit: relay.exit, channels, netdir: () => directory.netdir }));
    }
    if (this.#process !== undefined) sources.push(this.#process.source);
    return sources;
  }
}

const formatListen = ({ ip, port }: { readonly ip: Uint8Array; readonly port: number | 'auto' }): string =>
  `${ip.join('.')} ${port}`;
