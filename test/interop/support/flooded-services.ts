import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Lab, waitFor } from '../../../src/app/lab/index.ts';
import type { Tor } from '../../../src/index.ts';
import { curl } from './clients.ts';
import { IntroductionFlood } from './introduction-flood.ts';
import { torOf } from './library.ts';
import { thorough, torClient } from './tropea.ts';

const burst = 6;
const ratePerSec = 1;
const flood = thorough ? 60 : 20;
/** What C tor says of an introduction beyond the limit: that it knows no such service. */
const unknownService = 1;
const limits = [
  'HiddenServiceEnableIntroDoSDefense 1',
  `HiddenServiceEnableIntroDoSRatePerSec ${ratePerSec}`,
  `HiddenServiceEnableIntroDoSBurstPerSec ${burst}`,
];

/** A service that bids its introduction points let few introductions pass. */
export interface FloodedService {
  readonly hostname: string;
  /** How many introductions reached it, sound or not. */
  introductions(): Promise<number>;
}

/** Services of both programs, who floods them, and visitors with clients of both. What is asserted is the same for all. */
export class FloodedServices {
  readonly #net: Lab;
  readonly #torSocks: number;
  readonly #flooder: Tor;
  readonly #visitor: Tor;
  readonly #hosts: Tor[] = [];

  private constructor(net: Lab, torSocks: number, flooder: Tor, visitor: Tor) {
    this.#net = net;
    this.#torSocks = torSocks;
    this.#flooder = flooder;
    this.#visitor = visitor;
  }

  static async start(net: Lab): Promise<FloodedServices> {
    const [{ socksPort }, flooder, visitor] = await Promise.all([
      torClient(net),
      torOf(net, join(net.folder, `flooder${process.pid}`)),
      torOf(net, join(net.folder, `visitor${process.pid}`)),
    ]);
    return new FloodedServices(net, socksPort, flooder, visitor);
  }

  async close(): Promise<void> {
    await Promise.all([this.#flooder, this.#visitor, ...this.#hosts].map((tor) => tor.close()));
  }

  /** In this process. */
  async tropea(name: string, torrc: readonly string[] = []): Promise<FloodedService> {
    const folder = join(this.#net.folder, `${name}${process.pid}`);
    const target = `HiddenServicePort 80 127.0.0.1:${this.#net.httpPort}`;
    const tor = await torOf(this.#net, `${folder}-data`, {
      torrc: [...torrc, `HiddenServiceDir ${folder}`, target, ...limits].join('\n'),
      wait: false,
    });
    this.#hosts.push(tor);
    const [service] = tor.parts.services.all;
    assert.ok(service !== undefined);
    let count = 0;
    let published = 0;
    service.events.on('introduced', () => count++);
    service.events.on('introductionRefused', () => count++);
    service.events.on('published', () => published++);
    await waitFor('both descriptors', () => (published < 2 ? undefined : true), { timeoutMs: 120_000 });
    return { hostname: service.hostname, introductions: () => Promise.resolve(count) };
  }

  /** A process of its own. */
  async tor(name: string, torrc: readonly string[] = []): Promise<FloodedService> {
    const port = await this.#net.freePort();
    const metrics = [`MetricsPort 127.0.0.1:${port}`, 'MetricsPortPolicy accept 127.0.0.1'];
    await this.#net.addOnionService({ name, torrc: [...torrc, ...metrics], service: limits });
    const { hostname } = this.#net.onion(name);
    return { hostname, introductions: () => introductionsOf(port) };
  }

  /** Floods one introduction point; then others visit. */
  async flood(name: string, { hostname, introductions }: FloodedService): Promise<void> {
    const attack = new IntroductionFlood(this.#flooder);
    const descriptor = await attack.descriptor(hostname);
    const [point] = descriptor.introPoints;
    assert.ok(point !== undefined);
    const circuits = await attack.open(point, flood);
    const startedMs = performance.now();
    const statuses = await attack.strike(circuits, descriptor, point);
    const elapsedSec = (performance.now() - startedMs) / 1000;
    const passed = statuses.filter((status) => status === 0).length;
    const refused = statuses.filter((status) => status === unknownService).length;
    process.stderr.write(`${name}: ${passed} passed, ${refused} refused in ${elapsedSec.toFixed(1)} s\n`);
    assert.equal(passed + refused, flood, statuses.join(' '));
    const most = burst - 1 + ratePerSec * (Math.ceil(elapsedSec) + 1);
    assert.ok(passed >= burst - 1 && passed <= most, `${passed} passed, at most ${most} should`);
    const all = async (): Promise<true | undefined> => ((await introductions()) >= passed ? true : undefined);
    await waitFor('the introductions', all, { timeoutMs: 60_000 });
    assert.equal(await introductions(), passed);
    await Promise.all([
      this.#visited(() => this.#tropeaVisit(hostname)),
      this.#visited(() => this.#torVisit(hostname)),
    ]);
  }

  /** Floods one introduction point with so many, as many at once as there are circuits; how many passed. */
  async floodLong(hostname: string, count: number, atOnce: number): Promise<number> {
    const attack = new IntroductionFlood(this.#flooder);
    let passed = 0;
    for (let sent = 0; sent < count; sent += atOnce) {
      const descriptor = await attack.descriptor(hostname);
      const [point] = descriptor.introPoints;
      assert.ok(point !== undefined);
      const statuses = await attack.strike(await attack.open(point, atOnce), descriptor, point);
      passed += statuses.filter((status) => status === 0).length;
    }
    return passed;
  }

  /** Both visitors get through, sooner or later. */
  async visited(hostname: string): Promise<void> {
    await Promise.all([
      this.#visited(() => this.#tropeaVisit(hostname)),
      this.#visited(() => this.#torVisit(hostname)),
    ]);
  }

  #visited(visit: () => Promise<string>): Promise<true> {
    const look = async (): Promise<true | undefined> =>
      (await visit().catch(() => '')) === 'hello through tor\n' ? true : undefined;
    return waitFor('a visit', look, { timeoutMs: 200_000, intervalMs: 1000 });
  }

  async #tropeaVisit(hostname: string): Promise<string> {
    const context = this.#visitor.isolated();
    try {
      const signal = AbortSignal.timeout(60_000);
      return await (await context.fetch(`http://${hostname}/`, { signal })).text();
    } finally {
      await context.close();
    }
  }

  async #torVisit(hostname: string): Promise<string> {
    return (await curl(`http://${hostname}/`, { socksPort: this.#torSocks })).stdout.toString();
  }
}

/** From C tor's metrics. */
async function introductionsOf(metricsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const counters = /^tor_hs_(intro_num_total|intro_rejected_intro_req_count)\{.* (\d+)$/gm;
  const counts = [...text.matchAll(counters)].map((line) => Number(line[2]));
  assert.ok(counts.length > 0, text);
  return counts.reduce((sum, each) => sum + each, 0);
}
