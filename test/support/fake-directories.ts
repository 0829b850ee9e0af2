import { base16Upper, concatBytes, fromLatin1, latin1 } from '../../src/base/bytes/index.ts';
import { TorError } from '../../src/base/errors/index.ts';
import { Emitter } from '../../src/base/util/index.ts';
import type { CircuitManager, CircuitManagerEvents, CircuitTarget } from '../../src/network/circuits/index.ts';
import type { NetDir } from '../../src/network/netdir/index.ts';
import type { OriginCircuit } from '../../src/protocol/circuit/index.ts';
import type { Stream, StreamHandler } from '../../src/protocol/stream/index.ts';

export interface FakeRequest {
  /** Upper-case hex of the directory asked. */
  readonly from: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** `refuse`: no circuit; `silence`: the stream opens and nothing comes. */
export type FakeServe = (request: FakeRequest) => FakeAnswer | 'refuse' | 'silence' | undefined;

/** A circuit manager whose directories are one function. Answers come in later turns, as from a network. */
export class FakeDirectories implements Pick<CircuitManager, 'circuitTo' | 'setNetDir' | 'events'> {
  readonly events = new Emitter<CircuitManagerEvents>();
  readonly requests: FakeRequest[] = [];
  netdir: NetDir | undefined;
  serve: FakeServe;
  open = 0;

  constructor(serve: FakeServe) {
    this.serve = serve;
  }

  /** Paths asked so far, without the names behind the second-last slash. */
  get paths(): string[] {
    return this.requests.map(({ path }) => path);
  }

  setNetDir(netdir: NetDir | undefined): void {
    this.netdir = netdir;
  }

  circuitTo(_purpose: string, target?: CircuitTarget): Promise<OriginCircuit> {
    if (target === undefined) return Promise.reject(new TorError('INTERNAL', 'a directory circuit needs a target'));
    const from = base16Upper(
      'identity' in target ? target.identity.rsa : 'rsaId' in target ? target.rsaId : target.rsa,
    );
    const probe = this.serve({ from, path: '', headers: new Map() });
    if (probe === 'refuse') return Promise.reject(new TorError('CIRCUIT_FAILED', 'refused'));
    const circuit = { hops: [], openStream: (handler: StreamHandler) => this.#stream(from, handler) };
    return Promise.resolve(circuit as unknown as OriginCircuit);
  }

  #stream(from: string, handler: StreamHandler): Stream {
    let input: Uint8Array = new Uint8Array(0);
    let isOpen = true;
    this.open++;
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.open--;
    };
    const answer = (): void => {
      const [start = '', ...lines] = latin1(input).trim().split('\r\n');
      const headers = new Map(
        lines.map((line) => [line.split(': ')[0]?.toLowerCase() ?? '', line.split(': ')[1] ?? '']),
      );
      const request = { from, path: start.split(' ')[1] ?? '', headers };
      this.requests.push(request);
      setImmediate(() => {
        if (!isOpen) return;
        handler.connected?.(undefined);
        const given = this.serve(request) ?? { status: 404 };
        if (given === 'silence' || given === 'refuse') return;
        const { status = 200, body = '' } = given;
        const head = [`HTTP/1.0 ${status} Word`, ...(given.headers ?? []), `Content-Length: ${body.length}`];
        if (!isOpen) return;
        handler.data(fromLatin1(`${head.join('\r\n')}\r\n\r\n${body}`));
        handler.dataEnd?.();
      });
    };
    return {
      id: 1,
      state: 'open',
      write: (bytes: Uint8Array) => {
        input = concatBytes(input, bytes);
        if (latin1(input).endsWith('\r\n\r\n')) answer();
        return bytes.length;
      },
      end: close,
      pauseReading: () => undefined,
      resumeReading: () => undefined,
    } as unknown as Stream;
  }
}
