import { mkdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, TorError } from '../../base/errors/index.ts';
import type { Lab } from './lab.ts';
import type { NodeDescription } from './lab-node.ts';
import { clientAuthFolder } from './onion-files.ts';

export interface NodeStatus extends NodeDescription {
  readonly running: boolean;
  /** 0 while it does not run. */
  readonly pid: number;
  readonly bootstrapped: boolean;
}

export interface LabStatus {
  readonly name: string;
  readonly folder: string;
  readonly nodes: readonly NodeStatus[];
  /** Address of each onion service, by the name of its node. */
  readonly onions: Readonly<Record<string, string>>;
  /** Services that only some clients may reach: the `ClientOnionAuthDir` with the keys, by the name of the node. */
  readonly clientAuth: Readonly<Record<string, string>>;
  /** Lines of a torrc. */
  readonly dirAuthorities: readonly string[];
  readonly httpPort: number;
  readonly echoPort: number;
}

export type LabRequest =
  | { readonly do: 'status' | 'down' }
  | { readonly do: 'kill' | 'stop' | 'start' | 'restart'; readonly node: string };

type Answer = { readonly status: LabStatus } | { readonly error: string; readonly code?: ErrorCode };

/** Where a lab of this user lives; another process finds it by its name. */
export function labFolder(name: string): string {
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(name)) {
    throw new TorError('LAB_TOPOLOGY', 'The name of a lab has 1 to 32 letters, digits, - and _.');
  }
  return join(tmpdir(), `tropea-lab-${process.getuid?.() ?? 0}-${name}`);
}

const socketOf = (name: string): string => join(labFolder(name), 'lab.sock');

/** Makes the folder of a new lab, clearing away what a crashed one left. Throws LAB_COMMAND when one of that name runs. */
export async function claimLabFolder(name: string): Promise<string> {
  const free = await askLab(name, { do: 'status' }).then(
    () => false,
    (error: unknown) => TorError.is(error) && error.code === 'LAB_NOT_RUNNING',
  );
  if (!free) throw new TorError('LAB_COMMAND', `A lab called ${name} runs already.`);
  const folder = labFolder(name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

export function statusOf(name: string, lab: Lab): LabStatus {
  const nodes = lab.nodes.map((node) => ({
    ...node.describe(),
    running: node.running,
    pid: node.running ? node.process.pid : 0,
    bootstrapped: node.running && node.process.search(/Bootstrapped 100%/).length > 0,
  }));
  const onions = Object.fromEntries(Object.entries(lab.onions).map(([node, { hostname }]) => [node, hostname]));
  const clientAuth = Object.fromEntries(
    lab.nodes
      .filter((node) => (lab.onions[node.name]?.clients.length ?? 0) > 0)
      .map((node) => [node.name, clientAuthFolder(node.folder)]),
  );
  const { folder, dirAuthorities, httpPort, echoPort } = lab;
  return { name, folder, nodes, onions, clientAuth, dirAuthorities, httpPort, echoPort };
}

/** Answers the other commands of `tropea lab` for a network that this process starts, from before its start on. */
export class LabHost {
  /** Resolves when somebody asked for the end. */
  readonly ended: Promise<void>;
  readonly #name: string;
  #lab: Lab | undefined;
  readonly #server: Server;
  #end: () => void = () => {};

  private constructor(name: string) {
    this.#name = name;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  /** Makes the lab's folder. Nobody else can have one of that name from now on. Throws LAB_COMMAND when somebody has. */
  static async claim(name: string): Promise<LabHost> {
    await claimLabFolder(name);
    const host = new LabHost(name);
    await host.#listen();
    return host;
  }

  get folder(): string {
    return labFolder(this.#name);
  }

  /** The network is there: from now on it can be asked for more than its end. */
  async serve(lab: Lab): Promise<LabStatus> {
    this.#lab = lab;
    const status = statusOf(this.#name, lab);
    await writeFile(join(lab.folder, 'lab.json'), `${JSON.stringify(status, null, 1)}\n`);
    return status;
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(new TorError('LAB_COMMAND', `The lab ${this.#name} cannot be started: ${cause.message}.`, { cause })),
      );
      this.#server.listen(socketOf(this.#name), resolve);
    });
  }

  close(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > 10_000) socket.destroy();
    });
    socket.on('end', () => {
      void this.#answer(text).then((answer) => socket.end(JSON.stringify(answer)));
    });
  }

  async #answer(text: string): Promise<Answer> {
    try {
      const request = JSON.parse(text) as LabRequest;
      if (request.do === 'down') this.#end();
      const lab = this.#lab;
      if (lab === undefined) throw new TorError('LAB_STARTING', `The lab ${this.#name} is still starting.`);
      if ('node' in request) await steer(lab, request.do, request.node);
      return { status: statusOf(this.#name, lab) };
    } catch (error) {
      const { code, message } = TorError.from(error, 'LAB_FAILED');
      return { error: message, code };
    }
  }
}

async function steer(lab: Lab, what: 'kill' | 'stop' | 'start' | 'restart', name: string): Promise<void> {
  const node = lab.nodes.find((each) => each.name === name);
  if (node === undefined) {
    const names = lab.nodes.map((each) => each.name).join(', ');
    throw new TorError('LAB_COMMAND', `There is no node ${name}; there are ${names}.`);
  }
  if (what === 'kill') await node.kill();
  if (what === 'stop') await node.stop();
  if (what === 'start') node.start();
  if (what === 'restart') await node.restart();
}

/** Asks a running lab. Throws LAB_NOT_RUNNING when there is none, LAB_STARTING, LAB_COMMAND, LAB_FAILED. */
export function askLab(name: string, request: LabRequest): Promise<LabStatus> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketOf(name));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => reject(new TorError('LAB_NOT_RUNNING', `No lab called ${name} runs.`)));
    socket.on('end', () => {
      try {
        const answer = JSON.parse(text) as Answer;
        if ('status' in answer) resolve(answer.status);
        else reject(new TorError(answer.code ?? 'LAB_FAILED', answer.error));
      } catch (cause) {
        reject(new TorError('LAB_FAILED', 'The lab gave no answer.', { cause }));
      }
    });
    socket.end(JSON.stringify(request));
  });
}
