import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bodySha256, ClientTale, type Lab, type LabNode } from '../../src/app/lab/index.ts';
import { curl, download } from './support/clients.ts';
import { FloodedServices } from './support/flooded-services.ts';
import { TorNetwork } from './support/network.ts';
import { FreePorts } from './support/ports.ts';
import { type SourceProxy, sourceProxy } from './support/source-proxy.ts';
import { thorough } from './support/tropea.ts';

const ours = [0, 1, 2, 3, 4].map((i) => `tropea${i}`);
const authorities = ['authority0', 'authority1', 'authority2'];
const guards = ['tor0', 'tor1'];
const [theirPoint, ourPoints] = ['tor2', [...ours, 'exit']];
/** Guards, middles, introduction and rendezvous points: none but ours. Strictly, nobody could bootstrap. */
const onlyOurs = [`ExcludeNodes ${[...authorities, ...guards, theirPoint].join(',')}`];

/** Everything, as it is told by default (SafeLogging) or without anything left out. */
const debugLog = (folder: string, name: string, safe: 0 | 1): string[] => [
  `Log debug file ${join(folder, `${name}.debug`)}`,
  `SafeLogging ${safe}`,
];

describe('relays of ours between onion services and clients', () => {
  const ports = new FreePorts();
  const metricsPorts = new Map<string, number>();
  let net: Lab;
  let logs: string;

  before(
    async () => {
      const voting = ['AuthDirVoteStableGuaranteeMinUptime 1 second'];
      logs = await mkdtemp(join(tmpdir(), 'tropea-rendezvous-'));
      const metrics = async (name: string): Promise<string[]> => {
        const port = await ports.take('127.0.0.1');
        metricsPorts.set(name, port);
        return [`MetricsPort 127.0.0.1:${port}`, 'MetricsPortPolicy accept 127.0.0.1'];
      };
      net = await TorNetwork.start({
        authorities: authorities.map((name) => ({ name, torrc: voting })),
        relays: [
          ...(await Promise.all(
            ours.map(async (name) => ({
              name,
              implementation: 'tropea' as const,
              torrc: [...debugLog(logs, name, 1), ...(await metrics(name))],
            })),
          )),
          ...guards.map((name) => ({ name, torrc: debugLog(logs, name, 0) })),
          { name: theirPoint, torrc: debugLog(logs, theirPoint, 1) },
        ],
        exits: [{ name: 'exit', implementation: 'tropea', torrc: debugLog(logs, 'exit', 1) }],
        onionServices: [{ name: 'service', torrc: onlyOurs }],
        clients: [{ name: 'visitor', torrc: onlyOurs }],
      });
    },
    { timeout: 240_000 },
  );
  after(async () => {
    await net?.stop();
    await rm(logs, { recursive: true, force: true });
  });

  it('carry a megabyte alone: hash ring, introduction, rendezvous', { timeout: 120_000 }, async () => {
    const { socksPort } = net.node('visitor');
    const base = `http://${net.onion('service').hostname}`;
    assert.equal(await download(base, 1_000_003, { socksPort, timeoutMs: 100_000 }), bodySha256(1_000_003));
    const control = await net.node('visitor').control();
    const circuits = await control.getInfo('circuit-status');
    control.close();
    assert.match(circuits, /HS_STATE=HSCR_JOINED/);
    const onion = circuits.split('\n').filter((line) => line.includes('PURPOSE=HS_'));
    for (const name of authorities) for (const line of onion) assert.ok(!line.includes(`~${name}`), line);
  });

  /** At those of C tor: onion-flood.test.ts. */
  it('pass on no more introductions than a service asked for', { timeout: 280_000 }, async () => {
    const services = await FloodedServices.start(net);
    try {
      await services.flood('C tor at Tropea', await services.tor('floodedTor', onlyOurs));
      await services.flood('Tropea at Tropea', await services.tropea('floodedTropea', onlyOurs));
    } finally {
      await services.close();
    }
  });

  it('log as rendezvous points neither who comes nor where from, nor does C tor', { timeout: 280_000 }, async () => {
    const pairs = [
      { client: 'tor', service: 'tropea', clientFrom: '127.77.0.1', serviceFrom: '127.77.0.2' },
      { client: 'tropea', service: 'tor', clientFrom: '127.77.0.3', serviceFrom: '127.77.0.4' },
    ] as const;
    const proxies: SourceProxy[] = [];
    /** The guards may know it; whoever is a rendezvous point in this is neither its guard nor an authority. */
    const hidden = async (implementation: 'tor' | 'tropea', address: string): Promise<string[]> => {
      const elsewhere = [`EntryNodes ${guards.join(',')}`, `ExcludeNodes ${authorities.join(',')}`];
      if (implementation === 'tropea') return [...elsewhere, `OutboundBindAddress ${address}`];
      // C tor binds to no address when it connects to loopback.
      const proxy = await sourceProxy(address);
      proxies.push(proxy);
      return [...elsewhere, `HTTPSProxy 127.0.0.1:${proxy.port}`];
    };
    try {
      const hostnames = await Promise.all(
        pairs.map(async ({ client, service, clientFrom, serviceFrom }) => {
          const name = `hidden${service}`;
          const [visitor] = await Promise.all([
            net.addClient({ implementation: client, torrc: await hidden(client, clientFrom) }),
            net.addOnionService({ name, implementation: service, torrc: await hidden(service, serviceFrom) }),
          ]);
          const { hostname } = net.onion(name);
          await visitUntilMetAtBoth(visitor, hostname);
          return hostname.slice(0, 56);
        }),
      );
      const addresses = pairs.flatMap(({ clientFrom, serviceFrom }) => [clientFrom, serviceFrom]);
      const logOf = (name: string): Promise<string> => readFile(join(logs, `${name}.debug`), 'latin1');
      const seen = (await Promise.all(guards.map(logOf))).join('');
      for (const address of addresses) assert.ok(seen.includes(address), `no guard saw ${address}`);
      for (const name of [...ourPoints, theirPoint]) {
        const log = await logOf(name);
        assert.ok(log.length > 0, `${name} logs nothing`);
        for (const secret of [...addresses, ...hostnames]) {
          assert.ok(!log.includes(secret), `${name} tells ${secret}`);
        }
      }
    } finally {
      for (const proxy of proxies) proxy.close();
    }
  });

  /** Until a relay of each program was the rendezvous point of an answered request. */
  const visitUntilMetAtBoth = async (visitor: LabNode, hostname: string): Promise<void> => {
    const control = await visitor.control();
    const tale = new ClientTale(() => undefined);
    control.onEvent = (event) => tale.hear(event);
    await control.command('SETEVENTS CIRC CIRC_MINOR');
    const met = new Set<string>();
    const isDone = (): boolean => met.has(theirPoint) && ourPoints.some((name) => met.has(name));
    for (let visit = 0; !isDone(); visit++) {
      assert.ok(visit < 200, `met at ${[...met].join(' ')}`);
      const options = { socksPort: visitor.socksPort, user: `visit${visit}` };
      const { stdout } = await curl(`http://${hostname}/`, options);
      if (stdout.toString() === 'hello through tor\n') met.add(tale.rendezvousPath.at(-1) ?? '');
    }
    control.close();
  };

  it('keep their memory in a long flood, and so does the service', { skip: !thorough, timeout: 900_000 }, async () => {
    const port = await ports.take('127.0.0.1');
    const service = await net.addOnionService({
      name: 'floodedLong',
      implementation: 'tropea',
      torrc: [...onlyOurs, `MetricsPort 127.0.0.1:${port}`, 'MetricsPortPolicy accept 127.0.0.1'],
      service: ['HiddenServiceEnableIntroDoSDefense 1', 'HiddenServiceEnableIntroDoSRatePerSec 10'],
    });
    const { hostname } = net.onion('floodedLong');
    metricsPorts.set('floodedLong', port);
    const services = await FloodedServices.start(net);
    const watched = [...metricsPorts];
    const measured: number[][] = [];
    try {
      for (let part = 0; part < 4; part++) {
        // What stays after a collection of garbage is the least that is seen, however often one comes.
        const least = watched.map(() => Number.POSITIVE_INFINITY);
        const note = async (port: number, i: number): Promise<void> => {
          least[i] = Math.min(least[i] ?? 0, await heapMiB(port).catch(() => Number.POSITIVE_INFINITY));
        };
        const look = setInterval(() => {
          for (const [i, [, port]] of watched.entries()) void note(port, i);
        }, 250);
        const passed = await services.floodLong(hostname, 1000, 50).finally(() => clearInterval(look));
        measured.push(least);
        process.stderr.write(`${passed} of 1000 passed; MiB: ${least.map(Math.round).join(' ')}\n`);
        assert.ok(passed < 1000, 'the limit holds');
      }
      await services.visited(hostname);
    } finally {
      await services.close();
    }
    assert.deepEqual(service.warnings(), []);
    // The first part warms everything up.
    const [, second = []] = measured;
    watched.forEach(([name], i) => {
      const grown = (measured.at(-1)?.[i] ?? 0) - (second[i] ?? 0);
      assert.ok(grown < 10, `${name} grew by ${grown.toFixed(1)} MiB`);
    });
  });
});

/** Objects in use, from its metrics. */
async function heapMiB(metricsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/process_memory_bytes\{kind="heap"\} (\d+)/.exec(text)?.[1] ?? Number.NaN) / 2 ** 20;
}
