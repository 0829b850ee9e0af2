import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Lab, waitFor } from '../../../src/app/lab/index.ts';
import type { Tor } from '../../../src/index.ts';
import type { IntroPoint, ServiceDescriptor } from '../../../src/roles/onion/client/descriptor.ts';
import { curl } from './clients.ts';
import { IntroductionFlood } from './introduction-flood.ts';
import { torOf } from './library.ts';
import { thorough, torClient } from './tropea.ts';

const burst = 6;
const ratePerSec = 1;
const visitTimeoutMs = 45_000;
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
    const { descriptor, point } = await this.#targetOf(attack, hostname);
    const circuits = await attack.open(point, flood);
    const startedMs = performance.now();
    const statuses = await attack.strike(circuits, descriptor, point);
    const elapsedSec = (performance.now() - startedMs) / 1000;
    const count = (wanted: number | undefined): number => statuses.filter((status) => status === wanted).length;
    const [passed, refused, lost] = [count(0), count(unknownService), count(undefined)];
    const most = burst - 1 + ratePerSec * (Math.ceil(elapsedSec) + 1);
    const figures = `${passed} passed, ${refused} refused, ${lost} lost in ${elapsedSec.toFixed(1)} s`;
    process.stderr.write(`${name}: ${figures}\n`);
    assert.equal(passed + refused + lost, flood, statuses.join(' '));
    assert.ok(lost < flood / 4 && passed >= burst - 1 - lost && passed <= most, `${figures}; at most ${most} may pass`);
    const all = async (): Promise<true | undefined> => ((await introductions()) >= passed ? true : undefined);
    await waitFor('the introductions', all, { timeoutMs: 60_000 });
    const came = await introductions();
    assert.ok(came <= passed + lost && came <= most, `${came} introductions came; ${figures}`);
    await this.visited(hostname);
  }

  /** Floods one introduction point with so many, as many at once as there are circuits; how many passed. */
  async floodLong(hostname: string, count: number, atOnce: number): Promise<number> {
    const attack = new IntroductionFlood(this.#flooder);
    let passed = 0;
    for (let sent = 0; sent < count; sent += atOnce) {
      const { descriptor, point } = await this.#targetOf(attack, hostname);
      const statuses = await attack.strike(await attack.open(point, atOnce), descriptor, point);
      passed += statuses.filter((status) => status === 0).length;
    }
    return passed;
  }

  /** Both visitors get through, sooner or later. */
  async visited(hostname: string): Promise<void> {
    await Promise.all([
      this.#visited(() => this.#tropeaVisit(hostname)),
      this.#visited((attempt) => this.#torVisit(hostname, attempt)),
    ]);
  }

  async #targetOf(
    attack: IntroductionFlood,
    hostname: string,
  ): Promise<{ descriptor: ServiceDescriptor; point: IntroPoint }> {
    const fetch = (): Promise<ServiceDescriptor | undefined> => attack.descriptor(hostname).catch(() => undefined);
    const descriptor = await waitFor('the descriptor', fetch, { timeoutMs: 120_000, intervalMs: 1000 });
    const [point] = descriptor.introPoints;
    assert.ok(point !== undefined);
    return { descriptor, point };
  }

  #visited(visit: (attempt: number) => Promise<string>): Promise<true> {
    let attempt = 0;
    const look = async (): Promise<true | undefined> =>
      (await visit(attempt++).catch(() => '')) === 'hello through tor\n' ? true : undefined;
    return waitFor('a visit', look, { timeoutMs: 200_000, intervalMs: 1000 });
  }

  async #tropeaVisit(hostname: string): Promise<string> {
    const context = this.#visitor.isolated();
    try {
      const signal = AbortSignal.timeout(visitTimeoutMs);
      return await (await context.fetch(`http://${hostname}/`, { signal })).text();
    } finally {
      await context.close();
    }
  }

  /** C tor may hold to a guard that is the service's directory and cannot be asked then: others come after it. */
  async #torVisit(hostname: string, attempt: number): Promise<string> {
    const socksPort = attempt === 0 ? this.#torSocks : (await torClient(this.#net)).socksPort;
    return (await curl(`http://${hostname}/`, { socksPort, timeoutMs: visitTimeoutMs })).stdout.toString();
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
