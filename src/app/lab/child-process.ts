import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { TorError } from '../../base/errors/index.ts';

/** Process groups of this run that are still alive; killed when this process ends in whatever way it can notice. */
const alive = new Set<number>();
let guarded = false;

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // it ended already
  }
}

function guardExit(): void {
  if (guarded) return;
  guarded = true;
  process.on('exit', () => {
    for (const pid of alive) killGroup(pid, 'SIGKILL');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      for (const pid of alive) killGroup(pid, 'SIGKILL');
      process.kill(process.pid, signal);
    });
  }
}

export interface ChildOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (line: string) => void;
  readonly failed: (error: Error) => void;
}

/**
 * A process of ours in a group of its own, with its output kept line by line and in a file. Ended by pid, and with this
 * process whatever becomes of it.
 */
export class LabProcess {
  readonly name: string;
  readonly lines: string[] = [];
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  readonly #log: WriteStream;
  readonly #waiters = new Set<Waiter>();
  #partial = '';
  #ended: string | undefined;

  constructor(options: ChildOptions) {
    guardExit();
    this.name = options.name;
    const [file = '', ...args] = options.command;
    this.#log = createWriteStream(options.logFile, { flags: 'a' });
    this.#process = spawn(file, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    const pid = this.#process.pid;
    if (pid !== undefined) alive.add(pid);
    this.#process.stdout?.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#process.stderr?.on('data', (chunk: Buffer) => this.#read(chunk));
    this.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#ended !== undefined) return;
        this.#ended = how;
        if (pid !== undefined) alive.delete(pid);
        this.#log.end();
        for (const waiter of this.#waiters)
          waiter.failed(new TorError('LAB_FAILED', `${this.name} ${how}\n${this.tail()}`));
        this.#waiters.clear();
        resolve();
      };
      this.#process.once('error', (error) => end(`did not start: ${error.message}`));
      this.#process.once('close', (code, signal) => end(`ended with ${signal ?? `code ${code}`}`));
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get running(): boolean {
    return this.#ended === undefined;
  }

  /** The end of what it said. */
  tail(count = 15): string {
    return this.lines.slice(-count).join('\n');
  }

  /** Lines said so far that match. */
  search(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }

  /** The first line, said already (from `after` on) or to come, that matches. Rejects when the process ends first. */
  waitForLine(pattern: RegExp, options: { readonly timeoutMs: number; readonly after?: number }): Promise<string> {
    const said = this.lines.slice(options.after ?? 0).find((line) => pattern.test(line));
    if (said !== undefined) return Promise.resolve(said);
    if (this.#ended !== undefined)
      return Promise.reject(new TorError('LAB_FAILED', `${this.name} ${this.#ended}\n${this.tail()}`));
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
        waiter.failed(
          new TorError(
            'LAB_FAILED',
            `${this.name} did not say ${pattern} within ${options.timeoutMs} ms\n${this.tail()}`,
          ),
        );
      }, options.timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running && this.pid > 0) process.kill(this.pid, signal);
  }

  /** Ends the process and all it started, at once. */
  async kill(): Promise<void> {
    if (this.running && this.pid > 0) killGroup(this.pid, 'SIGKILL');
    await this.exited;
  }

  /** Asks it to end; kills it when it has not after the time given. */
  async stop(timeoutMs = 5000): Promise<void> {
    if (!this.running) return;
    const timer = setTimeout(() => void this.kill(), timeoutMs);
    this.signal('SIGTERM');
    await this.exited;
    clearTimeout(timer);
  }

  #read(chunk: Buffer): void {
    this.#log.write(chunk);
    const parts = (this.#partial + chunk.toString('latin1')).split('\n');
    this.#partial = parts.pop() ?? '';
    for (const line of parts) {
      this.lines.push(line);
      for (const waiter of this.#waiters) if (waiter.pattern.test(line)) waiter.found(line);
    }
  }
}
