import type { AgentOptions } from 'node:http';
import type { AgentOptions as HttpsAgentOptions } from 'node:https';
import { TorError } from '../../base/errors/index.ts';
import { type SocketMaker, TorHttpAgent, TorHttpsAgent } from './agents.ts';
import { TorDispatcher } from './dispatcher.ts';

/** Everything that keeps HTTP connections of one context alive. */
export class HttpConnections {
  readonly #make: SocketMaker;
  /** As long as the program keeps them. */
  readonly #agents = new Set<WeakRef<TorHttpAgent | TorHttpsAgent>>();
  #dispatcher: TorDispatcher | undefined;

  constructor(make: SocketMaker) {
    this.#make = make;
  }

  dispatcher(): TorDispatcher {
    this.#dispatcher ??= new TorDispatcher(this.#make);
    return this.#dispatcher;
  }

  agent(options: AgentOptions): TorHttpAgent {
    return this.#remember(new TorHttpAgent(this.#make, options));
  }

  httpsAgent(options: HttpsAgentOptions): TorHttpsAgent {
    return this.#remember(new TorHttpsAgent(this.#make, options));
  }

  /** No connection that is there now carries another request; those that carry one may finish it. */
  retire(): void {
    for (const ref of this.#agents) ref.deref()?.retire();
    this.#dispatcher?.retire();
  }

  async close(): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#dispatcher = undefined;
    for (const ref of this.#agents) ref.deref()?.retire();
    await dispatcher?.destroy(new TorError('ABORTED'));
  }

  #remember<T extends TorHttpAgent | TorHttpsAgent>(agent: T): T {
    for (const ref of this.#agents) if (ref.deref() === undefined) this.#agents.delete(ref);
    this.#agents.add(new WeakRef(agent));
    return agent;
  }
}
