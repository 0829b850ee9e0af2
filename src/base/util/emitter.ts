export type Listener<T> = (event: T) => void;

/**
 * Typed events for steps slower than a cell: `Events` maps an event's name to its value. A listener that throws is
 * reported to `onListenerError` and never disturbs the emitter: views watch, they do not take part.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();
  readonly #any = new Set<(name: keyof Events, event: Events[keyof Events]) => void>();
  onListenerError: (error: unknown) => void = () => undefined;

  /** Returns the function that ends the subscription. */
  on<K extends keyof Events>(name: K, listener: Listener<Events[K]>): () => void {
    let set = this.#listeners.get(name);
    if (set === undefined) {
      set = new Set();
      this.#listeners.set(name, set);
    }
    set.add(listener as Listener<never>);
    return () => {
      set.delete(listener as Listener<never>);
    };
  }

  /** Hears every event. */
  onAny(listener: (name: keyof Events, event: Events[keyof Events]) => void): () => void {
    this.#any.add(listener);
    return () => {
      this.#any.delete(listener);
    };
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    const set = this.#listeners.get(name);
    if (set !== undefined) {
      for (const listener of [...set]) {
        try {
          (listener as Listener<Events[K]>)(event);
        } catch (error) {
          this.onListenerError(error);
        }
      }
    }
    for (const listener of [...this.#any]) {
      try {
        listener(name, event);
      } catch (error) {
        this.onListenerError(error);
      }
    }
  }
}
