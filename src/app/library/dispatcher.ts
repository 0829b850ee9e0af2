import { connect as connectTls } from 'node:tls';
import { Agent, type buildConnector, Dispatcher } from 'undici';
import type { TorError } from '../../base/errors/index.ts';
import type { SocketMaker } from './agents.ts';

/**
 * HTTP/1.1 over Tor: connections are kept alive on their circuit, and none is shared with another context. Stays the same
 * through new identities, for those who have put it somewhere.
 */
export class TorDispatcher extends Dispatcher {
  readonly #make: SocketMaker;
  readonly #retired = new Set<Agent>();
  #agent: Agent;

  constructor(make: SocketMaker) {
    super();
    this.#make = make;
    this.#agent = agentFor(make);
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandlers): boolean {
    return this.#agent.dispatch(options, handler);
  }

  /** No connection that is there now carries another request; those that carry one finish it. */
  retire(): void {
    const agent = this.#agent;
    this.#agent = agentFor(this.#make);
    this.#retired.add(agent);
    const done = (): void => {
      this.#retired.delete(agent);
    };
    agent.close().then(done, done);
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | undefined {
    const closed = Promise.all([...this.#retired, this.#agent].map((agent) => agent.close()));
    return told(closed, callback);
  }

  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(error?: TorError | Error | null | (() => void), callback?: () => void): Promise<void> | undefined {
    const why = typeof error === 'function' ? null : (error ?? null);
    const ended = Promise.all([...this.#retired, this.#agent].map((agent) => agent.destroy(why)));
    return told(ended, typeof error === 'function' ? error : callback);
  }
}

function told(done: Promise<unknown>, callback: (() => void) | undefined): Promise<void> | undefined {
  if (callback === undefined) return done.then(() => undefined);
  done.then(callback, callback);
  return undefined;
}

const agentFor = (make: SocketMaker): Agent =>
  new Agent({
    connect: connector(make),
    // The stream's own time limit speaks first.
    headersTimeout: 300_000,
    bodyTimeout: 300_000,
    pipelining: 1,
  });

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
