import { createWriteStream, type WriteStream } from 'node:fs';
import { TorError } from '../../base/errors/index.ts';

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (line: string) => void;
  readonly failed: (error: Error) => void;
}

/** What a node says: kept line by line and in a file, for those who wait for a line. */
export class LineLog {
  readonly lines: string[] = [];
  readonly #name: string;
  readonly #file: WriteStream;
  readonly #waiters = new Set<Waiter>();
  #partial = '';
  #ended: string | undefined;

  constructor(name: string, logFile: string) {
    this.#name = name;
    this.#file = createWriteStream(logFile, { flags: 'a' });
  }

  /** Why nothing more comes. */
  get ended(): string | undefined {
    return this.#ended;
  }

  add(text: string): void {
    if (this.#ended !== undefined) return;
    this.#file.write(text, 'latin1');
    const parts = (this.#partial + text).split('\n');
    this.#partial = parts.pop() ?? '';
    for (const line of parts) {
      this.lines.push(line);
      for (const waiter of this.#waiters) if (waiter.pattern.test(line)) waiter.found(line);
    }
  }

  /** Nothing more comes. */
  end(how: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = how;
    this.#file.end();
    for (const waiter of this.#waiters) waiter.failed(this.#failure(how));
    this.#waiters.clear();
  }

  /** The end of what was said. */
  tail(count = 15): string {
    return this.lines.slice(-count).join('\n');
  }

  /** Lines said so far that match. */
  search(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  /** The first line, said already (from `after` on) or to come, that matches. Rejects when the node ends first. */
  waitForLine(pattern: RegExp, options: { readonly timeoutMs: number; readonly after?: number }): Promise<string> {
    const said = this.lines.slice(options.after ?? 0).find((line) => pattern.test(line));
    if (said !== undefined) return Promise.resolve(said);
    if (this.#ended !== undefined) return Promise.reject(this.#failure(this.#ended));
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        act();
      };
      const waiter: Waiter = {
        pattern,
        found: (line) => settle(() => resolve(line)),
        failed: (error) => settle(() => reject(error)),
      };
      const timer = setTimeout(() => {
        waiter.failed(this.#failure(`did not say ${pattern} within ${options.timeoutMs} ms`));
      }, options.timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  #failure(what: string): TorError {
    return new TorError('LAB_FAILED', `${this.#name} ${what}\n${this.tail()}`);
  }
}
