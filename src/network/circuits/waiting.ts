import { TorError } from '../../base/errors/index.ts';
import type { Timers } from '../../base/runtime/index.ts';
import { type Deferred, deferred } from '../../base/util/index.ts';

export interface WaitLimits {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** What a timeout rejects with. */
  readonly onTimeout: () => TorError;
  /** The waiter gave up (timeout or abort), before the rejection. */
  readonly onGiveUp?: (error: TorError) => void;
}

/** The promise's outcome, or a rejection when the waiter gives up; the promise itself goes on. */
export function waitWithin<T>(timers: Timers, promise: Promise<T>, limits: WaitLimits): Promise<T> {
  const { signal, timeoutMs } = limits;
  if (signal === undefined && timeoutMs === undefined) return promise;
  return new Promise((resolve, reject) => {
    const giveUp = (error: TorError): void => {
      done();
      limits.onGiveUp?.(error);
      reject(error);
    };
    const onAbort = (): void => giveUp(new TorError('ABORTED'));
    const timer = timeoutMs === undefined ? undefined : timers.after(timeoutMs, () => giveUp(limits.onTimeout()));
    const done = (): void => {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    promise.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(error);
      },
    );
  });
}

/** A value that comes and goes, with those who wait for it. */
export class Awaited<T> {
  #value: T | undefined;
  #next: Deferred<T> = deferred();

  constructor() {
    this.#next.promise.catch(() => undefined);
  }

  get value(): T | undefined {
    return this.#value;
  }

  set(value: T | undefined): void {
    this.#value = value;
    if (value === undefined) return;
    this.#next.resolve(value);
    this.#renew();
  }

  /** Everybody who waits is refused. */
  fail(error: TorError): void {
    this.#next.reject(error);
    this.#renew();
  }

  next(): Promise<T> {
    return this.#value === undefined ? this.#next.promise : Promise.resolve(this.#value);
  }

  #renew(): void {
    this.#next = deferred();
    this.#next.promise.catch(() => undefined);
  }
}
