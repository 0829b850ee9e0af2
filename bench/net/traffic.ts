import type { Socket } from 'node:net';
import { type SocksTarget, socksConnect } from '../../test/interop/support/socks-client.ts';
import type { TrafficServer } from './traffic-server.ts';

const block = Buffer.alloc(65_536, 0x75);
let uploads = 0;

/** A stream to a traffic server, on which one order follows the other. */
export class Stream {
  readonly #socket: Socket;
  #ended: Error | undefined;
  #heard: (length: number) => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const end = (error: Error): void => {
      this.#ended ??= error;
      this.#failed(error);
    };
    socket.on('data', (chunk: Buffer) => this.#heard(chunk.length));
    socket.on('error', end);
    socket.on('close', () => end(new Error('the stream ended')));
  }

  static async open(target: SocksTarget): Promise<Stream> {
    return new Stream(await socksConnect(target));
  }

  /** Milliseconds until the server answers to a byte. */
  async roundTrip(timeoutMs: number): Promise<number> {
    const started = performance.now();
    const bytes = await this.#order('down 1', 1, started + timeoutMs);
    if (bytes === 0) throw new Error(`no answer within ${timeoutMs / 1000} s`);
    return performance.now() - started;
  }

  /** The bytes that came until this time, no more than so many. */
  download(bytes: number, deadlineMs: number): Promise<number> {
    return this.#order(`down ${bytes}`, bytes, deadlineMs);
  }

  /** The bytes that the server had by this time. */
  async upload(server: TrafficServer, bytes: number, deadlineMs: number): Promise<number> {
    const name = `upload${++uploads}`;
    const done = this.#order(`up ${bytes} ${name}`, 1, deadlineMs);
    let left = bytes;
    const go = (): void => {
      while (left > 0 && !this.#socket.destroyed && performance.now() < deadlineMs) {
        const part = block.subarray(0, Math.min(left, block.length));
        left -= part.length;
        if (this.#socket.write(part) || left === 0) continue;
        this.#socket.once('drain', go);
        return;
      }
    };
    go();
    await done;
    return server.received(name);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** How many of `expected` bytes came. What is cut short leaves a stream that is good for nothing. */
  #order(text: string, expected: number, deadlineMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      let bytes = 0;
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        this.#heard = () => undefined;
        this.#failed = () => undefined;
        if (error === undefined) resolve(bytes);
        else reject(error);
      };
      const timer = setTimeout(() => {
        settle();
        this.close();
      }, deadlineMs - performance.now());
      this.#failed = settle;
      this.#heard = (length) => {
        bytes += length;
        if (bytes >= expected) settle();
      };
      this.#socket.write(`${text}\n`);
    });
  }
}
