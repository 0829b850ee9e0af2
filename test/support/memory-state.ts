import type { StateStore } from '../../src/network/storage/index.ts';

/** A state file that is never written. */
export class MemoryState implements StateStore {
  readonly #lines = new Map<string, readonly string[]>();

  get(key: string): string | undefined {
    return this.#lines.get(key)?.[0];
  }

  getAll(key: string): readonly string[] {
    return this.#lines.get(key) ?? [];
  }

  set(key: string, value: string | undefined): void {
    this.setAll(key, value === undefined ? [] : [value]);
  }

  setAll(key: string, values: readonly string[]): void {
    if (values.length === 0) this.#lines.delete(key);
    else this.#lines.set(key, values);
  }

  saveSoon(): void {}

  async save(): Promise<void> {}
}
