import { StreamDuplex } from '../../protocol/stream/index.ts';

type Done = (error?: Error | null) => void;

/** As long as an answer may be on its way: what has ended its side of a Tor stream cannot tell the far end so. */
const silenceAfterEndMs = 60_000;

/** A Tor stream with the methods of a `net.Socket` that servers and HTTP clients call. */
export class SocketDuplex extends StreamDuplex {
  #idle: NodeJS.Timeout | undefined;
  #idleMs = 0;
  #silence: NodeJS.Timeout | undefined;
  #unref = false;

  get bytesRead(): number {
    return this.stream.bytesRead;
  }
  get bytesWritten(): number {
    return this.stream.bytesWritten;
  }
  get timeout(): number | undefined {
    return this.#idleMs > 0 ? this.#idleMs : undefined;
  }
  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
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

  /** Sends what was written, then closes both directions. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (this.#idleMs > 0) this.#rearm();
    if (this.#silence !== undefined) this.#waitForAnswer();
    return super.push(chunk, encoding);
  }

  override _write(chunk: Uint8Array, encoding: BufferEncoding, done: Done): void {
    super._write(chunk, encoding, this.#idleMs > 0 ? this.#afterWrite(done) : done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    super._writev(chunks, this.#idleMs > 0 ? this.#afterWrite(done) : done);
  }

  /** TCP would tell the far end that no more comes; Tor only can by closing both directions, so an answer is waited for. */
  override _final(done: Done): void {
    super._final(done);
    if (this.readableEnded || this.stream.state === 'half-closed' || this.stream.state === 'closed') return;
    this.#waitForAnswer();
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#silence);
    super._destroy(error, done);
  }

  #waitForAnswer(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#silence = undefined;
      this.stream.end();
      this.push(null);
    }, silenceAfterEndMs);
    this.#silence.unref();
  }

  #traffic(): number {
    return this.bytesRead + this.bytesWritten;
  }

  #afterWrite(done: Done): Done {
    this.#rearm();
    return (error) => {
      this.#rearm();
      done(error);
    };
  }

  #rearm(): void {
    clearTimeout(this.#idle);
    if (this.#idleMs <= 0 || this.destroyed) return;
    const before = this.#traffic();
    this.#idle = setTimeout(() => {
      // A long write is on its way for longer than a turn.
      if (this.#traffic() === before) this.emit('timeout');
      else this.#rearm();
    }, this.#idleMs);
    if (this.#unref) this.#idle.unref();
  }
}
