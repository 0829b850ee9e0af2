import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ControlClient, Lab, LabNode } from '../../src/app/lab/index.ts';
import { base16 } from '../../src/base/bytes/index.ts';
import type { Tor } from '../../src/index.ts';
import { curl } from './support/clients.ts';
import { torOf } from './support/library.ts';
import { TorNetwork } from './support/network.ts';
import { thorough, torClient } from './support/tropea.ts';

const page = 'hello through tor\n';
/** A testing network's time period is 24 rounds of voting, and so is a run of the shared random protocol. */
const votingIntervalS = 10;
const runMs = 24 * votingIntervalS * 1000;
/** The first run of a new network may have begun before it, and then makes no value. */
const patienceMs = 3 * runMs + 60_000;
const visitTimeoutMs = 30_000;

/** What one client saw of one service. */
class Watch {
  readonly name: string;
  visits = 0;
  failures = 0;
  longestMs = 0;
  #failingSinceMs: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  note(startedMs: number, answered: boolean): void {
    this.visits++;
    if (!answered) {
      this.failures++;
      this.#failingSinceMs ??= startedMs;
      return;
    }
    const since = this.#failingSinceMs ?? startedMs;
    this.longestMs = Math.max(this.longestMs, performance.now() - since);
    this.#failingSinceMs = undefined;
  }

  get summary(): string {
    const longest = (this.longestMs / 1000).toFixed(1);
    return `${this.name}: ${this.failures} of ${this.visits} visits failed; waited for an answer at most ${longest} s`;
  }
}

