import { TorError } from '../../base/errors/index.ts';

export const abortedBy = (signal: AbortSignal | undefined): TorError =>
  new TorError('ABORTED', undefined, { cause: signal?.reason });

/** Throws ABORTED, not what the signal carries: every error of this library has a code. */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedBy(signal);
}
