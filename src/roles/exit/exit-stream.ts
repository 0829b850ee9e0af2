import type { Socket } from 'node:net';
import type { IpBytes } from '../../base/ip/index.ts';
import { type SharedReader, SocketPump, tcpFailureReason } from '../../network/pump/index.ts';
import type { IncomingStream, StreamEnd, StreamHandler } from '../../protocol/stream/index.ts';
import { EndReason } from '../../wire/relaymsg/index.ts';

export interface ExitStreamHooks {
  /** Once, however the stream came to its end. */
  readonly closed: (stream: ExitStream) => void;
}

type State = 'resolving' | 'connecting' | 'open' | 'closed';

/**
 * One BEGIN: waits for an address, connects, then pumps. What the client sends before that (optimistic data) waits here
 * and in the socket; it is bounded by the stream's window, or by the limit on a stream's backlog.
 */
export class ExitStream implements StreamHandler {
  readonly stream: IncomingStream;
  readonly port: number;
  readonly #hooks: ExitStreamHooks;
  #state: State = 'resolving';
  #early: Uint8Array[] = [];
  #cancelResolve: (() => void) | undefined;
  #socket: Socket | undefined;
  #pump: SocketPump | undefined;
  #target: { readonly address: IpBytes; readonly ttlSec: number } | undefined;

  constructor(stream: IncomingStream, port: number, hooks: ExitStreamHooks) {
    this.stream = stream;
    this.port = port;
    this.#hooks = hooks;
    stream.pauseReading();
  }

  get state(): State {
    return this.#state;
  }

  /** Where it is connected to, or being connected; the lifetime is that of the name. */
  get target(): { readonly address: IpBytes; readonly ttlSec: number } | undefined {
    return this.#target;
  }

  waitFor(cancelResolve: () => void): void {
    if (this.#state === 'resolving') this.#cancelResolve = cancelResolve;
    else cancelResolve();
  }

  /** Ends the stream with a reason; an address goes with EXITPOLICY only. */
  refuse(reason: number, refused?: { readonly address: IpBytes; readonly ttlSec: number }): void {
    if (this.#state === 'closed') return;
    this.stream.end(reason, refused);
    this.#close();
  }

  /** The socket is being connected to the address. */
  connect(socket: Socket, target: { readonly address: IpBytes; readonly ttlSec: number }, reader?: SharedReader): void {
    this.#state = 'connecting';
    this.#target = target;
    this.#socket = socket;
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (this.#state === 'connecting') this.refuse(tcpFailureReason(error));
    });
    const pump = new SocketPump({ socket, reader });
    this.#pump = pump;
    for (const bytes of this.#early) pump.data(bytes);
    this.#early = [];
    pump.dataEnd();
    socket.once('connect', () => {
      if (this.#state !== 'connecting') return;
      this.#state = 'open';
      this.stream.accept(target);
      this.stream.resumeReading();
      pump.start(this.stream);
    });
    void pump.finished.then(() => this.#close());
  }

  data(bytes: Uint8Array): void {
    if (this.#pump !== undefined) this.#pump.data(bytes);
    else this.#early.push(bytes.slice());
  }

  dataEnd(): void {
    this.#pump?.dataEnd();
  }

  writable(): void {
    this.#pump?.writable();
  }

  /** An open connection still gets what it was sent. */
  ended(end: StreamEnd): void {
    if (this.#state === 'open') this.#pump?.ended(end);
    else this.#close();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#early = [];
    this.#cancelResolve?.();
    this.#cancelResolve = undefined;
    this.#pump?.abort(EndReason.DONE);
    this.#socket?.destroy();
    this.#hooks.closed(this);
  }
}
