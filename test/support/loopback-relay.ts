import { nodeRuntime } from '../../src/base/runtime/index.ts';
import { ChannelManager, type ChannelTarget } from '../../src/network/channels/index.ts';
import { MemoryStore } from '../../src/network/storage/index.ts';
import type { LinkChannel } from '../../src/protocol/channel/index.ts';
import { defaultCircuitParams, type HopTarget, OriginCircuit } from '../../src/protocol/circuit/index.ts';
import type { StreamHandler } from '../../src/protocol/stream/index.ts';
import { Relay, type RelayServices, relayConfig, supportedProtocols } from '../../src/roles/relay/index.ts';
import { parseProtover } from '../../src/wire/protover/index.ts';
import { loadOptions, parsePorts } from '../../src/wire/torrc/index.ts';
import { MemoryState } from './memory-state.ts';

const loopback = Uint8Array.of(127, 0, 0, 1);
const report = (): void => undefined;

/** Waits until `test` holds, for at most ten seconds, without counting on how long anything takes. */
export async function until(what: string, test: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!test()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A relay of ours with real sockets on loopback and nothing on disk, and links of clients to it. */
export class LoopbackRelay {
  readonly relay: Relay;
  readonly channels: ChannelManager;
  /** A client's links. */
  readonly client = new ChannelManager(nodeRuntime);
  readonly #extra: ChannelManager[] = [];

  private constructor(relay: Relay, channels: ChannelManager) {
    this.relay = relay;
    this.channels = channels;
  }

  static async start(services: RelayServices = {}, torrc = ''): Promise<LoopbackRelay> {
    const text = `ORPort 127.0.0.1:auto\nAddress 127.0.0.1\nAssumeReachable 1\nExtendAllowPrivateAddresses 1\n${torrc}`;
    const { options } = loadOptions({ torrc: text, report });
    const config = relayConfig(options, parsePorts(options, { report }));
    const store = new MemoryStore();
    const relay = await Relay.load({ ...nodeRuntime, store, state: new MemoryState() }, config);
    const channels = new ChannelManager(nodeRuntime, relay.channelOptions());
    await relay.start({ channels, services, netdir: () => undefined });
    return new LoopbackRelay(relay, channels);
  }

  get port(): number {
    return this.relay.ports?.endpoints[0]?.port ?? 0;
  }

  get target(): ChannelTarget {
    const { rsa, ed25519 } = this.hop;
    const identity = { rsa, ...(ed25519 && { ed25519 }) };
    return { identity, addresses: [{ address: loopback, port: this.port }] };
  }

  get hop(): HopTarget {
    const { identity, onionKeys } = this.relay;
    const rsa = identity.rsaIdentity.publicKey.fingerprint;
    const ed25519 = identity.ed25519Identity;
    return {
      rsa,
      ed25519,
      ntorKey: onionKeys.current.publicKey,
      protover: parseProtover(supportedProtocols({ cgo: true })),
      linkSpecifiers: [
        { kind: 'ipv4', address: loopback, port: this.port },
        { kind: 'rsa', id: rsa },
        { kind: 'ed25519', id: ed25519 },
      ],
    };
  }

  /** A link of somebody else's. */
  stranger(): Promise<LinkChannel> {
    const manager = new ChannelManager(nodeRuntime);
    this.#extra.push(manager);
    return manager.get(this.target);
  }

  async circuit(channel?: LinkChannel): Promise<OriginCircuit> {
    const link = channel ?? (await this.client.get(this.target));
    const circuit = new OriginCircuit({ ...nodeRuntime, channel: link }, { params: defaultCircuitParams });
    await circuit.create(this.hop, { exit: true });
    circuit.markOpen();
    return circuit;
  }

  /** What the relay's directory says on a fresh stream, up to its end. */
  async ask(circuit: OriginCircuit): Promise<string> {
    const chunks: Buffer[] = [];
    await new Promise<void>((resolve) => {
      const handler: StreamHandler = {
        data: (bytes) => void chunks.push(Buffer.from(bytes)),
        ended: () => resolve(),
        writable: () => undefined,
      };
      circuit.openStream(handler, { kind: 'begin-dir' });
    });
    return Buffer.concat(chunks).toString('latin1');
  }

  async stop(): Promise<void> {
    for (const manager of [this.client, ...this.#extra]) manager.close();
    await this.relay.close();
    this.channels.close();
  }
}

/** Says hello on each stream and ends it. */
export const helloDirectory: NonNullable<RelayServices['directory']> = {
  accept: (_circuit, stream) => {
    stream.accept();
    stream.write(Buffer.from('hello'));
    setImmediate(() => stream.end(6));
    return { data: () => undefined, ended: () => undefined, writable: () => undefined };
  },
};

/** Writes without end as fast as it may. */
export function endlessDirectory(written: { bytes: number }): NonNullable<RelayServices['directory']> {
  const block = new Uint8Array(64 * 1024);
  return {
    accept: (_circuit, stream) => {
      const more = (): void => {
        for (;;) {
          const taken = stream.write(block);
          written.bytes += taken;
          if (taken < block.length) return;
        }
      };
      stream.accept();
      setImmediate(more);
      return { data: () => undefined, ended: () => undefined, writable: more };
    },
  };
}
