import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lab, type LabNode, type NodeOptions, waitFor } from '../../src/app/lab/index.ts';
import { TorNetwork } from '../../test/interop/support/network.ts';
import type { Place } from './loads.ts';
import { TrafficServer } from './traffic-server.ts';
import { type TunedTor, tunedTor } from './tuned-tor.ts';

/** C tor as it comes, C tor without what makes it wait, and Tropea. */
export type Program = 'tor' | 'tuned' | 'tropea';
export const programs: readonly Program[] = ['tor', 'tuned', 'tropea'];
export type Position = 'guard' | 'middle' | 'exit';
export const positions: readonly Position[] = ['guard', 'middle', 'exit'];

/** How many of each position a network has. */
type Seats = Readonly<Record<Position, number>>;
/** Of a service with two descriptors, on a hash ring this small. */
const leastUploads = 8;

const namesOf = (position: Position, seats: Seats): string[] =>
  Array.from({ length: seats[position] }, (_, i) => `${position}${i}`);

/**
 * Only guards are called Guard, and there are so few of them and of the exits that the bandwidth weights keep both from
 * standing in the middle of circuits. Without that a client of C tor in a network this small now and then chooses its
 * guard as meeting point, which fails, and after six failures it makes no circuit for up to a minute.
 */
const authorityLines = (seats: Seats): readonly string[] => [
  // The slash takes back what every private network has, every relay; these sets grow line by line.
  '/TestingDirAuthVoteGuard',
  `TestingDirAuthVoteGuard ${namesOf('guard', seats).join(',')}`,
  'TestingDirAuthVoteGuardIsStrict 1',
  '/TestingDirAuthVoteHSDir',
  `TestingDirAuthVoteHSDir ${[...namesOf('middle', seats), ...namesOf('exit', seats)].join(',')}`,
  'TestingDirAuthVoteHSDirIsStrict 1',
  // Clients that are told their guard need it to be called stable.
  'AuthDirVoteStableGuaranteeMinUptime 1 second',
];

/** Case 2a of the weights: scarce guards, and exits more by at least two, but less than a third of all. */
const seatsOf = (relays: readonly Program[]): Seats =>
  relays.length > 2 ? { guard: 3, middle: 7, exit: 5 } : { guard: 2, middle: 6, exit: 4 };

export interface StageOptions {
  /** Whose authorities stand there. */
  readonly authorities: Program;
  /** Of each position, the relays are of these programs in turn. */
  readonly relays: readonly Program[];
}

/** One private network with relays of known positions; clients and services come as needed. */
export class Stage {
  readonly net: Lab;
  readonly web: Place;
  readonly tuned: TunedTor;
  readonly #server: TrafficServer;
  readonly #options: StageOptions;
  readonly #folder: string;
  readonly #clients = new Map<string, Promise<LabNode>>();

  private constructor(parts: {
    readonly net: Lab;
    readonly tuned: TunedTor;
    readonly server: TrafficServer;
    readonly folder: string;
    readonly options: StageOptions;
  }) {
    this.net = parts.net;
    this.tuned = parts.tuned;
    this.#server = parts.server;
    this.#folder = parts.folder;
    this.#options = parts.options;
    this.web = { host: '127.0.0.1', port: parts.server.port, server: parts.server };
  }

