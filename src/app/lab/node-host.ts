import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import { LabProcess } from './child-process.ts';
import type { HostReport, HostRequest } from './host-messages.ts';
import { hostCommand } from './implementation.ts';
import { LineLog } from './line-log.ts';
import type { NodeProcess } from './node-process.ts';

/** How many processes a network of many nodes wants: more than there are processors make nothing quicker. */
export const usualProcesses = (): number => Math.min(4, availableParallelism());

/** One process of Tropea with many nodes: it saves the memory and the start of all processes but one. */
export class NodeHost {
  readonly #process: LabProcess;
  readonly #nodes = new Map<number, HostedNode>();
  /** Seconds it took to load its code: how fast this machine is now. Rejects when it ends before. */
  readonly ready: Promise<number>;
  #isReady: (seconds: number) => void = () => undefined;
  #nextId = 1;

  /** Its own words, which are about the process and no node, go to a file in the folder. */
  constructor(folder: string, name: string) {
    this.#process = new LabProcess({
      name,
      command: hostCommand(),
      logFile: join(folder, `${name}.log`),
      onMessage: (message) => this.#hear(message as HostReport),
    });
    const { exited } = this.#process;
    this.ready = Promise.race([
      new Promise<number>((resolve) => {
        this.#isReady = resolve;
      }),
      exited.then(() => {
        throw new TorError('LAB_FAILED', `${name} ${this.#process.ended}\n${this.#process.tail()}`);
      }),
    ]);
    this.ready.catch(() => undefined);
    void exited.then(() => {
      const how = `ended with its process, which ${this.#process.ended ?? 'ended'}\n${this.#process.tail()}`;
      for (const node of this.#nodes.values()) node.end(how);
      this.#nodes.clear();
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#process.running;
  }

  start(options: { readonly name: string; readonly torrcFile: string; readonly logFile: string }): NodeProcess {
    const id = this.#nextId++;
    const send = (request: HostRequest): void => this.#process.send(request);
    const node = new HostedNode(options, {
      pid: this.pid,
      stop: () => send({ do: 'stop', id }),
      reload: () => send({ do: 'reload', id }),
      retry: () => send({ do: 'retry', id }),
    });
    if (!this.running) {
      node.end('could not start: its process is gone');
      return node;
    }
    this.#nodes.set(id, node);
    send({ do: 'start', id, torrc: options.torrcFile });
    return node;
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  #hear(report: HostReport): void {
    if ('ready' in report) {
      this.#isReady(report.ready);
      return;
    }
    const node = this.#nodes.get(report.id);
    if (node === undefined) return;
    if ('text' in report) node.add(report.text);
    else {
      this.#nodes.delete(report.id);
      node.end(report.ended);
    }
  }
}

interface HostedControls {
  readonly pid: number;
  readonly stop: () => void;
  readonly reload: () => void;
  readonly retry: () => void;
}

class HostedNode implements NodeProcess {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<void>;
  readonly #log: LineLog;
  readonly #controls: HostedControls;
  #exit: () => void = () => undefined;

  constructor(options: { readonly name: string; readonly logFile: string }, controls: HostedControls) {
    this.name = options.name;
    this.pid = controls.pid;
    this.#controls = controls;
    this.#log = new LineLog(options.name, options.logFile);
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  get running(): boolean {
    return this.#log.ended === undefined;
  }

  get ended(): string | undefined {
    return this.#log.ended;
  }

  get lines(): readonly string[] {
    return this.#log.lines;
  }

  add(text: string): void {
    this.#log.add(text);
  }

  end(how: string): void {
    this.#log.end(how);
    this.#exit();
  }

  tail(count = 15): string {
    return this.#log.tail(count);
  }

  search(pattern: RegExp): string[] {
    return this.#log.search(pattern);
  }

  waitForLine(pattern: RegExp, options: { readonly timeoutMs: number; readonly after?: number }): Promise<string> {
    return this.#log.waitForLine(pattern, options);
  }

  /** SIGHUP reloads, everything else that ends a process ends the node; it shares its process with others. */
  signal(signal: NodeJS.Signals): void {
    if (!this.running) return;
    if (signal === 'SIGHUP') this.#controls.reload();
    else if (signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGKILL') this.#controls.stop();
  }

  /** Without reading the torrc, which takes a while when many nodes do it at once. */
  retry(): void {
    if (this.running) this.#controls.retry();
  }

  kill(): Promise<void> {
    return this.stop();
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.exited;
  }
}
