import { TorError } from '../../base/errors/index.ts';
import type { Timers } from '../../base/runtime/index.ts';
import { relayCommandName } from '../../wire/relaymsg/index.ts';
import type { CircuitMessage, Hop } from './types.ts';

interface Waiter {
  readonly commands: readonly number[];
  readonly hop: Hop | undefined;
  resolve(message: CircuitMessage): void;
  reject(error: unknown): void;
}

interface Listener {
  readonly commands: readonly number[];
  readonly hop: Hop | undefined;
  readonly listener: (message: CircuitMessage) => void;
}

export interface AwaitOptions {
  /** From which hop; without it from any. */
  readonly hop?: Hop;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Messages that somebody expects: once (`wait`) or until further notice (`listen`). */
export class Inbox {
  readonly #timers: Timers;
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<Listener>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  wait(commands: readonly number[], options: AwaitOptions): Promise<CircuitMessage> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiters.delete(waiter);
        timer?.cancel();
        options.signal?.removeEventListener('abort', abort);
      };
      const waiter: Waiter = {
        commands,
        hop: options.hop,
        resolve: (message) => {
          stop();
          resolve(message);
        },
        reject: (error) => {
          stop();
          reject(error);
        },
      };
      const abort = (): void => waiter.reject(new TorError('ABORTED', undefined, { cause: options.signal?.reason }));
      const timeout = (): void =>
        waiter.reject(new TorError('TIMEOUT', `no ${commands.map(relayCommandName).join(' or ')} came in time`));
      const timer = options.timeoutMs === undefined ? undefined : this.#timers.after(options.timeoutMs, timeout);
      this.#waiters.add(waiter);
      if (options.signal?.aborted) abort();
      else options.signal?.addEventListener('abort', abort, { once: true });
    });
  }

  listen(commands: readonly number[], listener: (message: CircuitMessage) => void, hop: Hop | undefined): () => void {
    const entry: Listener = { commands, listener, hop };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  /** Hands a message to the first waiter that wants it, else to every listener; false when nobody does. */
  deliver(command: number, body: Uint8Array, hop: Hop): boolean {
    for (const waiter of this.#waiters) {
      if (!wants(waiter, command, hop)) continue;
      waiter.resolve({ command, body: body.slice(), hop });
      return true;
    }
    let heard = false;
    for (const entry of [...this.#listeners]) {
      if (!wants(entry, command, hop)) continue;
      heard = true;
      entry.listener({ command, body: body.slice(), hop });
    }
    return heard;
  }

  close(error: TorError): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error);
    this.#listeners.clear();
  }
}

const wants = (
  entry: { readonly commands: readonly number[]; readonly hop: Hop | undefined },
  command: number,
  hop: Hop,
): boolean => entry.commands.includes(command) && (entry.hop === undefined || entry.hop === hop);
