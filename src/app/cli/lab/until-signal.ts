const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Stop {
  /** Aborted by Ctrl-C and the like. */
  readonly signal: AbortSignal;
  /** Signals end the process at once again. */
  readonly forget: () => void;
}

/** From now on Ctrl-C asks for an end in good order; a second one ends at once. */
export function untilSignal(): Stop {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
  };
  const forget = (): void => {
    for (const signal of signals) process.off(signal, stop);
  };
  for (const signal of signals) process.on(signal, stop);
  return { signal: controller.signal, forget };
}

/** Resolves once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
