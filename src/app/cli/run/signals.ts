import { TorError } from '../../../base/errors/index.ts';
import type { Logger } from '../../../base/log/index.ts';
import type { Timers } from '../../../base/runtime/index.ts';
import { isRelay } from '../../../wire/torrc/index.ts';
import type { Configuration } from '../../node/config/index.ts';
import type { ExitCode } from '../program.ts';
import type { LogControl } from './log-control.ts';

export interface SignalDeps {
  readonly configuration: Configuration;
  readonly log: Logger;
  readonly logs: LogControl;
  readonly timers: Timers;
  readonly stats: () => readonly string[];
  /** A relay takes nothing new from now on. */
  readonly drain: () => void;
  /** AccountingMax is used up: nobody is there who would have to leave. */
  readonly hibernating: () => boolean;
  /** The configuration was read again: what failed before is tried again at once. */
  readonly refresh: () => void;
  /** RELOAD, DUMP or DEBUG was done. */
  readonly done: (name: string) => void;
  readonly end: (code: ExitCode) => void;
}

/** Gives the function that stops listening. */
export function listenToSignals(actions: SignalActions): () => void {
  const handlers = {
    SIGTERM: () => actions.terminate(),
    SIGINT: () => actions.interrupt(),
    SIGHUP: () => void actions.hangUp(),
    SIGUSR1: () => actions.dumpStats(),
    SIGUSR2: () => actions.debug(),
    SIGPIPE: () => undefined,
  } satisfies Partial<Record<NodeJS.Signals, () => void>>;
  const entries = Object.entries(handlers) as [NodeJS.Signals, () => void][];
  for (const [signal, handler] of entries) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of entries) process.off(signal, handler);
  };
}

/** What C tor does on each signal, in its words; a controller's SIGNAL comes here too. */
export class SignalActions {
  readonly #deps: SignalDeps;
  #interrupted = false;

  constructor(deps: SignalDeps) {
    this.#deps = deps;
  }

  terminate(): void {
    const { log, end } = this.#deps;
    log.notice('general', 'Catching signal TERM, exiting cleanly.');
    end(0);
  }

  /** At once for clients; a relay first lets others leave, for ShutdownWaitLength. */
  interrupt(): void {
    const { configuration, log, timers, end, hibernating } = this.#deps;
    if (!isRelay(configuration.settings.ports)) {
      log.notice('general', 'Interrupt: exiting cleanly.');
      end(0);
      return;
    }
    if (this.#interrupted || hibernating()) {
      const when = this.#interrupted ? 'a second time' : 'while hibernating';
      log.notice('general', `SIGINT received ${when}; exiting now.`);
      end(0);
      return;
    }
    this.#interrupted = true;
    this.#deps.drain();
    const seconds = configuration.options.get('ShutdownWaitLength');
    log.notice(
      'general',
      `Interrupt: we have stopped accepting new connections, and will shut down in ${seconds} seconds. ` +
        'Interrupt again to exit now.',
    );
    timers.after(seconds * 1000, () => {
      log.notice('general', 'Clean shutdown finished. Exiting.');
      end(0);
    });
  }

  /** Reads the configuration again and opens logs anew. A bad one ends the node, as in C tor. */
  async hangUp(): Promise<void> {
    const { configuration, log, logs, end } = this.#deps;
    log.notice('general', 'Received reload signal (hup). Reloading config and resetting internal state.');
    if (!configuration.options.get('__ReloadTorrcOnSIGHUP')) {
      log.notice('general', 'Not reloading config file: the controller told us not to.');
      this.#refresh();
      return;
    }
    try {
      logs.truncateNext();
      await configuration.reload();
      this.#refresh();
    } catch (error) {
      log.warn('config', TorError.from(error).message);
      log.err('config', 'Reading config failed--see warnings above. For usage, try -h.');
      log.warn('config', 'Restart failed (config error?). Exiting.');
      end(1);
    }
  }

  #refresh(): void {
    this.#deps.refresh();
    this.#deps.done('RELOAD');
  }

  dumpStats(): void {
    const { log, stats } = this.#deps;
    const severity = log.enabled('info') ? 'info' : 'notice';
    log.log(severity, 'general', 'Dumping stats:');
    for (const line of stats()) log.log(severity, 'general', line);
    this.#deps.done('DUMP');
  }

  debug(): void {
    const { log, logs } = this.#deps;
    logs.switchToDebug();
    log.debug('general', 'Caught USR2, going to loglevel debug. Send HUP to change back.');
    this.#deps.done('DEBUG');
  }
}
