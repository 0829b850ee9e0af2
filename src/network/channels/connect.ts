import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { TorError } from '../../base/errors/index.ts';
import { formatIp, formatIpPort } from '../../base/ip/index.ts';
import type { Random } from '../../base/runtime/index.ts';
import { DirectReader } from './direct-reader.ts';
import { clientTlsSettings, randomServerName } from './tls-settings.ts';
import type { Dial, OrEndpoint, OutboundAddresses } from './types.ts';

/** Plain TCP from an address of ours. */
export function dialFrom(outbound: OutboundAddresses): Dial {
  const dial = (endpoint: OrEndpoint | undefined, signal: AbortSignal): Promise<Socket> => {
    if (endpoint === undefined) return Promise.reject(noAddress());
    return new Promise((resolve, reject) => {
      const socket = connectTcp(tcpOptions(endpoint, outbound));
      settleOnce(socket, 'connect', signal, () => resolve(socket), reject, facts(endpoint));
    });
  };
  return Object.assign(dial, { outbound });
}

const noAddress = (): TorError => new TorError('CONNECT_FAILED', 'the relay has no address');

function tcpOptions(endpoint: OrEndpoint, outbound: OutboundAddresses) {
  const localAddress = endpoint.address.length === 4 ? outbound.ipv4 : outbound.ipv6;
  return {
    host: formatIp(endpoint.address),
    port: endpoint.port,
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress }),
  };
}

/** Plain TCP. */
export const dialDirect: Dial = dialFrom({});

/** TLS as a C tor client does it. The certificate is not judged here: CERTS does that. */
const tlsOptions = (random: Random) => ({
  ...clientTlsSettings(),
  servername: randomServerName(random),
  rejectUnauthorized: false,
  checkServerIdentity: () => undefined,
});

/** TLS over a connection that a `Dial` brought. */
export function startTls(socket: Socket, random: Random, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({ ...tlsOptions(random), socket });
    settleOnce(tls, 'secureConnect', signal, () => resolve(tls), reject, {});
  });
}

/**
 * TCP and TLS in one socket: the platform can then read into a buffer of ours, which halves the cost of reading. `onTcp`
 * is called between the two.
 */
export function connectWithTls(
  deps: { readonly random: Random; readonly signal: AbortSignal; readonly onTcp: () => void },
  endpoint: OrEndpoint | undefined,
  outbound: OutboundAddresses,
): Promise<{ readonly tls: TLSSocket; readonly reader: DirectReader }> {
  if (endpoint === undefined) return Promise.reject(noAddress());
  return new Promise((resolve, reject) => {
    const reader = new DirectReader();
    const options = { ...tlsOptions(deps.random), ...tcpOptions(endpoint, outbound), onread: reader.onread };
    const tls = connectTls(options);
    tls.once('connect', deps.onTcp);
    settleOnce(tls, 'secureConnect', deps.signal, () => resolve({ tls, reader }), reject, facts(endpoint));
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
