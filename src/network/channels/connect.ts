import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { TorError } from '../../base/errors/index.ts';
import { formatIp, formatIpPort } from '../../base/ip/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { clientTlsSettings, randomServerName } from './tls-settings.ts';
import type { Dial, OrEndpoint } from './types.ts';

/** Where our side of a connection is bound, by the other side's family; undefined leaves it to the system. */
export interface OutboundAddresses {
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
}

/** Plain TCP from an address of ours. */
export const dialFrom =
  (outbound: OutboundAddresses): Dial =>
  (endpoint, signal) => {
    if (endpoint === undefined) {
      return Promise.reject(new TorError('CONNECT_FAILED', 'the relay has no address'));
    }
    const localAddress = endpoint.address.length === 4 ? outbound.ipv4 : outbound.ipv6;
    return new Promise((resolve, reject) => {
      const socket = connectTcp({
        host: formatIp(endpoint.address),
        port: endpoint.port,
        noDelay: true,
        ...(localAddress === undefined ? {} : { localAddress }),
      });
      settleOnce(socket, 'connect', signal, () => resolve(socket), reject, facts(endpoint));
    });
  };

/** Plain TCP. */
export const dialDirect: Dial = dialFrom({});

/** TLS as a C tor client does it. The certificate is not judged here: CERTS does that. */
export function startTls(socket: Socket, random: Random, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      ...clientTlsSettings(),
      socket,
      servername: randomServerName(random),
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    settleOnce(tls, 'secureConnect', signal, () => resolve(tls), reject, {});
  });
}

/** Waits for one event of a socket; an error, the end or the signal destroys the socket and rejects. */
function settleOnce(
  socket: Socket,
  event: string,
  signal: AbortSignal,
  resolve: () => void,
  reject: (error: TorError) => void,
  where: Record<string, string>,
): void {
  const cleanup = (): void => {
    socket.off(event, onReady);
    socket.off('error', onError);
    socket.off('close', onClose);
    signal.removeEventListener('abort', onAbort);
  };
  const fail = (error: TorError): void => {
    cleanup();
    // A late error has nobody left to tell.
    socket.on('error', () => undefined);
    socket.destroy();
    reject(error);
  };
  const onReady = (): void => {
    cleanup();
    resolve();
  };
  const onError = (cause: Error): void => {
    fail(new TorError('CONNECT_FAILED', undefined, { cause, facts: { ...where, reason: systemCode(cause) } }));
  };
  const onClose = (): void => fail(new TorError('CONNECT_FAILED', 'the connection was closed', { facts: where }));
  const onAbort = (): void => fail(TorError.from(signal.reason, 'ABORTED'));
  socket.on(event, onReady);
  socket.on('error', onError);
  socket.on('close', onClose);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort);
}

const systemCode = (error: Error): string | undefined =>
  'code' in error && typeof error.code === 'string' ? error.code : undefined;

const facts = (endpoint: OrEndpoint): Record<string, string> => ({
  endpoint: formatIpPort(endpoint.address, endpoint.port),
});
