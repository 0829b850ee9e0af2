/** A data directory in C tor's layout. Names are relative to it, with `/` between folders. */
export interface DataStore {
  /** Undefined when there is no such file. Throws STORAGE_FAILED (unreadable, or longer than `maxBytes`). */
  read(name: string, options?: { readonly maxBytes?: number }): Promise<Uint8Array | undefined>;
  readText(name: string, options?: { readonly maxBytes?: number }): Promise<string | undefined>;
  /** Temporary file, fsync, rename: a reader sees the old content or the new, never a part. Mode 0600. */
  write(name: string, content: Uint8Array | string): Promise<void>;
  /** Adds at the end of a journal such as `cached-microdescs.new`. */
  append(name: string, content: Uint8Array | string): Promise<void>;
  remove(name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Names inside a folder, sorted; empty when there is none. */
  list(folder: string): Promise<string[]>;
  /** Moves a file that cannot be used out of the way, with a warning; `copy` leaves the original in place. */
  setAside(name: string, why: string, options?: { readonly copy?: boolean }): Promise<void>;
}

/** The `state` file: keyed lines; unknown keys are kept. */
export interface StateStore {
  get(key: string): string | undefined;
  getAll(key: string): readonly string[];
  set(key: string, value: string | undefined): void;
  setAll(key: string, values: readonly string[]): void;
  /** Asks for a write within `delayMs`. */
  saveSoon(delayMs: number): void;
  save(): Promise<void>;
}
