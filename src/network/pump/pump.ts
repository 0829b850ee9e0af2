import type { Socket } from 'node:net';
import { type Deferred, deferred } from '../../base/util/index.ts';
import type { Stream, StreamEnd, StreamHandler } from '../../protocol/stream/index.ts';
import type { ConnectedAddress } from '../../wire/relaymsg/index.ts';
import { EndReason } from '../../wire/relaymsg/index.ts';
import { errorToEndReason } from './end-reason.ts';
import { BlockPool, Gatherer } from './gather.ts';
import type { SharedReader } from './shared-reader.ts';
import type { PumpDeps, PumpEnd, PumpOptions } from './types.ts';

const defaultHighWaterBytes = 128 * 1024;
const defaultLowWaterBytes = 32 * 1024;
/** Bytes taken from the socket before a stream is there. */
const maxEarlyBytes = 32 * 1024;
/** An application that does not take the last bytes for so long loses them. C tor waits as long. */
const flushStallMs = 15_000;

type State = 'waiting' | 'open' | 'flushing' | 'done';

const sharedPool = new BlockPool();

/**
 * Moves bytes between a socket and a stream until both are done. It is the stream's handler: give it to whoever opens
 * the stream, then call `start` with the stream. Both directions hold back when the other side cannot follow, and the
 * cells of a turn leave in one socket write.
 *
 * As in C tor an end of file on the socket ends the stream: a stream of Tor cannot be closed in one direction only.
 */
export class SocketPump implements StreamHandler {
  readonly finished: Promise<PumpEnd>;
  readonly #socket: Socket;
  readonly #reader: SharedReader | undefined;
  readonly #high: number;
  readonly #low: number;
  readonly #gatherer: Gatherer;
  readonly #finished: Deferred<PumpEnd> = deferred();
  readonly #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #state: State = 'waiting';
  #stream: Stream | undefined;
  /** What the stream did not take yet; the socket is paused while there is any. */
  #unsent: Uint8Array | undefined;
  #heldBack = false;
  /** `#flushTurn` is to come. */
  #flushing = false;
  #socketEnded = false;
  #socketClosed = false;
  #bytesToSocket = 0;
  #bytesToStream = 0;
  #end: { readonly reason: number; readonly remote: boolean } | undefined;

