import type { Timer, Timers } from '../../../base/runtime/index.ts';
import type { TrafficTotals } from '../types.ts';
import type { EventHub } from './hub.ts';

const secondMs = 1000;
/** C tor keeps five minutes. */
const kept = 300;

/** BW, once a second, and the last of them. spec: control-spec 4.1.4 */
export class BandwidthEvents {
  readonly #deps: { readonly timers: Timers; readonly hub: EventHub; readonly traffic: () => TrafficTotals };
  readonly #recent: string[] = [];
  #last: TrafficTotals;
  #timer: Timer;

  constructor(deps: { readonly timers: Timers; readonly hub: EventHub; readonly traffic: () => TrafficTotals }) {
    this.#deps = deps;
    this.#last = deps.traffic();
    this.#timer = this.#next();
  }

  /** `read,written` with blanks between, oldest first. */
  recent(): string {
    return this.#recent.join(' ');
  }

  close(): void {
    this.#timer.cancel();
  }

  #next(): Timer {
    return this.#deps.timers.after(
      secondMs,
      () => {
        const now = this.#deps.traffic();
        const read = now.read - this.#last.read;
        const written = now.written - this.#last.written;
        this.#last = now;
        this.#recent.push(`${read},${written}`);
        if (this.#recent.length > kept) this.#recent.shift();
        this.#deps.hub.send('BW', `${read} ${written}`);
        this.#timer = this.#next();
      },
      { background: true },
    );
  }
}
