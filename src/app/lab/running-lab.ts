import { mkdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TorError } from '../../base/errors/index.ts';
import type { Lab } from './lab.ts';
import type { NodeDescription } from './lab-node.ts';

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
  /** Lines of a torrc. */
  readonly dirAuthorities: readonly string[];
  readonly httpPort: number;
  readonly echoPort: number;
}

export type LabRequest =
  | { readonly do: 'status' | 'down' }
  | { readonly do: 'kill' | 'stop' | 'start' | 'restart'; readonly node: string };

type Answer = { readonly status: LabStatus } | { readonly error: string };

/** Where a lab of this user lives; another process finds it by its name. */
export function labFolder(name: string): string {
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(name)) {
    throw new TorError('LAB_TOPOLOGY', 'The name of a lab has 1 to 32 letters, digits, - and _.');
  }
  return join(tmpdir(), `tropea-lab-${process.getuid?.() ?? 0}-${name}`);
}

const socketOf = (name: string): string => join(labFolder(name), 'lab.sock');

/** Makes the folder of a new lab, clearing away what a crashed one left. Throws LAB_FAILED when one of that name runs. */
export async function claimLabFolder(name: string): Promise<string> {
  const running = await askLab(name, { do: 'status' }).catch(() => undefined);
  if (running !== undefined) throw new TorError('LAB_FAILED', `A lab called ${name} runs already.`);
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
  const { folder, dirAuthorities, httpPort, echoPort } = lab;
  return { name, folder, nodes, onions, dirAuthorities, httpPort, echoPort };
}

/** Answers the other commands of `tropea lab` for a network that this process started. */
export class LabHost {
  /** Resolves when somebody asked for the end. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #lab: Lab;
  readonly #server: Server;
  #end: () => void = () => {};

  constructor(name: string, lab: Lab) {
    this.#name = name;
    this.#lab = lab;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(socketOf(this.#name), resolve);
    });
    await writeFile(
      join(this.#lab.folder, 'lab.json'),
      `${JSON.stringify(statusOf(this.#name, this.#lab), null, 1)}\n`,
    );
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
      if ('node' in request) await this.#steer(request.do, request.node);
      else if (request.do === 'down') this.#end();
      return { status: statusOf(this.#name, this.#lab) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  async #steer(what: 'kill' | 'stop' | 'start' | 'restart', name: string): Promise<void> {
    const node = this.#lab.node(name);
    if (what === 'kill') await node.kill();
    if (what === 'stop') await node.stop();
    if (what === 'start') node.start();
    if (what === 'restart') await node.restart();
  }
}

/** Asks a running lab. Throws LAB_NOT_RUNNING when there is none, LAB_FAILED when it cannot do what it is asked. */
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
        else reject(new TorError('LAB_FAILED', answer.error));
      } catch (cause) {
        reject(new TorError('LAB_FAILED', 'The lab gave no answer.', { cause }));
      }
    });
    socket.end(JSON.stringify(request));
  });
}
