import { spawn } from 'node:child_process';
import type { Logger } from '../../../base/log/index.ts';
import type { Timer, Timers } from '../../../base/runtime/index.ts';

export interface ServiceManagerDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timers: Timers;
  readonly log: Logger;
}

/**
 * Tells systemd that we are ready, alive (WatchdogSec) and stopping, as C tor does. Node.js has no datagram sockets of
 * this kind, so the program `systemd-notify` says it, which a unit with `NotifyAccess=all`, as Debian's, listens to.
 */
export class ServiceManager {
  readonly #deps: ServiceManagerDeps;
  #watchdog: Timer | undefined;
  #broken = false;

  constructor(deps: ServiceManagerDeps) {
    this.#deps = deps;
  }

  async ready(): Promise<void> {
    await this.#tell('READY=1');
    this.#feedWatchdog();
  }

  async stopping(): Promise<void> {
    this.#watchdog?.cancel();
    await this.#tell('STOPPING=1');
  }

  /** Twice as often as it must be. */
  #feedWatchdog(): void {
    const { env, timers } = this.#deps;
    const limitMs = Number(env.WATCHDOG_USEC ?? 0) / 1000;
    const isOurs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(process.pid);
    if (!(limitMs > 0) || !isOurs || this.#broken) return;
    const feed = (): void => void this.#tell('WATCHDOG=1').then(() => this.#feedWatchdog());
    this.#watchdog = timers.after(limitMs / 2, feed, { background: true });
  }

  /** Resolves when it was said, or could not be. */
  #tell(state: string): Promise<void> {
    const { env, log } = this.#deps;
    if (env.NOTIFY_SOCKET === undefined || this.#broken) return Promise.resolve();
    return new Promise((resolve) => {
      const child = spawn('systemd-notify', [state], { stdio: 'ignore', env });
      child.once('error', (error) => {
        this.#broken = true;
        log.warn('general', `Cannot tell the service manager "${state}": ${error.message}`);
        resolve();
      });
      child.once('close', () => resolve());
    });
  }
}
