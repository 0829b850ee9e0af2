import { type ChildProcess, spawn } from 'node:child_process';
import { LineLog } from './line-log.ts';
import type { NodeProcess } from './node-process.ts';
import { guardGroup, killGroup } from './own-groups.ts';

export interface ChildOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Hears what the process sends over a channel of its own; without it there is none. */
  readonly onMessage?: (message: unknown) => void;
}

/**
 * A process of ours in a group of its own, with its output kept line by line and in a file. Ended by pid, and with this
 * process whatever becomes of it.
 */
export class LabProcess implements NodeProcess {
  readonly name: string;
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  readonly #log: LineLog;

  constructor(options: ChildOptions) {
    this.name = options.name;
    const [file = '', ...args] = options.command;
    this.#log = new LineLog(options.name, options.logFile);
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(options.onMessage === undefined ? [] : (['ipc'] as const))],
      env: { ...process.env, ...options.env },
    });
    this.#process = child;
    const forget = child.pid === undefined ? () => undefined : guardGroup(child.pid);
    const read = (chunk: Buffer): void => this.#log.add(chunk.toString('latin1'));
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    if (options.onMessage !== undefined) child.on('message', options.onMessage);
    this.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        forget();
        this.#log.end(how);
        resolve();
      };
      child.once('error', (error) => end(`did not start: ${error.message}`));
      child.once('close', (code, signal) => end(`ended with ${signal ?? `code ${code}`}`));
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get running(): boolean {
    return this.#log.ended === undefined;
  }

  get lines(): readonly string[] {
    return this.#log.lines;
  }

  /** How it ended. */
  get ended(): string | undefined {
    return this.#log.ended;
  }

  tail(count = 15): string {
    return this.#log.tail(count);
  }

  search(pattern: RegExp): string[] {
    return this.#log.search(pattern);
  }

  /** The first line, said already (from `after` on) or to come, that matches. Rejects when the process ends first. */
  waitForLine(pattern: RegExp, options: { readonly timeoutMs: number; readonly after?: number }): Promise<string> {
    return this.#log.waitForLine(pattern, options);
  }

  /** To a process that was given `onMessage`. */
  send(message: object): void {
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running && this.pid > 0) process.kill(this.pid, signal);
  }

  retry(): void {
    this.signal('SIGHUP');
  }

  async kill(): Promise<void> {
    if (this.running && this.pid > 0) killGroup(this.pid, 'SIGKILL');
    await this.exited;
  }

  async stop(timeoutMs = 5000): Promise<void> {
    if (!this.running) return;
    const timer = setTimeout(() => void this.kill(), timeoutMs);
    this.signal('SIGTERM');
    await this.exited;
    clearTimeout(timer);
  }
}
