import { base16 } from '../../base/bytes/index.ts';
import { TorError } from '../../base/errors/index.ts';
import { formatIp } from '../../base/ip/index.ts';
import type { AttachedStream } from '../../network/circuits/index.ts';
import { StreamDuplex, type StreamHandler } from '../../protocol/stream/index.ts';
import { LateStream } from './late-stream.ts';

/** Opens the stream: what a context does with its isolation. */
export type OpenStream = (handler: StreamHandler, signal: AbortSignal) => Promise<AttachedStream>;

/**
 * A connection through Tor, shaped like a `net.Socket`: a Duplex that is `connecting` at first, emits 'connect', and
 * carries the methods that HTTP clients call. Destroyed with a TorError when it cannot be opened.
 */
export class TorSocket extends StreamDuplex {
  readonly #late: LateStream;
  readonly #host: string;
  readonly #port: number;
  #idle: NodeJS.Timeout | undefined;
  #idleMs = 0;
  #opening = true;
  #unref = false;

  constructor(target: { readonly host: string; readonly port: number }, open: OpenStream) {
    const made: { readonly late: LateStream; readonly handler: StreamHandler }[] = [];
    super((handler) => {
      const late = new LateStream(handler);
      made.push({ late, handler });
      return late;
    });
    const [first] = made;
    if (first === undefined) throw new TorError('INTERNAL', 'a Duplex that did not open its stream');
    const { late, handler } = first;
    this.#late = late;
    this.#host = target.host;
    this.#port = target.port;
    open(handler, late.abort.signal).then(
      (attached) => {
        this.#opening = false;
        late.attach(attached);
        this.emit('ready');
      },
      (error: unknown) => {
        this.#opening = false;
        if (!this.destroyed) this.destroy(TorError.from(error));
      },
    );
  }

  override get connecting(): boolean {
    return this.#opening;
  }

  /** `$FINGERPRINT` of each relay it goes through, guard first; empty as long as it has no circuit. */
  get path(): readonly string[] {
    return (this.#late.attached?.circuit.hops ?? []).flatMap(({ target }) =>
      target === undefined ? [] : [`$${base16(target.rsa).toUpperCase()}`],
    );
  }

  get remoteAddress(): string | undefined {
    const address = this.#late.attached?.address;
    return address === undefined ? this.#host : formatIp(address);
  }
  get remotePort(): number {
    return this.#port;
  }
  get remoteFamily(): string {
    return this.#late.attached?.address?.length === 16 ? 'IPv6' : 'IPv4';
  }
  get bytesRead(): number {
    return this.stream.bytesRead;
  }
  get bytesWritten(): number {
    return this.stream.bytesWritten;
  }
  get pending(): boolean {
    return this.#opening;
  }

  /** Emits 'timeout' after so long without traffic; 0 never does. */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    this.#idleMs = timeoutMs;
    if (callback !== undefined) this.once('timeout', callback);
    this.#rearm();
    return this;
  }

  /** Cells leave as soon as they can in any case. */
  setNoDelay(): this {
    return this;
  }
  /** The channel beneath has padding of its own. */
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    this.#unref = false;
    this.#idle?.ref();
    return this;
  }
  unref(): this {
    this.#unref = true;
    this.#idle?.unref();
    return this;
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (this.#idleMs > 0) this.#rearm();
    return super.push(chunk, encoding);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#idle);
    super._destroy(error, done);
  }

  #rearm(): void {
    clearTimeout(this.#idle);
    if (this.#idleMs <= 0 || this.destroyed) return;
    this.#idle = setTimeout(() => this.emit('timeout'), this.#idleMs);
    if (this.#unref) this.#idle.unref();
  }
}