  constructor(deps: PumpDeps, options: PumpOptions = {}) {
    this.#socket = deps.socket;
    this.#reader = deps.reader;
    this.#high = options.highWaterBytes ?? defaultHighWaterBytes;
    this.#low = Math.min(options.lowWaterBytes ?? defaultLowWaterBytes, this.#high);
    this.finished = this.#finished.promise;
    const written = (): void => {
      this.#gatherer.done();
      this.#goOnIfDrained();
    };
    this.#gatherer = new Gatherer(sharedPool, (bytes) => {
      this.#socket.write(bytes, written);
    });
    this.#listen();
  }

  /** What the socket sent before a stream was there: optimistic data for the first cells of a stream. */
  get early(): Uint8Array | undefined {
    if (this.#early.length > 1) this.#early.splice(0, this.#early.length, Buffer.concat(this.#early));
    return this.#early[0];
  }

  /** Puts bytes before those the socket is still to send: what a proxy handshake left over. */
  addEarly(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#early.push(bytes);
    this.#earlyBytes += bytes.length;
  }

  /** waiting -> open. `alreadySent` early bytes went with the request for the stream. */
  start(stream: Stream, alreadySent = 0): void {
    if (this.#state !== 'waiting') {
      if (this.#state === 'done' && stream.state !== 'closed') stream.end(EndReason.DONE);
      return;
    }
    this.#stream = stream;
    this.#state = 'open';
    const early = this.early;
    this.#early.length = 0;
    if (early !== undefined && early.length > alreadySent) this.#send(early.subarray(alreadySent));
    if (this.#unsent === undefined && !this.#socketEnded) this.#socket.resume();
    this.#holdBackIfFull();
    this.#endIfDrained();
  }

  /** Ends both sides now; what the socket holds is dropped. */
  abort(reason: number = EndReason.MISC): void {
    if (this.#state === 'done') return;
    this.#end ??= { reason, remote: false };
    this.#socket.destroy();
    this.#finish();
  }

  connected(_address: ConnectedAddress | undefined): void {}

  data(bytes: Uint8Array): void {
    if (this.#state === 'done') return;
    this.#bytesToSocket += bytes.length;
    this.#gatherer.add(bytes);
  }

  /**
   * A run is what one TLS record brought, often a few cells; one turn of the event loop reads many records, and a write
   * costs more than all that is done for its cells. So the socket gets what the whole turn brought.
   */
  dataEnd(): void {
    if (this.#flushing || this.#state === 'done') return;
    this.#flushing = true;
    setImmediate(this.#flushTurn);
  }

  /** open -> flushing: what the socket holds still goes out. */
  ended(end: StreamEnd): void {
    if (this.#state === 'done') return;
    this.#gatherer.flush();
    this.#end ??= { reason: end.reason, remote: end.remote };
    this.#state = 'flushing';
    this.#stream = undefined;
    this.#unsent = undefined;
    this.#closeSocket();
  }

  writable(): void {
    const rest = this.#unsent;
    this.#unsent = undefined;
    if (rest !== undefined) this.#send(rest);
    if (this.#unsent !== undefined || this.#state !== 'open') return;
    if (!this.#socketEnded) this.#socket.resume();
    this.#endIfDrained();
  }

  readonly #flushTurn = (): void => {
    this.#flushing = false;
    if (this.#state === 'done') return;
    this.#gatherer.flush();
    this.#holdBackIfFull();
  };

  #listen(): void {
    const socket = this.#socket;
    if (this.#reader === undefined) socket.on('data', (chunk: Buffer) => this.#fromSocket(chunk));
    else this.#reader.attach((bytes) => this.#fromSocket(bytes));
    socket.on('end', () => {
      this.#socketEnded = true;
      // As in C tor, an application that is done before its stream is there wants nothing any more.
      if (this.#state === 'waiting') this.abort(EndReason.DONE);
      else this.#endIfDrained();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#end ??= { reason: errorToEndReason(error), remote: false };
    });
    socket.on('close', () => {
      this.#socketClosed = true;
      // All was read, and the stream is still to take the last of it.
      if (this.#state === 'open' && this.#socketEnded && this.#unsent !== undefined) return;
      this.#end ??= { reason: EndReason.DONE, remote: false };
      this.#finish();
    });
  }

  #fromSocket(chunk: Uint8Array): void {
    if (this.#state === 'open') {
      this.#send(chunk);
      // What a reader gave is gone after this call.
      if (this.#reader !== undefined && this.#unsent !== undefined) this.#unsent = this.#unsent.slice();
      return;
    }
    if (this.#state !== 'waiting') return;
    this.addEarly(this.#reader === undefined ? chunk : chunk.slice());
    if (this.#earlyBytes >= maxEarlyBytes) this.#socket.pause();
  }

  #send(bytes: Uint8Array): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const taken = stream.write(bytes);
    this.#bytesToStream += taken;
    if (taken === bytes.length || this.#stream === undefined) return;
    this.#unsent = bytes.subarray(taken);
    this.#socket.pause();
  }

  /** The application is done sending and all of it was passed on. */
  #endIfDrained(): void {
    if (!this.#socketEnded || this.#unsent !== undefined || this.#state !== 'open') return;
    this.#end ??= { reason: EndReason.DONE, remote: false };
    this.#stream?.end(EndReason.DONE);
    this.#stream = undefined;
    this.#state = 'flushing';
    this.#gatherer.flush();
    this.#closeSocket();
  }

  /** Lets the socket send what it holds, then closes it; what the application still sends is read and dropped. */
  #closeSocket(): void {
    const socket = this.#socket;
    if (this.#socketClosed) {
      this.#finish();
      return;
    }
    socket.setTimeout(flushStallMs, () => socket.destroy());
    socket.resume();
    socket.end(() => socket.destroy());
  }

  #holdBackIfFull(): void {
    if (this.#heldBack || this.#stream === undefined || this.#socket.writableLength < this.#high) return;
    this.#heldBack = true;
    this.#stream.pauseReading();
    this.#stream.reportBacklog(this.#socket.writableLength);
  }

  #goOnIfDrained(): void {
    if (!this.#heldBack || this.#socket.writableLength > this.#low) return;
    this.#heldBack = false;
    this.#stream?.resumeReading();
  }

  #finish(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    const end = this.#end ?? { reason: EndReason.MISC, remote: false };
    this.#stream?.end(end.reason);
    this.#stream = undefined;
    this.#unsent = undefined;
    this.#early.length = 0;
    this.#gatherer.close();
    this.#finished.resolve({ ...end, bytesToSocket: this.#bytesToSocket, bytesToStream: this.#bytesToStream });
  }
}
