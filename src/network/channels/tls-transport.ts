import type { TLSSocket } from 'node:tls';
import { TorError } from '../../base/errors/index.ts';
import type { Timers } from '../../base/runtime/index.ts';
import {
  type ChannelTransport,
  type LinkChannel,
  recordLength,
  type TlsBinding,
} from '../../protocol/channel/index.ts';
import type { DirectReader } from './direct-reader.ts';
import type { LinkTraffic } from './traffic.ts';

/** A TLS socket as a channel's transport. With `traffic` it reads and writes no faster than that allows. */
export class TlsTransport implements ChannelTransport {
  readonly #socket: TLSSocket;
  readonly #timers: Timers | undefined;
  readonly #traffic: LinkTraffic | undefined;
  readonly #reader: DirectReader | undefined;
  /** The channel asked for silence. */
  #paused = false;
  /** The limiter did. */
  #throttled = false;

  /** `reader` is there when it takes what comes, instead of the socket's events. */
  constructor(
    socket: TLSSocket,
    limits?: { readonly timers: Timers; readonly traffic: LinkTraffic | undefined },
    reader?: DirectReader,
  ) {
    this.#socket = socket;
    this.#reader = reader;
    this.#timers = limits?.timers;
    this.#traffic = limits?.traffic;
    socket.setNoDelay(true);
    socket.disableRenegotiation();
    // A record holds at most 31 whole cells, however many are written at once.
    socket.setMaxSendFragment(recordLength);
  }

  /** Joins socket and channel and begins the link handshake. */
  attach(channel: LinkChannel): void {
    const socket = this.#socket;
    const traffic = this.#traffic;
    const take =
      traffic === undefined
        ? (chunk: Uint8Array): void => channel.receive(chunk)
        : (chunk: Uint8Array): void => {
            const waitMs = traffic.read(chunk.length);
            if (waitMs > 0) this.#throttle(waitMs);
            channel.receive(chunk);
          };
    if (this.#reader === undefined) socket.on('data', take);
    else this.#reader.attach(take);
    socket.on('error', (cause) => {
      channel.transportClosed(new TorError('CHANNEL_CLOSED', 'the connection broke', { cause }));
    });
    socket.on('end', () => channel.transportClosed());
    socket.on('close', () => channel.transportClosed());
    channel.start();
  }

  write(bytes: Uint8Array, done: () => void): void {
    if (this.#socket.destroyed) return;
    const waitMs = this.#traffic?.write(bytes.length) ?? 0;
    if (waitMs === 0) this.#socket.write(bytes, done);
    else this.#timers?.after(waitMs, () => this.write(bytes, done), { background: true });
  }

  #throttle(waitMs: number): void {
    this.#throttled = true;
    this.#socket.pause();
    this.#timers?.after(
      waitMs,
      () => {
        this.#throttled = false;
        if (!this.#paused) this.#socket.resume();
      },
      { background: true },
    );
  }

  pauseReading(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#paused = false;
    if (!this.#throttled) this.#socket.resume();
  }

  close(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** The handshake's view of a TLS session; `certificate` is the responder's, DER. */
export function tlsBinding(socket: TLSSocket, certificate: Uint8Array): TlsBinding {
  return {
    certificate,
    exportKeyingMaterial: (label, context, length) =>
      new Uint8Array(socket.exportKeyingMaterial(length, label, Buffer.from(context))),
  };
}