describe('onion services while time passes', { skip: !thorough }, () => {
  let net: Lab;
  let host: Tor;
  let visitor: Tor;
  let control: ControlClient;
  let torSocks: number;
  const server = createServer((_request, response) => response.end(page));
  const hostnames = new Map<string, string>();

  before(async () => {
    net = await TorNetwork.start({ authorities: 3, relays: 7, exits: 1, timing: { votingIntervalS } });
    await forgetSharedRandom(net);
    [host, visitor] = await Promise.all([
      torOf(net, join(net.folder, 'host')),
      torOf(net, join(net.folder, 'visitor')),
      net.addOnionService({ name: 'theirs' }),
    ]);
    const client = await torClient(net);
    torSocks = client.socksPort;
    control = await client.control();
    hostnames.set('C tor', net.onion('theirs').hostname);
    hostnames.set('Tropea', (await host.publish({ port: 80, to: server })).hostname);
  });
  after(async () => {
    control?.close();
    await Promise.all([host?.close(), visitor?.close()]);
    await net?.stop();
  });

  /** Directories are asked again each time: what was fetched before is forgotten. */
  const visitWithTropea = async (hostname: string): Promise<boolean> => {
    const context = visitor.isolated();
    try {
      const signal = AbortSignal.timeout(visitTimeoutMs);
      return (await (await context.fetch(`http://${hostname}/`, { signal })).text()) === page;
    } finally {
      await context.close();
    }
  };
  let visits = 0;
  const visitWithTor = async (hostname: string): Promise<boolean> => {
    const options = { socksPort: torSocks, user: `visit${visits++}`, timeoutMs: visitTimeoutMs };
    return (await curl(`http://${hostname}/`, options)).stdout.toString() === page;
  };
  const clients: readonly (readonly [string, (hostname: string) => Promise<boolean>])[] = [
    ['Tropea', visitWithTropea],
    ['C tor', visitWithTor],
  ];

  it('are reachable while the time period and the shared random value change', { timeout: 1_100_000 }, async () => {
    const watches = clients.flatMap(([client, visit]) =>
      [...hostnames].map(([service, hostname]) => ({
        watch: new Watch(`${client} at ${service}`),
        visit: () => visit(hostname),
      })),
    );
    const periods = new Set<number>();
    /** In order; the first is none as long as the new network has made no value. */
    const values: (string | undefined)[] = [];
    const untilMs = performance.now() + patienceMs;
    // Once more afterwards for those who learn of it a round later.
    for (let more = 3; more > 0 && performance.now() < untilMs; ) {
      const { netdir } = visitor.parts.directory;
      const value = netdir?.sharedRandomCurrent && base16(netdir.sharedRandomCurrent.value);
      periods.add(netdir?.timePeriod ?? 0);
      if (values.length === 0 || value !== values.at(-1)) values.push(value);
      if (new Set(values.filter((each) => each !== undefined)).size > 1 && periods.size > 1) more--;
      await visitor.newIdentity();
      // C tor takes one in ten seconds and puts the others off.
      await control.command('SIGNAL NEWNYM');
      await Promise.all(
        watches.map(async ({ watch, visit }) => {
          const startedMs = performance.now();
          watch.note(startedMs, await visit().catch(() => false));
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    const summary = `${periods.size} time periods; shared random values: ${values.join(', ')}`;
    process.stderr.write(`${[summary, ...watches.map(({ watch }) => watch.summary)].join('\n')}\n`);
    const made = values.filter((value) => value !== undefined);
    assert.ok(periods.size > 1 && new Set(made).size > 1, summary);
    for (const { watch } of watches) assert.ok(watch.failures <= watch.visits / 20, watch.summary);
  });

  it('are reached by both clients after introduction points of C tor were killed', { timeout: 1_100_000 }, async () => {
    const hostname = net.onion('theirs').hostname;
    const killed: LabNode[] = [];
    const waits: string[] = [];
    while (killed.length < 3) {
      const points = await introPointsOf(net.node('theirs'));
      const point = net.nodes.find((each) => each.kind === 'relay' && each.running && points.includes(each.name));
      // All at authorities, which must live.
      if (point === undefined) break;
      await point.kill();
      killed.push(point);
      // C tor builds at most 28 circuits to introduction points in 300 s. A service that has used them up in vain is
      // back only then; until then clients find a descriptor whose introduction points are gone.
      const untilMs = performance.now() + 330_000;
      const [ours, theirs] = await Promise.all(
        clients.map(([, visit]) => answerBefore(untilMs, () => visit(hostname))),
      );
      waits.push(`Tropea ${inSeconds(ours)}, C tor ${inSeconds(theirs)}`);
      // A service that C tor does not reach either is not for us to bring back.
      if (ours === undefined && theirs === undefined) break;
      assert.ok(ours !== undefined, `C tor's client reached the service, ours did not: ${waits.join('; ')}`);
    }
    const summary = `${killed.length} introduction points of C tor killed; answered after ${waits.join('; ')}`;
    process.stderr.write(`${summary}\n`);
    assert.ok(killed.length > 0 && !waits[0]?.includes('never'), summary);
  });
});

/** How long it took in milliseconds; undefined: for too long. */
async function answerBefore(untilMs: number, visit: () => Promise<boolean>): Promise<number | undefined> {
  const startedMs = performance.now();
  while (performance.now() < untilMs) {
    if (await visit().catch(() => false)) return performance.now() - startedMs;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return undefined;
}

const inSeconds = (ms: number | undefined): string => (ms === undefined ? 'never' : `${(ms / 1000).toFixed(1)} s`);

/**
 * A lab's authorities are started in an interval of half an hour, so that they hold their first vote when it suits. C tor
 * takes its end for the first round of the shared random protocol and waits for it; begun anew, it looks at the consensus.
 */
async function forgetSharedRandom(net: Lab): Promise<void> {
  for (const node of net.nodes) {
    if (node.kind !== 'authority') continue;
    await node.kill();
    await rm(join(node.dataDirectory, 'sr-state'), { force: true });
    node.start();
    await node.bootstrapped();
  }
}

async function introPointsOf(node: LabNode): Promise<readonly string[]> {
  const control = await node.control();
  const lines = (await control.getInfo('circuit-status')).split('\n');
  control.close();
  return lines
    .filter((line) => line.includes('HS_STATE=HSSI_ESTABLISHED'))
    .map((line) => line.split(' ')[2]?.split(',').at(-1)?.split('~')[1] ?? '');
}
