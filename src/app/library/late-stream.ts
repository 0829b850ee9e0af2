import type { AttachedStream } from '../../network/circuits/index.ts';
import type { Stream, StreamHandler, StreamState } from '../../protocol/stream/index.ts';

/**
 * A stream that is still looking for its circuit: it takes nothing until it has one, and remembers what it was told
 * meanwhile.
 */
export class LateStream implements Stream {
  readonly abort = new AbortController();
  readonly #handler: StreamHandler;
  #attached: AttachedStream | undefined;
  #ended = false;
  #paused = false;

  constructor(handler: StreamHandler) {
    this.#handler = handler;
  }

  get attached(): AttachedStream | undefined {
    return this.#attached;
  }

  get id(): number {
    return this.#attached?.stream.id ?? 0;
  }

  get state(): StreamState {
    if (this.#attached !== undefined) return this.#attached.stream.state;
    return this.#ended ? 'closed' : 'connecting';
  }

  get bytesRead(): number {
    return this.#attached?.stream.bytesRead ?? 0;
  }

  get bytesWritten(): number {
    return this.#attached?.stream.bytesWritten ?? 0;
  }

  attach(attached: AttachedStream): void {
    this.#attached = attached;
    if (this.#ended) {
      attached.stream.end();
      return;
    }
    if (this.#paused) attached.stream.pauseReading();
    this.#handler.writable();
  }

  write(bytes: Uint8Array): number {
    return this.#attached?.stream.write(bytes) ?? 0;
  }

  end(reason?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#attached === undefined) this.abort.abort();
    else this.#attached.stream.end(reason);
  }

  pauseReading(): void {
    this.#paused = true;
    this.#attached?.stream.pauseReading();
  }

  resumeReading(): void {
    this.#paused = false;
    this.#attached?.stream.resumeReading();
  }

  reportBacklog(bytes: number): void {
    this.#attached?.stream.reportBacklog(bytes);
  }
}
