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

export class TorHttpAgent extends HttpAgent {
  readonly #make: SocketMaker;
  readonly #connections = new Connections();

  constructor(make: SocketMaker, options: AgentOptions) {
    super({ keepAlive: true, ...options });
    this.#make = make;
  }

  override createConnection(target: object): Duplex {
    const { port, ...rest }: Target = target;
    return this.#connections.add(this.#make(hostOf(rest), Number(port ?? 80)));
  }

  override keepSocketAlive(socket: Duplex): boolean {
    return this.#connections.has(socket) && keepsAlive(super.keepSocketAlive(socket));
  }

  retire(): void {
    this.#connections.retire(this);
  }
}

export class TorHttpsAgent extends HttpsAgent {
  readonly #make: SocketMaker;
  readonly #connections = new Connections();

  constructor(make: SocketMaker, options: HttpsAgentOptions) {
    super({ keepAlive: true, ...options });
    this.#make = make;
  }

  override createConnection(target: object): Duplex {
    const { host, hostname, port, servername, ...rest }: Target = target;
    const name = hostOf({ host: host ?? null, hostname: hostname ?? null });
    const socket = this.#make(name, Number(port ?? 443));
    return this.#connections.add(connectTls({ ...rest, socket, servername: servername || name }));
  }

  override keepSocketAlive(socket: Duplex): boolean {
    return this.#connections.has(socket) && keepsAlive(super.keepSocketAlive(socket));
  }

  retire(): void {
    this.#connections.retire(this);
  }
}

/** Which of an agent's connections may carry another request. */
class Connections {
  #current = new WeakSet<Duplex>();

  add(socket: Duplex): Duplex {
    this.#current.add(socket);
    return socket;
  }

  has(socket: Duplex): boolean {
    return this.#current.has(socket);
  }

  /** Ends those that wait, and lets those that carry a request finish it. */
  retire(agent: HttpAgent): void {
    this.#current = new WeakSet();
    for (const sockets of Object.values(agent.freeSockets)) {
      for (const socket of [...(sockets ?? [])]) socket.destroy();
    }
  }
}

/** It says so, although its type does not. */
const keepsAlive = (answer: unknown): boolean => answer !== false;
