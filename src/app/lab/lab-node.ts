import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import { LabProcess } from './child-process.ts';
import { ControlClient } from './control-client.ts';
import { commandOf, type Implementation, implementationName } from './implementation.ts';
import type { NodeHost } from './node-host.ts';
import type { NodeProcess } from './node-process.ts';
import { waitFor } from './wait.ts';

export type NodeKind = 'authority' | 'relay' | 'exit' | 'bridge' | 'onion' | 'client';

/** What another process needs to know of a running node. */
export interface NodeDescription {
  readonly kind: NodeKind;
  readonly name: string;
  readonly implementation: string;
  readonly folder: string;
  readonly address: string;
  readonly orPort: number;
  readonly dirPort: number;
  readonly socksPort: number;
  readonly controlPort: number;
}

/** One node of a private network: a folder with a torrc, and the process that runs it. */
export class LabNode implements NodeDescription {
  readonly kind: NodeKind;
  readonly name: string;
  readonly implementation: string;
  readonly folder: string;
  readonly address: string;
  readonly orPort: number;
  readonly dirPort: number;
  readonly socksPort: number;
  readonly controlPort: number;
  readonly #command: readonly string[];
  readonly #host: NodeHost | undefined;
  #child: NodeProcess | undefined;

  /** With a host the node is one of several in that process, else it has a process of its own. */
  constructor(implementation: Implementation, description: Omit<NodeDescription, 'implementation'>, host?: NodeHost) {
    this.kind = description.kind;
    this.name = description.name;
    this.implementation = implementationName(implementation);
    this.folder = description.folder;
    this.address = description.address;
    this.orPort = description.orPort;
    this.dirPort = description.dirPort;
    this.socksPort = description.socksPort;
    this.controlPort = description.controlPort;
    this.#command = commandOf(implementation);
    this.#host = host;
  }

  describe(): NodeDescription {
    const { kind, name, implementation, folder, address, orPort, dirPort, socksPort, controlPort } = this;
    return { kind, name, implementation, folder, address, orPort, dirPort, socksPort, controlPort };
  }

  get dataDirectory(): string {
    return join(this.folder, 'data');
  }

  get torrcFile(): string {
    return join(this.folder, 'torrc');
  }

  get logFile(): string {
    return join(this.folder, 'log');
  }

  /** The process; throws before the first start, and in a process that did not start it. */
  get process(): NodeProcess {
    if (this.#child === undefined) throw new TorError('LAB_FAILED', `${this.name} was not started here`);
    return this.#child;
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  async write(torrc: string): Promise<void> {
    await mkdir(this.dataDirectory, { recursive: true, mode: 0o700 });
    await writeFile(this.torrcFile, torrc);
  }

  /** Starts the process; says nothing about whether it is ready. */
  start(): void {
    if (this.running) throw new TorError('LAB_COMMAND', `${this.name} runs already.`);
    const { name, torrcFile, logFile } = this;
    this.#child =
      this.#host?.start({ name, torrcFile, logFile }) ??
      new LabProcess({ name, command: [...this.#command, '-f', torrcFile], logFile });
  }

  /** Resolves when the node says `Bootstrapped 100%`. */
  async bootstrapped(timeoutMs = 60_000): Promise<void> {
    await this.process.waitForLine(/Bootstrapped 100%/, { timeoutMs });
  }

  /** Resolves when the node says, or has said, a matching line. */
  waitForLog(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    return this.process.waitForLine(pattern, { timeoutMs });
  }

  /** How it ended, and the end of what it said. */
  lastWords(): string {
    const tail = this.#child?.tail() ?? '';
    return `${this.name} ${this.#child?.ended ?? 'ended'}${tail === '' ? '' : `\n${tail}`}`;
  }

  /** Lines of severity warn and err, less those that every private network has. */
  warnings(): string[] {
    return this.process.search(/\[(warn|err)\]/).filter((line) => !usual.some((pattern) => pattern.test(line)));
  }

  /** Ends it as an operator does. */
  stop(): Promise<void> {
    return this.#child?.stop() ?? Promise.resolve();
  }

  /** Ends it as a power cut does; a node that shares its process, as an operator does. */
  kill(): Promise<void> {
    return this.#child?.kill() ?? Promise.resolve();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  /** Reads the torrc again, on a running node. */
  reload(): void {
    this.process.signal('SIGHUP');
  }

  /** A control connection, as soon as the node listens. Rejects when the node ends before. */
  control(timeoutMs = 20_000): Promise<ControlClient> {
    const open = async (): Promise<ControlClient | undefined> => {
      if (this.#child?.running === false) throw new TorError('LAB_FAILED', this.lastWords());
      return ControlClient.open(this.controlPort, { address: this.address }).catch(() => undefined);
    };
    return waitFor(`the control port of ${this.name}`, open, { timeoutMs, intervalMs: 50 });
  }

  /** SHA-1 of the relay identity key, base16; relays only, once they run. */
  async fingerprint(): Promise<string> {
    const text = await readFile(join(this.dataDirectory, 'fingerprint'), 'latin1');
    const found = /[0-9A-F]{40}/.exec(text)?.[0];
    if (found === undefined) throw new TorError('LAB_FAILED', `${this.name} has no fingerprint`);
    return found;
  }

  /** The same, as soon as there is one. */
  waitForFingerprint(timeoutMs = 30_000): Promise<string> {
    const look = async (): Promise<string | undefined> => {
      if (!this.running) throw new TorError('LAB_FAILED', `${this.name} does not run`);
      return await this.fingerprint().catch(() => undefined);
    };
    return waitFor(`the fingerprint of ${this.name}`, look, { timeoutMs });
  }
}

/** What C tor warns of in every private network. */
const usual: readonly RegExp[] = [
  /TestingTorNetwork is set/,
  /ControlPort is open, but no authentication/,
  /You have used DirAuthority/,
  /You are running Tor as root/,
  /ContactInfo config option is not set/,
  /you disabled SafeLogging/,
  /V3AuthVotingInterval is very low/,
  /Cannot open fingerprint file/,
  /Could not open .*sr-state|Unable to read SR state file/,
  /http status code 404 \("Not found"\) .* while fetching consensus directory/,
];
