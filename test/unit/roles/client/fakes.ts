import { Logger, type LogRecord } from '../../../../src/base/log/index.ts';
import { nodeRuntime } from '../../../../src/base/runtime/index.ts';
import type { AttachedStream, ResolveRequest, StreamRequest } from '../../../../src/network/circuits/index.ts';
import type { OriginCircuit } from '../../../../src/protocol/circuit/index.ts';
import type { Stream, StreamHandler, StreamState } from '../../../../src/protocol/stream/index.ts';
import { type ClientConfig, ClientRole, clientConfig, type OnionNetwork } from '../../../../src/roles/client/index.ts';
import type { ResolvedAnswer } from '../../../../src/wire/relaymsg/index.ts';
import { loadOptions, validateOptions } from '../../../../src/wire/torrc/index.ts';

/** A far end that a test writes: it gets the bytes of a stream and answers through the handler. */
export type FarEnd = (stream: FakeStream, bytes: Uint8Array) => void;

export const echo: FarEnd = (stream, bytes) => {
  const copy = Buffer.from(bytes);
  setImmediate(() => {
    stream.handler.data(copy);
    stream.handler.dataEnd?.();
  });
};

export class FakeStream implements Stream {
  readonly id = 1;
  readonly handler: StreamHandler;
  readonly #farEnd: FarEnd;
  state: StreamState = 'open';
  bytesRead = 0;
  bytesWritten = 0;
  endedWith: number | undefined;

  constructor(handler: StreamHandler, farEnd: FarEnd) {
    this.handler = handler;
    this.#farEnd = farEnd;
  }
  write(bytes: Uint8Array): number {
    this.bytesWritten += bytes.length;
    this.#farEnd(this, bytes);
    return bytes.length;
  }
  end(reason?: number): void {
    this.state = 'closed';
    this.endedWith = reason;
  }
  pauseReading(): void {}
  resumeReading(): void {}
  reportBacklog(): void {}
}

/** A network that opens streams as the test says and remembers what it was asked. */
export class FakeNetwork {
  readonly requests: StreamRequest[] = [];
  readonly lookups: ResolveRequest[] = [];
  readonly ports: number[] = [];
  readonly streams: FakeStream[] = [];
  farEnd: FarEnd = echo;
  /** Throws, or returns, before a stream is opened. */
  beforeAttach: (request: StreamRequest) => Promise<void> = async () => undefined;
  answers: readonly ResolvedAnswer[] = [];
  resolveError: unknown;

  async attachStream(request: StreamRequest): Promise<AttachedStream> {
    this.requests.push(request);
    await this.beforeAttach(request);
    return this.open(request.handler, request.optimisticData);
  }

  open(handler: StreamHandler, optimisticData?: () => Uint8Array | undefined): AttachedStream {
    const stream = new FakeStream(handler, this.farEnd);
    this.streams.push(stream);
    const early = optimisticData?.();
    if (early !== undefined && early.length > 0) stream.write(early);
    handler.connected?.(undefined);
    return { stream, circuit: { hops: [] } as unknown as OriginCircuit };
  }

  async resolve(request: ResolveRequest): Promise<readonly ResolvedAnswer[]> {
    this.lookups.push(request);
    if (this.resolveError !== undefined) throw this.resolveError;
    return this.answers;
  }

  predictPort(port: number): void {
    this.ports.push(port);
  }
}

export function configOf(torrc: string): ClientConfig {
  const report = (): void => undefined;
  const { options, ports } = validateOptions(loadOptions({ torrc, report }).options, { report });
  return clientConfig(options, ports);
}

export interface TestClient {
  readonly role: ClientRole;
  readonly network: FakeNetwork;
  readonly logged: LogRecord[];
  /** The port number of the first listener of a kind. */
  port(kind?: string): number;
}

export async function startClient(torrc: string, onion?: OnionNetwork): Promise<TestClient> {
  const network = new FakeNetwork();
  const log = new Logger(() => 0);
  const logged: LogRecord[] = [];
  log.addSink((record) => logged.push(record), 'debug');
  const role = new ClientRole(
    { runtime: nodeRuntime, log, network, ...(onion === undefined ? {} : { onion }) },
    { config: configOf(torrc), product: 'tropea test' },
  );
  await role.start();
  return {
    role,
    network,
    logged,
    port: (kind = 'socks') => {
      const listener = role.listeners.find((one) => one.kind === kind);
      return Number(listener?.address.replace(/^.*:/, ''));
    },
  };
}
