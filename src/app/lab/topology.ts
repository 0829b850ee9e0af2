import { TorError } from '../../base/errors/index.ts';
import { nearestOf } from '../../wire/torrc/index.ts';
import type { Implementation } from './implementation.ts';
import type { Timing } from './node-torrc.ts';
import type { OnionPort } from './onion-files.ts';

export interface NodeOptions {
  readonly name?: string;
  /** The program in this seat. Default: the network's. */
  readonly implementation?: Implementation;
  /** Lines added at the end of the torrc. */
  readonly torrc?: readonly string[];
}

export interface RelayOptions extends NodeOptions {
  /** Listens on [::1] too. */
  readonly ipv6?: boolean;
}

export interface ClientOptions extends NodeOptions {
  /** Goes through these bridges of the network, by name. */
  readonly bridges?: readonly string[];
}

export interface OnionServiceOptions extends NodeOptions {
  /** Default: 80 to the network's web server, 7 to its echo server. */
  readonly ports?: readonly OnionPort[];
  /** Names of the clients that may read the descriptor; keys are made for each. Default: everybody may. */
  readonly clients?: readonly string[];
  /** More lines of the service, such as `HiddenServiceNumIntroductionPoints 4`. */
  readonly service?: readonly string[];
}

/** A private network as a user writes it down. Each count may be a list that says more about each node. */
export interface LabTopology {
  /** Default: 3. */
  readonly authorities?: number | readonly NodeOptions[];
  /** Relays that are no exits. Default: 3. */
  readonly relays?: number | readonly RelayOptions[];
  /** Default: 2. */
  readonly exits?: number | readonly RelayOptions[];
  /** Default: none, like services and clients. */
  readonly bridges?: number | readonly RelayOptions[];
  readonly onionServices?: number | readonly OnionServiceOptions[];
  readonly clients?: number | readonly ClientOptions[];
  /** The program of every node that does not name its own. Default: `tor`. */
  readonly implementation?: Implementation;
  /** How many processes the nodes of Tropea share. Default: 0, each has its own and can be killed. */
  readonly processes?: number;
  /** Lines for every torrc. */
  readonly torrc?: readonly string[];
  /** What the authorities vote for. */
  readonly consensusParams?: Readonly<Record<string, number>>;
  readonly timing?: Partial<Timing>;
}

/** The list behind a count. */
export function nodesOf<T extends NodeOptions>(
  wanted: number | readonly T[] | undefined,
  fallback: number,
): readonly T[] {
  const list = wanted ?? fallback;
  return typeof list === 'number' ? Array.from({ length: list }, () => ({}) as T) : list;
}

/** Numbers those without a name in the order of the list, whichever starts first, past the names that are taken. */
export function withNames<T extends NodeOptions>(
  kind: string,
  list: readonly T[],
  others: Iterable<string> = [],
): readonly T[] {
  const taken = new Set<string | undefined>([...others, ...list.map(({ name }) => name)]);
  let number = 0;
  return list.map((options) => {
    if (options.name !== undefined) return options;
    while (taken.has(`${kind}${number}`)) number++;
    return { ...options, name: `${kind}${number++}` };
  });
}

const maxNodes = 1000;
const nodeName = /^[A-Za-z0-9]{1,19}$/;

function fail(where: string, what: string): never {
  throw new TorError('LAB_TOPOLOGY', `${where} ${what}.`, { facts: { field: where } });
}

function alternatives(key: string, known: readonly string[]): string {
  const nearest = nearestOf(key, known);
  const all = `there are ${known.join(', ')}`;
  return nearest === undefined ? all : `do you mean ${nearest}? Else ${all}`;
}

type Check = (value: unknown, where: string) => void;

const listOf =
  (check: Check): Check =>
  (value, where) => {
    if (!Array.isArray(value)) fail(where, 'must be a list');
    for (const [index, item] of (value as unknown[]).entries()) check(item, `${where}[${index}]`);
  };
const text: Check = (value, where) => {
  if (typeof value !== 'string' || /[\r\n]/.test(value)) fail(where, 'must be one line of text');
};
const flag: Check = (value, where) => {
  if (typeof value !== 'boolean') fail(where, 'must be true or false');
};
const wholeNumber: Check = (value, where) => {
  if (!Number.isSafeInteger(value)) fail(where, 'must be a whole number');
};
const count: Check = (value, where) => {
  if (!Number.isSafeInteger(value) || Number(value) < 0) fail(where, 'must be a whole number from 0');
};
const name: Check = (value, where) => {
  if (typeof value !== 'string' || !nodeName.test(value)) fail(where, 'must be 1 to 19 letters and digits');
};
const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, 'must be an object');
    for (const [key, field] of Object.entries(value as object)) {
      const check = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (check === undefined) fail(`${where}.${key}`, `is not known; ${alternatives(key, Object.keys(fields))}`);
      check(field, `${where}.${key}`);
    }
  };
