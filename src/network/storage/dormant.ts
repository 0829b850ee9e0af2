import type { StateStore } from './types.ts';

/** Whether the client went to sleep for want of use. */
export interface StoredDormancy {
  /** Undefined when the file says nothing: a first start, or the answer for `DormantOnFirstStartup`. */
  readonly dormant: boolean | undefined;
  readonly minutesSinceUserActivity: number;
}

export function readDormancy(state: StateStore): StoredDormancy {
  const text = state.get('Dormant');
  return {
    dormant: text === undefined ? undefined : text !== '0',
    minutesSinceUserActivity: Number(state.get('MinutesSinceUserActivity') ?? 0),
  };
}

/** C tor writes the minutes only when they are not zero. */
export function writeDormancy(state: StateStore, dormant: boolean, minutesSinceUserActivity: number): void {
  state.set('Dormant', dormant ? '1' : '0');
  state.set('MinutesSinceUserActivity', minutesSinceUserActivity === 0 ? undefined : String(minutesSinceUserActivity));
}