  static async start(options: StageOptions): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'tropea-bench-'));
    const server = await TrafficServer.start();
    try {
      const tuned = tunedTor(folder);
      const seats = seatsOf(options.relays);
      const seat = (name: string, index: number): NodeOptions => ({
        name,
        ...seatOf(options.relays[index % options.relays.length] ?? 'tor', tuned),
      });
      const authority = seatOf(options.authorities, tuned);
      const net = await TorNetwork.start({
        authorities: [0, 1, 2].map(() => ({
          ...authority,
          torrc: [...(authority.torrc ?? []), ...authorityLines(seats)],
        })),
        relays: [...namesOf('guard', seats).map(seat), ...namesOf('middle', seats).map(seat)],
        exits: namesOf('exit', seats).map(seat),
        timing: { votingIntervalS: 300 },
        // Introduction points let no more than 25 clients a second through unless told otherwise.
        consensusParams: { HiddenServiceEnableIntroDoSDefense: 0 },
      });
      return new Stage({ net, tuned, server, folder, options });
    } catch (error) {
      server.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.net.stop();
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The first relay in this position, or the first of a program. */
  relay(position: Position, program?: Program): LabNode {
    const index = program === undefined ? 0 : this.#options.relays.indexOf(program);
    return this.net.node(`${position}${index}`);
  }

  /** Every relay and authority that was started. */
  relays(): LabNode[] {
    return this.net.nodes.filter(({ kind }) => kind === 'authority' || kind === 'relay' || kind === 'exit');
  }

  /** Names of the relays that may stand in the middle and are of any program but this. */
  otherMiddles(program: Program): string[] {
    return this.relays()
      .filter(
        ({ kind, name }) => kind === 'authority' || (name.startsWith('middle') && this.#program(name) !== program),
      )
      .map(({ name }) => name);
  }

  #program(name: string): Program | undefined {
    const { relays } = this.#options;
    return relays[Number(/\d+$/.exec(name)?.[0] ?? 0) % relays.length];
  }

  /** A client that takes one relay in each position, of one program if told. The same one when asked again. */
  pinned(client: Program, path?: Program): Promise<LabNode> {
    return this.client(`${client}On${path ?? 'all'}`, client, [
      ...positions.map((position) => `${listName[position]} ${this.relay(position, path).name}`),
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

  /** A fresh onion service of a program; resolves when its descriptors are uploaded, rejects after `timeoutMs`. */
  async service(
    name: string,
    program: Program,
    { timeoutMs, lines = [] }: { readonly timeoutMs: number; readonly lines?: readonly string[] },
  ): Promise<{ node: LabNode; place: Place }> {
    const ports = [{ virtualPort: 80, target: `127.0.0.1:${this.web.port}` }];
    const seat = seatOf(program, this.tuned);
    const started = this.net.addOnionService({ name, ...seat, torrc: [...(seat.torrc ?? []), ...lines], ports });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not published within ${timeoutMs / 1000} s`)), timeoutMs);
    });
    try {
      const node = await Promise.race([started, late]);
      return { node, place: { ...this.web, host: this.net.onion(name).hostname, port: 80 } };
    } catch (error) {
      await this.net.nodes.find((node) => node.name === name)?.kill();
      void started.then(
        (node) => node.kill(),
        () => undefined,
      );
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Onion services that one node offers; all lead to the traffic server. */
  async manyServices(count: number, program: Program = 'tuned'): Promise<Place[]> {
    const control = await (await this.client('host', program)).control();
    try {
      await control.command('SETEVENTS HS_DESC');
      const names: string[] = [];
      for (let i = 0; i < count; i++) {
        const target = `Port=80,127.0.0.1:${this.web.port}`;
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
      const look = (): readonly string[] | undefined => (names.every(published) ? names : undefined);
      await waitFor('the services', look, { timeoutMs: 60_000 }).catch((error: unknown) => {
        // Those that are there will do.
        if (!names.some(published)) throw error;
      });
      return names.filter(published).map((name) => ({ ...this.web, host: `${name}.onion`, port: 80 }));
    } finally {
      control.close();
    }
  }
}

const listName: Readonly<Record<Position, string>> = { guard: 'EntryNodes', middle: 'MiddleNodes', exit: 'ExitNodes' };

export function seatOf(program: Program, tuned: TunedTor): Pick<NodeOptions, 'implementation' | 'torrc'> {
  if (program !== 'tuned') return { implementation: program };
  return { implementation: tuned.implementation, torrc: tuned.torrc ?? [] };
}