const program: Check = (value, where) => {
  if (value === 'tor' || value === 'tropea') return;
  if (typeof value === 'string') fail(where, 'must be "tor", "tropea" or an object with name and command');
  record({ name: text, command: listOf(text) })(value, where);
  const { name: called, command } = value as { readonly name?: unknown; readonly command?: readonly unknown[] };
  if (called === undefined) fail(`${where}.name`, 'is missing');
  if (command === undefined || command.length === 0) fail(`${where}.command`, 'must name a program');
};
const countOrList =
  (node: Check): Check =>
  (value, where) => {
    if (Array.isArray(value)) return listOf(node)(value, where);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > maxNodes) {
      fail(where, `must be a count up to ${maxNodes} or a list`);
    }
  };

const node = { name, implementation: program, torrc: listOf(text) };
const relay = record({ ...node, ipv6: flag });
const port: Check = (value, where) => {
  record({ virtualPort: wholeNumber, target: text })(value, where);
  const { virtualPort, target } = value as { readonly virtualPort?: number; readonly target?: string };
  if (virtualPort === undefined || virtualPort < 1 || virtualPort > 65_535) {
    fail(`${where}.virtualPort`, 'must be a port, 1 to 65535');
  }
  if (target === undefined || target === '')
    fail(`${where}.target`, 'must be an address and port, such as 127.0.0.1:8080');
};
const params: Check = (value, where) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, 'must be an object');
  for (const [key, number] of Object.entries(value as object)) {
    if (!/^[A-Za-z0-9_-]+$/.test(key)) fail(`${where}.${key}`, 'is no name of a parameter');
    wholeNumber(number, `${where}.${key}`);
  }
};
const daySeconds = 86_400;
const interval: Check = (value, where) => {
  const seconds = Number.isSafeInteger(value) ? Number(value) : 0;
  if (seconds < 10 || daySeconds % seconds !== 0) fail(where, 'must be 10 seconds or more, and divide a day');
};
const topology = record({
  authorities: countOrList(record(node)),
  relays: countOrList(relay),
  exits: countOrList(relay),
  bridges: countOrList(relay),
  onionServices: countOrList(record({ ...node, ports: listOf(port), clients: listOf(name), service: listOf(text) })),
  clients: countOrList(record({ ...node, bridges: listOf(name) })),
  implementation: program,
  processes: count,
  torrc: listOf(text),
  consensusParams: params,
  timing: record({ votingIntervalS: interval }),
});

/** Checks what a user wrote. Throws LAB_TOPOLOGY with the place of the first mistake. */
export function checkTopology(value: unknown): LabTopology {
  topology(value, 'network');
  const written = value as LabTopology;
  const names = new Set<string>();
  for (const [list, count] of lists(written)) {
    for (const { name } of nodesOf(list, count)) {
      if (name === undefined) continue;
      if (names.has(name)) fail('network', `has two nodes called ${name}`);
      names.add(name);
    }
  }
  checkBridges(written);
  if (nodesOf(written.authorities, 3).length === 0) fail('network.authorities', 'must have at least one');
  return written;
}

function checkBridges({ bridges, clients }: LabTopology): void {
  const there = withNames('bridge', nodesOf<NodeOptions>(bridges, 0)).map((bridge) => bridge.name ?? '');
  for (const [i, client] of nodesOf<ClientOptions>(clients, 0).entries()) {
    for (const bridge of client.bridges ?? []) {
      if (there.includes(bridge)) continue;
      const known = there.length === 0 ? 'there are none' : `there are ${there.join(', ')}`;
      fail(`network.clients[${i}].bridges`, `names ${bridge}, which is no bridge of this network; ${known}`);
    }
  }
}

const lists = (written: LabTopology): readonly (readonly [number | readonly NodeOptions[] | undefined, number])[] => [
  [written.authorities, 3],
  [written.relays, 3],
  [written.exits, 2],
  [written.bridges, 0],
  [written.onionServices, 0],
  [written.clients, 0],
];

/** The names that were written down. */
export const givenNames = (written: LabTopology): readonly string[] =>
  lists(written).flatMap(([list, count]) => nodesOf(list, count).flatMap(({ name }) => name ?? []));

/** How many nodes the network will have. */
export const sizeOf = (written: LabTopology): number =>
  lists(written).reduce((sum, [list, count]) => sum + nodesOf(list, count).length, 0);
