import type { TLSSocket } from 'node:tls';
import { TorError } from '../../base/errors/index.ts';
import {
  type ChannelTransport,
  type LinkChannel,
  recordLength,
  type TlsBinding,
} from '../../protocol/channel/index.ts';

/** A TLS socket as a channel's transport. */
export class TlsTransport implements ChannelTransport {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.disableRenegotiation();
    // A record holds at most 31 whole cells, however many are written at once.
    socket.setMaxSendFragment(recordLength);
  }

  /** Joins socket and channel and begins the link handshake. */
  attach(channel: LinkChannel): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Uint8Array) => channel.receive(chunk));
    socket.on('error', (cause) => {
      channel.transportClosed(new TorError('CHANNEL_CLOSED', 'the connection broke', { cause }));
    });
    socket.on('end', () => channel.transportClosed());
    socket.on('close', () => channel.transportClosed());
    channel.start();
  }

  write(bytes: Uint8Array, done: () => void): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(bytes, done);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
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
