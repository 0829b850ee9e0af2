import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lab, type LabNode, type NodeOptions, waitFor } from '../../src/app/lab/index.ts';
import { TorNetwork } from '../../test/interop/support/network.ts';
import { type TunedTor, tunedTor } from './tuned-tor.ts';

/** C tor as it comes, C tor without what makes it wait, and Tropea. */
export type Program = 'tor' | 'tuned' | 'tropea';
export const programs: readonly Program[] = ['tor', 'tuned', 'tropea'];
export type Position = 'Guard' | 'Middle' | 'Exit';
export const positions: readonly Position[] = ['Guard', 'Middle', 'Exit'];

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Of a service with two descriptors, on a hash ring this small. */
const leastUploads = 8;

/** Three relays of each program and the authorities, in one private network; clients and services come as needed. */
export class Stage {
  readonly net: Lab;
  readonly web: Place;
  readonly tuned: TunedTor;
  readonly #folder: string;
  readonly #clients = new Map<string, Promise<LabNode>>();

  private constructor(net: Lab, tuned: TunedTor, folder: string) {
    this.net = net;
    this.tuned = tuned;
    this.#folder = folder;
    this.web = { host: '127.0.0.1', port: net.httpPort };
  }

  static async start(): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'tropea-bench-'));
    const tuned = tunedTor(folder);
    const seat = (program: Program, position: Position): NodeOptions => ({
      name: `${program}${position}`,
      ...seatOf(program, tuned),
    });
    const net = await TorNetwork.start({
      // Clients that are told their guard need it to be called stable.
      authorities: [0, 1, 2].map(() => ({ torrc: ['AuthDirVoteStableGuaranteeMinUptime 1 second'] })),
      relays: programs.flatMap((program) => [seat(program, 'Guard'), seat(program, 'Middle')]),
      exits: programs.map((program) => seat(program, 'Exit')),
      timing: { votingIntervalS: 300 },
    });
    return new Stage(net, tuned, folder);
  }

  async stop(): Promise<void> {
    await this.net.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  relay(program: Program, position: Position): LabNode {
    return this.net.node(`${program}${position}`);
  }

  /** Names of all relays but those of one program. */
  others(program: Program): string[] {
    const relays = ['authority', 'relay', 'exit'] as const;
    const names = relays.flatMap((kind) => this.net.descriptions(kind).map(({ name }) => name));
    return names.filter((name) => !positions.some((position) => name === `${program}${position}`));
  }

  /** A client that takes the three relays of one program and no others. The same one when asked again. */
  pinned(client: Program, path: Program): Promise<LabNode> {
    return this.client(`${client}On${path}`, client, [
      ...positions.map((position) => `${listName[position]} ${path}${position}`),
      'StrictNodes 1',
      'ConfluxEnabled 0',
    ]);
  }

  /** A client of a program, made once for each name. */
  client(name: string, program: Program, lines: readonly string[] = []): Promise<LabNode> {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const seat = seatOf(program, this.tuned);
    const made = this.net.addClient({ name, ...seat, torrc: [...(seat.torrc ?? []), ...lines] });
    this.#clients.set(name, made);
    return made;
  }

  /** Ends the clients, so that they cost nothing while something else is measured. */
  async endClients(): Promise<void> {
    const clients = await Promise.allSettled(this.#clients.values());
    this.#clients.clear();
    await Promise.all(clients.map((each) => (each.status === 'fulfilled' ? each.value.kill() : undefined)));
  }

  /** Addresses of `count` onion services that one node of C tor offers; all lead to the web server. */
  async manyServices(count: number): Promise<string[]> {
    const control = await (await this.client('host', 'tuned')).control();
    await control.command('SETEVENTS HS_DESC');
    const names: string[] = [];
    for (let i = 0; i < count; i++) {
      const target = `Port=80,${this.web.host}:${this.web.port}`;
      const { lines } = await control.command(`ADD_ONION NEW:ED25519-V3 Flags=DiscardPK,Detach ${target}`);
      names.push(/ServiceID=(\w+)/.exec(lines.join('\n'))?.[1] ?? '');
    }
    const told = (action: string, name: string): number =>
      control.events.filter((event) => event.startsWith(`HS_DESC ${action} ${name} `)).length;
    // Two descriptors each, at all their directories: a client that asks too early remembers the failure.
    const published = (name: string): boolean => {
      const begun = told('UPLOAD', name);
      return begun >= leastUploads && told('UPLOADED', name) + told('FAILED', name) >= begun;
    };
    await waitFor('the services', () => Promise.resolve(names.every(published) || undefined), { timeoutMs: 60_000 });
    control.close();
    return names.map((name) => `${name}.onion`);
  }
}

const listName: Readonly<Record<Position, string>> = { Guard: 'EntryNodes', Middle: 'MiddleNodes', Exit: 'ExitNodes' };

export function seatOf(program: Program, tuned: TunedTor): Pick<NodeOptions, 'implementation' | 'torrc'> {
  if (program !== 'tuned') return { implementation: program };
  return { implementation: tuned.implementation, torrc: tuned.torrc ?? [] };
}
