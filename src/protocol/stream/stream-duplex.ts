import { Duplex } from 'node:stream';
import { TorError } from '../../base/errors/index.ts';
import { type ConnectedAddress, EndReason, endReasonName } from '../../wire/relaymsg/index.ts';
import type { Stream, StreamEnd, StreamHandler } from './stream.ts';

export interface StreamDuplexOptions {
  /**
   * Whether `end()` ends the Tor stream at once. END closes both directions, unlike TCP's FIN, so by default a stream that
   * we opened stays readable after `end()`, until the far end is done or `destroy()` is called. A stream that the far end
   * opened is ended at once, as C tor does when the server behind it hangs up.
   */
  readonly endOnFinish?: boolean;
  readonly highWaterMark?: number;
}

type Callback = (error?: Error | null) => void;

const blockLength = 16 * 1024;

/**
 * A Tor stream as a Node.js Duplex. Emits 'connect' with the address the exit told, if any. Bytes written before that are
 * optimistic data. Back-pressure works both ways. Errors are TorErrors: STREAM_ENDED with the reason in `facts`.
 */
export class StreamDuplex extends Duplex {
  readonly stream: Stream;
  readonly #incoming: boolean;
  readonly #endOnFinish: boolean;
  /** The run of cells that is being gathered lies in `#block[#from, #to)`. */
  #block = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #pending: { chunk: Uint8Array; done: Callback } | undefined;
  #connected: ConnectedAddress | 'nowhere' | undefined;
  #ended: StreamEnd | undefined;

  /** `open` is called at once with the handler that feeds this Duplex: `(handler) => circuit.openStream(handler, begin)`. */
  constructor(open: (handler: StreamHandler) => Stream, options: StreamDuplexOptions = {}) {
    super({
      allowHalfOpen: false,
      ...(options.highWaterMark !== undefined && { highWaterMark: options.highWaterMark }),
    });
    this.stream = open({
      connected: (address) => this.#onConnected(address),
      data: (bytes) => this.#onData(bytes),
      dataEnd: () => this.#flush(),
      ended: (end) => this.#onEnded(end),
      writable: () => this.#onWritable(),
    });
    this.#incoming = 'accept' in this.stream && this.stream.state === 'connecting' && isIncoming(this.stream);
    this.#endOnFinish = options.endOnFinish ?? this.#incoming;
  }

  /** True until the far end accepted. */
  get connecting(): boolean {
    return this.stream.state === 'connecting';
  }

  /** Resolves when the far end accepted, with the address it told; rejects with STREAM_ENDED. */
  whenConnected(): Promise<ConnectedAddress | undefined> {
    if (this.#connected !== undefined) {
      return Promise.resolve(this.#connected === 'nowhere' ? undefined : this.#connected);
    }
    if (this.#ended !== undefined) return Promise.reject(endedError(this.#ended));
    if (this.destroyed) return Promise.reject(this.errored ?? new TorError('ABORTED'));
    return new Promise((resolve, reject) => {
      const connect = (address: ConnectedAddress | undefined): void => {
        this.off('close', close);
        resolve(address);
      };
      const close = (): void => {
        this.off('connect', connect);
        reject(this.errored ?? (this.#ended === undefined ? new TorError('ABORTED') : endedError(this.#ended)));
      };
      this.once('connect', connect);
      this.once('close', close);
    });
  }

  #onConnected(address: ConnectedAddress | undefined): void {
    const kept = address === undefined ? undefined : { address: address.address.slice(), ttlSec: address.ttlSec };
    this.#connected = kept ?? 'nowhere';
    this.emit('connect', kept);
  }

  #onData(bytes: Uint8Array): void {
    if (this.#block.length - this.#to < bytes.length) {
      this.#flush();
      this.#block = Buffer.allocUnsafeSlow(blockLength);
      this.#from = 0;
      this.#to = 0;
    }
    this.#block.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  #flush(): void {
    if (this.#to === this.#from) return;
    const run = this.#block.subarray(this.#from, this.#to);
    this.#from = this.#to;
    if (!this.push(run)) this.stream.pauseReading();
  }

  #onEnded(end: StreamEnd): void {
    this.#flush();
    this.#ended = end;
    const pending = this.#pending;
    this.#pending = undefined;
    if (!this.#isClean(end)) {
      this.destroy(endedError(end));
      return;
    }
    this.push(null);
    pending?.done();
  }

  /** DONE, or what clients always say when they hang up: MISC. */
  #isClean(end: StreamEnd): boolean {
    if (!end.remote) return false;
    return end.reason === EndReason.DONE || (this.#incoming && end.reason === EndReason.MISC);
  }

  #onWritable(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#send(pending.chunk, pending.done);
  }

  #send(chunk: Uint8Array, done: Callback): void {
    const taken = this.#ended === undefined ? this.stream.write(chunk) : chunk.length;
    if (taken === chunk.length) done();
    else this.#pending = { chunk: chunk.subarray(taken), done };
  }

  override _read(): void {
    this.stream.resumeReading();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Callback): void {
    this.#send(chunk, done);
  }

  /** Small writes that piled up share cells. */
  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Callback): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Callback): void {
    if (this.#endOnFinish || this.#ended !== undefined) {
      this.stream.end();
      if (this.#ended === undefined) this.push(null);
    }
    done();
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#pending = undefined;
    this.stream.end(error === null ? EndReason.DONE : EndReason.MISC);
    done(error);
  }
}

const isIncoming = (stream: Stream): boolean => 'incoming' in stream && stream.incoming === true;

function endedError(end: StreamEnd): TorError {
  const reason = endReasonName(end.reason);
  const facts = { reason: end.reason, reasonName: reason, remote: end.remote };
  return new TorError('STREAM_ENDED', `the stream was ended: ${reason}`, { facts });
}
