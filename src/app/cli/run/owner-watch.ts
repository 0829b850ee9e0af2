import { systemErrorCode } from '../../../base/errors/index.ts';
import type { Timer, Timers } from '../../../base/runtime/index.ts';

/** C tor looks as often. */
const intervalMs = 15_000;

/** `__OwningControllerProcess`: calls back when that process is no more. Gives the function that ends the watch. */
export function watchOwner(timers: Timers, processId: string | undefined, gone: () => void): () => void {
  const pid = Number(/^\d+/.exec(processId ?? '')?.[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return () => undefined;
  let timer: Timer;
  const look = (): void => {
    if (isAlive(pid)) timer = timers.after(intervalMs, look, { background: true });
    else gone();
  };
  timer = timers.after(0, look, { background: true });
  return () => timer.cancel();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}
