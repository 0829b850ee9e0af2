import { TorError } from '../../base/errors/index.ts';

/** Waits for something that announces itself in no other way than by being there. */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  options: { readonly timeoutMs: number; readonly intervalMs?: number; readonly onTimeout?: () => string },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() >= deadline) {
      const more = options.onTimeout?.() ?? '';
      throw new TorError(
        'LAB_FAILED',
        `${what} did not happen within ${options.timeoutMs} ms${more === '' ? '' : `\n${more}`}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 100));
  }
}
