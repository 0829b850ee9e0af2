import { connect as connectTls } from 'node:tls';
import { Agent, type buildConnector, type Dispatcher } from 'undici';
import type { SocketMaker } from './agents.ts';

/** HTTP/1.1 over Tor: connections are kept alive on their circuit, and none is shared with another context. */
export function torDispatcher(make: SocketMaker): Dispatcher {
  return new Agent({
    connect: connector(make),
    // The stream's own time limit speaks first.
    headersTimeout: 300_000,
    bodyTimeout: 300_000,
    pipelining: 1,
  });
}

function connector(make: SocketMaker): buildConnector.connector {
  return ({ hostname, port, protocol, servername }, callback) => {
    const isTls = protocol === 'https:';
    const host = hostname.replace(/^\[|\]$/g, '');
    const tcp = make(host, Number(port || (isTls ? 443 : 80)));
    const socket = isTls
      ? connectTls({ socket: tcp, servername: servername || host, ALPNProtocols: ['http/1.1'] })
      : tcp;
    const settle = (error: Error | null): void => {
      socket.off(readyEvent, onReady);
      socket.off('error', settle);
      if (error === null) callback(null, socket as Parameters<typeof callback>[1] & object);
      else callback(error, null);
    };
    const onReady = (): void => settle(null);
    const readyEvent = isTls ? 'secureConnect' : 'ready';
    socket.once(readyEvent, onReady);
    socket.once('error', settle);
    // TLS hears of its connection's end only as 'close'; the reason is the connection's.
    if (isTls) tcp.once('error', (error: Error) => socket.destroy(error));
  };
}
