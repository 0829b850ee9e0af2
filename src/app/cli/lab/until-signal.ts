const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Stop {
  /** Aborted by Ctrl-C and the like. */
  readonly signal: AbortSignal;
  /** The same as Ctrl-C. */
  readonly stop: () => void;
  /** Signals end the process at once again. */
  readonly forget: () => void;
}

/** From now on Ctrl-C asks for an end in good order; a second one ends at once. */
export function untilSignal(): Stop {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(1);
    controller.abort();
  };
  const forget = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { signal: controller.signal, stop: () => controller.abort(), forget };
}

/** Resolves once the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
