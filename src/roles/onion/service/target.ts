import { connect as connectSocket, type Socket } from 'node:net';
import { TorError } from '../../../base/errors/index.ts';
import {
  errorToEndReason,
  SharedReader,
  SocketDuplex,
  SocketPump,
  tcpFailureReason,
} from '../../../network/pump/index.ts';
import type { IncomingStream, StreamDuplex, StreamHandler } from '../../../protocol/stream/index.ts';
import { EndReason } from '../../../wire/relaymsg/index.ts';

/** What a service's handler learns of a stream. */
export interface StreamInfo {
  /** The port the client asked for. */
  readonly port: number;
  /** Equal for streams of one client circuit, and for those alone. */
  readonly circuitId: number;
}

/** Where the streams of one virtual port go. */
export type ServiceTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'handler'; readonly handle: (stream: StreamDuplex, info: StreamInfo) => void };

export interface TargetOptions {
  /** Sent to the server before anything else: a PROXY line. */
  readonly preamble?: Uint8Array;
  readonly connectTimeoutMs: number;
  /** Told why there is no connection: the system's word, such as ECONNREFUSED, or TIMEOUT. */
  readonly onFailed?: (reason: string) => void;
}

/** Connects an accepted stream to its target. The stream is accepted only when the target is there. */
export function connectTarget(
  target: ServiceTarget,
  stream: IncomingStream,
  info: StreamInfo,
  options: TargetOptions,
): StreamHandler {
  if (target.kind === 'handler') {
    const handlers: StreamHandler[] = [];
    const duplex = new SocketDuplex((handler) => {
      handlers.push(handler);
      return stream;
    });
    const [handler] = handlers;
    if (handler === undefined) throw new TorError('INTERNAL', 'a Duplex that did not open its stream');
    stream.accept();
    target.handle(duplex, info);
    return handler;
  }
  const reader = new SharedReader();
  const { onread } = reader;
  const socket: Socket =
    target.kind === 'tcp'
      ? connectSocket({ host: target.host, port: target.port, noDelay: true, onread })
      : connectSocket({ path: target.path, onread });
  const pump = new SocketPump({ socket, reader });
  const timer = setTimeout(() => fail(EndReason.TIMEOUT, 'TIMEOUT'), options.connectTimeoutMs);
  let settled = false;
  const fail = (reason: number, why: string): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    socket.destroy();
    stream.end(reason);
    options.onFailed?.(why);
  };
  const reasonOf = target.kind === 'tcp' ? tcpFailureReason : errorToEndReason;
  socket.once('error', (error: NodeJS.ErrnoException) => fail(reasonOf(error), error.code ?? error.message));
  socket.once('connect', () => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    if (options.preamble !== undefined) socket.write(options.preamble);
    stream.accept();
    pump.start(stream);
  });
  return pump;
}
