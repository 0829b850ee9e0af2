import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('tropea.mjs', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The program from its sources, in a process of its own. */
export class TropeaProcess {
  output = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  readonly #waiters = new Set<() => void>();

  /** `before`: JavaScript that the process runs first. */
  constructor(args: readonly string[], options: { readonly before?: string } = {}) {
    const first = options.before === undefined ? [] : ['--import', `data:text/javascript,${options.before}`];
    this.#child = spawn(process.execPath, ['--import', 'tsx', ...first, program, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        for (const look of [...this.#waiters]) look();
      });
    }
    this.#closed = once(this.#child, 'close').then(([code]) => {
      for (const look of [...this.#waiters]) look();
      return code as number | null;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves once the output, from `from` on, matches. Rejects when the process ends before. */
  said(pattern: RegExp, from = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.test(this.output.slice(from));
        if (!found && this.#child.exitCode === null && this.#child.signalCode === null) return;
        this.#waiters.delete(look);
        if (found) resolve();
        else reject(new Error(`ended without ${pattern}:\n${this.output}`));
      };
      this.#waiters.add(look);
      look();
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  ended(): Promise<number | null> {
    return this.#closed;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
