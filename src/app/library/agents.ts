import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { TorSocket } from './tor-socket.ts';

/** Opens a connection of some context. */
export type SocketMaker = (host: string, port: number) => TorSocket;

interface Target {
  readonly host?: string | null;
  readonly hostname?: string | null;
  readonly port?: number | string | null;
  readonly servername?: string;
}

const hostOf = (target: Target): string => target.host ?? target.hostname ?? 'localhost';

class TorHttpAgent extends HttpAgent {
  readonly #make: SocketMaker;

  constructor(make: SocketMaker, options: AgentOptions) {
    super({ keepAlive: true, ...options });
    this.#make = make;
  }

  override createConnection(target: object): Duplex {
    const { port, ...rest }: Target = target;
    return this.#make(hostOf(rest), Number(port ?? 80));
  }
}

class TorHttpsAgent extends HttpsAgent {
  readonly #make: SocketMaker;

  constructor(make: SocketMaker, options: HttpsAgentOptions) {
    super({ keepAlive: true, ...options });
    this.#make = make;
  }

  override createConnection(target: object): Duplex {
    const { host, hostname, port, servername, ...rest }: Target = target;
    const name = hostOf({ host: host ?? null, hostname: hostname ?? null });
    const socket = this.#make(name, Number(port ?? 443));
    return connectTls({ ...rest, socket, servername: servername || name });
  }
}

export const onionAgent = (make: SocketMaker, options: AgentOptions): HttpAgent => new TorHttpAgent(make, options);

export const onionHttpsAgent = (make: SocketMaker, options: HttpsAgentOptions): HttpsAgent =>
  new TorHttpsAgent(make, options);
